"""A docking that fails says in one plain sentence what, where and what to do, within seconds."""

import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from outrider.cli import main
from outrider.clock import RecordedClock
from outrider.unit.sync.backoff import Backoff
from outrider.unit.sync.dock import Dock, Manner
from tests.fault.processes import free_ports
from tests.unit.hotlist.centre import Centre as ListCentre
from tests.unit.hotlist.makers import NOW_NS, voi
from tests.unit.journal.filled import fill, query, reads
from tests.unit.sync.authority import Authority
from tests.unit.sync.centre import serve, status
from tests.unit.sync.enrolled_unit import EnrolledUnit, enrolled_unit

_OF_LIBRARIES = re.compile(
    r"errno|\[SSL|_ssl\.c|ssl:|traceback|\w+Error\b|certificate_verify", re.I
)
_QUICK_S = 12.0  # of a busy machine; with nothing else to do it is one or two


@pytest.fixture(scope="module")
def authority() -> Authority:
    """The centre's authority."""
    return Authority()


@pytest.fixture
def unit(tmp_path: Path, authority: Authority) -> EnrolledUnit:
    """An enrolled unit with three reads to send."""
    made = enrolled_unit(tmp_path, authority)
    fill(tmp_path / "journal", reads(0, 3))
    return made


class Places:
    """Addresses at which a unit should not find its centre."""

    def __init__(self, stack: ExitStack, unit: EnrolledUnit, authority: Authority) -> None:
        self._stack = stack
        self._unit = unit
        self._authority = authority

    def _serve(self, tls: ssl.SSLContext | None) -> str:
        return self._stack.enter_context(serve(self._unit.centre, tls))

    def nobody(self) -> str:
        return f"https://localhost:{free_ports(1)[0]}"

    def unknown_name(self) -> str:
        return "https://centre.nowhere.invalid:8443"

    def no_tls_there(self) -> str:
        return self._serve(None).replace("http:", "https:")

    def http_for_https(self) -> str:
        tls, _ = self._authority.server(self._unit.folder)
        return self._serve(tls).replace("https:", "http:")

    def enrolment_port(self) -> str:
        self._unit.centre.misbehaviour = [status(404)] * 50
        return self._serve(self._authority.server(self._unit.folder, ask_client=False)[0])

    def another_name(self) -> str:
        return self._serve(self._authority.server(self._unit.folder, "elsewhere.example")[0])

    def another_authority(self) -> str:
        return self._serve(Authority("another").server(self._unit.folder, ask_client=False)[0])

    def another_centre(self) -> str:
        """A centre that this unit trusts and that does not trust the unit."""
        tls, _ = self._authority.server(self._unit.folder, ask_client=False)
        tls.load_verify_locations(cadata=Authority("another").pem)
        tls.verify_mode = ssl.CERT_REQUIRED
        return self._serve(tls)


@pytest.fixture
def places(unit: EnrolledUnit, authority: Authority) -> Iterator[Places]:
    with ExitStack() as stack:
        yield Places(stack, unit, authority)


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every wait between two tries, s."""
    waits: list[float] = []
    real = Backoff.next_s

    def counted(self: Backoff, asked_s: float = 0.0) -> float:
        waits.append(real(self, asked_s))
        return waits[-1]

    monkeypatch.setattr(Backoff, "next_s", counted)
    return waits


WRONG: dict[str, tuple[Callable[[Places], str], str, int]] = {
    "nobody there": (Places.nobody, "nobody answers at {url}", 1),
    "unknown name": (Places.unknown_name, "nobody knows the name in {url}", 1),
    "plain HTTP there": (Places.no_tls_there, "{url} answers, but speaks no TLS", 0),
    "http for https": (Places.http_for_https, "the address begins with https://", 0),
    "enrolment port": (Places.enrolment_port, "8444 is for enrolment only", 0),
    "another name": (Places.another_name, "it is for another name", 0),
    "another authority": (Places.another_authority, "does not come from the authority", 0),
    "another centre": (Places.another_centre, "refuses this unit's certificate", 0),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_failed_docking_is_one_plain_sentence_within_seconds(
    unit: EnrolledUnit,
    places: Places,
    tries: list[float],
    capfd: pytest.CaptureFixture[str],
    wrong: str,
) -> None:
    """What, which address, what to do; a mistake that waiting does not mend is not tried again."""
    where, expected, waits = WRONG[wrong]
    url = where(places)
    toml = unit.toml(url)
    start_s = time.monotonic()
    assert main(["sync", "-c", str(toml), "--unmetered"]) == 1
    took_s = time.monotonic() - start_s
    told = "".join(capfd.readouterr())
    flat = " ".join(told.split())
    assert expected.format(url=url) in flat
    assert flat.count("fault ") == 1, told
    assert not _OF_LIBRARIES.search(told.replace(str(unit.folder), "")), told
    assert len(tries) == waits
    assert took_s < _QUICK_S
    assert query(unit.folder / "journal", "SELECT count(*) FROM outbox") == [(4,)]


def test_plain_http_to_another_machine_is_refused_at_once(
    unit: EnrolledUnit, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is a mistake in the settings: exit 2, with the setting's name."""
    assert main(["sync", "-c", str(unit.toml("http://centre.example:8443"))]) == 2
    assert "sync.url http://centre.example:8443: https is needed" in capsys.readouterr().err


def test_the_first_docking_of_a_new_unit_brings_its_lists(
    tmp_path: Path, authority: Authority
) -> None:
    """A unit that has read nothing yet gets its lists, and that is a docking that went well."""
    unit, lists = enrolled_unit(tmp_path, authority), ListCentre(tmp_path / "lists-centre")
    unit.files.hotlist_root.write_bytes(lists.first_root)
    unit.centre.hotlists = lists.folder / "served"
    lists.publish([voi("AA11AAA")])
    with serve(unit.centre, authority.server(tmp_path)[0]) as url:
        settings = unit.settings(url, f'[hotlist]\nupdate_url = "{url}/v1/hotlists"\n')
        summary = Dock(settings, RecordedClock(NOW_NS)).once(Manner(), threading.Event())
    assert [(one.name, one.state) for one in summary.lists] == [("stolen", "received now")]
    assert (summary.done, summary.gave_up, summary.faults) == (True, False, [])
    assert any("nothing to send" in note for note in summary.notes)


def test_a_unit_with_nothing_left_to_send_says_that_nobody_was_there(
    tmp_path: Path, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing to send is no docking: without the centre there is no list, and the exit says so."""
    unit = enrolled_unit(tmp_path, authority)
    toml = unit.toml(f"https://localhost:{free_ports(1)[0]}")
    assert main(["sync", "-c", str(toml), "--unmetered"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert out.count("fault ") == 1
    assert "nobody answers at" in out
    assert "the centre was not reached" in out
