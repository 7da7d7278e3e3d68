"""From pass results to alarm, journal and events."""

from dataclasses import replace

from outrider.clock import ClockQuality, RecordedClock, UtcStamp
from outrider.records import (
    ActionKind,
    Hit,
    MatchClass,
    OfficerAction,
    PassResult,
    Read,
    Response,
    Role,
    facts_of,
)
from outrider.unit.hotlist.lookback import LookBack
from outrider.unit.pipeline.decide import Decider, Outputs, Rules
from outrider.unit.pipeline.tag import Tagger, repeatable_bits
from outrider.unit.recognise.operating_points import OperatingPoints
from tests.unit.fakes import (
    ORIGIN,
    Matcher,
    Nowhere,
    Once,
    Recorder,
    Tracker,
    frame,
    match,
    result,
)


def decider(
    script: list[list[PassResult]],
    matcher: Matcher,
    recorder: Recorder,
    ending: list[PassResult] | None = None,
) -> Decider:
    """Return a decider over a scripted tracker; everything goes to one recorder."""
    tagger = Tagger(RecordedClock(0), Nowhere(), ORIGIN, repeatable_bits("test"))
    outputs = Outputs(recorder, recorder, recorder)  # type: ignore[arg-type]
    rules = Rules(OperatingPoints(alarm=0.9, possible=0.5), Once(), LookBack())
    return Decider(Tracker(script, ending or []), tagger, matcher, rules, outputs)


def hits(recorder: Recorder) -> list[Hit]:
    """Return the hits that reached the journal."""
    return [
        item for name, item in recorder.order if name == "journal hit" and isinstance(item, Hit)
    ]


def test_the_alarm_comes_before_the_disk_and_the_read_at_the_end_of_the_pass() -> None:
    """A hit sounds at the first sure result of a pass; the one read is kept when the pass ends."""
    recorder = Recorder()
    matcher = Matcher(matches={"AB12CDE": match("AB12CDE")})
    stages = decider([[result("AB12CDE", final=False)], [result("AB12CDE")]], matcher, recorder)
    stages.take(frame(0), [])
    assert recorder.names() == ["alarm", "journal hit", "event hit"]
    stages.take(frame(1), [])
    assert recorder.names()[3:] == ["journal read", "event read"]
    read = recorder.order[3][1]
    assert isinstance(read, Read)
    assert read.read_id == hits(recorder)[0].read.read_id


def test_pictures_go_to_the_journal_beside_what_names_them() -> None:
    """The hit's row and the read's both get the bytes that their read names."""
    recorder = Recorder()
    matcher = Matcher(matches={"AB12CDE": match("AB12CDE")})
    decider([[result("AB12CDE")]], matcher, recorder).take(frame(0), [])
    kept = [item for name, item in recorder.order if name in ("journal hit", "journal read")]
    assert len(kept) == 2
    for record, pictures in zip(kept, recorder.pictures, strict=True):
        read = record.read if isinstance(record, Hit) else record
        assert isinstance(read, Read)
        assert read.pictures == facts_of(pictures)
        assert pictures[Role.PATCH] == b"patch"


def test_an_unlisted_mark_is_kept_and_sounds_nothing() -> None:
    """Every read is kept, of interest or not."""
    recorder = Recorder()
    decider([[result("AB12CDE")]], Matcher(), recorder).take(frame(0), [])
    assert recorder.names() == ["journal read", "event read"]


def test_a_silent_hit_is_kept_first_and_shows_nothing() -> None:
    """For a silent entry nothing differs from no match but the journal's own record."""
    recorder = Recorder()
    matcher = Matcher(matches={"AB12CDE": match("AB12CDE", Response.SILENT)})
    stages = decider([[result("AB12CDE")]], matcher, recorder)
    stages.take(frame(0), [])
    assert recorder.names() == ["journal hit", "journal read", "event read"]
    assert stages.counts.hits == 0


def test_a_read_below_the_alarm_point_is_a_possible_and_never_a_stop() -> None:
    """A doubtful read of a listed mark is raised as possible; a hopeless one is not raised."""
    recorder = Recorder()
    matcher = Matcher(matches={v: match(v) for v in ("AB12CDE", "XY12CDE")})
    script = [[result("AB12CDE", confidence=0.7)], [result("XY12CDE", pass_id=2, confidence=0.3)]]
    stages = decider(script, matcher, recorder)
    stages.take(frame(0), [])
    stages.take(frame(1), [])
    raised = hits(recorder)
    assert [hit.read.text.vrm for hit in raised] == ["AB12CDE"]
    assert raised[0].possible
    assert raised[0].response is Response.ASSESS


def test_a_look_alike_is_never_a_stop() -> None:
    """However sure the read, a look-alike asks for an assessment at most."""
    recorder = Recorder()
    found = match("AB12CDF", match_class=MatchClass.LOOK_ALIKE)
    decider([[result("AB12CDE")]], Matcher(matches={"AB12CDE": found}), recorder).take(frame(0), [])
    assert hits(recorder)[0].response is Response.ASSESS


def test_passes_still_open_at_the_end_are_kept() -> None:
    """A stop in the middle of a pass loses no read."""
    recorder = Recorder()
    stages = decider([], Matcher(), recorder, ending=[result("AB12CDE")])
    stages.finish()
    assert recorder.names() == ["journal read", "event read"]


