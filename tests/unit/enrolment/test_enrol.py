"""Enrolment: keys made on the unit, one code, nothing half in force, every refusal in words."""

import json
import os
import signal
import ssl
import stat
import threading
from pathlib import Path

import pytest

from outrider import durable
from outrider.cli import main
from outrider.clock import RecordedClock, SystemClock
from outrider.settings_file import ConfigError
from outrider.unit.certificates import life_of, new_tls_key, request_for
from outrider.unit.enrolment.enrol import EnrolError, enrol
from outrider.unit.journal.enrolment import choose_sealer
from outrider.unit.settings import enrolled
from outrider.unit.settings import sections as config
from outrider.wire.enrolment import key_text
from outrider.wire.signing import SigningIdentity
from tests.unit.hotlist.death import Death, dying
from tests.unit.journal.filled import fill, reads
from tests.unit.sync.authority import CODE, DAY, Authority, Registrar, enrolling, utc_now

CERTAIN = RecordedClock(SystemClock().stamp(SystemClock().mono_ns()).utc_ns)


@pytest.fixture(scope="module")
def authority() -> Authority:
    """The centre's authority."""
    return Authority()


@pytest.fixture
def registrar(authority: Authority) -> Registrar:
    """The centre's side of enrolment."""
    return Registrar(authority)


@pytest.fixture
def tls(authority: Authority, tmp_path: Path) -> ssl.SSLContext:
    """TLS of the enrolling server, which asks for no client certificate."""
    return authority.server(tmp_path, ask_client=False)[0]


def unit(folder: Path, extra: str = "") -> Path:
    """Return the settings file of a unit whose state is in the folder."""
    path = folder / "outrider.toml"
    path.write_text(f'[unit]\nstate_dir = "{folder / "state"}"\n{extra}')
    return path


def ticket(folder: Path, registrar: Registrar, url: str, **changes: object) -> Path:
    """Write a ticket."""
    path = folder / "ticket.json"
    path.write_bytes(registrar.ticket(url, **changes).encode())
    return path


