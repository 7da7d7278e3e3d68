"""Attacks on updates, made with the centre's own repository; matching goes on through each."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Snapshot, Targets, Timestamp

from outrider.clock import NS_PER_S
from outrider.records import NO_POSITION, Level
from outrider.unit.hotlist.match import HotlistMatcher
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.hotlist.update_state import Trouble, UpdateError, UpdateHealth, read_state
from tests.unit.hotlist.centre import Centre
from tests.unit.hotlist.makers import HOUR_NS, NOW_NS, clock, text, voi

_DAY_NS = 24 * HOUR_NS
_OLD = [voi("AA11AAA"), voi("BB22BBB")]
_NEW = [voi("BB22BBB"), voi("CC33CCC")]


class Scene:
    """A unit with revision 1 in force, and a centre that has published revision 2."""

    def __init__(self, folder: Path) -> None:
        self.centre = Centre(folder / "centre")
        self.store = HotlistStore(folder / "unit")
        self.centre.publish(_OLD)
        self.centre.client(self.store).update()
        self.served = self.centre.repository.metadata
        self.before = folder / "before"
        shutil.copytree(self.served.parent, self.before)
        self.centre.publish(_NEW)

    def take(self) -> None:
        """Take revision 2."""
        (done,) = self.centre.client(self.store).update()
        assert done.generation is not None

    def refused(self, now_ns: int = NOW_NS) -> Trouble:
        """Try an update that must fail; revision 1 (or what is in force) must match on."""
        before = self.listed()
        with pytest.raises(UpdateError) as caught:
            self.centre.client(self.store, now_ns).update()
        assert self.listed() == before
        assert UpdateHealth(self.store).health().level in (Level.WARNING, Level.FAULT)
        return caught.value.trouble

    def listed(self) -> list[str]:
        matcher = HotlistMatcher(self.store, clock())
        marks = ("AA11AAA", "BB22BBB", "CC33CCC")
        found = [mark for mark in marks if matcher.match(text(mark), NO_POSITION, NOW_NS)]
        matcher.close()
        return found

    def forge(self, role: str, change: Callable[[Metadata], None], signer: CryptoSigner) -> None:  # type: ignore[type-arg]
        """Alter a role's newest metadata and sign it with a key."""
        name = max(self.served.glob(f"*{role}.json"), key=lambda path: path.stat().st_mtime_ns)
        metadata = Metadata.from_file(str(name))
        change(metadata)
        metadata.sign(signer)
        metadata.to_file(str(name))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_honest_update_goes_through(scene: Scene) -> None:
    """Without an attack the update is taken: the refusals below have other reasons."""
    scene.take()
    assert scene.listed() == ["BB22BBB", "CC33CCC"]


def test_freeze_is_noticed_when_the_timestamp_expires(scene: Scene) -> None:
    """Old metadata served for ever is told of after a day, and the list in force matches on."""
    assert scene.refused(NOW_NS + 2 * _DAY_NS) is Trouble.EXPIRED


def test_roll_back_to_earlier_metadata(scene: Scene) -> None:
    """A repository that serves yesterday's metadata, all of it signed, is refused."""
    scene.take()
    shutil.rmtree(scene.served.parent)
    shutil.copytree(scene.before, scene.served.parent)
    assert scene.refused() is Trouble.ROLLED_BACK


def test_mix_of_new_timestamp_and_old_targets(scene: Scene) -> None:
    """A snapshot that names other targets than those served is refused."""
    shutil.copy(scene.served / "1.targets.json", scene.served / "2.targets.json")
    assert scene.refused() is Trouble.ROLLED_BACK


def test_mix_of_new_timestamp_and_old_snapshot(scene: Scene) -> None:
    """A timestamp that names another snapshot than that served is refused."""
    shutil.copy(scene.served / "1.snapshot.json", scene.served / "2.snapshot.json")
    assert scene.refused() is Trouble.ROLLED_BACK


@pytest.mark.parametrize("role", [Timestamp.type, Snapshot.type, Targets.type])
def test_a_foreign_key_is_refused(scene: Scene, role: str) -> None:
    """Metadata signed by a key that the root does not name is refused, for every role."""
    scene.forge(role, lambda metadata: None, CryptoSigner.generate_ed25519())
    assert scene.refused() is Trouble.FORGED


@pytest.mark.parametrize("role", [Timestamp.type, Snapshot.type, Targets.type])
def test_one_role_cannot_sign_for_another(scene: Scene, role: str) -> None:
    """A stolen key of one role is worth nothing for the others."""
    for other, signer in scene.centre.online.items():
        if other != role:
            scene.forge(role, lambda metadata: None, signer)
            assert scene.refused() is Trouble.FORGED


