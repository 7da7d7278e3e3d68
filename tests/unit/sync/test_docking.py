"""Docking: which link, when it has ended, what the running unit and the depot hear of it."""

import json
import sys
import threading
from pathlib import Path

import pytest

from outrider.clock import RecordedClock, SystemClock
from outrider.records import Level, Part
from outrider.unit.journal.outbox import Remaining
from outrider.unit.ports import DockOutcome
from outrider.unit.settings.sections import SyncSettings
from outrider.unit.sync import link as links
from outrider.unit.sync.backoff import Backoff
from outrider.unit.sync.dock import Dock, Manner
from outrider.unit.sync.docking import Docking
from outrider.unit.sync.link import CentreLink, interface_to, link_to
from outrider.unit.sync.session import Summary
from outrider.unit.sync.state import SyncStateFile, SyncWatch, state_of
from tests.unit.hotlist.centre import Centre as ListCentre
from tests.unit.hotlist.makers import NOW_NS, voi
from tests.unit.journal.filled import fill, reads
from tests.unit.sync.authority import DAY, Authority, utc_now
from tests.unit.sync.centre import serve, status
from tests.unit.sync.enrolled_unit import enrolled_unit

CLOCK = SystemClock()
AT_THE_DOCK = CentreLink("eth0", False, "NetworkManager")
ON_THE_ROAD = CentreLink("wwan0", True, "NetworkManager")


def summary(rows: int = 0, left: int = 0, *, gave_up: bool = False, grave: bool = False) -> Summary:
    """Return what a session came to."""
    made = Summary(rows=rows, remaining=Remaining(0, left, 0, left), gave_up=gave_up)
    if gave_up:
        made.fault("the centre cannot be reached", grave=grave)
    return made


def test_the_route_decides_the_interface() -> None:
    """The real routing table says that this machine is reached through lo; no name, no link."""
    assert interface_to("127.0.0.1") == "lo"
    assert interface_to("localhost") == "lo"
    assert interface_to("nowhere.invalid") == ""
    assert link_to("https://127.0.0.1:8443", SyncSettings()) == CentreLink(
        "lo", False, "sync.unmetered_interfaces"
    )


@pytest.mark.parametrize(
    ("says", "metered"),
    [
        ("yes", True),
        ("yes (guessed)", True),
        ("no", False),
        ("no (guessed)", False),
        ("unknown", True),
        (None, True),
    ],
)
def test_network_manager_is_asked_and_silence_is_metered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str | None, metered: bool
) -> None:
    """What NetworkManager says of the interface holds; what nobody knows is taken as metered."""
    if says is not None:
        asked = '[ "$*" = "-g GENERAL.METERED device show lo" ] || exit 10'
        (tmp_path / "nmcli").write_text(f'#!/bin/sh\n{asked}\necho "{says}"\n')
        (tmp_path / "nmcli").chmod(0o755)
    path = f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin"
    monkeypatch.setattr(links, "_PLAIN", {"LC_ALL": "C", "PATH": path})
    found = link_to("https://127.0.0.1", SyncSettings(unmetered_interfaces=()))
    assert (found.interface, found.metered) == ("lo", metered)
    assert (found.why == "NetworkManager") == (says not in (None, "unknown"))
    if says in (None, "unknown"):
        assert "sync.unmetered_interfaces" in found.why


def test_settings_go_before_network_manager() -> None:
    """An interface that the settings name is what they say; metered goes before unmetered."""
    settings = SyncSettings(metered_interfaces=("l?",), unmetered_interfaces=("lo",))
    named = CentreLink("lo", True, "sync.metered_interfaces")
    assert link_to("https://127.0.0.1", settings) == named
    nowhere = CentreLink("", True, "there is no route to the centre")
    assert link_to("https://nowhere.invalid", settings) == nowhere


