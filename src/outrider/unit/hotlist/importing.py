"""Import a list: all of it or none of it. A refused import leaves the old list in force."""

import sqlite3
from dataclasses import dataclass

from outrider.hotlist_import.limits import ImportRefused, judge
from outrider.hotlist_import.list_file import ListFile
from outrider.hotlist_import.mapping import MappingError
from outrider.hotlist_import.reading import ImportReport, ListReader
from outrider.hotlist_import.text import ListTextError
from outrider.unit.hotlist.build import BuildError, Built, build
from outrider.unit.hotlist.generations import Generation, Generations
from outrider.unit.hotlist.schema import ListHeader
from outrider.wire.hotlist_entry import to_row


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import gave; generation is None for a dry run."""

    report: ImportReport
    content_sha256: str
    generation: Generation | None


def import_list(generations: Generations, listed: ListFile, dry_run: bool = False) -> Imported:
    """Read, build, check, then put in force.

    Raises ImportRefused, GenerationError, LockedError, OSError.
    """
    with generations.lock():
        report, built = _build(generations.folder.name, listed)
        in_force = generations.in_force()
        judge(report, in_force.entries if in_force else 0, listed.limits)
        if dry_run:
            return Imported(report, built.content_sha256, None)
        generation = generations.commit(built, source=f"import of {listed.path.name}")
        return Imported(report, built.content_sha256, generation)


def _build(name: str, listed: ListFile) -> tuple[ImportReport, Built]:
    report: ImportReport | None = None
    try:
        reader = ListReader(listed.path, listed.mapping, frozenset(listed.policy.areas))
        report = reader.report
        header = ListHeader(
            name=name,
            revision="",
            published_utc_ns=listed.published_utc_ns,
            policy=listed.policy.model_dump_json(),
        )
        rows = ((number, to_row(e)) for number, e in enumerate(reader.entries(), start=1))
        return report, build(header, rows)
    except (ListTextError, MappingError, BuildError, sqlite3.Error) as error:
        raise ImportRefused(f"{listed.path}: {error}", report) from error
    except OSError as error:
        raise ImportRefused(f"{listed.path}: {error.strerror or error}", report) from error
