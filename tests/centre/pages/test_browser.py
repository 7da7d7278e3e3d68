"""The analyst's story in real Chromium: keyboard, narrow and wide, no scripts, axe-core clean."""

from typing import Any

import pytest

from outrider.centre.demo import story
from tests.centre.pages.chromium import WIDTHS, enter, fill, look, page_of, tab_to, token_of
from tests.centre.pages.conftest import WORDS, Centre


def _say_purpose(page: Any) -> None:
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + "/purpose")
    page.fill("#case", "CR/70/26")
    page.check("text=Serious crime")
    page.fill("#words", WORDS)
    page.click("text=Go on")


def _search(page: Any, text: str) -> None:
    page.fill("#text", text)
    page.press("#text", "Enter")
    page.wait_for_selector("text=Where this answer is blind")


@pytest.mark.parametrize("width", WIDTHS)
def test_an_analyst_searches_and_looks(chromium: Any, centre: Centre, width: int) -> None:
    """From the purpose to the plate beside the mark; each page clean at both widths."""
    with page_of(chromium, centre, token_of(centre, "ana-1"), width) as page:
        faults: list[str] = []
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        _say_purpose(page)
        look(page, f"search-{width}")
        _search(page, f"{story.STOLEN} last 30 days")
        look(page, f"found-{width}")
        page.click("td a >> nth=0")
        page.wait_for_selector("text=Compare what the camera saw")
        seen = "document.querySelector('.centre-side img')"
        assert page.evaluate(f"{seen}.decode().then(() => {seen}.naturalWidth)") > 50
        look(page, f"read-{width}")
        page.goto(f"{centre.address}/search")
        _search(page, f"{story.LEADER} last 30 days")
        page.click("text=Who was with it")
        page.wait_for_selector("text=CK70 SEC")
        look(page, f"associates-{width}")
        assert faults == []  # the content security policy stops nothing of our own


def test_an_analyst_works_without_scripts(chromium: Any, centre: Centre) -> None:
    """The essential: purpose, search, read."""
    with page_of(
        chromium, centre, token_of(centre, "ana-1"), 1440, java_script_enabled=False
    ) as page:
        _say_purpose(page)
        _search(page, f"{story.STOLEN} last 30 days")
        page.click("td a >> nth=0")
        page.wait_for_selector("text=Compare what the camera saw")


def test_an_analyst_works_by_keyboard_alone(chromium: Any, centre: Centre) -> None:
    """Tab, space and Enter lead from the purpose to the answer; what has the focus is seen."""
    with page_of(chromium, centre, token_of(centre, "ana-1")) as page:
        page.goto(centre.address + "/purpose")
        fill(page, "case", "CR/71/26")
        tab_to(page, "code-1")
        page.keyboard.press("Space")
        fill(page, "words", WORDS)
        enter(page, words="Go on")
        fill(page, "text", f"{story.STOLEN} last 30 days")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=Where this answer is blind")


def test_nothing_stays_behind_after_sign_out(chromium: Any, centre: Centre) -> None:
    """Back shows no read, and no address of the history names a mark or a case."""
    with page_of(chromium, centre, token_of(centre, "ana-1")) as page:
        _say_purpose(page)
        _search(page, f"{story.STOLEN} last 30 days")
        addresses = page.url
        page.click("text=Sign out")
        page.wait_for_selector("text=Sign in at your force")
        page.go_back()
        page.wait_for_load_state()
        assert "RS21" not in page.content()
        for word in ("RS21", "CR/70", "CR%2F70"):
            assert word not in addresses
