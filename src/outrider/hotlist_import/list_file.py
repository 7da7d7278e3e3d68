"""A list as it comes to a unit or to the centre: its file, and what the file does not say."""

from dataclasses import dataclass, field
from pathlib import Path

from outrider.hotlist_import.limits import ImportLimits
from outrider.hotlist_import.mapping import NamedMapping
from outrider.wire.hotlist_policy import ListPolicy


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list to take in. published_utc_ns: when it was true, from which its age counts.

    mapping None: guessed from the first row. limits: when it is refused as a whole.
    """

    path: Path
    published_utc_ns: int
    mapping: NamedMapping | None = None
    policy: ListPolicy = field(default_factory=ListPolicy)
    limits: ImportLimits = field(default_factory=ImportLimits)
