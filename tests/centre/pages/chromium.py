"""A page of the centre in real Chromium: how a test looks at it, and gets about by keyboard.

With OUTRIDER_SCREENSHOTS=FOLDER each page that is looked at is kept as a picture there.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tests.centre.pages.conftest import Centre

CHROMIUM = shutil.which("chromium")
WIDTHS = (320, 1440)
_HAS_FOCUS = (
    "(e => [e.id, e.innerText || '', e.name || '', getComputedStyle(e).outlineStyle !== 'none'"
    " || getComputedStyle(e).boxShadow !== 'none'])(document.activeElement)"
)


@contextlib.contextmanager
def launched() -> Iterator[Any]:
    """Launch a browser; skip where there is no Chromium (Debian's), no Playwright."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("Debian's chromium is not installed")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextlib.contextmanager
def page_of(
    chromium: Any, centre: Centre, token: str, width: int = 1440, **more: Any
) -> Iterator[Any]:
    """Yield a page of whose session it is, at the start."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, **more)
    cookie = {"name": "outrider-session", "value": token, "url": centre.address}
    context.add_cookies([cookie | {"httpOnly": True, "sameSite": "Strict"}])
    page = context.new_page()
    page.set_default_timeout(240_000)  # a machine under load is no fault of a page
    page.goto(centre.address + "/")
    yield page
    context.close()


def token_of(centre: Centre, name: str) -> str:
    """Sign one of the demo's people in; return the session's token."""
    return str(centre.sign_in(name).client.cookies["outrider-session"])


def look(page: Any, name: str) -> None:
    """Hold a page to axe-core and to its width; keep its picture where that is wanted."""
    page.wait_for_load_state()
    keep(page, name)
    wide, seen = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= seen, f"{name}: {wide} px wide in {seen}"
    axe = pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(resources.files(axe).joinpath("axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then(found => found.violations)")
    told = [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found]
    assert not told, name


def keep(page: Any, name: str) -> None:
    """Keep a page as a picture."""
    folder = os.environ.get("OUTRIDER_SCREENSHOTS")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def tab_to(page: Any, name: str = "", words: str = "") -> None:
    """Press Tab until a field (by id) or what says something has the focus, and see that it shows.

    words: how the text of it begins.
    """
    for _ in range(120):
        page.keyboard.press("Tab")
        found, text, _, shown = page.evaluate(_HAS_FOCUS)
        if (name and found == name) or (words and text.strip().startswith(words)):
            assert shown, f"what has the focus does not show: {name or words}"
            return
    raise AssertionError(f"Tab does not come to {name or words}")


def enter(page: Any, name: str = "", words: str = "") -> None:
    """Go to what says something by Tab alone, and press Enter."""
    tab_to(page, name, words)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def fill(page: Any, name: str, text: str) -> None:
    """Go to a field by Tab alone, and type."""
    tab_to(page, name)
    page.keyboard.type(text)