def test_tampered_package_is_refused(scene: Scene) -> None:
    """One flipped bit in a package stops that list's update, and only that."""
    for path in scene.centre.repository.targets.glob("lists/stolen/*-2.ndjson.zst"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    (done,) = scene.centre.client(scene.store).update()
    assert "not as signed" in done.fault
    assert scene.listed() == ["AA11AAA", "BB22BBB"]


def test_endless_timestamp_is_cut_off(scene: Scene) -> None:
    """Metadata longer than its bound is not read to the end."""
    (scene.served / "timestamp.json").write_bytes(b" " * 100_000)
    assert scene.refused() is Trouble.FORGED


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff\xfe", b"[1]", b'{"signed": {"_type": "x"}}'])
def test_garbage_in_place_of_metadata(scene: Scene, data: bytes) -> None:
    """What is no metadata is refused as such."""
    (scene.served / "timestamp.json").write_bytes(data)
    assert scene.refused() is Trouble.INVALID


def test_root_rotation_is_followed(scene: Scene) -> None:
    """New root and online keys, signed by two of the old and two of the new, are followed."""
    old = scene.centre.root_keys[:2]
    scene.centre.root_keys = [CryptoSigner.generate_ed25519() for _ in range(3)]
    scene.centre.online.update(
        {role: CryptoSigner.generate_ed25519() for role in scene.centre.online}
    )
    assert scene.centre.publish_root([*old, *scene.centre.root_keys[:2]])
    scene.centre.publish(_NEW)
    scene.take()
    assert scene.listed() == ["BB22BBB", "CC33CCC"]


def test_a_root_below_the_threshold_is_not_published(scene: Scene) -> None:
    """One root key of the two that must sign makes no new root; nor do two new keys alone."""
    old = scene.centre.root_keys[:1]
    scene.centre.root_keys = [CryptoSigner.generate_ed25519() for _ in range(3)]
    assert not scene.centre.publish_root([*old, *scene.centre.root_keys])


def test_a_root_signed_by_one_old_key_is_refused(scene: Scene) -> None:
    """A unit refuses a root that a thief of one root key has put on the server."""
    old = scene.centre.root_keys[:1]
    scene.centre.root_keys = [CryptoSigner.generate_ed25519() for _ in range(3)]
    scene.centre.publish_root([*old, *scene.centre.root_keys])
    staged = scene.centre.repository.staged_root()
    staged.to_file(str(scene.served / "2.root.json"))
    assert scene.refused() is Trouble.FORGED


def test_revoked_online_key_is_refused(scene: Scene) -> None:
    """After a rotation, what the old timestamp key signs counts no more."""
    stolen = scene.centre.online[Timestamp.type]
    scene.centre.online[Timestamp.type] = CryptoSigner.generate_ed25519()
    assert scene.centre.publish_root()
    scene.centre.publish(_NEW)
    scene.forge(Timestamp.type, lambda metadata: None, stolen)
    assert scene.refused() is Trouble.FORGED


def test_expired_root_is_refused(scene: Scene) -> None:
    """A root past its year is told of, whatever it signs for."""
    assert scene.refused(NOW_NS + 400 * _DAY_NS) is Trouble.EXPIRED


def test_a_clock_gone_back_revives_nothing(scene: Scene) -> None:
    """A unit whose clock has lost years still knows that what it has seen was later."""
    scene.centre.clock.advance_to(20 * _DAY_NS)
    scene.centre.publish(_NEW)
    now_ns = NOW_NS + 20 * _DAY_NS
    (done,) = scene.centre.client(scene.store, now_ns).update()
    assert done.generation is not None
    assert read_state(scene.store.root / ".tuf").latest_utc_ns == now_ns

    def expire(metadata: Metadata) -> None:  # type: ignore[type-arg]
        metadata.signed.expires = datetime.fromtimestamp(NOW_NS // NS_PER_S, tz=UTC) + timedelta(
            days=19
        )
        metadata.signed.version += 1

    scene.forge(Timestamp.type, expire, scene.centre.online[Timestamp.type])
    assert scene.refused(now_ns=0) is Trouble.EXPIRED


def test_a_clock_gone_ahead_warns_and_recovers(scene: Scene) -> None:
    """A clock years ahead makes all metadata look expired: a warning, until the clock is right."""
    assert scene.refused(NOW_NS + 3000 * _DAY_NS) is Trouble.EXPIRED
    assert UpdateHealth(scene.store).health().level is Level.WARNING
    scene.take()
    assert UpdateHealth(scene.store).health().level is Level.OK


def test_spoiled_metadata_on_the_unit_heals(scene: Scene) -> None:
    """Metadata files that a power cut emptied on the unit do not stop the next update."""
    folder = scene.store.root / ".tuf" / "metadata"
    for path in folder.glob("*.json"):
        path.write_bytes(b"")
    (folder / "root_history" / "1.root.json").write_bytes(b"")
    (folder / "root.json").unlink()
    scene.take()


def test_repository_moved_by_a_thief_of_the_online_keys(scene: Scene) -> None:
    """A revision lower than the one in force is refused, even when it is signed."""
    scene.take()
    master = scene.centre.folder / "masters" / "lists" / "stolen.db"
    master.unlink()
    scene.centre.publish(_OLD)
    (done,) = scene.centre.client(scene.store).update()
    assert "older than revision 2" in done.fault
    assert scene.listed() == ["BB22BBB", "CC33CCC"]
