"""Make the matcher of a run: over the unit's store, or over one list given by its file."""

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

from outrider.clock import Clock
from outrider.hotlist_import.limits import ImportLimits, ImportRefused
from outrider.hotlist_import.list_file import ListFile
from outrider.hotlist_import.reading import ImportReport
from outrider.records import ComponentHealth, Level
from outrider.unit.hotlist.generations import GenerationError
from outrider.unit.hotlist.importing import import_list
from outrider.unit.hotlist.keys import ListKeys, MemoryKeys
from outrider.unit.hotlist.match import HotlistMatcher
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.settings.sections import HotlistSettings

_log = logging.getLogger(__name__)
_TAKE_WHAT_IS_GOOD = ImportLimits(max_rejected_share=1.0)


@dataclass(frozen=True, slots=True)
class _Trouble:
    level: Level
    detail: str


class FileMatcher(HotlistMatcher):
    """The matcher over one list file (CSV) for one run; what was wrong with it is in its health."""

    def __init__(self, path: Path, clock: Clock, settings: HotlistSettings | None = None) -> None:
        # The list lives as long as the run, and so does its key.
        self._folder = tempfile.TemporaryDirectory(prefix="outrider-hotlist-")
        root = Path(self._folder.name)
        store = HotlistStore(root, MemoryKeys(root))
        self._trouble = _import(path, store, clock)
        super().__init__(store, clock, settings)

    def health(self) -> ComponentHealth:
        """Return how the list is, import faults first."""
        state = super().health()
        if self._trouble is None:
            return state
        return ComponentHealth(state.name, self._trouble.level, self._trouble.detail, state.counts)

    @property
    def faults(self) -> tuple[str, ...]:
        """As the store's matcher; also that the list is not in force at all."""
        trouble = self._trouble
        if trouble is None or trouble.level is not Level.FAULT:
            return super().faults
        return (*super().faults, trouble.detail)

    def close(self) -> None:
        """Close and remove the list; may be called twice."""
        super().close()
        self._folder.cleanup()


def _import(path: Path, store: HotlistStore, clock: Clock) -> _Trouble | None:
    now_ns = clock.stamp(clock.mono_ns()).utc_ns
    try:
        published_ns = min(now_ns, path.stat().st_mtime_ns)
        listed = ListFile(path, published_ns, limits=_TAKE_WHAT_IS_GOOD)
        report = import_list(store.list("file"), listed).report
    except (ImportRefused, GenerationError, OSError) as error:
        # What a list's fault quotes may be a row of it: the command says it, to who asks.
        why = error.strerror or "" if isinstance(error, OSError) else "it is refused"
        return _nothing_in_force(path, why)
    if not report.entries:
        rows = f"all of its {report.rows} rows are refused" if report.rows else "it has no rows"
        return _nothing_in_force(path, rows)
    return _doubts(path, report)


def _doubts(path: Path, report: ImportReport) -> _Trouble | None:
    said = [report.suspect] if report.suspect else []
    if report.rejected:
        # Lines, not what stands on them: a log and a screen are no place for a list's marks.
        lines = ", ".join(str(rejection.line) for rejection in report.rejections[:5])
        said.append(
            f"{report.rejected} of {report.rows} rows refused (lines {lines}):"
            f" `outrider hotlist import {path} --dry-run` says why"
        )
    if not said:
        return None
    detail = f"{path}: {'; '.join(said)}"
    _log.warning("%s", detail)
    return _Trouble(Level.WARNING, detail)


def _nothing_in_force(path: Path, why: str) -> _Trouble:
    detail = f"{path}: {why}: `outrider hotlist import {path} --dry-run` says more"
    _log.error("hotlist: %s", detail)
    return _Trouble(Level.FAULT, f"no hotlist in force: {detail}")


def open_matcher(
    path: Path,
    clock: Clock,
    settings: HotlistSettings | None = None,
    keys: ListKeys | None = None,
) -> HotlistMatcher:
    """Return the matcher over a store (a folder, which may be missing yet) or one list (a file).

    Never raises for a bad list: the unit runs, and its health tells.
    """
    if path.is_file() or path.suffix:
        return FileMatcher(path, clock, settings)
    return HotlistMatcher(HotlistStore(path, keys), clock, settings)
