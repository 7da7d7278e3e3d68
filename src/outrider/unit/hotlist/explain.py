"""Say in words what matched and why, for officers, and for whoever asks about it afterwards."""

from outrider.clock import said_duration
from outrider.records import CharacterDifference, Match, MatchClass


def explain(match: Match, read_vrm: str) -> list[str]:
    """Return the reasons for a match, a sentence a line."""
    entry = match.entry
    age = "age unknown" if match.list_age_s is None else f"{said_duration(match.list_age_s)} old"
    lines = [
        f"list {match.list_name}, revision {match.list_revision}, {age}: lists {entry.vrm}",
        _how(match, read_vrm),
        *(difference_text(difference) for difference in match.differences),
        f"asks for {entry.response.value}, priority {entry.priority}"
        + (f"; reason: {entry.reason}" if entry.reason else ""),
    ]
    if match.match_class is MatchClass.LOOK_ALIKE:
        lines.append("a look-alike is a possible, never a stop: confirm the mark by eye")
    return lines


def _how(match: Match, read_vrm: str) -> str:
    if match.match_class is MatchClass.WILDCARD:
        return f"{read_vrm} fits the listed wildcard {match.entry.vrm}"
    if match.match_class is MatchClass.LOOK_ALIKE:
        return f"{read_vrm} is not listed; it differs in one character that the read leaves open"
    if read_vrm == match.entry.vrm:
        return f"{read_vrm} is listed exactly so"
    return f"{read_vrm} and {match.entry.vrm} are drawn alike: O as 0, I as 1"


def difference_text(difference: CharacterDifference) -> str:
    """Return what differs, where, and how likely the reader thought the listed character."""
    place = difference.place + 1
    if not difference.listed:
        return f"character {place}: read {difference.read}, the listed mark has none there"
    if not difference.read:
        return f"character {place}: the listed mark has {difference.listed}, none was read"
    return (
        f"character {place}: read {difference.read}, listed {difference.listed};"
        f" the reader gave {difference.listed} a probability of"
        f" {difference.probability_listed:.2f}"
    )
