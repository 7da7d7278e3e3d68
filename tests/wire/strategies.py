"""Hypothesis strategies for what crosses the wire."""

import uuid

from hypothesis import strategies as st

from outrider.clock import ClockQuality, UtcStamp
from outrider.records import (
    ActionKind,
    CharacterDifference,
    CharacterGuess,
    Direction,
    FixQuality,
    Hit,
    Match,
    MatchClass,
    OfficerAction,
    Origin,
    PictureFacts,
    PlateText,
    Position,
    Read,
    Response,
    Role,
    Standing,
    VehicleOfInterest,
)
from outrider.vrm import Family
from outrider.wire.audit import AuditEvent, AuditKind
from outrider.wire.crew_entry import CrewEvent, CrewRecord

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_said = _text.filter(lambda text: bool(text.strip()))
_unit = st.floats(0, 1)
_finite = st.floats(allow_nan=False, allow_infinity=False)
_maybe = st.none() | _finite
_uuids = st.uuids() | st.builds(uuid.UUID, int=st.integers(0, 2**128 - 1))
stamps = st.builds(UtcStamp, st.integers(0, 2**62), st.sampled_from(ClockQuality), _finite)
_pairs = st.lists(st.tuples(_text, _unit), max_size=3).map(tuple)
_guesses = st.builds(CharacterGuess, _text, _unit, _pairs)
texts = st.builds(
    PlateText,
    _text,
    _text,
    st.sampled_from(Family),
    _unit,
    st.lists(_guesses, max_size=9).map(tuple),
    st.booleans(),
    st.none() | st.builds(Standing, _unit, _unit, st.booleans()),
)
_positions = st.builds(
    Position, _maybe, _maybe, _maybe, _maybe, st.sampled_from(FixQuality), _maybe, _maybe
)
_digests = st.lists(st.tuples(_text, _text), max_size=3).map(tuple)
_origins = st.builds(Origin, _text, _text, _text, _digests)
_corners = st.lists(st.tuples(_finite, _finite), max_size=4).map(tuple)
_pictures = st.lists(
    st.builds(PictureFacts, st.sampled_from(Role), st.integers(1, 2**32), _text),
    unique_by=lambda facts: facts.role,
).map(tuple)
reads = st.builds(
    Read,
    _uuids,
    texts,
    stamps,
    st.integers(0, 2**62),
    _positions,
    _origins,
    st.sampled_from(Direction),
    st.integers(1, 500),
    _corners,
    _pictures,
    _text,
)
_entries = st.builds(
    VehicleOfInterest,
    _text,
    _text,
    st.sampled_from(Response),
    st.integers(1, 4),
    instruction=_text,
    valid_from=st.none() | st.dates(),
    weed_date=st.none() | st.dates(),
)
_differences = st.builds(CharacterDifference, st.integers(0, 8), _text, _text, _unit)
_matches = st.builds(
    Match,
    _text,
    _text,
    _maybe,
    st.sampled_from(MatchClass),
    _entries,
    st.lists(_differences, max_size=2).map(tuple),
)
hits = st.builds(Hit, _uuids, reads, _matches, st.booleans())
actions = st.builds(OfficerAction, _uuids, st.sampled_from(ActionKind), stamps, _text)
audits = st.builds(
    AuditEvent, _uuids, st.sampled_from(AuditKind), stamps, _said, _said, _said, _said
)
_events = st.builds(
    CrewEvent, _text, st.integers(1, 10**6), _text, _text, _text, st.integers(0, 2**62), _text
)
crew_records = st.builds(CrewRecord, st.integers(1, 10**6), _events, _text, _text)
records = reads | hits | actions | audits | crew_records
