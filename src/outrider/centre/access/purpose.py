"""Why somebody asks: a purpose and an authority that are choices, a case, and words."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

_CASE = re.compile(r"[A-Z0-9][A-Z0-9/._-]{2,30}[A-Z0-9]\Z")
_LEAST_CHARACTERS = 12
_MOST_CHARACTERS = 500
_LEAST_WORDS = 3
_Choice = TypeVar("_Choice", bound=StrEnum)


class PurposeFault(ValueError):
    """A purpose that cannot stand: which part, and what is expected."""


class PurposeCode(StrEnum):
    """What reads may be looked at for."""

    VOLUME = "priority-and-volume"
    SERIOUS = "serious"
    MAJOR = "major"
    COUNTER_TERRORISM = "counter-terrorism"
    LIFE_AT_RISK = "life-at-risk"
    ASSURANCE = "assurance"
    SUBJECT_RIGHTS = "subject-rights"


class Authority(StrEnum):
    """What a search rests on: a choice, so that it can be counted and checked."""

    POLICING = "policing-purpose"
    DIRECTED_SURVEILLANCE = "directed-surveillance"
    COURT_ORDER = "court-order"
    VITAL_INTERESTS = "vital-interests"


@dataclass(frozen=True, slots=True)
class Purpose:
    """Purpose, case reference, authority and words of one request; see checked_purpose."""

    code: PurposeCode
    case: str
    words: str
    authority: Authority = Authority.POLICING


def checked_purpose(code: str, case: str, words: str, authority: str = "") -> Purpose:
    """Return what was typed, checked. Raises PurposeFault with every fault."""
    faults: list[str] = []
    known = _choice(PurposeCode, code, "purpose", faults)
    rests_on = _choice(Authority, authority or Authority.POLICING.value, "authority", faults)
    case = case.strip().upper()
    if not _CASE.match(case):
        faults.append("case: 4 to 32 letters, digits and /._- as in CR/45/26")
    words = " ".join(words.split())
    faults += _faults_of(words)
    if known is None or rests_on is None or faults:
        raise PurposeFault("; ".join(faults))
    return Purpose(known, case, words, rests_on)


def _choice(kind: type[_Choice], text: str, name: str, faults: list[str]) -> _Choice | None:
    try:
        return kind(text)
    except ValueError:
        faults.append(f"{name}: one of {', '.join(kind)}")
        return None


def _faults_of(words: str) -> list[str]:
    if any(unicodedata.category(char).startswith("C") for char in words):
        return ["words: no control characters"]
    if not _LEAST_CHARACTERS <= len(words) <= _MOST_CHARACTERS:
        return [f"words: {_LEAST_CHARACTERS} to {_MOST_CHARACTERS} characters that say why"]
    different = {word.casefold() for word in words.split() if any(map(str.isalpha, word))}
    if len(different) < _LEAST_WORDS:
        return [f"words: at least {_LEAST_WORDS} different words that say why"]
    return []