def test_enrolled_unit_needs_no_other_settings(
    tmp_path: Path,
    registrar: Registrar,
    tls: ssl.SSLContext,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """After `enrol` the settings hold name, address, keys and trust; the ticket is gone."""
    toml = unit(tmp_path)
    with enrolling(registrar, tls) as url:
        path = ticket(tmp_path, registrar, url)
        assert main(["enrol", "--ticket", str(path), "-c", str(toml)]) == 0
    assert not path.exists()
    out = " ".join(capsys.readouterr().out.split())
    assert "root can read" in out
    settings = config.load(toml)
    assert (settings.unit.id, settings.sync.url) == ("unit-7", "https://centre.example:8443")
    assert settings.hotlist.update_url == "https://centre.example:8443/v1/hotlists"
    assert settings.hotlist.trusted_root is not None
    assert settings.hotlist.trusted_root.read_text() == registrar.root
    sealer = choose_sealer(settings.journal, live=True)
    assert sealer.centre_key_id == registrar.sealing.public.key_id
    for key in (settings.sync.signing_key, settings.sync.client_key):
        assert key is not None
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert registrar.taken is not None
    assert CODE not in "".join(
        p.read_text() for p in (tmp_path / "state").rglob("*") if p.is_file()
    )
    assert main(["enrol", "--status", "--json", "-c", str(toml)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["unit"] == "unit-7"
    assert said["certificate_state"] == "364 days left"
    assert said["receipt_key"] == registrar.receipts.public.key_id


def test_settings_in_the_file_go_before_the_enrolment(
    tmp_path: Path, registrar: Registrar, tls: ssl.SSLContext
) -> None:
    """What a technician wrote stays; a unit.id of another unit is an error that says so."""
    with enrolling(registrar, tls) as url:
        path = ticket(tmp_path, registrar, url)
        assert main(["enrol", "--ticket", str(path), "-c", str(unit(tmp_path))]) == 0
    toml = unit(tmp_path, '[sync]\nurl = "https://elsewhere.example"\n')
    assert config.load(toml).sync.url == "https://elsewhere.example"
    with pytest.raises(ConfigError, match="enrolled as 'unit-7'"):
        config.load(unit(tmp_path, 'id = "unit-8"\n'))


def test_an_answer_that_is_lost_costs_nothing(
    tmp_path: Path, registrar: Registrar, tls: ssl.SSLContext
) -> None:
    """The centre has taken the code, its answer is lost: the same command then succeeds."""
    toml = unit(tmp_path)
    registrar.hang_up_after = True
    with enrolling(registrar, tls) as url:
        path = ticket(tmp_path, registrar, url)
        assert main(["enrol", "--ticket", str(path), "-c", str(toml)]) == 1
        assert path.exists()
        registrar.hang_up_after = False
        assert main(["enrol", "--ticket", str(path), "-c", str(toml)]) == 0
    assert registrar.requests == 2


def test_killed_at_any_step_the_same_command_succeeds(
    tmp_path: Path, registrar: Registrar, tls: ssl.SSLContext
) -> None:
    """Cut off before any of its writes, a rerun ends enrolled with the keys that the centre has."""
    steps = 0
    with enrolling(registrar, tls) as url:
        for at in range(1, 100):
            registrar.taken = None
            folder = tmp_path / str(at)
            folder.mkdir()
            settings = config.load_file(unit(folder))
            path = ticket(folder, registrar, url)
            with dying(Death(at, 0.5, lose_renames=True)) as death:
                enrol(path, settings, SystemClock())
            if death.steps < at:
                break
            steps += 1
            if path.exists() and path.read_bytes().strip(b"\0"):
                enrol(path, settings, SystemClock())
            done = config.load(unit(folder)).sync.signing_key
            assert done is not None
            key = SigningIdentity.read(done).public
            assert registrar.taken is not None
            assert registrar.taken.signing_key == key_text(key.raw)
            assert [p.name for p in done.parent.parent.iterdir()] == [key.key_id]
    assert steps > 15


def test_enrolled_unit_is_not_enrolled_again_by_accident(
    tmp_path: Path,
    registrar: Registrar,
    tls: ssl.SSLContext,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Another ticket changes nothing, unless --again asks for it; then the old keys are gone."""
    toml = unit(tmp_path)
    with enrolling(registrar, tls) as url:
        path = ticket(tmp_path, registrar, url)
        assert main(["enrol", "--ticket", str(path), "-c", str(toml)]) == 0
        first = enrolled.read(tmp_path / "state")
        other = Registrar(registrar.authority, "unit-9", code="B" * 26)
        path.write_bytes(other.ticket(url).encode())
        assert main(["enrol", "--ticket", str(path), "-c", str(toml)]) == 1
        assert "--again" in capsys.readouterr().err
        assert enrolled.read(tmp_path / "state") == first
        path.write_bytes(registrar.ticket(url).encode())
        assert main(["enrol", "--ticket", str(path), "-c", str(toml)]) == 0
        assert enrolled.read(tmp_path / "state") == first  # its own ticket once more: nothing to do
    with enrolling(other, tls) as url:
        path.write_bytes(other.ticket(url).encode())
        assert main(["enrol", "--again", "--ticket", str(path), "-c", str(toml)]) == 0
    second = enrolled.read(tmp_path / "state")
    assert second is not None
    assert first is not None
    assert (second.unit_id, second.folder == first.folder) == ("unit-9", False)
    assert [p.name for p in (tmp_path / "state" / enrolled.FOLDER).iterdir()] == [second.folder]


def test_the_same_command_again_says_what_the_unit_is_enrolled_as(
    tmp_path: Path,
    registrar: Registrar,
    tls: ssl.SSLContext,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The used ticket is gone: that is no mistake, and what to do to enrol anew is said."""
    toml = unit(tmp_path)
    command = ["enrol", "--ticket", str(tmp_path / "unit-7.ticket"), "-c", str(toml)]
    assert main(command) == 2
    assert "does not exist" in capsys.readouterr().err
    with enrolling(registrar, tls) as url:
        ticket(tmp_path, registrar, url).rename(tmp_path / "unit-7.ticket")
        assert main(command) == 0
    capsys.readouterr()
    assert main(command) == 1
    said = capsys.readouterr().err
    assert "enrolled already, as unit-7 with the centre at https://centre.example:8443" in said
    assert "outrider centre enrol-ticket unit-7" in said
    assert "outrider enrol --again --ticket" in said


def test_a_unit_with_rows_to_send_does_not_leave_its_centre_or_name(
    tmp_path: Path,
    registrar: Registrar,
    tls: ssl.SSLContext,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nobody else could open them: refused with what to do; in the same name it may be renewed."""
    toml = unit(tmp_path)
    with enrolling(registrar, tls) as url:
        path = ticket(tmp_path, registrar, url)
        assert main(["enrol", "--ticket", str(path), "-c", str(toml)]) == 0
    first = enrolled.read(tmp_path / "state")
    fill(config.load(toml).journal_dir, reads(0, 2))
    again = ["enrol", "--again", "--ticket", str(path), "-c", str(toml)]
    for other, moved in (("unit-9", False), ("unit-7", False), ("unit-9", True)):
        if moved:
            config.load(toml).journal_dir.rename(tmp_path / "kept")
        new = Registrar(
            registrar.authority, other, code="B" * 26 if other == "unit-9" else "C" * 26
        )
        with enrolling(new, tls) as url:
            path.write_bytes(new.ticket(url).encode())
            refused = other == "unit-9" and not moved
            assert main(again) == int(refused)
        if refused:
            assert "outrider sync" in capsys.readouterr().err
            assert enrolled.read(tmp_path / "state") == first


def refused(
    folder: Path, registrar: Registrar, url: str, extra: str = "", **changes: object
) -> str:
    """Return why a ticket was refused; nothing may be in force, and the ticket stays."""
    path = ticket(folder, registrar, url, **changes)
    with pytest.raises(EnrolError) as caught:
        enrol(path, config.load_file(unit(folder, extra)), CERTAIN)
    assert enrolled.read(folder / "state") is None
    assert path.exists()
    return str(caught.value)


def test_every_refusal_says_what_to_do(
    tmp_path: Path, registrar: Registrar, tls: ssl.SSLContext, authority: Authority
) -> None:
    """Expired, of another unit, used, of another authority, nobody there: each in its own words."""
    with enrolling(registrar, tls) as url:
        assert "ticket expired" in refused(tmp_path, registrar, url, expires=utc_now() - DAY)
        assert registrar.requests == 0
        wrong_unit = refused(tmp_path, registrar, url, 'id = "unit-8"\n')
        assert "for unit unit-7, the settings call this one unit-8" in wrong_unit
        assert "code is used" in refused(tmp_path, registrar, url, code="C" * 26)
        foreign = Authority("someone else")
        text = refused(tmp_path, registrar, url, ca_certificate=foreign.pem)
        assert "not the centre of this ticket" in text
    assert "nobody answers at https://localhost:9" in refused(
        tmp_path, registrar, "https://localhost:9"
    )
    no_ticket = tmp_path / "nothing.json"
    no_ticket.write_text("{}")
    with pytest.raises(EnrolError, match="unit_id"):
        enrol(no_ticket, config.load_file(unit(tmp_path)), SystemClock())


def test_an_answer_that_is_not_for_us_is_not_taken(
    tmp_path: Path, registrar: Registrar, tls: ssl.SSLContext, authority: Authority
) -> None:
    """A certificate for another key or name, from another authority, a forged list: refused."""
    foreign = Authority("someone else")
    stranger = Registrar(authority, "unit-8")
    csr_of_other_key = _request("unit-7")
    with enrolling(registrar, tls) as url:
        for change, words in (
            ({"certificate": authority.sign(csr_of_other_key)}, "another key"),
            ({"certificate": "-----BEGIN nothing"}, "not a certificate"),
            ({"ca_certificate": foreign.pem}, "another authority"),
            ({"revoked": foreign.revoked()}, "another authority"),
            ({"revoked": "-----BEGIN nothing"}, "not a revocation list"),
        ):
            registrar.taken, registrar.changes = None, change
            assert words in refused(tmp_path, registrar, url)
    assert stranger.taken is None


def _request(unit_id: str) -> str:
    return request_for(new_tls_key(), unit_id)


def test_certificate_that_names_another_unit_is_not_taken(
    tmp_path: Path, registrar: Registrar, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our key under another unit's name is no certificate of ours; nor is a foreign signature."""
    sign = registrar.authority.sign
    with enrolling(registrar, tls) as url:
        monkeypatch.setattr(registrar.authority, "sign", lambda csr: sign(csr, name="unit-8"))
        assert "names unit-8, not unit-7" in refused(tmp_path, registrar, url)
        monkeypatch.setattr(registrar.authority, "sign", Authority("test authority").sign)
        assert "not from the centre's authority" in refused(tmp_path, registrar, url)


def test_damaged_enrolment_is_said(tmp_path: Path) -> None:
    """A unit whose enrolment cannot be read says so; it does not run as if it had none."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / enrolled.FILE).write_text("{")
    with pytest.raises(ConfigError, match=r"enrolment\.json"):
        config.load(unit(tmp_path))


def test_two_at_once_are_refused(tmp_path: Path, registrar: Registrar, tls: ssl.SSLContext) -> None:
    """A second `enrol` while one is at work is told so."""
    (tmp_path / "state").mkdir()
    lock = durable.only_one(tmp_path / "state" / "enrolment.lock", AssertionError())
    with enrolling(registrar, tls) as url, lock:
        assert "another `outrider enrol`" in refused(tmp_path, registrar, url)


def test_sigkill_of_the_real_process(
    tmp_path: Path, registrar: Registrar, tls: ssl.SSLContext
) -> None:
    """Killed by SIGKILL as soon as the centre has taken the code, the next run ends enrolled."""
    toml = unit(tmp_path)
    with enrolling(registrar, tls) as url:
        path = ticket(tmp_path, registrar, url)
        answer, killed = registrar.answer, threading.Event()

        def kill_then_answer(body: bytes) -> tuple[int, bytes]:
            made = answer(body)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            killed.set()
            return made

        registrar.answer = kill_then_answer  # type: ignore[method-assign]
        child = os.fork()
        if child == 0:
            main(["enrol", "--ticket", str(path), "-c", str(toml)])
            os._exit(0)
        assert killed.wait(60)
        registrar.answer = answer  # type: ignore[method-assign]
        assert enrolled.read(tmp_path / "state") is None
        assert main(["enrol", "--ticket", str(path), "-c", str(toml)]) == 0
    settings = config.load(toml)
    assert settings.sync.client_certificate is not None
    assert life_of(settings.sync.client_certificate.read_bytes()).ends > utc_now()
