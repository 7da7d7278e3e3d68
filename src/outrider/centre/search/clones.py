"""Clone suspects: two reads of one mark that no one car can have been at both of."""

from outrider.centre.search.answers import CloneSuspect
from outrider.centre.store import pattern_queries
from outrider.centre.store.bounds import Bounds
from outrider.centre.store.columns import from_us
from outrider.centre.store.fixes import Fixes
from outrider.centre.store.places import metres_between
from outrider.centre.store.queries import SearchSession
from outrider.centre.store.questions import Leap, Question

FASTER_KMH = 240.0  # no road leads straight: beyond this, as the crow flies, it was two cars
SLACK_M = 2_000.0  # of positions and clocks together


def suspects(
    session: SearchSession, bounds: Bounds, question: Question, most: int, fixes: Fixes
) -> list[CloneSuspect]:
    """Return suspects, by mark and time."""
    leaps = pattern_queries.leaps(session, bounds, question, FASTER_KMH / 3.6, SLACK_M, most, fixes)
    return [found for leap in leaps if (found := _suspect(leap)) is not None]


def _suspect(leap: Leap) -> CloneSuspect | None:
    first_id, first_us, *first_at = leap.first
    second_id, second_us, *second_at = leap.second
    metres = metres_between((first_at[0], first_at[1]), (second_at[0], second_at[1]))
    seconds = (second_us - first_us) / 1e6
    if metres - SLACK_M <= seconds * FASTER_KMH / 3.6:
        return None
    speed = metres / max(seconds, 1.0) * 3.6
    doubt = "two reads by eye: a misread of either explains it as well as a clone"
    return CloneSuspect(
        leap.vrm, first_id, from_us(first_us), second_id, from_us(second_us),
        round(metres / 1000, 1), round(seconds / 60, 1), round(speed), doubt,
    )  # fmt: skip
