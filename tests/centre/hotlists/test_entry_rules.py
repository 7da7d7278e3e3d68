"""What an entry of a kept list must be, as a table: the fault that is told, or none."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from outrider.centre.hotlists.entry_rules import faults_of, is_grave, rules
from outrider.records import Response, VehicleOfInterest

TODAY = date(2026, 11, 21)
GOOD = VehicleOfInterest(
    "AB12CDE", "stolen overnight", Response.ASSESS, owner="lists", source_reference="CR/1/26",
    weed_date=TODAY + timedelta(days=30),
)  # fmt: skip
COVERT: dict[str, object] = {"response": Response.SILENT, "warning_markers": "COVERT"}

CASES: dict[str, tuple[dict[str, object], str]] = {
    "an entry with all that it needs": ({}, ""),
    "no owner": ({"owner": " "}, "owner"),
    "no source": ({"source_reference": ""}, "source_reference"),
    "no reason": ({"reason": ""}, "reason"),
    "no end": ({"weed_date": None}, "weed_date"),
    "an end that is over": ({"weed_date": TODAY - timedelta(days=1)}, "over already"),
    "an end today": ({"weed_date": TODAY}, ""),
    "the longest": ({"weed_date": TODAY + timedelta(days=366)}, ""),
    "longer than the longest": ({"weed_date": TODAY + timedelta(days=367)}, "366 days"),
    "silent for a quarter": (COVERT | {"weed_date": TODAY + timedelta(days=93)}, "92 days"),
    "more words than are kept": ({"instruction": "x" * 6000}, "6000 characters"),
    "covert and silent": (COVERT, ""),
    "covert and a stop": (COVERT | {"response": Response.STOP}, 'stop contradicts "covert"'),
    "covert and observed": (COVERT | {"response": Response.OBSERVE}, "stays silent"),
    "do not stop, and a stop": (
        {"response": Response.STOP, "warning_markers": "DO NOT STOP"}, "not to be stopped",
    ),
    "do not stop in the instruction": (
        {"response": Response.STOP, "instruction": "Do  not stop: inform the desk"}, "do not stop",
    ),
    "do not stop, observed": (
        {"response": Response.OBSERVE, "warning_markers": "do not stop"}, "",
    ),
    "armed and a stop": ({"response": Response.STOP, "warning_markers": "Firearms"}, ""),
    "not to be approached, and a stop": (
        {"response": Response.STOP, "warning_markers": "armed, do not approach"}, "without help",
    ),
    "stop on sight, observed": (
        {"response": Response.OBSERVE, "warning_markers": "stop on sight"}, "is to be stopped",
    ),
    "somebody in need, in silence": (
        COVERT | {"warning_markers": "suicidal"}, "not passed in silence",
    ),
    "a word within a word": ({"response": Response.STOP, "warning_markers": "unviolent"}, ""),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "told"), CASES.values(), ids=CASES)
def test_an_entry_is_held_to_the_rules(changes: dict[str, object], told: str) -> None:
    """Owner, source, end; a warning that says the opposite of the response."""
    faults = faults_of(replace(GOOD, **changes), TODAY)  # type: ignore[arg-type]
    assert (told in "; ".join(faults)) if told else faults == []


GRAVE = {
    "a stop": ({"response": Response.STOP}, True),
    "what is silent": ({"response": Response.SILENT}, True),
    "an assessment": ({}, False),
    "an observation": ({"response": Response.OBSERVE}, False),
    "a warning of danger": ({"warning_markers": "may be violent"}, True),
    "another warning": ({"warning_markers": "uninsured"}, False),
}


@pytest.mark.parametrize(("changes", "grave"), GRAVE.values(), ids=GRAVE)
def test_what_is_grave_needs_a_second_person(changes: dict[str, object], grave: bool) -> None:
    """By its response, or by its warning."""
    assert is_grave(replace(GOOD, **changes)) is grave  # type: ignore[arg-type]


def test_every_marker_of_the_table_leaves_a_response() -> None:
    """No warning shuts out everything, and each refuses what its line leaves out."""
    assert set(rules().longest_days) == set(Response)
    for marker in rules().marker:
        assert marker.go_with
        for word in marker.words:
            for response in Response:
                entry = replace(GOOD, response=response, warning_markers=word.upper())
                refused = any(marker.why in fault for fault in faults_of(entry, TODAY))
                assert refused is (response not in marker.go_with), (word, response)
