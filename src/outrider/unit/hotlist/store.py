"""All lists of a unit: a folder with a folder for each list."""

import re
from pathlib import Path

from outrider.unit.hotlist.generations import Generations
from outrider.unit.hotlist.keys import ListKeys
from outrider.wire.hotlist_policy import NAME_FORM

_NAME = re.compile(NAME_FORM)


class ListNameError(ValueError):
    """A name that no list can have."""


class HotlistStore:
    """The folder under which a unit keeps its lists, and the key that they are sealed with."""

    def __init__(self, root: Path, keys: ListKeys | None = None) -> None:
        """Take a folder; keys: by default one that lies in it and so protects from nobody."""
        self.root = root
        self.keys = keys or ListKeys(root)

    def names(self) -> list[str]:
        """Return the names of the lists that are here, whether sound or not."""
        if not self.root.is_dir():
            return []
        return sorted(
            path.name
            for path in self.root.iterdir()
            if path.is_dir() and _NAME.match(path.name) and any(path.glob("[0-9]*"))
        )

    def list(self, name: str) -> Generations:
        """Return the generations of a list. Raises ListNameError for a name that cannot be."""
        if not _NAME.match(name):
            raise ListNameError(f"list name {name!r}: a-z, 0-9, dot, dash, underscore, at most 48")
        return Generations(self.root / name, self.keys)
