"""The page for everybody: what is kept, how long, who may see it, figures a quarter; no place."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from outrider.centre.governance.figures import Figures, figures_of
from outrider.centre.pages.calls import Page, Site
from outrider.centre.pages.layout import Layout

_QUARTERS = 4


class PublicPage:
    """Its figures are counted once a day: nobody makes the centre count for him."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._day = ""
        self._figures: list[tuple[str, Figures]] = []

    def page(self) -> Page:
        """Return it. Raises StoreError."""
        settings = self._site.settings
        facts: dict[str, Any] = {
            "months": settings.retention.months,
            "contact": settings.pages.contact,
            "figures": self._counted(),
        }
        return Page("public.html", facts)

    def _counted(self) -> list[tuple[str, Figures]]:
        now = self._site.now
        with self._lock:
            if self._day != f"{now:%Y-%m-%d}":
                self._figures = [
                    (f"{since:%B %Y} to {until - timedelta(days=1):%B %Y}",
                     figures_of(self._site.desks.store, since, until - timedelta(microseconds=1)))
                    for since, until in quarters(now)
                ]  # fmt: skip
                self._day = f"{now:%Y-%m-%d}"
            return self._figures


def public_text(site: Site) -> str:
    """Return the page as everybody is shown it. Raises StoreError."""
    page = PublicPage(site).page()
    frame: dict[str, Any] = {
        "static": str, "path": "/public", "me": None, "menu": [], "works_on": None, "notice": "",
        "form_token": "",
    }  # fmt: skip
    return Layout().render(page.template, frame | dict(page.facts))


def quarters(now: datetime) -> list[tuple[datetime, datetime]]:
    """Return the last whole quarters before an instant, the newest first: beginning and end."""
    found = []
    year, quarter = now.year, (now.month - 1) // 3
    for _ in range(_QUARTERS):
        until = datetime(year, quarter * 3 + 1, 1, tzinfo=UTC)
        year, quarter = (year, quarter - 1) if quarter else (year - 1, 3)
        found.append((datetime(year, quarter * 3 + 1, 1, tzinfo=UTC), until))
    return found
