"""A centre is copied while it serves, and put back: nothing is lost, nobody is trusted again."""

import hashlib
import shutil
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from outrider.centre.backup import manifest, restoring, taking
from outrider.centre.backup.manifest import BackupFault
from outrider.centre.backup.restoring import Asked
from outrider.centre.checkpoints.keeping import CheckpointFolder, contradictions
from outrider.centre.folder import CentreFolder
from outrider.centre.opening.keys import KeyFolder
from outrider.centre.opening.service import Opening
from outrider.centre.store.sqlite import copying
from outrider.centre.store_of import open_store_of
from outrider.cli import main
from outrider.clock import SystemClock
from outrider.records import Read
from tests.centre.intake.running import Running, Unit, enrolled, running
from tests.centre.intake.test_histories import dock, put

ASKED = Asked("A. Smith", "the disk failed", replace=True)


def open_all(centre: Running) -> None:
    Opening(centre.store, KeyFolder(centre.folder.root / "opening")).run(threading.Event())


def opened(centre: Running, unit_id: str) -> Counter[uuid.UUID]:
    """Return the reads of a unit that are opened, by name."""
    with centre.store.snapshot() as rows:
        return Counter(
            one.record.read_id
            for one in rows
            if isinstance(one.record, Read) and one.sealed.unit_id == unit_id
        )


def moved(unit: Unit, centre: Running) -> Unit:
    """Return a unit whose centre serves at other ports now."""
    text = unit.settings_file.read_text(encoding="utf-8").partition("url =")[0]
    unit.settings_file.write_text(f'{text}url = "{centre.url}"\n', encoding="utf-8")
    return Unit(unit.unit_id, unit.settings_file, centre)


def put_back(backup: Path, root: Path) -> Path:
    """Restore, with the opening keys, which no backup holds, from where they are kept."""
    done = restoring.restore(backup, CentreFolder(root), ASKED, SystemClock())
    assert done.before is not None
    shutil.copytree(done.before / "opening", root / "opening")
    return done.before


def test_what_came_after_the_backup_comes_again(tmp_path: Path) -> None:
    """Backup, more uploads, restore, dock: each read is there once, the revoked stay revoked."""
    root, backup = tmp_path / "centre", tmp_path / "backup"
    with running(root) as centre:
        unit = enrolled(centre, tmp_path / "unit")
        stolen = enrolled(centre, tmp_path / "stolen", "unit-9")
        names = put(unit, 0, 12)
        assert dock(unit).done
        open_all(centre)
        taking.take(centre.folder, backup, SystemClock())
        names |= put(unit, 100, 15)
        assert dock(unit).done
        open_all(centre)
        assert main(["centre", "revoke", "unit-9", "--why", "stolen", "--dir", str(root)]) == 0
    put_back(backup, root)
    with running(root) as centre:
        unit = moved(unit, centre)
        assert opened(centre, "unit-7").total() == 12
        summary = dock(unit)
        assert summary.done
        assert summary.sent_again >= 15
        open_all(centre)
        assert opened(centre, "unit-7") == Counter(names)
        (state, *others) = centre.store.journals("unit-7")
        assert all(not one.missing and not one.chain_breaks for one in (state, *others))
        lost = centre.store.unit(stolen.unit_id)
        assert lost is not None
        assert lost.revoked_at is not None


def test_the_trail_goes_on_after_a_restore_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A later checkpoint that a unit carries is explained by the restore: signed, by whom, why."""
    root, backup = tmp_path / "centre", tmp_path / "backup"
    with running(root) as centre:
        unit = enrolled(centre, tmp_path / "unit")
        put(unit, 0, 3)
        taking.take(centre.folder, backup, SystemClock())
        assert dock(unit).done
        open_all(centre)
        dock(unit)  # carries a checkpoint of rows that the backup has not
    put_back(backup, root)
    with running(root) as centre:
        dock(moved(unit, centre))
        kept = CheckpointFolder(centre.folder.checkpoints, centre.receipt_key)
        assert [*contradictions(centre.store, kept.outside(None))] == []
        centre.service._keep_checkpoints()
        assert "audit" not in centre.service._faults
    main(["centre", "status", "--dir", str(root)])
    said = capsys.readouterr().out
    assert "restored on" in said
    assert "by A. Smith" in said
    assert "the disk failed" in said


def test_rows_that_come_while_the_copy_is_made_are_not_half_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their number may be another journal's after a restore: whose rows would be lost then."""
    root, backup = tmp_path / "centre", tmp_path / "backup"
    with running(root) as centre:
        unit = enrolled(centre, tmp_path / "unit")
        names = put(unit, 0, 5)
        dock(unit)
        open_all(centre)
        new_card(unit)
        put(unit, 100, 8)

        def between() -> None:
            dock(unit)
            open_all(centre)

        monkeypatch.setattr(copying, "_copy_days", _after(between, copying._copy_days))
        taking.take(centre.folder, backup, SystemClock())
    put_back(backup, root)
    with running(root) as centre:
        unit = moved(unit, centre)
        new_card(unit)
        names |= put(unit, 200, 8)
        assert dock(unit).done
        open_all(centre)
        assert opened(centre, "unit-7") == Counter(names)
        assert all(state.pictures_due == 0 for state in centre.store.journals("unit-7"))


