"""Import a list: all of it or none of it. A refused import leaves the old list in force."""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from outrider.hotlist_import.mapping import MappingError, NamedMapping
from outrider.hotlist_import.reading import ImportReport, ListReader
from outrider.hotlist_import.text import ListTextError
from outrider.unit.hotlist.build import BuildError, Built, build
from outrider.unit.hotlist.generations import Generation, Generations
from outrider.unit.hotlist.schema import ListHeader
from outrider.wire.hotlist_entry import to_row
from outrider.wire.hotlist_policy import ListPolicy


class ImportRefused(Exception):
    """A list was not taken; the message says why, report (if reading got so far) which rows."""

    def __init__(self, message: str, report: ImportReport | None = None) -> None:
        super().__init__(message)
        self.report = report


@dataclass(frozen=True, slots=True)
class ImportLimits:
    """When to refuse a list that looks cut short or misread, as shares of 1."""

    max_rejected_share: float = 0.01
    max_shrink_share: float = 0.5


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to import. published_utc_ns: when the list was true, from which its age counts."""

    path: Path
    published_utc_ns: int
    mapping: NamedMapping | None = None
    policy: ListPolicy = field(default_factory=ListPolicy)
    limits: ImportLimits = ImportLimits()
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
        _judge(report, generations.in_force(), request.limits)
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


def _judge(report: ImportReport, now: Generation | None, limits: ImportLimits) -> None:
    """Refuse a list that looks cut short or misread. Raises ImportRefused."""
    if report.rejected_share > limits.max_rejected_share:
        raise ImportRefused(
            f"{report.rejected} of {report.rows} rows cannot be used, more than"
            f" {limits.max_rejected_share:.1%}: mend them, or raise --max-rejected",
            report,
        )
    if not report.entries:
        raise ImportRefused("the list holds no entry", report)
    if now is not None and report.entries < now.entries * (1 - limits.max_shrink_share):
        raise ImportRefused(
            f"{report.entries} entries where {now.entries} are in force: the list looks cut"
            " short; if it is right, give --allow-shrink",
            report,
        )
