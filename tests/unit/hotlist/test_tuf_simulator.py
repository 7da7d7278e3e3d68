"""The unit's client against python-tuf's own simulated repository, attack by attack.

The order follows the specification's client workflow (5.3 root, 5.4 timestamp, 5.5 snapshot,
5.6 targets, 5.7 target files).
"""

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tuf.api.metadata import Root, Snapshot, Targets, Timestamp

from outrider.records import NO_POSITION
from outrider.unit.hotlist.match import HotlistMatcher
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.hotlist.update import Source, UpdateClient
from outrider.unit.hotlist.update_state import Trouble, UpdateError
from outrider.wire.hotlist_entry import content_digest, to_row
from outrider.wire.hotlist_package import (
    INDEX_PATH,
    IndexedList,
    Kind,
    PackageHeader,
    PackageRef,
    index_to_bytes,
    write_package,
)
from tests.unit.hotlist import simulator
from tests.unit.hotlist.makers import NOW_NS, clock, text, voi

Sim = Any
_NS = 1_000_000_000


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return simulator.load(tmp_path_factory.mktemp("tuf"))


class Scene:
    """A unit that has taken revision 1 from the simulator, which then offers revision 2."""

    def __init__(self, folder: Path, module: ModuleType) -> None:
        self.sim: Sim = module.RepositorySimulator()
        self.first_root: bytes = self.sim.signed_roots[0]
        self.now_ns = int((self.sim.safe_expiry - timedelta(days=30)).timestamp()) * _NS
        self.store = HotlistStore(folder)
        self.offer(1, "AA11AAA")
        self.update()
        self.offer(2, "BB22BBB")

    def offer(self, revision: int, vrm: str) -> None:
        rows = [(1, to_row(voi(vrm)))]
        header = PackageHeader(
            Kind.SNAPSHOT, "stolen", revision, 0, NOW_NS, 1, content_digest(rows), "{}"
        )
        package = io.BytesIO()
        write_package(package, header, rows)
        path = f"lists/stolen/0-{revision}.ndjson.zst"
        self.sim.add_target(Targets.type, package.getvalue(), path)
        ref = PackageRef(path, 0, revision, len(package.getvalue()))
        index = index_to_bytes([IndexedList("stolen", revision, NOW_NS, (ref,))])
        self.sim.add_target(Targets.type, index, INDEX_PATH)
        self.sim.targets.version += 1
        self.sim.update_snapshot()

    def update(self) -> list[str]:
        source = Source("http://simulated.test", self.first_root)
        done = UpdateClient(self.store, source, clock(self.now_ns), self.sim).update()
        return [one.fault for one in done if one.fault]

    def listed(self) -> list[str]:
        matcher = HotlistMatcher(self.store, clock())
        marks = ("AA11AAA", "BB22BBB")
        found = [mark for mark in marks if matcher.match(text(mark), NO_POSITION, NOW_NS)]
        matcher.close()
        return found


@pytest.fixture
def scene(tmp_path: Path, module: ModuleType) -> Scene:
    return Scene(tmp_path, module)


def _root(change: Callable[[Sim], None]) -> Callable[[Sim], None]:
    def attack(sim: Sim) -> None:
        sim.root.version += 1
        change(sim)
        sim.publish_root()

    return attack


def _past(sim: Sim) -> Any:
    return sim.safe_expiry - timedelta(days=35)


def _expire(role: str) -> Callable[[Sim], None]:
    def attack(sim: Sim) -> None:
        signed = getattr(sim, role)
        signed.expires = _past(sim)
        if role != Root.type:
            signed.version += 1
            sim.update_snapshot()
        else:
            signed.version += 1
            sim.publish_root()

    return attack


def _skip_a_root(sim: Sim) -> None:
    sim.root.version += 2
    sim.publish_root()


def _root_signed_by_nobody_known(sim: Sim) -> None:
    sim.signers[Root.type].clear()
    sim.rotate_keys(Root.type)
    sim.root.version += 1
    sim.publish_root()


def _no_signature(role: str) -> Callable[[Sim], None]:
    def attack(sim: Sim) -> None:
        sim.signers[role].clear()

    return attack


def _older(role: str) -> Callable[[Sim], None]:
    def attack(sim: Sim) -> None:
        if role == Timestamp.type:
            sim.timestamp.version = 1
        elif role == Snapshot.type:
            sim.snapshot.version = 1
            sim.update_timestamp()
        else:
            sim.targets.version = 1
            sim.update_snapshot()

    return attack


def _mix(role: str) -> Callable[[Sim], None]:
    """Serve another version of a role than the one above it names."""

    def attack(sim: Sim) -> None:
        getattr(sim, role).version += 1

    return attack