def new_card(unit: Unit) -> None:
    """Let the unit begin another journal."""
    folder = unit.settings.journal_dir
    folder.rename(folder.with_name(f"card-{len([*folder.parent.iterdir()])}"))


def _after(first: Callable[[], None], then: Callable[..., None]) -> Callable[..., None]:
    """Return a function that does something else before it, once."""
    todo = [first]

    def both(*args: object) -> None:
        while todo:
            todo.pop()()
        then(*args)

    return both


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    """Return a centre's folder and a backup of it."""
    root, backup = tmp_path / "centre", tmp_path / "backup"
    assert main(["centre", "init", str(root), "--opening-keys", str(tmp_path / "keys")]) == 0
    assert main(["centre", "backup", str(backup), "--dir", str(root)]) == 0
    return root, backup


def restored(backup: Path, root: Path, *more: str) -> int:
    return main(["centre", "restore", str(backup), "--dir", str(root), "--officer", "A",
                 "--why", "trial", *more])  # fmt: skip


def test_no_centre_is_overwritten_and_none_that_runs_is_touched(
    made: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --replace it is refused; with it, while a service has the store open, too."""
    root, backup = made
    (root / "mine").write_text("kept")
    assert restored(backup, root) == 2
    assert "--replace sets what is there aside" in capsys.readouterr().err
    with running(root):
        assert restored(backup, root, "--replace") == 2
    assert "in use: stop its services" in capsys.readouterr().err
    assert restored(backup, root, "--replace") == 0
    (before,) = root.parent.glob("centre.before-*")
    assert (before / "mine").read_text() == "kept"
    assert not (root / "mine").exists()


def test_a_backup_that_was_changed_is_refused(
    made: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A byte that differs, a file too many or too few, another manifest: nothing is put back."""
    root, backup = made
    key = backup / "keys" / "receipt.key"
    whole = key.read_bytes()
    for spoil, said in (
        (lambda: key.write_bytes(whole[:-2] + b"x\n"), "is not what was backed up"),
        (lambda: key.unlink(), "receipt.key is missing"),
        (lambda: (backup / "more").write_text(""), "is no part of the backup"),
        (lambda: (backup / manifest.FILE).unlink(), "no backup, or one that was cut off"),
    ):
        spoil()
        assert restored(backup, root, "--replace") == 2
        assert said in capsys.readouterr().err
        key.write_bytes(whole)
    assert not [*root.parent.glob("centre.before-*")]


def test_no_private_opening_key_is_in_a_backup(made: tuple[Path, Path]) -> None:
    """Who has the backup reads nothing that is sealed, wherever the keys were kept."""
    root, backup = made
    shutil.copytree(root.parent / "keys", root / "opening")
    (root / "sealing-copy.key").write_text("secret")
    again = root.parent / "again"
    assert main(["centre", "backup", str(again), "--dir", str(root)]) == 0
    for folder in (backup, again):
        assert [p.name for p in folder.rglob("sealing*")] == ["sealing.pub"]
        assert all(path.stat().st_mode & 0o077 == 0 for path in folder.rglob("*.sqlite3"))


def test_a_backup_written_anew_is_told_by_its_digest_alone(
    made: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever rewrites files and list together is found by the digest; without it, that is said."""
    root, backup = made
    digest = hashlib.sha256((backup / manifest.FILE).read_bytes()).hexdigest()
    settings = backup / "centre.toml"
    settings.write_text(settings.read_text() + '\n[people]\nissuer = "https://evil.example"\n')
    whole = manifest.read(backup, None)
    manifest.write(backup, replace(whole, files=manifest.files_of(backup)))
    assert restored(backup, root, "--replace", "--digest", digest) == 2
    assert restored(backup, root, "--replace") == 0
    assert "for no --digest was given" in capsys.readouterr().out
    with closing(open_store_of(CentreFolder(root))) as store:
        assert "by no digest, but the word of" in store.audit()[-1].event.subject


def test_keys_are_their_owners_though_the_backup_lay_on_a_stick(made: tuple[Path, Path]) -> None:
    """FAT has no owners, and `cp -r` forgets modes: no key comes back for everybody."""
    root, backup = made
    for path in backup.rglob("*"):
        path.chmod(0o777)
    assert restored(backup, root, "--replace") == 0
    modes = {path.relative_to(root).as_posix(): path.stat().st_mode & 0o777
             for path in root.rglob("*") if path.is_file()}  # fmt: skip
    assert modes["authority/ca-key.pem"] == modes["keys/receipt.key"] == 0o600
    assert not any(mode & 0o133 for mode in modes.values())


def test_another_backup_by_the_digest_is_refused(
    made: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The digest that was noted elsewhere tells this backup from any other."""
    root, backup = made
    assert restored(backup, root, "--replace", "--digest", "0" * 64) == 2
    assert "is not the backup of that digest" in capsys.readouterr().err
    with pytest.raises(BackupFault):
        taking.take(CentreFolder(root), backup, SystemClock())  # never over another
