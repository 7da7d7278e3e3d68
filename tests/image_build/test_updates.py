"""What a unit does with an update: which slot starts, what is refused, who judges, what is cut."""

import importlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "image_build/layers/files/update"
Build = Callable[[str], ModuleType]


@pytest.fixture
def on_unit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of programs as on a unit that runs version 1.2.3 in slot A, which is the chosen."""
    (tmp_path / "image-version").write_text("1.2.3\n")
    (tmp_path / "update").mkdir()
    for name, answer in (("boot-slot", "A"), ("boot_choice.py", "A")):
        (tmp_path / "update" / name).write_text(f"#!/bin/sh\necho {answer}\n")
        (tmp_path / "update" / name).chmod(0o755)
    monkeypatch.setenv("OUTRIDER_PROGRAMS", str(tmp_path))
    return tmp_path


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Build:
    """What imports one of the unit's programs, anew."""
    monkeypatch.syspath_prepend(str(PROGRAMS))

    def load(name: str) -> ModuleType:
        for one in ("running", "slot_check", "take_stick", "before_install", "boot_choice"):
            sys.modules.pop(one, None)
        return importlib.import_module(name)

    return load


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> Build:
    """What imports one of the build's modules."""
    monkeypatch.syspath_prepend(str(ROOT / "image_build"))
    monkeypatch.syspath_prepend(str(ROOT / "image_build/checks/updates"))
    return importlib.import_module


