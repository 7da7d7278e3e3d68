"""The repeat rule."""

from outrider.records import MatchClass, Response
from outrider.unit.hotlist.repeat import RepeatRule
from outrider.unit.ports import Verdict
from tests.unit.hotlist.makers import at, match_of, read, voi

_ENTRY = voi("AB12CDE", priority=3)
_MATCH = match_of(_ENTRY)


def test_one_alarm_a_pass() -> None:
    """A vehicle that stays in view alarms once, however long."""
    rule = RepeatRule(300, 2000)
    verdicts = [rule.judge(read("AB12CDE", t), _MATCH, False) for t in (0, 1, 400)]
    assert verdicts == [Verdict.ALARM, Verdict.REPEAT, Verdict.REPEAT]


def test_again_after_time_or_distance() -> None:
    """A later pass is recorded, and alarms only after the set time or distance."""
    rule = RepeatRule(300, 2000)
    here, near, far = at(51.5, 0.0), at(51.51, 0.0), at(51.53, 0.0)
    passes = [(0, here), (100, near), (120, far), (200, far), (421, far)]
    verdicts = [
        rule.judge(read("AB12CDE", t, place, pass_no=n), _MATCH, False)
        for n, (t, place) in enumerate(passes)
    ]
    alarm, record = Verdict.ALARM, Verdict.RECORD
    assert verdicts == [alarm, record, alarm, record, alarm]


def test_escalation_alarms_at_once() -> None:
    """A surer match or a higher priority alarms within the same pass; the reverse does not."""
    rule = RepeatRule(300, 2000)
    look_alike = match_of(_ENTRY, MatchClass.LOOK_ALIKE)
    urgent = match_of(voi("AB12CDE", priority=1), name="terror")
    assert rule.judge(read("AB12CDF"), look_alike, True) is Verdict.ALARM
    assert rule.judge(read("AB12CDE"), _MATCH, False) is Verdict.ALARM
    assert rule.judge(read("AB12CDF"), look_alike, True) is Verdict.REPEAT
    assert rule.judge(read("AB12CDE"), urgent, False) is Verdict.ALARM
    assert rule.judge(read("AB12CDE"), urgent, True) is Verdict.REPEAT


def test_a_second_list_is_recorded_without_a_second_alarm() -> None:
    """A car on two lists alarms once a pass, and both hits are kept."""
    rule = RepeatRule(300, 2000)
    other = match_of(voi("AB12CDE", "no insurance", priority=4), name="uninsured")
    assert rule.judge(read("AB12CDE"), _MATCH, False) is Verdict.ALARM
    assert rule.judge(read("AB12CDE"), other, False) is Verdict.RECORD


def test_silent_hits_change_nothing_for_the_crew() -> None:
    """A silent hit before neither stops nor causes the alarm of an open entry."""
    rule = RepeatRule(300, 2000)
    silent = match_of(voi("AB12CDE", response=Response.SILENT, priority=1))
    assert rule.judge(read("AB12CDE"), silent, False) is not Verdict.REPEAT
    assert rule.judge(read("AB12CDE"), _MATCH, False) is not Verdict.REPEAT
    assert rule.judge(read("AB12CDE"), silent, False) is not Verdict.ALARM
    assert rule.judge(read("AB12CDE", 1, pass_no=2), silent, False) is not Verdict.REPEAT
    assert rule.judge(read("AB12CDE", 1, pass_no=2), _MATCH, False) is not Verdict.ALARM


def test_memory_is_bounded() -> None:
    """A shift of hits on many vehicles does not grow without end."""
    rule = RepeatRule(300, 2000)
    for number in range(5000):
        entry = voi(f"A{number}BCD")
        rule.judge(read(entry.vrm, pass_no=number), match_of(entry), False)
    assert len(rule._vehicles) == 4096
