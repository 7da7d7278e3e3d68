"""The register, its overdue reviews, and the page for everybody."""

import re
from datetime import UTC, datetime

import pytest

from outrider.centre.pages.public_page import quarters
from outrider.cli import main
from tests.centre.pages.conftest import Centre

OVERDUE = "eastshire-mast-4"
NEED = "stolen cars leave by this road"
ENTRY = {
    "kind": "fixed", "force": "eastshire", "need-2": NEED, "dpia": "DPIA 9",
    "consulted": "the council agreed again",
}  # fmt: skip


def test_a_review_overdue_is_amber_for_all_until_it_is_made(
    centre: Centre, capfd: pytest.CaptureFixture[str]
) -> None:
    """The operator, the auditor, and whoever sees a read of that camera; then it is reviewed."""
    analyst = centre.sign_in("ana-1")
    analyst.work_on()
    text = f"unit {OVERDUE} last 30 days"
    assert "review overdue" in analyst.search(text)
    operator = centre.sign_in("adm-1")
    assert "review overdue" in operator.get(f"/units/{OVERDUE}")
    assert main(["centre", "units", "--dir", str(centre.site.folder.root)]) in (0, 1)
    assert f"{OVERDUE} REVIEW OVERDUE" in " ".join(capfd.readouterr().out.split())
    auditor = centre.sign_in("aud-1")
    assert "1 review overdue" in auditor.get("/register")
    auditor.get(f"/register/{OVERDUE}")
    assert "Write it down" not in auditor.text
    path = f"/register/{OVERDUE}"
    assert "Reads" in operator.get(path)
    assert "within a year" in operator.post(path, next_review="2028-01-01", **ENTRY)
    wanting = {**ENTRY, "need-2": "", "dpia": ""}
    told = operator.post(path, next_review="2027-06-01", **wanting)
    assert "need: one factor" in told
    assert "impact assessment" in told
    assert "is entered" in operator.post(path, next_review="2027-06-01", **ENTRY)
    assert "0 reviews overdue" in auditor.get("/register")
    assert "review overdue" not in analyst.search(text)


def test_the_public_page_tells_no_place_and_no_vehicle(centre: Centre) -> None:
    """Without a session: what is kept, how long, rights, figures; nothing that can be found."""
    client = centre.client()
    answer = client.get("/public")
    assert answer.status_code == 200
    text = re.sub(r"<[^>]*>", " ", answer.text)
    assert "12 months" in text
    assert "Information Commissioner" in text
    assert "written down with your name" not in text
    assert re.search(r"July 2026 to September 2026\s+\d+", text)
    for unit in centre.site.desks.store.units():
        assert unit.unit_id not in answer.text
    for word in ("shire", "mast", "RS21", "latitude"):
        assert word not in text
    assert not re.search(r"\d{2}\.\d{2,}", text)


def test_quarters_end_where_the_next_begins() -> None:
    """Whole ones, backwards over the year."""
    found = quarters(datetime(2026, 2, 28, tzinfo=UTC))
    assert [f"{since:%Y-%m}" for since, _ in found] == ["2025-10", "2025-07", "2025-04", "2025-01"]
    assert all(until == after for (_, until), (after, _) in zip(found[1:], found, strict=False))


def test_the_review_sheet_is_a_plain_page_without_a_mark(centre: Centre) -> None:
    """What was measured, how hits ended, what the register says; nothing of another unit."""
    browser = centre.sign_in("sgt-3")
    unit = "northshire-car-2"
    shown = browser.get(f"/register/{unit}/sheet")
    for words in (
        "Answered as misread 1 of 1 answered",
        "How hits ended",
        "sold",
        "stolen 1",
        "DPIA 7",
    ):
        assert words in shown, words
    assert "RS21" not in shown
    assert "<form" not in browser.html
    browser.get("/register/no-such-unit/sheet")
    assert browser.status == 404
