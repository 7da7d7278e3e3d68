"""The image's layers: in the form that both builders take, and whole."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "image_build" / "layers.py"
FIXTURES = Path(__file__).parent / "layers_fixtures"


@pytest.fixture(scope="module")
def layers() -> Iterator[ModuleType]:
    """The program as a module, with its neighbours importable."""
    sys.path.insert(0, str(PROGRAM.parent))
    spec = importlib.util.spec_from_file_location("image_layers", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(PROGRAM.parent))


def check(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROGRAM), "check", *words], capture_output=True, text=True, check=False
    )


def test_our_layers_have_no_fault() -> None:
    """Every layer can be read, needs what is there, and names files that are there."""
    assert (check().returncode, check().stderr) == (0, "")


def test_layers_that_are_right_pass() -> None:
    """The check has nothing to say of a sound pair."""
    assert check(str(FIXTURES / "valid")).returncode == 0


@pytest.mark.parametrize(
    ("folder", "word"),
    [
        ("circle", "a circle: one needs two needs one"),
        ("no_provider", "no layer of it provides a-clock"),
        ("not_there", "there is no layer nobody"),
        ("missing_file", "image_build/nothing-here is not there"),
        ("undeclared", "IGconf_outrider_other is used and not declared"),
        ("unknown_field", "X-Env-Layer-Colour is no field"),
        ("unset_shell", "begins with 'set -eu'"),
    ],
)
def test_what_is_wrong_with_a_layer_is_said(folder: str, word: str) -> None:
    """Each kind of fault is found, with the file's name."""
    done = check(str(FIXTURES / folder))
    assert done.returncode == 1
    assert word in done.stderr
    assert "one.yaml" in done.stderr


def test_a_layer_comes_after_what_it_needs(layers: ModuleType) -> None:
    """The whole test image in order, what provides systemd first."""
    found = layers.order("outrider-test-boot", layers.read_all())
    names = [layer.name for layer in found]
    assert names[0] == "outrider-test-debian"
    for layer in found:
        for needed in layer.listed("X-Env-Layer-Requires"):
            assert names.index(needed) < names.index(layer.name)


def test_every_file_of_the_layers_is_used(layers: ModuleType) -> None:
    """No file lies beside the layers that nothing installs."""
    used = {
        path
        for layer in layers.read_all().values()
        for hook in layer.hooks
        for path in layers.named_files(hook)
    } | {layers.FOLDER / "test-image/init"}  # in the initramfs, which the build makes
    there = {path for path in layers.FOLDER.rglob("*") if path.is_file()}
    assert {path for path in there if path.suffix not in (".yaml", ".md")} <= used


def test_what_every_unit_has_is_in_no_boards_archive_alone(layers: ModuleType) -> None:
    """What is asked of Debian for another processor: the appliance's packages, no board's."""
    found = layers.appliance(layers.read_all())
    assert {"gpsd", "chrony", "nftables", "rauc", "cryptsetup-bin"} <= found
    assert "raspi-utils" not in found
    assert not any(package.startswith("linux-image") for package in found)


def test_services_that_the_layers_install_are_ours(layers: ModuleType) -> None:
    """The appliance's layers install each unit of it, and none of the centre's."""
    found = layers.read_all()
    hooks = (*found["outrider-app"].hooks, *found["outrider-provision"].hooks)
    files = {path for hook in hooks for path in layers.named_files(hook)}
    installed = {path.name for path in files if path.parent == ROOT / "image_build/systemd"}
    there = {path.name for path in (ROOT / "image_build/systemd").iterdir()}
    assert installed == {name for name in there if not name.startswith("outrider-centre")}


def test_bdebstrap_takes_the_layers_as_they_are(layers: ModuleType, tmp_path: Path) -> None:
    """Debian's own bdebstrap merges the files into one mmdebstrap command (which is not run)."""
    if shutil.which("bdebstrap") is None:
        pytest.skip("bdebstrap is not here: it is a Debian package")
    (tmp_path / "mmdebstrap").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path}/asked\n')
    (tmp_path / "mmdebstrap").chmod(0o755)
    found = layers.order("outrider-test-boot", layers.read_all())
    words = [word for layer in found for word in ("-c", str(layer.path))]
    subprocess.run(
        [
            "bdebstrap",
            *words,
            "--name",
            "x",
            "--output",
            str(tmp_path / "out"),
            "--target",
            "r.tar",
        ],
        check=True,
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
    )
    asked = (tmp_path / "asked").read_text()
    for package in (package for layer in found for package in layer.packages):
        assert package in asked


def test_firewall_rules_can_be_read() -> None:
    """`nft --check` accepts the rules; without it, that they refuse by default is checked alone."""
    rules = ROOT / "image_build/layers/files/firewall/nftables.conf"
    text = rules.read_text()
    assert text.count("policy drop;") == 3
    assert "policy accept" not in text
    if shutil.which("nft") is not None:
        subprocess.run(["unshare", "-n", "nft", "--check", "--file", str(rules)], check=True)


def test_the_appliances_user_is_made(tmp_path: Path) -> None:
    """The user of the file is made, with its number: systemd tells no failure in its status."""
    if shutil.which("systemd-sysusers") is None:
        pytest.skip("systemd-sysusers is not here: it comes with Debian's systemd")
    (tmp_path / "etc").mkdir()
    users = ROOT / "image_build/layers/files/users/outrider.conf"
    subprocess.run(["systemd-sysusers", f"--root={tmp_path}", str(users)], check=True)
    assert "outrider:x:640:640:" in (tmp_path / "etc/passwd").read_text()


def test_the_clock_does_not_wait_for_gpsd() -> None:
    """Debian's gpsd starts after chrony: the other way as well, systemd would leave one out."""
    files = ROOT / "image_build/layers/files"
    assert "\nAfter=gpsd" not in (files / "time/service.conf").read_text()
