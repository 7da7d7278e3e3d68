"""Publish a list: take it in, number it, make its packages, sign what there is now."""

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import TargetFile

from outrider import durable
from outrider.centre.hotlists.master import MadePackage, MasterList, MasterState, Source
from outrider.centre.hotlists.repository import HotlistRepository
from outrider.clock import NS_PER_S
from outrider.hotlist_import.limits import ImportRefused, judge
from outrider.hotlist_import.list_file import ListFile
from outrider.hotlist_import.mapping import MappingError
from outrider.hotlist_import.reading import ImportReport, ListReader
from outrider.hotlist_import.text import ListTextError
from outrider.records import VehicleOfInterest
from outrider.wire.hotlist_entry import to_row
from outrider.wire.hotlist_package import (
    INDEX_PATH,
    Change,
    IndexedList,
    Kind,
    PackageHeader,
    PackageRef,
    index_to_bytes,
    write_package,
)
from outrider.wire.hotlist_policy import ListPolicy

KEPT_SNAPSHOTS = 2
KEPT_DELTAS = 48
_STILL_TRUE_NS = 12 * 3600 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing gave: the list's new revision, and the packages that lead to it."""

    report: ImportReport
    revision: int
    changes: int
    packages: tuple[MadePackage, ...]


class Publisher:
    """The centre's lists and the repository that they are published in."""

    def __init__(
        self,
        folder: Path,
        repository: HotlistRepository,
        signers: Mapping[str, CryptoSigner],
    ) -> None:
        self._lists = folder / "lists"
        self._repository = repository
        self._signers = signers

    def publish(self, name: str, listed: ListFile) -> Published:
        """Take a list in and sign it. Raises ImportRefused, RepositoryFault, OSError.

        The master is committed before anything is signed: a cut between leaves a revision that
        the next publication signs, never one revision with two contents.
        """
        with closing(MasterList(self._lists / f"{name}.db")) as master:
            published = self._take_in(master, name, listed)
        self.sign()
        return published

    def publish_kept(
        self, lists: Mapping[str, Sequence[VehicleOfInterest]], now_ns: int
    ) -> dict[str, Published]:
        """Publish lists that are kept at the centre; return those that had news.

        Without a change a list is news twice a day: that it is still true resets its age. Raises
        ImportRefused where a list of the name comes from a file, RepositoryFault, OSError.
        """
        done = {}
        for name, entries in lists.items():
            with closing(MasterList(self._lists / f"{name}.db")) as master:
                published = self._keep(master, name, entries, now_ns)
            if published is not None:
                done[name] = published
        if done:
            self.sign()
        return done

    def _keep(
        self, master: MasterList, name: str, entries: Sequence[VehicleOfInterest], now_ns: int
    ) -> Published | None:
        before = master.state()
        rows = list(dict.fromkeys(map(to_row, entries)))
        with master.change():
            _check_source(master, name, Source.KEPT)
            changes = master.replace_by(rows)
            stands = before.revision and not changes
            if stands and now_ns - before.published_utc_ns < _STILL_TRUE_NS:
                return None
            policy = before.policy or ListPolicy().model_dump_json()
            state = MasterState(before.revision + 1, now_ns, policy, master.digest())
            made = self._packages(master, name, before, state)
            report = ImportReport(form="kept at the centre", rows=len(rows), entries=len(rows))
            return Published(report, state.revision, changes, made)

    def _take_in(self, master: MasterList, name: str, listed: ListFile) -> Published:
        before = master.state()
        had = master.count()
        try:
            reader = ListReader(listed.path, listed.mapping, frozenset(listed.policy.areas))
            with master.change():
                _check_source(master, name, Source.FILE)
                changes = master.replace_by(to_row(entry) for entry in reader.entries())
                judge(reader.report, had, listed.limits)
                # Without a change too: that the list is still true is news, and resets its age.
                policy = listed.policy.model_dump_json()
                state = MasterState(
                    before.revision + 1, listed.published_utc_ns, policy, master.digest()
                )
                made = self._packages(master, name, before, state)
                return Published(reader.report, state.revision, changes, made)
        except (ListTextError, MappingError, sqlite3.Error) as error:
            raise ImportRefused(f"{listed.path}: {error}") from error

    def _packages(
        self, master: MasterList, name: str, before: MasterState, state: MasterState
    ) -> tuple[MadePackage, ...]:
        made = self._make(master, name, before, state)
        master.set_state(state)
        self._prune(master)
        return made

    def _make(
        self, master: MasterList, name: str, before: MasterState, state: MasterState
    ) -> tuple[MadePackage, ...]:
        entries = master.count()
        made = [self._package(name, 0, state, entries, master.snapshot())]
        if before.revision:
            made.append(self._package(name, before.revision, state, entries, master.delta()))
        for package in made:
            master.add_package(package)
        return tuple(made)

    def _package(
        self,
        name: str,
        base: int,
        state: MasterState,
        entries: int,
        changes: Iterable[Change],
    ) -> MadePackage:
        kind = Kind.DELTA if base else Kind.SNAPSHOT
        header = PackageHeader(
            kind=kind,
            list_name=name,
            revision=state.revision,
            base=base,
            published_utc_ns=state.published_utc_ns,
            entries=entries,
            content_sha256=state.content_sha256,
            policy=state.policy,
        )
        folder = self._repository.targets / "lists" / name
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / ".new"
        with temporary.open("wb") as file:
            write_package(file, header, changes)
        durable.sync_file(temporary)
        digest = durable.sha256_of(temporary)
        basename = f"{base}-{state.revision}.ndjson.zst"
        size = temporary.stat().st_size
        durable.move(temporary, folder / f"{digest}.{basename}")
        path = f"lists/{name}/{basename}"
        return MadePackage(PackageRef(path, base, state.revision, size), digest)

    def _prune(self, master: MasterList) -> None:
        packages = master.packages()
        snapshots = [p for p in packages if p.ref.base == 0]
        deltas = [p for p in packages if p.ref.base > 0]
        for package in (*snapshots[:-KEPT_SNAPSHOTS], *deltas[:-KEPT_DELTAS]):
            master.drop_package(package.ref.path)

    def sign(self) -> int:
        """Sign the packages of every master list, and an index of them."""
        files: dict[str, TargetFile] = {}
        indexed: list[IndexedList] = []
        for path in sorted(self._lists.glob("*.db")):
            with closing(MasterList(path)) as master:
                packages, state = master.packages(), master.state()
            for made in packages:
                files[made.ref.path] = _target(made)
            refs = tuple(made.ref for made in packages)
            if state.revision:
                indexed.append(IndexedList(path.stem, state.revision, state.published_utc_ns, refs))
        files[INDEX_PATH] = self._write_index(index_to_bytes(indexed))
        version = self._repository.publish(files, self._signers)
        self._remove_unsigned(files)
        return version

    def renew(self) -> None:
        """Sign the timestamp anew, so that units see that there is no news."""
        self._repository.renew(self._signers)

    def _write_index(self, data: bytes) -> TargetFile:
        digest = hashlib.sha256(data).hexdigest()
        self._repository.targets.mkdir(parents=True, exist_ok=True)
        durable.write(self._repository.targets / f"{digest}.{INDEX_PATH}", data, 0o644)
        return TargetFile(len(data), {"sha256": digest}, INDEX_PATH)

    def _remove_unsigned(self, files: Mapping[str, TargetFile]) -> None:
        """Remove package files that are signed no more; a unit in mid-fetch tries again."""
        signed = {target.hashes["sha256"] for target in files.values()}
        targets = self._repository.targets
        for path in (*targets.glob("lists/*/*.ndjson.zst"), *targets.glob(f"*.{INDEX_PATH}")):
            if path.name.split(".")[0] not in signed:
                durable.remove(path)


def _check_source(master: MasterList, name: str, source: Source) -> None:
    """Refuse one source where a list comes from the other: either would drop the other's."""
    known = master.source()
    if known is None:
        master.set_source(source)
    elif known is not source:
        raise ImportRefused(
            f"{name}: this list is {known}, and cannot be {source}: choose another name"
        )


def _target(made: MadePackage) -> TargetFile:
    return TargetFile(made.ref.size_bytes, {"sha256": made.sha256}, made.ref.path)
