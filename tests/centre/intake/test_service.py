"""The service's housekeeping by itself: what it keeps young, what it says, what health tells."""

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from outrider import __version__
from outrider.centre.authority.revocations import Revocations
from outrider.centre.authority.setup import set_up
from outrider.centre.authority.tickets import Tickets
from outrider.centre.folder import CentreFolder, CentreSettings
from outrider.centre.intake import service as services
from outrider.centre.intake.listener import bind
from outrider.centre.intake.rates import Rate
from outrider.centre.intake.service import IntakeService
from outrider.centre.intake.tls import TlsError
from outrider.centre.store.records import StoreError
from outrider.centre.store_of import open_store_of
from outrider.clock import ClockQuality, SystemClock, UtcStamp
from outrider.systemd import SystemdNotifier
from outrider.wire import checkpoint
from outrider.wire.sealing import SealingError
from tests.centre.intake.running import HOSTS, enrolled, eventually, running

Fields = list[dict[str, Any]]


def said(caplog: pytest.LogCaptureFixture, event: str) -> Fields:
    """Return the fields of each line that says an event."""
    return [getattr(one, "fields", {}) for one in caplog.records if one.getMessage() == event]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., IntakeService]]:
    """Make services of one centre, none of which serves."""
    folder = CentreFolder(tmp_path_factory.mktemp("centre") / "centre")
    set_up(folder, HOSTS, folder.root / "opening", SystemClock())
    store = open_store_of(folder)
    made: list[IntakeService] = []

    def build(**sections: object) -> IntakeService:
        server = {"hosts": HOSTS, "listen": "127.0.0.1", "port": 0, "enrol_port": 0}
        settings = CentreSettings.model_validate({"server": server} | sections)
        made.append(IntakeService(folder, settings, store, SystemClock()))
        return made[-1]

    yield build
    for service in made:
        service._workers.shutdown()
        for listener in service._listeners:
            listener._line.close()
    store.close()


@pytest.fixture(scope="module")
def service(make: Callable[..., IntakeService]) -> IntakeService:
    return make()


@pytest.fixture(autouse=True)
def _heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "outrider.centre")


def test_it_listens_where_it_was_told_and_nowhere_else(service: IntakeService) -> None:
    """A centre that is for one network is not on all of the machine's."""
    assert {one._line.getsockname()[0] for one in service._listeners} == {"127.0.0.1"}
    with bind("", 0) as everywhere:
        assert everywhere.getsockname()[0] in ("::", "0.0.0.0")
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"cannot listen at 127.0.0.1 port {port}: "):
            bind("127.0.0.1", port)


def test_a_server_certificate_that_is_missing_is_made_at_the_start(
    make: Callable[..., IntakeService], service: IntakeService
) -> None:
    """So is one that nears its end: no unit meets an old one."""
    service._folder.server_certificate.unlink()
    make()
    assert service._folder.server_certificate.exists()


def test_all_who_enrol_have_ten_times_the_rate_of_one(make: Callable[..., IntakeService]) -> None:
    """Many strangers are bounded together, and a few do not shut the others out."""
    frame: Any = make(limits={"enrol_per_min": 120, "enrol_burst": 7}).apps[1]
    assert frame._rates._each == Rate(2.0, 7)
    assert frame._rates._everyone._rate == Rate(20.0, 70)


def test_an_overseer_is_asked_at_his_address(make: Callable[..., IntakeService]) -> None:
    """As the settings name him; without any there is none."""
    overseer = make(audit={"overseer_url": "https://watch.example"})._checkpoints._overseer
    assert overseer is not None
    assert (overseer.url, overseer.file) == ("https://watch.example", None)
    assert make()._checkpoints._overseer is None


