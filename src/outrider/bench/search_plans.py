"""The plans of the searches' queries, as PostgreSQL makes them for the searcher's role."""

import random
from pathlib import Path
from typing import Any

from outrider.centre.store.centre_store import CentreStore


def keep_plans(store: CentreStore, folder: Path, reads: int) -> None:
    """Write the plan of each search into a file of its own. Raises StoreError, OSError."""
    from outrider.bench.search import SEARCHES, YEAR

    folder.mkdir(parents=True, exist_ok=True)
    for name, ask in SEARCHES.items():
        with store.searching(YEAR) as session:
            explained = _Explained(session)
            ask(explained, random.Random(7))
        file = folder / f"{reads}-{name.replace(' ', '-').replace(',', '')}.txt"
        file.write_text("\n\n".join(explained.plans) + "\n", encoding="utf-8")


class _Explained:
    """A session that keeps the plan of each query that runs through it."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.plans: list[str] = []

    def rows(self, sql: str, *values: object) -> Any:
        """Explain, then run."""
        lines = self._session.rows(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", *values)
        self.plans.append("\n".join(line for (line,) in lines))
        return self._session.rows(sql, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)
