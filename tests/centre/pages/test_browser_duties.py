"""Two journeys of two people each in real Chromium: a stop on a list, a request to its letter."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.centre.pages.chromium import WIDTHS, look, page_of, token_of
from tests.centre.pages.conftest import Centre


def _look(page: Any, name: str) -> None:
    """Look at a page at both widths."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        look(page, f"{name}-{width}")


def test_two_list_owners_put_a_stop_on_a_list(
    chromium: Any, centre: Centre, tmp_path: Path
) -> None:
    """Typed by one and confirmed by the other; a file is read, and taken."""
    end = f"{centre.site.now.date() + timedelta(days=30)}"
    with page_of(chromium, centre, token_of(centre, "lst-1")) as page:
        page.goto(f"{centre.address}/lists")
        page.click("text=Add an entry")
        for name, value in (
            ("list", "robbery"), ("vrm", "KX41ABC"), ("reason", "used in a robbery"),
            ("source_reference", "CR/91/26"), ("weed_date", end), ("warning_markers", "violent"),
            ("words", "asked for by the robbery team"),
        ):  # fmt: skip
            page.fill(f"#{name}", value)
        page.select_option("#response", "stop")
        page.click("button:has-text('Add it')")
        page.wait_for_selector("text=waits for a second person")
        page.goto(f"{centre.address}/lists/import")
        file = tmp_path / "list.csv"
        head = "vrm,reason,response,owner,source_reference,weed_date\n"
        file.write_text(
            f"{head}KX42ABC,seen there,assess,lists,CR/9/26,{end}\nKX43ABC,seen,stop,lists,,{end}\n"
        )
        page.fill("#list", "robbery")
        page.set_input_files("#file", str(file))
        page.click("button:has-text('Read it')")
        page.wait_for_selector("text=Refused rows")
        page.fill("#words", "sent by the robbery team")
        page.click("button:has-text('Take 1 entry')")
        page.wait_for_selector("text=1 entry is taken")
    with page_of(chromium, centre, token_of(centre, "lst-2")) as page:
        page.goto(f"{centre.address}/lists")
        page.click("text=of robbery")
        _look(page, "list-waiting")
        page.check("text=Confirm it")
        page.fill("#words", "the crime record says so")
        page.click("button:has-text('Decide')")
        page.wait_for_selector("text=takes effect")
        page.goto(f"{centre.address}/lists/of/robbery")
        page.click("text=KX41 ABC")
        page.wait_for_selector("text=confirmed by lst-2")


def test_a_request_is_answered_to_its_letter(chromium: Any, centre: Centre) -> None:
    """Taken in, checked by another, decided; the letter is a plain page, and clean."""
    today = centre.site.now.date()
    with page_of(chromium, centre, token_of(centre, "dpo-1")) as page:
        page.click("text=Take one in")
        page.select_option("#kind", "subject access")
        page.fill("#name", "A. Person")
        page.fill("#contact", "1 High Street\nTown")
        page.fill("#words", "please tell me what you keep of my car")
        page.fill("#vehicles", f"PW68 NBR {today - timedelta(days=30)} {today}")
        page.click("button:has-text('Take it in')")
        page.wait_for_selector("text=Its clock runs")
        page.click("button:has-text('I answer it')")
        page.wait_for_selector("text=It is written down")
        path = page.url
    with page_of(chromium, centre, token_of(centre, "dpo-2")) as page:
        page.goto(path)
        page.fill("#words-identity", "passport and logbook seen")
        page.click("button:has-text('The identity is checked')")
        page.wait_for_selector("text=It is written down")
    with page_of(chromium, centre, token_of(centre, "dpo-1")) as page:
        page.goto(path)
        page.check("#outcome-1")
        page.fill("#reasons", "all that is kept of it")
        page.click("button:has-text('Decide, and make the letter')")
        page.wait_for_selector("text=decided: answered")
        page.click("text=The letter, to print")
        page.wait_for_selector("text=neither said nor denied")
        _look(page, "letter")
