"""From pass results to alarm, journal and events."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from outrider.clock import ClockQuality, RecordedClock, UtcStamp
from outrider.records import (
    ActionKind,
    Fix,
    FixQuality,
    Hit,
    Match,
    MatchClass,
    OfficerAction,
    PassResult,
    PlateText,
    Position,
    Read,
    Response,
    Role,
    facts_of,
)
from outrider.unit.hotlist.lookback import LookBack
from outrider.unit.pipeline.decide import Decider, Outputs, Rules
from outrider.unit.pipeline.tag import Tagger, repeatable_bits
from outrider.unit.ports import Verdict
from outrider.unit.recognise.operating_points import OperatingPoints
from tests.unit.fakes import (
    MS,
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
    again = OfficerAction(hits(recorder)[0].hit_id, ActionKind.MISREAD, stamp)
    recorder.pending.append(again)
    stages.rounds(Nowhere())
    assert recorder.order[-2:] == [("journal action", again), ("event action", again)]
    assert stages.counts.acknowledged == 2


def test_dark_pictures_mean_night() -> None:
    """The alarm unit is told that it is dark, and that the speed is not known."""
    recorder = Recorder()
    stages = decider([], Matcher(), recorder)
    stages.take(frame(0, grey=10), [])
    stages.rounds(Nowhere())
    assert recorder.contexts == [(None, True)]


def test_the_alarm_unit_is_told_the_speed() -> None:
    """Volume and driver-safe text hang on it."""
    recorder = Recorder()
    fix = Fix(0, 0, 52.0, -1.5, 12.5, 90.0, FixQuality.FIX_3D, 3.0)
    decider([], Matcher(), recorder).rounds(Nowhere(fix=fix))
    assert recorder.contexts == [(12.5, False)]


def test_night_comes_and_goes_slowly() -> None:
    """One bright frame in the dark is a lamp, not day; a picture just bright enough is day."""
    stages = decider([], Matcher(), Recorder())
    assert not stages.night
    stages.take(frame(0, grey=0), [])
    stages.take(frame(1, grey=255), [])
    assert stages.night
    for number in range(2, 20):
        stages.take(frame(number, grey=255), [])
    assert not stages.night
    for number in range(20, 90):
        stages.take(frame(number, grey=0), [])
    assert stages.night
    at_the_bound = decider([], Matcher(), Recorder())
    at_the_bound.take(frame(0, grey=40), [])
    assert not at_the_bound.night


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


def waiting_decider(
    script: list[list[PassResult]], recorder: Recorder, waits_s: float = 0.3
) -> Decider:
    """Return a decider in which a doubtful read waits 300 ms for its pass to become sure."""
    stages = decider(script, Matcher(matches={"AB12CDE": match("AB12CDE")}), recorder)
    stages._rules = replace(stages._rules, possible_waits_s=waits_s)
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


@pytest.mark.parametrize("waits_s", [0.3, 0.32])
def test_a_possible_that_stays_doubtful_is_told_after_its_wait(waits_s: float) -> None:
    """It waits 300 ms (8 frames), or 8 frames to the ns, and no longer, and is told once."""
    recorder = Recorder()
    doubtful = result("AB12CDE", final=False, confidence=0.7)
    stages = waiting_decider([[doubtful], *([[]] * 11)], recorder, waits_s)
    told_at: list[int] = []
    for number in range(12):
        stages.take(frame(number), [])
        told_at += [number] * (len(recorder.names()) > 0 and not told_at)
    assert told_at == [8]
    assert recorder.names() == ["alarm", "journal hit", "event hit"]


def taken_every(half_s: int, stages: Decider, frames: int) -> None:
    """Take so many frames, each so many half seconds after the one before."""
    for number in range(frames):
        stages.take(replace(frame(number), mono_ns=number * half_s * 500 * MS), [])


def test_a_slow_machine_gives_one_alert_too() -> None:
    """At two frames a second a wait of 300 ms would be over before the plate is looked at again."""
    recorder = Recorder()
    doubtful = result("AB12CDE", final=False, confidence=0.7)
    stages = waiting_decider([[doubtful], [], [result("AB12CDE", final=False)], []], recorder)
    taken_every(1, stages, 4)
    assert recorder.names() == ["alarm", "journal hit", "event hit"]
    assert not hits(recorder)[0].possible


def test_a_possible_is_told_when_its_plate_leaves_the_picture() -> None:
    """Three frames without it: no surer look will come, so the crew waits no longer."""
    recorder = Recorder()
    doubtful = result("AB12CDE", final=False, confidence=0.7)
    stages = waiting_decider([[doubtful]], recorder)
    stages._rules = replace(stages._rules, possible_waits_s=5.0)
    stages._tracker.seen = [{1}, {1}, set(), set(), set()]  # type: ignore[attr-defined]
    told = []
    for number in range(5):
        stages.take(frame(number), [])
        told.append(len(recorder.names()))
    assert told == [0, 0, 0, 0, 3]
    assert hits(recorder)[0].possible


def test_a_pass_that_waits_for_nothing_holds_up_no_other() -> None:
    """A doubtful read of a later pass is told in its time though an earlier pass has no wait."""
    recorder = Recorder()
    sure = result("CD34EFG", pass_id=1, final=False)
    doubtful = result("AB12CDE", pass_id=2, final=False, confidence=0.7)
    stages = waiting_decider([[sure, doubtful], *([[]] * 11)], recorder)
    for number in range(12):
        stages.take(frame(number), [])
    assert [hit.read.text.vrm for hit in hits(recorder)] == ["AB12CDE"]


def test_without_a_wait_a_possible_is_told_at_once() -> None:
    """possible_waits_s = 0: for those who want every look, and take two alerts for it."""
    recorder = Recorder()
    doubtful = result("AB12CDE", final=False, confidence=0.7)
    stages = waiting_decider([[doubtful]], recorder)
    stages._rules = replace(stages._rules, possible_waits_s=0.0)
    stages.take(frame(0), [])
    assert hits(recorder)[0].possible


def test_a_possible_whose_pass_ends_is_told_at_once() -> None:
    """A plate that leaves the picture while it waits is not lost."""
    recorder = Recorder()
    doubtful = result("AB12CDE", final=False, confidence=0.7)
    ended = result("AB12CDE", confidence=0.7)
    stages = waiting_decider([[doubtful], [ended]], recorder)
    stages.take(frame(0), [])
    stages.take(frame(1), [])
    assert recorder.names()[0] == "alarm"


def test_a_possible_of_a_pass_that_is_forgotten_is_told() -> None:
    """What waits when its pass is the oldest of too many is told then, and not lost."""
    recorder = Recorder()
    doubtful = result("AB12CDE", pass_id=1, final=False, confidence=0.7)
    others = [result("XY12CDE", pass_id=n, final=False) for n in range(2, 258)]
    stages = waiting_decider([[doubtful, *others[:-1]], [others[-1]]], recorder)
    stages.take(frame(0), [])
    assert recorder.names() == [], "256 passes are remembered"
    stages.take(frame(1), [])
    assert recorder.names() == ["alarm", "journal hit", "event hit"]


def test_what_is_heard_is_what_is_kept_and_what_is_shown() -> None:
    """One hit goes to all three, whole: its name, its read, its match; it is no look-back."""
    recorder, listed = Recorder(), match("AB12CDE")
    decider([[result("AB12CDE")]], Matcher(matches={"AB12CDE": listed}), recorder).take(
        frame(0), []
    )
    heard, kept, shown = (dict(recorder.order)[n] for n in ("alarm", "journal hit", "event hit"))
    assert isinstance(kept, Hit)
    assert heard == kept == shown
    assert kept.hit_id.version == 7
    assert kept.match == listed
    assert kept.look_back is False
    assert kept.read.hotlist_revision == "r1"
    assert dict(recorder.order)["journal read"] == dict(recorder.order)["event read"]


def test_every_read_and_hit_is_counted() -> None:
    """Three vehicles, each listed, two of them revised after they had sounded."""
    marks = ("AB12CDE", "AB12CDF", "AB12CDG")
    script = [[result(m, pass_id=n, final=False)] for n, m in enumerate(marks)]
    ends = ("AB12CDE", "XY12CDF", "XY12CDG")
    script += [[result(m, pass_id=n)] for n, m in enumerate(ends)]
    stages = decider(script, Matcher(matches={m: match(m) for m in marks}), Recorder())
    for number in range(len(script)):
        stages.take(frame(number), [])
    counts = stages.counts
    assert (counts.reads, counts.hits, counts.revised_after_hit) == (3, 3, 2)


def test_a_pass_that_has_ended_is_over() -> None:
    """A later pass under the same number is another read."""
    recorder = Recorder()
    stages = decider([[result("AB12CDE")], [result("XY12CDE")]], Matcher(), recorder)
    stages.take(frame(0), [])
    stages.take(frame(1), [])
    names = [item.read_id for name, item in recorder.order if isinstance(item, Read)]
    assert len(set(names)) == 2


@pytest.mark.parametrize(
    ("confidence", "told", "possible"),
    [(0.9, True, False), (0.8999, True, True), (0.5, True, True), (0.4999, False, False)],
)
def test_the_operating_points_themselves_are_within(
    confidence: float, told: bool, possible: bool
) -> None:
    """A read exactly at the alarm point is sure, one exactly at the other point is a possible."""
    recorder = Recorder()
    matcher = Matcher(matches={"AB12CDE": match("AB12CDE")})
    stages = decider([[result("AB12CDE", confidence=confidence)]], matcher, recorder)
    stages.take(frame(0), [])
    assert [hit.possible for hit in hits(recorder)] == [possible] * told
    memory = stages._rules.look_back
    assert isinstance(memory, LookBack)
    assert memory.held == told


@dataclass
class Asked(Matcher):
    """Notes what it was asked."""

    asked: list[tuple[str, Position, int]] = field(default_factory=list)

    def match(self, text: PlateText, position: Position, utc_ns: int) -> Sequence[Match]:
        self.asked.append((text.vrm, position, utc_ns))
        return super().match(text, position, utc_ns)


def test_an_entry_is_judged_where_and_when_the_plate_was_seen() -> None:
    """Areas and hours hold at the exposure, not at the look-up."""
    recorder, matcher = Recorder(), Asked()
    decider([[result("AB12CDE")]], matcher, recorder).take(frame(7), [])
    (kept, _) = [item for _, item in recorder.order if isinstance(item, Read)]
    assert matcher.asked == [("AB12CDE", kept.position, kept.at.utc_ns)]


@dataclass
class Judging(Once):
    """Notes what it judged, and answers always alike."""

    answer: Verdict = Verdict.ALARM
    judged: list[tuple[uuid.UUID, Match, bool]] = field(default_factory=list)

    def judge(self, read: Read, match: Match, possible: bool) -> Verdict:
        self.judged.append((read.read_id, match, possible))
        return self.answer


@pytest.mark.parametrize("match_class", [MatchClass.EXACT, MatchClass.LOOK_ALIKE])
@pytest.mark.parametrize("confidence", [0.99, 0.7])
def test_the_repeat_rule_knows_what_is_only_possible(
    match_class: MatchClass, confidence: float
) -> None:
    """A look-alike or a doubtful read: a sure one after it is news, not a repetition."""
    recorder, rule = Recorder(), Judging()
    found = match("AB12CDE", match_class=match_class)
    stages = decider(
        [[result("AB12CDE", confidence=confidence)]], Matcher(matches={"AB12CDE": found}), recorder
    )
    stages._rules = replace(stages._rules, repeat=rule)
    stages.take(frame(0), [])
    (hit,) = hits(recorder)
    possible = match_class is MatchClass.LOOK_ALIKE or confidence < 0.9
    assert rule.judged == [(hit.read.read_id, found, possible)]
    assert hit.possible == possible


def test_only_a_mark_that_the_crew_was_told_counts_as_revised() -> None:
    """A repetition that nobody heard and a vote that stays are no revision."""
    listed = Matcher(matches={"AB12CDE": match("AB12CDE")})
    script = [[result("AB12CDE", final=False)], [result("XY12CDE")]]
    unheard = decider(script, listed, Recorder())
    unheard._rules = replace(unheard._rules, repeat=Judging(answer=Verdict.REPEAT))
    kept = decider([[result("AB12CDE", final=False)], [result("AB12CDE")]], listed, Recorder())
    for stages in (unheard, kept):
        stages.take(frame(0), [])
        stages.take(frame(1), [])
        assert stages.counts.revised_after_hit == 0


@dataclass
class Remembering(LookBack):
    """Notes what it was given to remember."""

    given: list[tuple[Read, tuple[Match, ...], str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def remember(self, read: Read, matches: tuple[Match, ...], revision: str) -> None:
        self.given.append((read, matches, revision))
        super().remember(read, matches, revision)


def test_a_shifts_reads_are_remembered_with_what_they_met() -> None:
    """What has been told is not told again by a newer list."""
    recorder, memory, found = Recorder(), Remembering(), match("AB12CDE")
    script = [[result("AB12CDE", final=False)], [result("AB12CDE")]]
    stages = decider(script, Matcher(matches={"AB12CDE": found}), recorder)
    stages._rules = replace(stages._rules, look_back=memory)
    stages.take(frame(0), [])
    stages.take(frame(1), [])
    (kept, _) = [item for _, item in recorder.order if isinstance(item, Read)]
    assert memory.given == [(kept, (found, found), "r1")]