def _card(build: Build, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of the card, where the programs that it calls are there."""
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin:/sbin")
    missing = [one for one in ("mkfs.vfat", "mcopy", "sfdisk") if shutil.which(one) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)}: dosfstools, mtools, fdisk")
    return build("card")


def choose(bootsel: Path, *words: str) -> str:
    return subprocess.run(
        [sys.executable, str(PROGRAMS / "boot_choice.py"), *words],
        env={**os.environ, "OUTRIDER_BOOTSEL": str(bootsel)},
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip


def autoboot(bootsel: Path) -> str:
    """The file as a firmware reads it: by other people's code for FAT."""
    command = ["mtype", "-i", str(bootsel), "::autoboot.txt"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def bootsel(tmp_path: Path, build: Build, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The partition that a new card has, with a file before it and a long name."""
    card = _card(build, monkeypatch)
    path = tmp_path / "bootsel"
    files = {"autoboot.txt": card.boot_choice().Choice("A").text(), "a long name.text": b"x" * 9000}
    card.fat(path, 16, "BOOTSEL", files, 1_700_000_000)
    return path


def test_a_choice_is_one_sector_and_names_the_other_for_a_trial(bootsel: Path) -> None:
    """In the words of Raspberry Pi's firmware; after a change the slots have changed places."""
    assert autoboot(bootsel).split() == [
        "[all]", "tryboot_a_b=1", "boot_partition=2", "[tryboot]", "boot_partition=3",
    ]  # fmt: skip
    choose(bootsel, "set-primary", "B")
    assert choose(bootsel, "get-primary") == "B"
    assert "[tryboot]\nboot_partition=2" in autoboot(bootsel)
    assert len(autoboot(bootsel)) == 512


def test_a_choice_writes_one_sector_and_nothing_else(bootsel: Path) -> None:
    """No flag, no time, no name is written beside it: a power cut has one sector to tear."""
    before = bootsel.read_bytes()
    choose(bootsel, "set-primary", "B")
    after = bootsel.read_bytes()
    sectors = range(0, len(before), 512)
    changed = [at for at in sectors if before[at : at + 512] != after[at : at + 512]]
    assert len(changed) == 1
    assert before[changed[0] :].startswith(b"[all]")


def test_what_rauc_holds_of_a_slot_is_kept_until_it_is_chosen(bootsel: Path) -> None:
    """A slot that is being written is bad; it is not when it is chosen. The choice stays."""
    choose(bootsel, "set-state", "B", "bad")
    assert (choose(bootsel, "get-state", "B"), choose(bootsel, "get-primary")) == ("bad", "A")
    choose(bootsel, "set-primary", "B")
    assert choose(bootsel, "get-state", "B") == "good"


@pytest.mark.parametrize("spoil", ["text", "name", "system", "empty"])
def test_a_choice_that_cannot_be_read_is_an_error(bootsel: Path, spoil: str) -> None:
    """Nothing is guessed, and nothing is written."""
    data = bootsel.read_bytes()
    if spoil == "text":
        data = data.replace(b"boot_partition=2", b"boot_partition=7")
    elif spoil == "name":
        data = data.replace(b"AUTOBOOTTXT", b"AUTOBOOTBAK")
    elif spoil == "system":
        data = data[:510] + bytes(2) + data[512:]
    else:
        data = b""
    bootsel.write_bytes(data)
    for words in (("get-primary",), ("set-primary", "B")):
        with pytest.raises(subprocess.CalledProcessError) as found:
            choose(bootsel, *words)
        assert "boot_choice: " in found.value.stderr
        assert "Traceback" not in found.value.stderr
    assert bootsel.read_bytes() == data


def offered(folder: Path, version: str, *, downgrade: bool = False) -> Path:
    """A bundle as RAUC mounts it."""
    folder.mkdir(exist_ok=True)
    (folder / "manifest.raucm").write_text(f"[update]\ncompatible=x\nversion={version}\n[bundle]\n")
    if downgrade:
        (folder / "downgrade-allowed").touch()
    return folder


def judged(bundle: Path, on_unit: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROGRAMS / "before_install.py")],
        env={**os.environ, "RAUC_BUNDLE_MOUNT_POINT": str(bundle),
             "OUTRIDER_PROGRAMS": str(on_unit)},
        check=False, capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("version", "downgrade", "taken"),
    [
        ("1.2.4", False, True),
        ("1.10.0", False, True),
        ("1.2.3", False, True),
        ("1.2.2", False, False),
        ("1.2.2", True, True),
        ("", False, False),
        ("one", False, False),
    ],
)
def test_an_older_image_needs_a_signature_that_says_so(
    on_unit: Path, tmp_path: Path, version: str, downgrade: bool, taken: bool
) -> None:
    """Versions count as numbers; what cannot be judged is refused."""
    done = judged(offered(tmp_path / "bundle", version, downgrade=downgrade), on_unit)
    assert done.returncode == (0 if taken else 1)
    assert ("refused" in done.stderr) is not taken


def test_nothing_is_installed_by_a_system_on_trial(on_unit: Path, tmp_path: Path) -> None:
    """RAUC would write over the slot that is known to be good."""
    (on_unit / "update/boot-slot").write_text("#!/bin/sh\necho B\n")
    done = judged(offered(tmp_path / "bundle", "9.9.9"), on_unit)
    assert done.returncode == 1
    assert "on trial" in done.stderr


def test_a_stick_offers_only_what_is_newer_and_was_not_refused(
    program: Build, on_unit: Path
) -> None:
    """The newest by number; an older one by its name; never what failed, runs, or is no bundle."""
    choose_of = program("take_stick").choose
    names = [f"outrider-pi5-{v}.raucb" for v in ("1.2.2", "1.9.0", "1.10.0", "1.2.3")]
    assert choose_of(names, "1.2.3", set()) == "outrider-pi5-1.10.0.raucb"
    assert choose_of(names, "1.2.3", {"1.10.0"}) == "outrider-pi5-1.9.0.raucb"
    assert choose_of(names, "1.10.0", set()) is None
    assert choose_of(["outrider-pi5-1.0.0-downgrade.raucb"], "1.2.3", set()) is not None
    assert choose_of(["x.raucb", "outrider-pi5-9.raucb.part", "a b"], "1.2.3", set()) is None


def test_a_trial_that_is_never_judged_is_not_begun_for_ever(
    program: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A judge that fails writes nothing down: the third try is the last."""
    take_stick = program("take_stick")
    monkeypatch.setattr(take_stick, "STATE", tmp_path)
    name = "outrider-pi5-1.2.4.raucb"
    tries = 0
    while take_stick.choose([name], "1.2.3", take_stick.given_up()) and tries < 9:
        take_stick.remember_try(name)
        tries += 1
    assert tries == take_stick.MOST_TRIES
    (tmp_path / "refused").write_text("2.0.0\n")
    assert take_stick.given_up() == {"1.2.4", "2.0.0"}


def test_a_system_on_trial_must_be_as_well_as_what_it_replaces(program: Build) -> None:
    """A part that was well and is not is told; one that was not well before is no reason."""
    worse = program("slot_check").worse
    before = {"camera": "ok", "gps": "fault", "alarm": "off", "journal": "warning"}
    assert worse(before, {**before, "journal": "ok"}) == []
    assert worse(before, {**before, "journal": "fault"}) == ["journal"]
    assert worse(before, {"gps": "ok"}) == ["camera", "journal"]
    assert worse(before, {}) == worse({}, {}) == ["unit"]


def test_what_an_earlier_start_left_is_no_status(program: Build, tmp_path: Path) -> None:
    """The clock begins anew at each start: only a word that is new, and fresh, counts."""
    slot_check, file = program("slot_check"), tmp_path / "status.json"

    def write(mono_ns: int) -> None:
        parts = [{"name": "camera", "level": "ok"}]
        file.write_text(json.dumps({"mono_ns": mono_ns, "components": parts}))

    now = time.monotonic_ns()
    write(now)
    status = slot_check.Status(file)
    assert status.levels() == {}
    write(now + 1)
    assert status.levels() == {"camera": "ok"}
    for old in (now - 60_000_000_000, now + 3_600_000_000_000):
        write(old)
        assert status.levels() == {}
    file.write_text("{")
    assert status.levels() == {}


def test_a_unit_that_fails_again_and_again_is_judged_at_once(
    program: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old slot returns without waiting for the end of the time."""
    slot_check = program("slot_check")
    monkeypatch.setattr(slot_check, "_RESTARTS", ("echo", "3"))
    assert slot_check.steady({"camera": "ok"}, slot_check.Status(tmp_path / "none")) == ["unit"]


def test_a_trial_that_is_well_chooses_its_slot_without_anybodys_help(
    program: Build, on_unit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow D-Bus made a good trial fail: the choice is written by the judge itself."""
    (on_unit / "update/boot-slot").write_text("#!/bin/sh\necho B\n")
    (on_unit / "update/boot_choice.py").write_text(
        f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\necho A\n'
    )
    slot_check = program("slot_check")
    monkeypatch.setattr(slot_check, "judge", list)
    assert slot_check.main() == 0
    assert (tmp_path / "asked").read_text().splitlines() == ["get-primary", "set-primary B"]


def test_a_choice_that_cannot_be_read_starts_no_unit_again_and_again(
    program: Build, on_unit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The judge's failure starts the machine anew: only where a slot is known to be on trial."""
    (on_unit / "update/boot_choice.py").write_text("#!/bin/sh\nexit 1\n")
    assert program("slot_check").main() == 0
    assert "none is judged" in capsys.readouterr().out


def test_a_trial_that_is_not_well_is_written_down(
    program: Build, on_unit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The judge fails, for which systemd starts the old slot; the version is not tried again."""
    (on_unit / "update/boot-slot").write_text("#!/bin/sh\necho B\n")
    slot_check = program("slot_check")
    monkeypatch.setattr(slot_check, "judge", lambda: ["camera"])
    monkeypatch.setattr(slot_check, "STATE", tmp_path)
    assert slot_check.main() == 1
    assert (tmp_path / "refused").read_text() == "1.2.3\n"


def test_keys_of_updates_are_never_written_over(build: Build, tmp_path: Path) -> None:
    """Whoever lost the signer's key could give no unit an update any more."""
    update_keys = build("update_keys")
    keys = update_keys.make(tmp_path / "keys")
    assert update_keys.there(tmp_path / "keys") == keys
    assert keys.key.stat().st_mode & 0o077 == 0
    with pytest.raises(update_keys.KeysError, match="is not empty"):
        update_keys.make(tmp_path / "keys")
    with pytest.raises(update_keys.KeysError, match="make keys once"):
        update_keys.there(tmp_path / "none")


def test_the_same_parts_give_the_same_content_of_a_bundle(build: Build, tmp_path: Path) -> None:
    """Signed by another authority it is refused; only its signature and salt are new each time."""
    if shutil.which("rauc") is None:
        pytest.skip("rauc is not here: it is a Debian package")
    bundle, update_keys = build("bundle"), build("update_keys")
    ours, others = (update_keys.make(tmp_path / name) for name in ("ours", "others"))
    for name in ("root", "boot"):
        (tmp_path / name).write_bytes(name.encode() * 100_000)
    parts = bundle.Parts(tmp_path / "root", tmp_path / "boot", "outrider-x", "1.2.3", 1_700_000_000)
    for name, keys in (("1", ours), ("2", ours), ("3", others)):
        bundle.make(parts, keys, tmp_path / f"{name}.raucb")
    digests = {bundle.payload_digest(tmp_path / f"{n}.raucb") for n in "123"}
    assert len(digests) == 1
    for name, taken in (("1", True), ("3", False)):
        asked = ["rauc", f"--keyring={ours.authority}", "info", str(tmp_path / f"{name}.raucb")]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) is taken, done.stderr


def test_the_same_slots_give_the_same_card(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Partitions, the choice and slot A, byte for byte; slot B is empty; a firmware can read it."""
    card = _card(build, monkeypatch)
    monkeypatch.setattr(card, "LAYOUT", tuple((name, 2, kind) for name, _, kind in card.LAYOUT))
    monkeypatch.setattr(card, "CHOICE_MIB", 2)
    (tmp_path / "root").write_bytes(b"root" * 4096)
    images = []
    for number in (1, 2):
        boot, image = tmp_path / f"boot{number}", tmp_path / f"{number}.img"
        card.fat(boot, 2, "BOOT", {"cmdline.txt": b"quiet\n"}, 1_700_000_000)
        card.lay_out(image, boot, tmp_path / "root", 1_700_000_000)
        images.append(image)
    subprocess.run(["cmp", *map(str, images)], check=True)
    places = card.starts()
    with images[0].open("rb") as file:
        file.seek(places["root-a"][0])
        assert file.read(8) == b"rootroot"
        file.seek(places["root-b"][0])
        assert file.read(4096) == bytes(4096)
    place = f"{images[0]}@@{places['bootsel'][0]}"
    told = subprocess.run(["mtype", "-i", place, "::autoboot.txt"], check=True, capture_output=True)
    assert b"boot_partition=2" in told.stdout


def test_a_disk_that_is_cut_keeps_what_was_flushed(build: Build, tmp_path: Path) -> None:
    """Flushed sectors are there; of the rest some may be; what the guest reads is the newest."""
    volatile_disk = build("volatile_disk")
    image = tmp_path / "image"
    image.write_bytes(bytes(1 << 16))
    disk = volatile_disk.VolatileDisk(image, tmp_path / "socket")
    disk._write(0, b"a" * 4096)
    disk.flush()
    disk._write(512, b"b" * 1024)
    assert disk._read(0, 2048) == b"a" * 512 + b"b" * 1024 + b"a" * 512
    assert image.read_bytes()[:2048] == b"a" * 2048
    waiting, kept = disk.cut(random.Random(4))
    disk.close()
    left = image.read_bytes()
    assert waiting == 2
    assert left[512:1536].count(b"b") == kept * 512
    assert left[:512] + left[1536:4096] == b"a" * 3072
