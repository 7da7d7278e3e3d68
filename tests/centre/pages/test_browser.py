"""Each role's story in real Chromium: keyboard, narrow and wide, no scripts, axe-core clean.

Skipped by name where there is no Chromium (Debian's `chromium`) or no Playwright. With
OUTRIDER_SCREENSHOTS=FOLDER each page that is looked at is kept as a picture there.
"""

import os
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from outrider.centre.demo import story
from tests.centre.pages.conftest import WORDS, Centre

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
WIDTHS = (320, 1440)
FIRST = ("ana-1", "sgt-3", "supt-1", "aud-1", "adm-1")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for all tests."""
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def _page(chromium: Any, centre: Centre, name: str, width: int = 1440, **more: Any) -> Any:
    """Return a page of somebody who is signed in."""
    token = centre.sign_in(name).client.cookies["outrider-session"]
    context = chromium.new_context(viewport={"width": width, "height": 900}, **more)
    cookie = {"name": "outrider-session", "value": token, "url": centre.address}
    context.add_cookies([cookie | {"httpOnly": True, "sameSite": "Strict"}])
    page = context.new_page()
    page.set_default_timeout(240_000)  # a machine under load is no fault of a page
    page.goto(centre.address + "/")
    return page


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


def _look(page: Any, name: str) -> None:
    """Hold a page to axe-core and to its width; keep its picture where that is wanted."""
    page.wait_for_load_state()
    _keep(page, name)
    wide, seen = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= seen, f"{name}: {wide} px wide in {seen}"
    axe = pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")
    page.evaluate(resources.files(axe).joinpath("axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run().then(found => found.violations)")
    told = [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found]
    assert not told, name


def _keep(page: Any, name: str) -> None:
    folder = os.environ.get("OUTRIDER_SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", FIRST)
def test_first_pages_are_clean_narrow_and_wide(
    chromium: Any, centre: Centre, name: str, width: int
) -> None:
    """Of each role: no finding of axe-core, nothing to scroll sideways."""
    page = _page(chromium, centre, name, width)
    _look(page, f"first-{name}-{width}")
    page.context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_an_analyst_searches_and_looks(chromium: Any, centre: Centre, width: int) -> None:
    """From the purpose to the plate beside the mark; each page clean at both widths."""
    page = _page(chromium, centre, "ana-1", width)
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    _say_purpose(page)
    _look(page, f"search-{width}")
    _search(page, f"{story.STOLEN} last 30 days")
    _look(page, f"found-{width}")
    page.click("td a >> nth=0")
    page.wait_for_selector("text=Compare what the camera saw")
    seen = "document.querySelector('.centre-side img')"
    assert page.evaluate(f"{seen}.decode().then(() => {seen}.naturalWidth)") > 50
    _look(page, f"read-{width}")
    page.goto(f"{centre.address}/search")
    _search(page, f"{story.LEADER} last 30 days")
    page.click("text=Who was with it")
    page.wait_for_selector("text=CK70 SEC")
    _look(page, f"associates-{width}")
    assert faults == []  # the content security policy stops nothing of our own
    page.context.close()


def test_an_analyst_works_without_scripts(chromium: Any, centre: Centre) -> None:
    """The essential: purpose, search, read."""
    page = _page(chromium, centre, "ana-1", 1440, java_script_enabled=False)
    _say_purpose(page)
    _search(page, f"{story.STOLEN} last 30 days")
    page.click("td a >> nth=0")
    page.wait_for_selector("text=Compare what the camera saw")
    page.context.close()


def test_an_analyst_works_by_keyboard_alone(chromium: Any, centre: Centre) -> None:
    """Tab, space and Enter lead from the purpose to the answer; what has the focus is seen."""
    page = _page(chromium, centre, "ana-1")
    _tab_to(page, "case")
    page.keyboard.type("CR/71/26")
    _tab_to(page, "code-1")
    page.keyboard.press("Space")
    _tab_to(page, "words")
    page.keyboard.type(WORDS)
    _tab_to(page, "", "Go on")
    page.keyboard.press("Enter")
    page.wait_for_selector("#text")
    _tab_to(page, "text")
    page.keyboard.type(f"{story.STOLEN} last 30 days")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Where this answer is blind")
    page.context.close()


def _tab_to(page: Any, name: str, words: str = "") -> None:
    """Press Tab until something has the focus, and see that the focus shows."""
    has = "[document.activeElement.id, document.activeElement.innerText]"
    for _ in range(60):
        page.keyboard.press("Tab")
        found, text = page.evaluate(has)
        if (name and found == name) or (words and text == words):
            shown = page.evaluate(
                "(s => s.outlineStyle !== 'none' || s.boxShadow !== 'none' || s.backgroundColor)"
                "(getComputedStyle(document.activeElement))"
            )
            assert shown
            return
    raise AssertionError(f"Tab does not come to {name or words}")


def test_nothing_stays_behind_after_sign_out(chromium: Any, centre: Centre) -> None:
    """Back shows no read, and no address of the history names a mark or a case."""
    page = _page(chromium, centre, "ana-1")
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
    page.context.close()