def test_what_a_restored_register_forgot_is_said(
    make: Callable[..., IntakeService],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """By name: whoever restored it learns what it would have let in again."""
    monkeypatch.setattr(Revocations, "compare", lambda *_: ["stolen-7"])
    monkeypatch.setattr(Tickets, "compare", lambda *_: ["used-8"])
    make()
    assert said(caplog, "revoked again: the register had forgotten") == [{"unit": "stolen-7"}]
    assert said(caplog, "ticket void again: the register forgot") == [{"unit": "used-8"}]


def test_what_may_block_has_as_many_threads_as_the_settings_say(
    make: Callable[..., IntakeService],
) -> None:
    """Not as many as the machine has cores, and never the loop's own."""
    service = make(limits={"workers": 3})
    assert service._intake.workers is service._workers
    assert service._workers._max_workers == 3
    assert service._workers._thread_name_prefix == "intake"


def test_the_log_stays_the_services_own(make: Callable[..., IntakeService]) -> None:
    """The server's library sets up none: its lines would be no JSON."""
    assert [one.config.log_config for one in make()._listeners] == [None, None]


def test_each_listener_counts_its_own_connections(make: Callable[..., IntakeService]) -> None:
    """Who comes to enrol takes nobody's place who sends."""
    units, enrolment = (one.config.http for one in make()._listeners)
    assert isinstance(units, type)
    assert isinstance(enrolment, type)
    assert units.__dict__["held"] is not enrolment.__dict__["held"]


def test_health_tells_of_all_who_had_to_give_way(service: IntakeService) -> None:
    """Units and strangers together."""
    service._intake.gate.displaced, service._intake.strangers.displaced = 2, 3
    health = service._health()
    assert health["displaced"] == 5
    assert (health["in_flight"], health["strangers_in_flight"]) == (0, 0)


def test_a_sealing_key_that_is_missing_is_found_at_the_start(
    make: Callable[..., IntakeService], service: IntakeService, tmp_path: Path
) -> None:
    """And not by the first unit that enrols."""
    path = service._folder.sealing_key
    kept = path.rename(tmp_path / "kept.key")
    try:
        with pytest.raises(SealingError, match="cannot read a key"):
            make()
    finally:
        kept.rename(path)


def test_lists_that_are_not_there_yet_hold_nothing_up(tmp_path: Path) -> None:
    """The folder is made with the first list; till then there is none."""
    with running(tmp_path / "centre", hotlists=tmp_path / "later") as centre:
        unit = enrolled(centre, tmp_path / "unit")
        with unit.client() as client:
            assert client.get("/v1/hotlists/metadata/root.json").status_code == 404
            none = client.post(checkpoint.path_of(unit.unit_id), content=b"")
            assert (none.status_code, none.content) == (204, b""), "the trail has no row yet"
            (tmp_path / "later" / "metadata").mkdir(parents=True)
            (tmp_path / "later" / "metadata" / "root.json").write_text("{}")
            assert client.get("/v1/hotlists/metadata/root.json").status_code == 200


def test_a_register_that_cannot_be_compared_is_a_fault(
    make: Callable[..., IntakeService], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept outside the folder cannot be read: the service goes on, and says so."""
    monkeypatch.setattr(Revocations, "compare", failing(OSError("no such folder")))
    assert make()._faults == {"revocations": "not kept outside the folder: no such folder"}


def test_a_fault_is_said_once_and_again_when_it_is_another(
    service: IntakeService, caplog: pytest.LogCaptureFixture
) -> None:
    """A log on a fault that lasts is short; health shows it as long as it does."""
    for why in ("full", "full", "gone", "full"):
        service._fault("disk", why)
    assert said(caplog, "fault") == [
        {"part": "disk", "why": why} for why in ("full", "gone", "full")
    ]
    assert service._faults.pop("disk") == "full"


def failing(error: Exception) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


def test_files_of_trust_that_cannot_be_kept_are_a_fault_until_they_can(
    service: IntakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of the revoked and the note of the sealing key, each by itself."""
    with monkeypatch.context() as broken:
        broken.setattr(service._authority, "keep_revoked", failing(OSError("no room")))
        broken.setattr(services, "note_present", failing(SealingError("no key")))
        service._renew_files()
    assert service._faults == {
        "authority": "no room",
        "sealing": "the sealing key is not noted: no key",
    }
    kept: list[object] = []
    monkeypatch.setattr(service._authority, "keep_revoked", kept.append)
    service._renew_files()
    assert (service._faults, len(kept)) == ({}, 1)


def test_a_trail_that_cannot_be_signed_is_a_fault_until_it_can(
    service: IntakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the trail's own name."""
    with monkeypatch.context() as broken:
        broken.setattr(service._checkpoints, "keep", failing(StoreError("locked")))
        service._keep_checkpoints()
    assert service._faults == {"audit": "locked"}
    service._keep_checkpoints()
    assert service._faults == {}


def test_certificates_are_read_anew_and_a_bad_one_is_a_fault(
    service: IntakeService, caplog: pytest.LogCaptureFixture
) -> None:
    """Connections begin again with what is in force; what cannot be read changes nothing."""
    dropped: list[int] = []
    answers: list[bool | TlsError] = [False, True, TlsError("no certificate"), False]

    def refresh() -> bool:
        found = answers.pop(0)
        if isinstance(found, TlsError):
            raise found
        return found

    listener: Any = SimpleNamespace(
        port=8443,
        trust=SimpleNamespace(refresh=refresh),
        drop_connections=lambda: dropped.append(1),
    )
    for faults, drops in (({}, 0), ({}, 1), ({"TLS at port 8443": "no certificate"}, 1), ({}, 1)):
        service._follow(listener)
        assert (service._faults, len(dropped)) == (faults, drops)
    assert said(caplog, "certificates read anew") == [{"port": 8443}]


@pytest.mark.parametrize("quality", ClockQuality)
def test_only_a_clock_that_rests_on_nothing_is_a_fault(
    service: IntakeService, monkeypatch: pytest.MonkeyPatch, quality: ClockQuality
) -> None:
    """Units' clocks are judged by it."""
    stamp = UtcStamp(1_795_237_200_000_000_000, quality, 0.1)
    clock = SimpleNamespace(mono_ns=lambda: 0, stamp=lambda _: stamp)
    monkeypatch.setattr(service, "_clock", clock)
    faults: Any = service._health()["faults"]
    said_of_it = "not synchronised" in faults.get("clock", "")
    assert said_of_it == ("clock" in faults) == (quality is ClockQuality.FREE_RUNNING)


def test_the_watchdog_is_fed_three_times_in_its_time(
    make: Callable[..., IntakeService], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that one tick that comes late restarts nothing; by a clock that this test moves."""
    service, fed, moved = make(), list[float](), itertools.count()
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    for name in ("_follow", "_renew_files", "_keep_checkpoints"):
        monkeypatch.setattr(service, name, lambda *_: None)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        now_s = [0.0]

        def passes() -> float:
            now_s[0] = next(moved) * 0.25
            return now_s[0]

        def send(text: str) -> None:
            assert text == "WATCHDOG=1"
            fed.append(now_s[0])
            if len(fed) == 4:
                loop.call_soon_threadsafe(service._stop.set)

        monkeypatch.setattr(loop, "time", passes)
        await service._keep(SimpleNamespace(send=send))  # type: ignore[arg-type]

    asyncio.run(run())
    assert all(10.0 <= after - before < 20.0 for before, after in itertools.pairwise(fed))


def test_a_service_keeps_house_from_its_first_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Trust and checkpoints once at the start, not at each tick; it says that it serves."""
    done: list[str] = []
    monkeypatch.setattr(services, "_TICK_S", 0.01)
    monkeypatch.setattr(IntakeService, "_renew_files", lambda _: done.append("files"))
    monkeypatch.setattr(IntakeService, "_keep_checkpoints", lambda _: done.append("trail"))
    sent: list[str] = []
    monkeypatch.setattr(SystemdNotifier, "send", lambda _, text: sent.append(text))
    looks: list[object] = []
    monkeypatch.setattr(IntakeService, "_follow", lambda _, listener: looks.append(listener))
    with running(tmp_path / "centre") as centre:
        eventually(lambda: len(looks) > 8)
        ports = centre.service.ports
    assert (done, sent) == (["files", "trail"], ["READY=1", "STOPPING=1"])
    assert said(caplog, "stopping") == [{"in_flight": 0}]
    assert said(caplog, "stopped") == [{"taken": {}, "refused": {}, "tls_refused": {}}]
    (serving,) = said(caplog, "serving")
    assert serving == {
        "version": __version__,
        "port": ports.units,
        "enrol_port": ports.enrolment,
    }
