"""Bring the lists up to date from a centre: verify, build aside, switch; or change nothing."""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from tuf.ngclient.fetcher import FetcherInterface

from outrider import durable
from outrider.clock import Clock
from outrider.unit.hotlist.build import BuildError, Built, build, rebuild
from outrider.unit.hotlist.generations import Generation, GenerationError, Generations
from outrider.unit.hotlist.keys import LockedError
from outrider.unit.hotlist.lookup import LookupFileError
from outrider.unit.hotlist.memory import memory_folder
from outrider.unit.hotlist.schema import ListHeader
from outrider.unit.hotlist.sealed_file import DamagedError
from outrider.unit.hotlist.store import HotlistStore, ListNameError
from outrider.unit.hotlist.trust import Folders, TrustedRepository
from outrider.unit.hotlist.update_state import (
    Trouble,
    UpdateError,
    UpdateState,
    read_state,
    write_state,
)
from outrider.wire.hotlist_entry import NumberedRow
from outrider.wire.hotlist_package import (
    Change,
    IndexedList,
    Kind,
    PackageError,
    PackageHeader,
    PackageReader,
    PackageRef,
    index_from_bytes,
)

_log = logging.getLogger(__name__)
_MAX_PACKAGE_BYTES = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """Where lists come from: the centre's address, and the root of trust of the unit."""

    url: str
    trusted_root: bytes


@dataclass(frozen=True, slots=True)
class Updated:
    """What one list came to; generation is None where it was up to date, or refused."""

    name: str
    revision: int
    generation: Generation | None
    fault: str = ""


class UpdateClient:
    """Updates the lists of a store. One at a time; another process may match meanwhile."""

    def __init__(
        self, store: HotlistStore, source: Source, clock: Clock, fetcher: FetcherInterface
    ) -> None:
        self._store = store
        self._source = source
        self._clock = clock
        self._fetcher = fetcher
        self._folder = store.root / ".tuf"

    def update(self) -> list[Updated]:
        """Do one round: metadata, then each list by itself. Raises UpdateError for the metadata.

        A fault in one list is in its Updated, and keeps no other list from its update.
        """
        state = read_state(self._folder)
        now_ns = max(self._clock.stamp(self._clock.mono_ns()).utc_ns, state.latest_utc_ns)
        state = replace(state, tried_utc_ns=now_ns, trouble="", detail="")
        durable.make_folder(self._folder)
        try:
            done = self._round(now_ns)
        except UpdateError as error:
            write_state(
                self._folder, replace(state, trouble=error.trouble.value, detail=str(error))
            )
            raise
        write_state(self._folder, self._after(state, done))
        return done

    def _after(self, state: UpdateState, done: list[Updated]) -> UpdateState:
        latest_ns = max([state.latest_utc_ns, *(self._published(one) for one in done)])
        state = replace(state, latest_utc_ns=latest_ns)
        faults = "; ".join(one.fault for one in done if one.fault)
        if faults:
            return replace(state, trouble=Trouble.INVALID.value, detail=faults)
        return replace(state, succeeded_utc_ns=state.tried_utc_ns)

    def _published(self, one: Updated) -> int:
        generation = self._store.list(one.name).in_force()
        return generation.published_utc_ns if generation is not None else 0

    def _round(self, now_ns: int) -> list[Updated]:
        with memory_folder() as packages:
            folders = Folders(self._folder, packages)
            source = self._source
            repository = TrustedRepository(
                folders, source.url, source.trusted_root, self._fetcher, now_ns
            )
            repository.refresh()
            try:
                lists = index_from_bytes(repository.index())
            except PackageError as error:
                raise UpdateError(Trouble.INVALID, str(error)) from error
            return [self._one(repository, one) for one in lists.values()]

    def _one(self, repository: TrustedRepository, offered: IndexedList) -> Updated:
        try:
            generations = self._store.list(offered.name)
            with generations.lock():
                generation = _bring(repository, generations, offered)
        except (
            BuildError,
            GenerationError,
            ListNameError,
            PackageError,
            UpdateError,
            LockedError,
            OSError,
            sqlite3.Error,
        ) as error:
            fault = f"list {offered.name}: revision {offered.revision} was not taken: {error}"
            _log.error("%s", fault)
            return Updated(offered.name, offered.revision, None, fault)
        except Exception as error:  # noqa: BLE001 - the border: the other lists are brought
            fault = f"list {offered.name}: revision {offered.revision} was not taken"
            _log.exception("%s: nobody foresaw this", fault)
            return Updated(offered.name, offered.revision, None, f"{fault}: {type(error).__name__}")
        return Updated(offered.name, offered.revision, generation)


def _bring(
    repository: TrustedRepository, generations: Generations, offered: IndexedList
) -> Generation | None:
    now = generations.in_force()
    have = _revision_of(now)
    pointer = generations.pointer()
    held_off = pointer.held_off if pointer else ""
    if held_off == str(offered.revision):
        return None
    if offered.revision < have:
        raise PackageError(f"older than revision {have}, which is in force")
    if now is not None and not _opens(generations, now):
        have = 0  # damaged, or of a version that is not read: the whole list again, same or newer
    if offered.revision == have:
        return None
    built = _build(repository, generations, now, offered.route(have), offered)
    return generations.commit(built, source=f"revision {offered.revision} from the centre")


def _opens(generations: Generations, generation: Generation) -> bool:
    try:
        generations.open(generation).close()
    except LockedError:
        return True  # nobody can say: the key comes, or what follows says that it is wanted
    except (DamagedError, LookupFileError, OSError):
        return False
    return True


def _revision_of(generation: Generation | None) -> int:
    """Return the centre's revision of a generation; 0 for none, and for an import by hand."""
    if generation is None or not generation.revision.isdigit():
        return 0
    return int(generation.revision) if len(generation.revision) < 12 else 0


def _build(
    repository: TrustedRepository,
    generations: Generations,
    now: Generation | None,
    route: Sequence[PackageRef],
    offered: IndexedList,
) -> Built:
    with ExitStack() as stack:
        readers = [_opened(stack, repository.fetch(p.path, _MAX_PACKAGE_BYTES), p) for p in route]
        last = readers[-1].header
        if (last.list_name, last.revision) != (offered.name, offered.revision):
            raise PackageError(f"package is {last.list_name} revision {last.revision}")
        header = ListHeader(last.list_name, str(last.revision), last.published_utc_ns, last.policy)
        changes = (change for reader in readers for change in reader.changes())
        if readers[0].header.kind is Kind.SNAPSHOT or now is None:
            return build(header, _rows(changes), last.content_sha256)
        with generations.open(now) as base:
            return rebuild(base.connection, header, changes, last.content_sha256)


def _opened(stack: ExitStack, path: Path, ref: PackageRef) -> PackageReader:
    reader = PackageReader(stack.enter_context(path.open("rb")))
    header: PackageHeader = reader.header
    if (header.base, header.revision) != (ref.base, ref.revision):
        raise PackageError(f"{ref.path} leads from {header.base} to {header.revision}")
    return reader


def _rows(changes: Iterator[Change]) -> Iterator[NumberedRow]:
    for number, row in changes:
        if row is None:
            raise PackageError(f"a snapshot deletes entry {number}")
        yield number, row
