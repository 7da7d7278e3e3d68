"""Import a list: all of it or none of it. A refused import leaves the old list in force."""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from outrider.hotlist_import.limits import ImportLimits, ImportRefused, judge
from outrider.hotlist_import.mapping import MappingError, NamedMapping
from outrider.hotlist_import.reading import ImportReport, ListReader
from outrider.hotlist_import.text import ListTextError
from outrider.unit.hotlist.build import BuildError, Built, build
from outrider.unit.hotlist.generations import Generation, Generations
from outrider.unit.hotlist.schema import ListHeader
from outrider.wire.hotlist_entry import to_row
from outrider.wire.hotlist_policy import ListPolicy


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to import. published_utc_ns: when the list was true, from which its age counts."""

    path: Path
    published_utc_ns: int
    mapping: NamedMapping | None = None
    policy: ListPolicy = field(default_factory=ListPolicy)
    limits: ImportLimits = field(default_factory=ImportLimits)
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import gave; generation is None for a dry run."""

    report: ImportReport
    content_sha256: str
    generation: Generation | None


def import_list(generations: Generations, request: ImportRequest) -> Imported:
    """Read, build, check, then put in force. Raises ImportRefused, GenerationError or OSError."""
    with generations.lock():
        place = generations.building_place()
        report, built = _build(generations.folder.name, place / "new.db", request)
        in_force = generations.in_force()
        judge(report, in_force.entries if in_force else 0, request.limits)
        if request.dry_run:
            return Imported(report, built.content_sha256, None)
        generation = generations.commit(built, source=f"import of {request.path.name}")
        return Imported(report, built.content_sha256, generation)


def _build(name: str, path: Path, request: ImportRequest) -> tuple[ImportReport, Built]:
    report: ImportReport | None = None
    try:
        reader = ListReader(request.path, request.mapping, frozenset(request.policy.areas))
        report = reader.report
        header = ListHeader(
            name=name,
            revision="",
            published_utc_ns=request.published_utc_ns,
            policy=request.policy.model_dump_json(),
        )
        rows = ((number, to_row(e)) for number, e in enumerate(reader.entries(), start=1))
        return report, build(path, header, rows)
    except (ListTextError, MappingError, BuildError, sqlite3.Error) as error:
        raise ImportRefused(f"{request.path}: {error}", report) from error
    except OSError as error:
        raise ImportRefused(f"{request.path}: {error.strerror or error}", report) from error