def test_a_vote_that_changes_after_a_hit_is_counted() -> None:
    """When later frames revise a mark that has sounded, the count shows it."""
    recorder = Recorder()
    matcher = Matcher(matches={"AB12CDE": match("AB12CDE")})
    script = [[result("AB12CDE", final=False)], [result("AB12CDF")]]
    stages = decider(script, matcher, recorder)
    stages.take(frame(0), [])
    stages.take(frame(1), [])
    assert stages.counts.revised_after_hit == 1


def test_a_vehicle_that_is_no_news_is_recorded_and_not_sounded() -> None:
    """The same mark in a second pass, soon after: a second hit on record, no second alarm."""
    recorder = Recorder()
    matcher = Matcher(matches={"AB12CDE": match("AB12CDE")})
    script = [[result("AB12CDE")], [result("AB12CDE", pass_id=2)]]
    stages = decider(script, matcher, recorder)
    stages.take(frame(0), [])
    stages.take(frame(1), [])
    assert recorder.names().count("journal hit") == 2
    assert recorder.names().count("alarm") == 1
    assert stages.counts.hits == 1


def test_a_newer_list_is_checked_against_the_shifts_reads() -> None:
    """A mark listed after it was read is raised as look-back, once, with the read it was."""
    recorder, matcher = Recorder(), Matcher()
    stages = decider([[result("AB12CDE")]], matcher, recorder)
    stages.take(frame(0), [])
    matcher.matches, matcher.revision = {"AB12CDE": match("AB12CDE")}, "r2"
    stages.rounds(Nowhere())
    stages.rounds(Nowhere())
    (hit,) = hits(recorder)
    assert hit.look_back
    assert [one.role for one in hit.read.pictures] == [Role.PATCH, Role.OVERVIEW]
    assert recorder.pictures[-1] == {}  # the read's own row has them
    assert hit.read.text.vrm == "AB12CDE"
    assert recorder.names().count("alarm") == 1


def test_an_officers_action_reaches_the_journal() -> None:
    """What the officer presses is kept with its time."""
    stamp = UtcStamp(0, ClockQuality.GPS, 0.0)
    recorder = Recorder(pending=[])
    matcher = Matcher(matches={"AB12CDE": match("AB12CDE")})
    stages = decider([[result("AB12CDE")]], matcher, recorder)
    stages.take(frame(0), [])
    recorder.pending.append(OfficerAction(hits(recorder)[0].hit_id, ActionKind.CORRECT, stamp))
    stages.rounds(Nowhere())
    assert recorder.names()[-2:] == ["journal action", "event action"]
    assert stages.counts.acknowledged == 1


def test_dark_pictures_mean_night() -> None:
    """The alarm unit is told that it is dark, and that the speed is not known."""
    recorder = Recorder()
    stages = decider([], Matcher(), recorder)
    stages.take(frame(0, grey=10), [])
    stages.rounds(Nowhere())
    assert recorder.contexts == [(None, True)]


def test_passes_remembered_are_bounded() -> None:
    """Passes that never end (merged, rejected) are forgotten, the oldest first."""
    recorder = Recorder()
    matcher = Matcher(matches={"AB12CDE": match("AB12CDE")})
    script = [[result("AB12CDE", pass_id=1, final=False)]]
    script += [[result("XY12CDE", pass_id=n, final=False)] for n in range(2, 1_000)]
    script += [[result("AB12CDE", pass_id=1)]]
    stages = decider(script, matcher, recorder)
    for number in range(len(script)):
        stages.take(frame(number), [])
    (kept, _told) = [item.read_id for _, item in recorder.order if isinstance(item, Read)]
    assert hits(recorder)[0].read.read_id != kept


def waiting_decider(script: list[list[PassResult]], recorder: Recorder) -> Decider:
    """Return a decider in which a doubtful read waits 300 ms for its pass to become sure."""
    stages = decider(script, Matcher(matches={"AB12CDE": match("AB12CDE")}), recorder)
    stages._rules = replace(stages._rules, possible_waits_s=0.3)
    return stages


def test_a_possible_that_becomes_sure_in_time_is_one_alert() -> None:
    """One vehicle, one alert: the doubtful look is not told, the sure one is, at once."""
    recorder = Recorder()
    doubtful = result("AB12CDE", final=False, confidence=0.7)
    stages = waiting_decider([[doubtful], [], [result("AB12CDE", final=False)], []], recorder)
    for number in range(4):
        stages.take(frame(number), [])
    assert recorder.names() == ["alarm", "journal hit", "event hit"]
    assert not hits(recorder)[0].possible


def test_a_possible_that_stays_doubtful_is_told_after_its_wait() -> None:
    """It waits 300 ms (8 frames) and no longer, and is told once."""
    recorder = Recorder()
    doubtful = result("AB12CDE", final=False, confidence=0.7)
    stages = waiting_decider([[doubtful], *([[]] * 11)], recorder)
    told_at: list[int] = []
    for number in range(12):
        stages.take(frame(number), [])
        told_at += [number] * (len(recorder.names()) > 0 and not told_at)
    assert told_at == [8]
    assert recorder.names() == ["alarm", "journal hit", "event hit"]


def test_a_possible_whose_pass_ends_is_told_at_once() -> None:
    """A plate that leaves the picture while it waits is not lost."""
    recorder = Recorder()
    doubtful = result("AB12CDE", final=False, confidence=0.7)
    ended = result("AB12CDE", confidence=0.7)
    stages = waiting_decider([[doubtful], [ended]], recorder)
    stages.take(frame(0), [])
    stages.take(frame(1), [])
    assert recorder.names()[0] == "alarm"
