"""One image, many units: the bundle is written whole, taken at the first start, and erased."""

import importlib
import ssl
import sys
from pathlib import Path
from types import ModuleType

import pytest

from outrider.cli import main
from outrider.unit.settings import sections as config
from tests.unit.sync.authority import CODE, Authority, Registrar, enrolling

PROGRAMS = Path(__file__).resolve().parents[3] / "image_build/layers/files/provision"
PORT = "/dev/serial/by-id/usb-Arduino_Nano-if00"


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
    """TLS of the enrolling server."""
    return authority.server(tmp_path, ask_client=False)[0]


def ticket(folder: Path, registrar: Registrar, url: str = "https://localhost:1") -> Path:
    """Write a ticket as the centre does."""
    path = folder / "unit-7.ticket"
    path.write_bytes(registrar.ticket(url).encode())
    return path


def provision(card: Path, ticket_file: Path, *words: str) -> int:
    card.mkdir(exist_ok=True)
    return main(
        ["provision", str(card), "--ticket", str(ticket_file), "--alarm-port", PORT, *words]
    )


@pytest.fixture
def unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The program of the first start, with folders of this test for the unit's."""
    monkeypatch.syspath_prepend(str(PROGRAMS))
    sys.modules.pop("first_start", None)
    program = importlib.import_module("first_start")
    for name in ("settings", "state"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(program, "SETTINGS", tmp_path / "settings")
    monkeypatch.setattr(program, "STATE", tmp_path / "state")
    monkeypatch.setattr(program, "OUTRIDER", (str(Path(sys.executable).parent / "outrider"),))
    monkeypatch.setattr(program, "OWNER", "root")
    monkeypatch.setattr("os.chown", lambda *_: None)
    return program


def test_a_bundle_has_settings_that_hold_and_comments(tmp_path: Path, registrar: Registrar) -> None:
    """The sample for a real car, filled in: nothing in it is mute, every value is a good one."""
    assert provision(tmp_path / "card", ticket(tmp_path, registrar), "--camera-id", "front") == 0
    path = tmp_path / "card/outrider-unit/outrider.toml"
    settings = config.load_file(path)
    assert (settings.alarm.port, settings.unit.camera_id) == (PORT, "front")
    assert settings.journal.sealing == "required"
    text = path.read_text()
    assert "@" not in text
    assert text.count("\n#") > 10


def test_a_second_bundle_does_not_go_over_the_first(
    tmp_path: Path, registrar: Registrar, capsys: pytest.CaptureFixture[str]
) -> None:
    """A stick that another unit's bundle is on is refused, and keeps it."""
    path = ticket(tmp_path, registrar)
    assert provision(tmp_path / "card", path) == 0
    before = (tmp_path / "card/outrider-unit/ticket.json").read_bytes()
    assert provision(tmp_path / "card", path) == 1
    assert "one bundle makes one unit" in capsys.readouterr().err
    assert (tmp_path / "card/outrider-unit/ticket.json").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--alarm-port", "ttyUSB0"], "a port is a device"),
        (["--alarm-port", '/dev/x"\n[unit]'], "a port is a device"),
        (["--gps-port", "/dev/../etc/passwd"], "a port is a device"),
        (["--camera-id", 'front"'], "letters, digits"),
        (["--wifi", "depot"], "belong together"),
        (["--wifi", "d" * 33, "--wifi-password-file", "PASSWORD"], "1 to 32 bytes"),
        (["--wifi", "depot\n[x]", "--wifi-password-file", "PASSWORD"], "1 to 32 bytes"),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_written(
    tmp_path: Path, registrar: Registrar, capsys: pytest.CaptureFixture[str],
    words: list[str], said: str,
) -> None:  # fmt: skip
    """Each with its reason; no value can add a line of its own to a file."""
    (tmp_path / "password").write_text("correct horse\n")
    given = [str(tmp_path / "password") if word == "PASSWORD" else word for word in words]
    assert provision(tmp_path / "card", ticket(tmp_path, registrar), *given) in (1, 2)
    assert said in capsys.readouterr().err
    assert list((tmp_path / "card").iterdir()) == []


def test_wifi_is_written_so_that_nothing_in_it_is_read_as_more(
    tmp_path: Path, registrar: Registrar
) -> None:
    """The name goes as numbers; a backslash or a first blank of the password is kept."""
    (tmp_path / "password").write_text(" back\\slash;#\n")
    words = ["--wifi", "Dépôt;x", "--wifi-password-file", str(tmp_path / "password")]
    assert provision(tmp_path / "card", ticket(tmp_path, registrar), *words) == 0
    text = (tmp_path / "card/outrider-unit/wifi.nmconnection").read_text()
    assert "\nssid=68;195;169;112;195;180;116;59;120;\n" in text
    assert "\npsk=\\sback\\\\slash;#\n" in text


def test_a_unit_joins_with_its_bundle_and_a_second_cannot(
    tmp_path: Path, registrar: Registrar, tls: ssl.SSLContext, unit: ModuleType
) -> None:
    """Taken, erased from the card, enrolled, the ticket gone; a copy of it is worth nothing."""
    with enrolling(registrar, tls) as url:
        assert provision(tmp_path / "card", ticket(tmp_path, registrar, url)) == 0
        copied = (tmp_path / "card/outrider-unit/ticket.json").read_bytes()
        assert unit.take(tmp_path / "card")
        assert list((tmp_path / "card").iterdir()) == []
        state = tmp_path / "state"
        toml = tmp_path / "settings/outrider.toml"
        toml.write_text(toml.read_text().replace("[unit]\n", f'[unit]\nstate_dir = "{state}"\n'))
        enrol = ["enrol", "-c", str(toml), "--ticket", str(state / "ticket.json")]
        assert main(enrol) == 0
        assert config.load(toml).unit.id == "unit-7"
        held = "".join(path.read_text() for path in state.rglob("*") if path.is_file())
        assert CODE not in held
        other = tmp_path / "other.toml"
        other.write_text(f'[unit]\nstate_dir = "{tmp_path / "other"}"\n')
        (tmp_path / "copied").write_bytes(copied)
        assert main(["enrol", "-c", str(other), "--ticket", str(tmp_path / "copied")]) == 1
    assert not unit.take(tmp_path / "card")


def test_erasing_writes_over_what_is_removed(
    tmp_path: Path, registrar: Registrar, unit: ModuleType
) -> None:
    """The ticket's bytes are zeros before its name is gone."""
    assert provision(tmp_path / "card", ticket(tmp_path, registrar)) == 0
    with (tmp_path / "card/outrider-unit/ticket.json").open("rb") as held:
        unit.erase(tmp_path / "card/outrider-unit")
        assert set(held.read()) == {0}


@pytest.mark.parametrize("spoil", ["settings", "missing", "strange"])
def test_a_wrong_bundle_is_left_with_its_reason(
    tmp_path: Path, registrar: Registrar, unit: ModuleType, spoil: str
) -> None:
    """Nothing of it is taken; the technician finds why beside it, and mends it there."""
    assert provision(tmp_path / "card", ticket(tmp_path, registrar)) == 0
    bundle = tmp_path / "card/outrider-unit"
    if spoil == "settings":
        (bundle / "outrider.toml").write_text("[alarm]\nprot = 3\n")
    elif spoil == "missing":
        (bundle / "ticket.json").unlink()
    else:
        (bundle / "run-me.sh").touch()
    assert not unit.take(tmp_path / "card")
    reason = (bundle / "WRONG.txt").read_text()
    assert {"settings": "prot", "missing": "ticket.json", "strange": "run-me.sh"}[spoil] in reason
    assert list((tmp_path / "settings").iterdir()) == list((tmp_path / "state").iterdir()) == []


def test_an_enrolled_unit_takes_no_other_units_bundle(
    tmp_path: Path, registrar: Registrar, unit: ModuleType
) -> None:
    """A stick with a bundle for the next unit changes nothing, and keeps it."""
    assert provision(tmp_path / "card", ticket(tmp_path, registrar)) == 0
    (tmp_path / "state/enrolment.json").touch()
    assert not unit.take(tmp_path / "card")
    assert (tmp_path / "card/outrider-unit/ticket.json").exists()
