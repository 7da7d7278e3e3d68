"""Setting a centre up: whole, once, without overwriting; killed in the middle, finished later."""

import json
import os
import re
import stat
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

import outrider
from outrider.centre.authority import authority as files
from outrider.centre.authority.authority import AuthorityError, read_certificate, time_of
from outrider.centre.authority.setup import set_up
from outrider.centre.folder import CentreFolder, CentreSettings, opening_keys
from outrider.centre.store.records import Certificate
from outrider.cli import main
from outrider.clock import SystemClock
from outrider.settings_file import ConfigError, parse_as
from outrider.wire.enrolment import Ticket, code_digest
from outrider.wire.sealing import CentrePrivateKey, CentrePublicKey
from outrider.wire.signing import SigningIdentity, VerifyingKey

HOSTS = ("centre.example", "10.0.0.1")


def made(root: Path) -> CentreFolder:
    folder = CentreFolder(root)
    set_up(folder, HOSTS, root / "opening", SystemClock())
    return folder


def content(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_made_once(tmp_path: Path) -> None:
    """A second set-up changes no byte."""
    folder = made(tmp_path / "centre")
    before = content(folder.root)
    assert set_up(folder, ("other",), folder.root / "opening", SystemClock()).made == ()
    assert content(folder.root) == before


def test_where_the_hotlists_are_is_set_up_with_the_centre(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`init --hotlists` names them in the settings; later it says where to name them."""
    lists = tmp_path / "lists"
    words = ["centre", "init", str(tmp_path / "centre"), "--keys-here", "--hotlists"]
    assert main([*words, str(lists)]) == 0
    assert CentreFolder(tmp_path / "centre").load().hotlists.repository == lists
    assert main([*words, str(lists)]) == 0
    assert main([*words, str(tmp_path / "others")]) == 2
    assert "under [hotlists] in" in capsys.readouterr().err


def test_private_files_are_private(tmp_path: Path) -> None:
    """Private keys are their owner's, and the folders too."""
    folder = made(tmp_path / "centre")
    keys = [folder.ca_key, folder.server_key, folder.receipt_key]
    keys += list((folder.root / "opening").iterdir())
    assert [stat.S_IMODE(key.stat().st_mode) for key in keys] == [0o600] * 4
    for path in (folder.root, folder.ca_key.parent, folder.root / "opening"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_server_certificate_is_good_for_its_names(tmp_path: Path) -> None:
    """A strict verifier accepts the server's certificate for its host, and not for another."""
    folder = made(tmp_path / "centre")
    store = Store([read_certificate(folder.ca_certificate)])
    server = read_certificate(folder.server_certificate)
    policy = PolicyBuilder().store(store)
    policy.build_server_verifier(x509.DNSName("centre.example")).verify(server, [])
    policy.build_server_verifier(x509.IPAddress(IPv4Address("10.0.0.1"))).verify(server, [])
    with pytest.raises(VerificationError):
        policy.build_server_verifier(x509.DNSName("x.example")).verify(server, [])


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


@pytest.mark.parametrize("at", range(7))
def test_killed_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Killed at any write of a file, a set-up that is run again makes a whole centre."""
    folder, calls = CentreFolder(tmp_path / "centre"), [0]
    sync = os.fsync

    def kill_at(handle: int) -> None:
        calls[0] += 1
        if calls[0] == 2 * at + 1:
            raise Killed
        sync(handle)

    monkeypatch.setattr(os, "fsync", kill_at)
    with pytest.raises(Killed):
        set_up(folder, HOSTS, tmp_path / "opening", SystemClock())
    monkeypatch.undo()
    set_up(folder, HOSTS, tmp_path / "opening", SystemClock())
    (private,) = (tmp_path / "opening").glob("*.key")
    public = CentrePublicKey.read(folder.sealing_key)
    assert CentrePrivateKey.read(private).public == public
    files.Authority(folder, folder.load(), SystemClock()).revoked_pem()


def test_authority_without_its_key(tmp_path: Path) -> None:
    """A lost authority's key is not quietly replaced by another: every unit would be cut off."""
    folder = made(tmp_path / "centre")
    folder.ca_key.unlink()
    with pytest.raises(AuthorityError, match="put the key back"):
        set_up(folder, HOSTS, folder.root / "opening", SystemClock())


def test_new_names_make_a_new_server_certificate(tmp_path: Path) -> None:
    """Changed hosts in the settings, or a third of its time left, make the certificate anew."""
    folder = made(tmp_path / "centre")
    held = read_certificate(folder.server_certificate)
    authority = files.Authority(folder, folder.load(), SystemClock())
    assert not authority.renew_server()
    changed = CentreSettings.model_validate({"server": {"hosts": ["new.example", "fd00::0001"]}})
    assert files.Authority(folder, changed, SystemClock()).renew_server()
    again = read_certificate(folder.server_certificate)
    assert files.names(again) == ("new.example", "fd00::1")
    assert not files.Authority(folder, changed, SystemClock()).renew_server()
    assert again.public_key() == held.public_key()


def test_opening_keys_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --opening-keys nothing in the centre's folder opens anything; without, it is said."""
    apart = tmp_path / "apart"
    assert main(["centre", "init", str(tmp_path / "a"), "--opening-keys", str(apart)]) == 0
    assert "warning" not in capsys.readouterr().err
    assert not (tmp_path / "a" / "opening").exists()
    assert list(apart.glob("sealing-*.key"))
    assert main(["centre", "init", str(tmp_path / "b"), "--keys-here"]) == 0
    assert "Move it" in capsys.readouterr().err
    assert opening_keys(None, CentreFolder(tmp_path / "b")).is_dir()


def test_ticket_and_overview_and_revocation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A ticket is private, its code is kept nowhere else; a unit that is unknown is not revoked."""
    root, ticket = tmp_path / "centre", tmp_path / "unit-7.ticket"
    made(root)
    command = ["centre", "enrol-ticket", "unit-7", "--dir", str(root), "-o", str(ticket)]
    assert main(command) == 0
    assert stat.S_IMODE(ticket.stat().st_mode) == 0o600
    code = Ticket.decode(ticket.read_bytes()).code
    kept = b"".join(content(root).values())
    assert code.encode() not in kept
    assert code_digest(code) in kept
    assert main(command) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["centre", "units", "--dir", str(root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert main(["centre", "revoke", "nobody", "--why", "x", "--dir", str(root)]) == 1
    assert "nobody" in capsys.readouterr().err


def test_settings_say_every_fault_with_its_line() -> None:
    """Each fault in the settings is named with its line and what is allowed."""
    text = '[server]\nhosts = ["a"]\nports = 1\n[limits]\nin_flight = 0\n'
    with pytest.raises(ConfigError) as caught:
        parse_as(CentreSettings, text, "centre.toml")
    said = str(caught.value)
    assert "centre.toml:3: unknown key server.ports" in said
    assert "centre.toml:5: limits.in_flight = 0" in said


def test_revoked_list_is_signed_and_young(tmp_path: Path) -> None:
    """The list of revoked certificates verifies, lasts as long as a unit's, and is soon renewed."""
    folder = made(tmp_path / "centre")
    listed = files.read_revoked(folder.revoked)
    key = read_certificate(folder.ca_certificate).public_key()
    assert listed.is_signature_valid(key)  # type: ignore[arg-type]
    assert listed.next_update_utc is not None
    assert listed.next_update_utc - time_of(SystemClock()) > timedelta(days=360)
    authority, at = files.Authority(folder, folder.load(), SystemClock()), time_of(SystemClock())
    assert not authority.keep_revoked([])
    assert authority.keep_revoked([Certificate(7, "unit-7", at, at)])
    assert [entry.serial_number for entry in files.read_revoked(folder.revoked)] == [7]
    folder.revoked.write_text("damaged")
    assert authority.keep_revoked([])


def test_the_settings_file_says_all_that_may_stand_in_it(tmp_path: Path) -> None:
    """Every key of every section, with its default: nobody is sent to a README that he lacks."""
    folder = made(tmp_path / "centre")
    text = folder.settings.read_text(encoding="utf-8")
    for name, section in CentreSettings.model_fields.items():
        assert f"[{name}]" in text
        kind = section.annotation
        assert isinstance(kind, type)
        for key in kind.model_fields:
            assert re.search(rf"^(# )?{key} (=|is not set)", text, re.MULTILINE), key
    assert folder.load() == CentreSettings.model_validate({"server": {"hosts": HOSTS}})
    assert "README" not in text


def test_no_message_sends_to_a_paper_without_its_name() -> None:
    """`see the README` and `see the log` are no help to somebody who has several, or none."""
    root = Path(outrider.__file__).parent
    vague = [
        f"{path.relative_to(root)}:{number}"
        for path in root.rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(r"see (?:the |its )?(?:README|log|manual|documentation)\b", line)
    ]
    assert vague == []


def test_a_folder_of_before_gets_the_public_half_of_its_receipt_key(tmp_path: Path) -> None:
    """Made by `init` run again, of the key that is there: services that only verify read it."""
    folder = made(tmp_path / "centre")
    before = folder.receipt_key.read_bytes()
    folder.receipt_public.unlink()
    found = set_up(folder, ("other",), folder.root / "opening", SystemClock())
    assert found.made == (folder.receipt_public,)
    assert folder.receipt_key.read_bytes() == before
    public = SigningIdentity.read(folder.receipt_key).public
    assert VerifyingKey.read(folder.receipt_public) == public
