"""What is said of a hit.

"Stolen. Stop. Alpha Bravo one two, Charlie Delta Echo. Blue Ford Focus."
"""

import re

from outrider.records import Hit, MatchClass

_LETTERS = (
    "Alpha Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November"
    " Oscar Papa Quebec Romeo Sierra Tango Uniform Victor Whisky X-ray Yankee Zulu"
)
_DIGITS = "zero one two three four five six seven eight nine"
_WORDS = {word[0].upper(): word for word in _LETTERS.split()} | {
    str(digit): word for digit, word in enumerate(_DIGITS.split())
}
_GROUPS = (
    re.compile(r"([A-Z]{2}\d{2})([A-Z]{3})"),  # current
    re.compile(r"([A-Z]\d{1,3})([A-Z]{3})"),  # prefix
    re.compile(r"([A-Z]{3})(\d{1,3}[A-Z])"),  # suffix
)
_RUNS = re.compile(r"[A-Z]+|\d+")
# Spoken as they stand. Brackets are none of them: the synthesiser takes [[...]] for phonemes.
_SPOKEN = re.compile(r"[^\w.,;:!?'’&+%/£°-]+")
_SENTENCE_MAX = 300


def spell(vrm: str) -> str:
    """Return a mark letter by letter in the ICAO alphabet, with a comma at the plate's gap."""
    for form in _GROUPS:
        found = form.fullmatch(vrm)
        if found is not None:
            return ", ".join(_spell_group(group) for group in found.groups())
    return ", ".join(_spell_group(group) for group in _RUNS.findall(vrm))


def _spell_group(group: str) -> str:
    return " ".join(_WORDS[char] for char in group)


def _sentence(text: str) -> str:
    text = _SPOKEN.sub(" ", text)[:_SENTENCE_MAX].strip(" -")
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def sentences(hit: Hit, late: bool = False) -> list[str]:
    """Return what to say, in order. A *possible* is said to be one before anything else.

    The listed mark is spelt, because that is the vehicle looked for; under a wildcard, the mark as
    read.
    """
    entry = hit.match.entry
    mark = hit.read.text.vrm if hit.match.match_class is MatchClass.WILDCARD else entry.vrm
    vehicle = " ".join((entry.colour, entry.make, entry.model)).title()
    said = [
        "Late" if late else "",
        "Possible" if hit.possible else "",
        "Earlier read" if hit.look_back else "",
        entry.reason,
        hit.response.value,
        f"Warning, {entry.warning_markers.lower()}" if entry.warning_markers.strip() else "",
        spell(mark),
        vehicle,
    ]
    return [sentence for sentence in map(_sentence, said) if sentence]


def text_of(hit: Hit, late: bool = False) -> str:
    """Return what to say of a hit as one text."""
    return " ".join(sentences(hit, late))