def _other_bytes_than_hashed(sim: Sim) -> None:
    sim.compute_metafile_hashes_length = True
    sim.update_snapshot()
    sim.timestamp.snapshot_meta.hashes["sha256"] = "0" * 64
    sim.timestamp.version += 1


def _longer_than_said(sim: Sim) -> None:
    sim.compute_metafile_hashes_length = True
    sim.update_snapshot()
    sim.timestamp.snapshot_meta.length = 10
    sim.timestamp.version += 1


_ATTACKS = {
    "5.3.5 root version skipped": (_skip_a_root, Trouble.ROLLED_BACK),
    "5.3.4 root by unknown keys": (_root_signed_by_nobody_known, Trouble.FORGED),
    "5.3.4 root without signature": (_root(_no_signature(Root.type)), Trouble.FORGED),
    "5.3.10 root expired": (_expire(Root.type), Trouble.EXPIRED),
    "5.4.2 timestamp without signature": (_no_signature(Timestamp.type), Trouble.FORGED),
    "5.4.3 timestamp older": (_older(Timestamp.type), Trouble.ROLLED_BACK),
    "5.4.3 snapshot older": (_older(Snapshot.type), Trouble.ROLLED_BACK),
    "5.4.4 timestamp expired (freeze)": (_expire(Timestamp.type), Trouble.EXPIRED),
    "5.5.2 snapshot hash": (_other_bytes_than_hashed, Trouble.FORGED),
    "5.5.1 snapshot length": (_longer_than_said, Trouble.FORGED),
    "5.5.3 snapshot without signature": (_no_signature(Snapshot.type), Trouble.FORGED),
    "5.5.4 snapshot of another version (mix)": (_mix(Snapshot.type), Trouble.ROLLED_BACK),
    "5.5.5 targets older": (_older(Targets.type), Trouble.ROLLED_BACK),
    "5.5.6 snapshot expired": (_expire(Snapshot.type), Trouble.EXPIRED),
    "5.6.3 targets without signature": (_no_signature(Targets.type), Trouble.FORGED),
    "5.6.4 targets of another version (mix)": (_mix(Targets.type), Trouble.ROLLED_BACK),
    "5.6.5 targets expired": (_expire(Targets.type), Trouble.EXPIRED),
}


@pytest.mark.parametrize("name", _ATTACKS)
def test_attack_is_refused_and_matching_goes_on(scene: Scene, name: str) -> None:
    """Each attack is refused for what it is, and the list in force matches as before."""
    attack, trouble = _ATTACKS[name]
    attack(scene.sim)
    with pytest.raises(UpdateError) as caught:
        scene.update()
    assert caught.value.trouble is trouble
    assert scene.listed() == ["AA11AAA"]


def test_tampered_target_is_refused(scene: Scene) -> None:
    """5.7: a target with other bytes than signed is not applied."""
    target = scene.sim.target_files["lists/stolen/0-2.ndjson.zst"]
    target.data = bytes([target.data[0] ^ 1]) + target.data[1:]
    (fault,) = scene.update()
    assert "not as signed" in fault
    assert scene.listed() == ["AA11AAA"]


def test_honest_update_and_key_rotation(scene: Scene) -> None:
    """Without an attack revision 2 is taken, also across a rotation of every online key."""
    for role in (Timestamp.type, Snapshot.type, Targets.type):
        scene.sim.rotate_keys(role)
    _root(lambda sim: None)(scene.sim)
    assert scene.update() == []
    assert scene.listed() == ["BB22BBB"]


def test_fast_forward_is_recovered_from(scene: Scene) -> None:
    """5.3.11: after an attacker drove versions up, rotating the online keys resets them."""
    scene.sim.timestamp.version = scene.sim.snapshot.version = 100_000
    scene.sim.update_timestamp()
    scene.update()
    scene.sim.timestamp.version = scene.sim.snapshot.version = 5
    scene.sim.timestamp.snapshot_meta.version = 5
    with pytest.raises(UpdateError):
        scene.update()
    for role in (Timestamp.type, Snapshot.type):
        scene.sim.rotate_keys(role)
    _root(lambda sim: None)(scene.sim)
    assert scene.update() == []


def test_the_reference_time_is_the_units_clock(scene: Scene) -> None:
    """python-tuf judges expiry by the unit's clock: the one private name that is used works."""
    scene.now_ns += 31 * 24 * 3600 * _NS
    with pytest.raises(UpdateError) as caught:
        scene.update()
    assert caught.value.trouble is Trouble.EXPIRED
