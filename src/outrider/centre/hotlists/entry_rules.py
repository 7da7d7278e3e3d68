"""Whether an entry may stand on a list that is kept at the centre: what it needs, what it denies.

The words and the limits are data (`entry_rules.toml`).
"""

import re
import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field

from outrider.records import Response, VehicleOfInterest
from outrider.wire.hotlist_entry import to_row


class Marker(BaseModel):
    """A warning in words, and the responses that it goes with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: tuple[str, ...] = Field(min_length=1)
    go_with: frozenset[Response]
    why: str
    grave: bool = False

    def met(self, text: str) -> str:
        """Return which of its words stand in a text; empty where none does."""
        return next((w for w in self.words if re.search(rf"\b{re.escape(w)}", text)), "")


class EntryRules(BaseModel):
    """The table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    grave_responses: frozenset[Response]
    most_characters: int
    longest_days: dict[Response, int]
    marker: tuple[Marker, ...]


@cache
def rules() -> EntryRules:
    """Return the table that ships with this program."""
    text = files(__package__).joinpath("entry_rules.toml").read_text("utf-8")
    return EntryRules.model_validate(tomllib.loads(text))


def faults_of(entry: VehicleOfInterest, today: date) -> list[str]:
    """Return all that keeps an entry off a list: empty where it may stand there."""
    return [*_of_its_words(entry), *_of_its_end(entry, today), *contradictions(entry)]


def _of_its_words(entry: VehicleOfInterest) -> Iterator[str]:
    if not entry.reason.strip():
        yield "reason: why the vehicle is of interest"
    if not entry.owner.strip():
        yield "owner: the team that answers for the entry"
    if not entry.source_reference.strip():
        yield "source_reference: where it comes from, as in an incident's number"
    most = rules().most_characters
    if sum(len(str(cell)) for cell in to_row(entry)) > most:
        yield f"the entry says more than {most} characters in all"


def _of_its_end(entry: VehicleOfInterest, today: date) -> Iterator[str]:
    if entry.weed_date is None:
        yield "weed_date: the last day on which it holds"
        return
    longest = rules().longest_days[entry.response]
    first = max(entry.valid_from or today, today)
    if entry.weed_date < today:
        yield f"weed_date {entry.weed_date}: it is over already"
    elif entry.weed_date > first + timedelta(days=longest):
        yield f"weed_date {entry.weed_date}: {entry.response} lasts {longest} days at most"


def contradictions(entry: VehicleOfInterest) -> list[str]:
    """Return which warnings say the opposite of the response."""
    found = []
    for marker, word in _met(entry):
        if entry.response not in marker.go_with:
            found.append(f'response {entry.response} contradicts "{word}": {marker.why}')
    return found


def is_grave(entry: VehicleOfInterest) -> bool:
    """Whether an entry takes effect only once a second person has confirmed it."""
    if entry.response in rules().grave_responses:
        return True
    return any(marker.grave for marker, _ in _met(entry))


def _met(entry: VehicleOfInterest) -> Iterator[tuple[Marker, str]]:
    text = " ".join(f"{entry.warning_markers} | {entry.instruction}".casefold().split())
    for marker in rules().marker:
        word = marker.met(text)
        if word:
            yield marker, word
