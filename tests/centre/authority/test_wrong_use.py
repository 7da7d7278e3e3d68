"""The centre's commands with values that must not be taken: refused, and nothing is changed."""

from contextlib import closing
from pathlib import Path

import pytest

from outrider.centre.folder import CentreFolder
from outrider.centre.store_of import open_store_of
from outrider.cli import main


@pytest.fixture
def centre(tmp_path: Path) -> Path:
    """A centre with a ticket for unit-7."""
    root = tmp_path / "centre"
    assert main(["centre", "init", str(root), "--opening-keys", str(tmp_path / "keys")]) == 0
    return root


def status_of(words: list[str]) -> int:
    """Return how a command ends, by argparse or by itself."""
    try:
        return main(words)
    except SystemExit as end:
        return int(str(end.code))


WRONG = {
    "a ticket for no time": ["enrol-ticket", "unit-7", "--hours", "0", "-o", "t"],
    "a ticket that never was": ["enrol-ticket", "unit-7", "--hours", "-1", "-o", "t"],
    "a ticket for ever": ["enrol-ticket", "unit-7", "--hours", "1e9", "-o", "t"],
    "a ticket until no number": ["enrol-ticket", "unit-7", "--hours", "nan", "-o", "t"],
    "a ticket for nobody": ["enrol-ticket", "unenrolled", "-o", "t"],
    "revoked for no reason": ["revoke", "unit-7", "--why", ""],
    "revoked for blanks": ["revoke", "unit-7", "--why", "  "],
    "a port beyond all": ["serve", "--port", "70000"],
    "a port below all": ["serve", "--enrol-port", "-1"],
    "an address that is none": ["serve", "--host", "bad host!"],
    "found for nobody": ["find", "AB12CDE", "--officer", "", "--case", "c", "--reason", "r"],
    "a mark that is none": ["find", "';", "--officer", "o", "--case", "c", "--reason", "r"],
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_value_that_cannot_be_meant_is_refused(
    centre: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wrong: str,
) -> None:
    """Wrong use is exit 2 and a sentence with the value; no ticket, no revocation, no audit row."""
    monkeypatch.chdir(tmp_path)
    with closing(open_store_of(CentreFolder(centre))) as store:
        before = store.audit()
    assert status_of(["centre", *WRONG[wrong], "--dir", str(centre)]) == 2
    assert "error: argument" in capsys.readouterr().err
    assert not (tmp_path / "t").exists()
    with closing(open_store_of(CentreFolder(centre))) as store:
        assert store.audit() == before


@pytest.mark.parametrize("where", [None, "centre/opening", "centre/../centre", "link/keys"])
def test_private_keys_are_not_kept_beside_the_intake_by_accident(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], where: str | None
) -> None:
    """Without a folder of their own, or with one inside by whatever way, it must be confirmed."""
    root = tmp_path / "centre"
    (tmp_path / "link").symlink_to(root)
    words = ["centre", "init", str(root)]
    words += [] if where is None else ["--opening-keys", str(tmp_path / where)]
    assert status_of(words) == 2
    assert "--keys-here" in capsys.readouterr().err
    assert not root.exists()
    assert status_of([*words, "--keys-here"]) == 0
    assert "Move it" in capsys.readouterr().err
    # What has been confirmed once is not asked again.
    assert status_of(words) == 0


@pytest.mark.parametrize("host", ["bad host!", "", "a" * 300, "[::1]x"])
def test_a_server_needs_a_name_that_can_be_one(tmp_path: Path, host: str) -> None:
    """It would stand in the certificate and in every ticket: refused before anything is made."""
    keys = str(tmp_path / "keys")
    root = tmp_path / "centre"
    assert status_of(["centre", "init", str(root), "--host", host, "--opening-keys", keys]) == 2
    assert not root.exists()


def test_a_second_init_does_not_pretend_to_give_another_name(
    centre: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It said that nothing was changed and ended with 0: the certificate kept the wrong name."""
    again = ["centre", "init", str(centre), "--opening-keys", str(tmp_path / "keys")]
    before = {path: path.read_bytes() for path in centre.rglob("*") if path.is_file()}
    assert status_of([*again, "--host", "centre.example"]) == 2
    told = capsys.readouterr().err
    assert "is set up already, as localhost" in told
    assert f"hosts in {centre / 'centre.toml'}" in told
    assert {path: path.read_bytes() for path in centre.rglob("*") if path.is_file()} == before
    assert status_of([*again, "--host", "localhost"]) == 0  # what it has may be said again