def test_done_and_failed_are_sounded_once_a_stay() -> None:
    """One sound when all has gone, however many reads follow; nothing on the road."""
    docking = Docking()
    assert docking.after(ON_THE_ROAD, summary(rows=5)) is None
    assert docking.after(ON_THE_ROAD, summary(left=5, gave_up=True)) is None
    assert docking.after(AT_THE_DOCK, summary(rows=5, left=2)) is None
    assert docking.after(AT_THE_DOCK, summary(left=2, gave_up=True)) is DockOutcome.FAILED
    assert docking.after(AT_THE_DOCK, summary(left=2, gave_up=True)) is None
    assert docking.after(AT_THE_DOCK, summary(rows=2)) is DockOutcome.DONE
    assert docking.after(AT_THE_DOCK, summary(rows=1)) is None
    assert docking.after(AT_THE_DOCK, summary(left=1, gave_up=True)) is None
    assert docking.after(ON_THE_ROAD, summary(rows=1)) is None
    assert docking.after(AT_THE_DOCK, summary(rows=9)) is DockOutcome.DONE


def test_where_no_route_is_known_nobody_is_told_of_another_form(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A unit without a network looks each ten seconds."""
    for text, warned in (("", False), ("[]", False), ("[{}]", True), ("{", True)):
        caplog.clear()
        monkeypatch.setattr(links, "_run", lambda *_, said=text: said)
        assert interface_to("192.0.2.7") == ""
        assert any(one.levelname == "WARNING" for one in caplog.records) == warned


def test_another_unmetered_link_is_another_stay() -> None:
    """From one dock straight to the next; one row by itself is something that went."""
    docking = Docking()
    for interface in ("eth0", "wlan0", "eth0"):
        there = CentreLink(interface, False, "NetworkManager")
        assert docking.after(there, summary(rows=1)) is DockOutcome.DONE
        assert docking.after(there, summary(rows=1)) is None
    assert Docking().after(AT_THE_DOCK, summary()) is None, "nothing went"


def test_a_network_manager_that_hangs_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it would have said at last does not count: the link is taken as metered."""
    monkeypatch.setattr(links, "_COMMAND_S", 0.2)
    text = f"#!{sys.executable} -S\nimport time\ntime.sleep(3)\nprint('no')\n"
    (tmp_path / "nmcli").write_text(text)
    (tmp_path / "nmcli").chmod(0o755)
    monkeypatch.setattr(links, "_PLAIN", {"PATH": str(tmp_path)})
    assert links._ask_network_manager("lo") is None


def test_running_unit_hears_of_it_once(tmp_path: Path) -> None:
    """The unit's round gets each outcome once; one of another start of the machine never."""
    left, watch = SyncStateFile(tmp_path), SyncWatch(tmp_path)
    now = CLOCK.stamp(CLOCK.mono_ns())
    assert watch.health().level is Level.OFF
    assert watch.health().detail == "no sync has run since the machine started"
    assert watch.dock_news() is None
    left.write(state_of(summary(rows=3), now), DockOutcome.DONE)
    assert watch.dock_news() is DockOutcome.DONE
    assert watch.dock_news() is None
    left.write(state_of(summary(rows=1), now), None)
    assert watch.dock_news() is None
    assert watch.health().level is Level.OK
    left.write(state_of(summary(left=4, gave_up=True), now), DockOutcome.FAILED)
    assert watch.dock_news() is DockOutcome.FAILED
    assert (watch.health().level, watch.health().counts["reads_left"]) == (Level.WARNING, 4)
    left.write(state_of(summary(left=4, gave_up=True, grave=True), now), None)
    assert (watch.health().level, watch.health().name) == (Level.FAULT, Part.SYNC)
    mended = summary(rows=4)
    mended.fault("the centre's receipt is not good", grave=True, passing=True)
    left.write(state_of(mended, now), None)
    assert watch.health().level is Level.OK
    mended.fault("the certificate was not renewed")
    left.write(state_of(mended, now), None)
    assert (watch.health().level, watch.health().detail) == (Level.WARNING, mended.faults[1])
    path = tmp_path / "sync.json"
    path.write_text(path.read_text().replace(json.loads(path.read_text())["boot"], "another"))
    assert (watch.health().level, watch.dock_news()) == (Level.OFF, None)
    path.write_text("{")
    assert watch.health().level is Level.OFF


def test_old_news_is_not_sounded(tmp_path: Path) -> None:
    """A unit that is started minutes after the dock does not sound it."""
    left = SyncStateFile(tmp_path)
    left.write(state_of(summary(rows=3), CLOCK.stamp(CLOCK.mono_ns())), DockOutcome.DONE)
    path = tmp_path / "sync.json"
    fields = json.loads(path.read_text())
    path.write_text(json.dumps(fields | {"mono_ns": fields["mono_ns"] - 120 * 10**9}))
    assert SyncWatch(tmp_path).dock_news() is None


@pytest.fixture(scope="module")
def authority() -> Authority:
    """The centre's authority."""
    return Authority()


def test_lists_come_with_docking_over_the_same_mutual_tls(
    tmp_path: Path, authority: Authority
) -> None:
    """The summary shows each list's revision and age; the packages came with the unit's key."""
    unit, lists = enrolled_unit(tmp_path, authority), ListCentre(tmp_path / "lists-centre")
    unit.files.hotlist_root.write_bytes(lists.first_root)
    unit.centre.hotlists = lists.folder / "served"
    lists.publish([voi("AA11AAA")])
    fill(tmp_path / "journal", reads(0, 2))
    with serve(unit.centre, authority.server(tmp_path)[0]) as url:
        more = f'[hotlist]\nupdate_url = "{url}/v1/hotlists"\n'
        dock = Dock(unit.settings(url, more), RecordedClock(NOW_NS))
        first = dock.once(Manner(give_up_after=1), threading.Event())
        again = dock.once(Manner(give_up_after=1), threading.Event())
        unit.centre.hotlists = tmp_path / "nothing"
        failed = dock.once(Manner(give_up_after=1), threading.Event())
    assert first.faults == []
    assert [(one.name, one.revision, one.state) for one in first.lists] == [
        ("stolen", "1", "received now")
    ]
    assert first.lists[0].age_h == 0.0
    assert [one.state for one in again.lists] == ["up to date"]
    assert failed.done
    assert any("hotlists not updated" in fault for fault in failed.faults)
    assert [one.revision for one in failed.lists] == ["1"]


def test_watch_sounds_goes_on_and_hurries(tmp_path: Path, authority: Authority) -> None:
    """On an unmetered link failed is heard, then done by itself."""
    unit = enrolled_unit(tmp_path, authority)
    fill(tmp_path / "journal", reads(0, 3))
    watch, heard, stop = SyncWatch(tmp_path / "run"), list[DockOutcome](), threading.Event()
    unit.centre.misbehaviour = [status(500)] * 4
    with serve(unit.centre, authority.server(tmp_path)[0]) as url:
        dock = Dock(unit.settings(url), CLOCK)

        def report(_: Summary) -> None:
            news = watch.dock_news()
            heard.extend([news] if news else [])
            if news is DockOutcome.DONE:
                stop.set()
            dock.hurry()

        guard = threading.Timer(60, stop.set)
        guard.start()
        dock.watch(Manner(), stop, report)
        guard.cancel()
    assert heard == [DockOutcome.FAILED, DockOutcome.DONE]
    assert len(unit.centre.rows) >= 3


def test_hurry_ends_a_long_wait() -> None:
    """A wait of an hour ends at once, and the next ones are short again."""
    backoff, done = Backoff(3600, 3600), threading.Event()

    def wait() -> None:
        backoff.wait(threading.Event())
        done.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    backoff.hurry()
    assert done.wait(20)
    waiter.join()


def test_expired_unit_certificate_is_named(tmp_path: Path, authority: Authority) -> None:
    """A unit whose own certificate is over is not let in: nothing is lost, and it is said."""
    now = utc_now()
    unit = enrolled_unit(tmp_path, authority, now - 30 * DAY, now - DAY)
    fill(tmp_path / "journal", reads(0, 2))
    with serve(unit.centre, authority.server(tmp_path)[0]) as url:
        dock = Dock(unit.settings(url), RecordedClock(int(now.timestamp() * 1e9)))
        failed = dock.once(Manner(give_up_after=1), threading.Event())
    assert unit.centre.rows == {}
    assert failed.remaining.rows > 0
    assert failed.grave
    assert any("this unit's certificate expired" in fault for fault in failed.faults)
