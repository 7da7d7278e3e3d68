"""Votes of several frames become one mark, and the grammar changes only what looks alike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.records import Probabilities
from outrider.unit.recognise.grammar import as_seen, decide, is_scrap
from outrider.unit.recognise.grounds import Claim
from outrider.unit.recognise.vote import Vote, fuse_one, length_distribution
from outrider.vrm import Family, fold
from tests.unit.recognise.making import TODAY, probabilities

MARKS = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=0, max_size=9)
RAW = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).dirichlet(np.full(37, 0.3), 9).astype(np.float32)
)


def _identity(claim: Claim) -> float:
    return claim.probability


def _votes(*ballots: tuple[str, float]) -> Vote:
    vote = Vote()
    for mark, sure in ballots:
        vote.add(probabilities(mark, sure), 1.0)
    return vote


@given(MARKS)
def test_one_sure_frame_gives_its_mark(mark: str) -> None:
    """What one frame says clearly is what comes out, folded, at any length."""
    assert fuse_one(probabilities(mark)).key == fold(mark)


@given(st.lists(RAW, min_size=1, max_size=5), st.floats(0.01, 1.0))
def test_any_tensor_gives_proper_probabilities(tensors: list[Probabilities], weight: float) -> None:
    """Whatever the reader gives, places sum to one and nothing is above one or not a number."""
    vote = Vote()
    for tensor in tensors:
        vote.add(tensor, weight)
    fused = vote.fused()
    np.testing.assert_allclose(fused.places.sum(axis=1), 1.0, atol=1e-9)
    assert 0.0 <= fused.probability <= 1.0
    assert decide(fused, TODAY, _identity).confidence == fused.probability


@given(RAW)
def test_lengths_are_a_distribution(tensor: Probabilities) -> None:
    """Probabilities of 0 to 9 characters sum to one."""
    assert length_distribution(tensor).sum() == pytest.approx(1.0)


def test_the_majority_outvotes_one_wrong_character() -> None:
    """One frame that reads F for E does not carry the mark, and leaves a trace of doubt."""
    vote = _votes(("AB12CDE", 0.9), ("AB12CDF", 0.9), ("AB12CDE", 0.9))
    text = decide(vote.fused(), TODAY, _identity)
    assert text.vrm == "AB12CDE"
    assert dict(text.characters[6].alternatives).get("F", 0) > 0.01


def test_a_frame_that_lost_a_character_does_not_shift_the_others() -> None:
    """Frames of another length vote under that length, not against every character behind."""
    vote = _votes(("AB12CDE", 0.9), ("B12CDE", 0.9), ("AB12CDE", 0.9), ("AB12CDEE", 0.9))
    fused = vote.fused()
    assert fused.key == "AB12CDE"
    assert fused.places.max(axis=1).min() > 0.9


def test_agreement_makes_surer_and_doubt_less_sure() -> None:
    """Two frames that agree are surer than one; one that differs makes the mark less sure."""
    one = _votes(("AB12CDE", 0.9)).fused().probability
    assert _votes(("AB12CDE", 0.9), ("AB12CDE", 0.9)).fused().probability > one
    assert _votes(("AB12CDE", 0.9), ("XB12CDE", 0.9)).fused().probability < one


def _two_ways() -> Probabilities:
    """Return a look that leaves three characters of YP61NCU open, 2 to 1 against another each."""
    sure, other = probabilities("YP61NCU"), probabilities("VPG1NDU")
    return np.asarray(0.65 * sure + 0.35 * other, np.float32)


@given(st.integers(1, 400), st.floats(0.02, 0.1))
def test_many_tiny_pictures_settle_no_mark(frames: int, weight: float) -> None:
    """A far plate that is read in the same doubtful way again and again does not become sure."""
    vote = Vote()
    for _ in range(frames):
        vote.add(_two_ways(), weight)
    assert vote.fused().probability < 0.5


def test_good_pictures_that_agree_do_settle_it() -> None:
    """As many clear pictures with the same doubt do make a mark sure."""
    vote = Vote()
    for _ in range(40):
        vote.add(_two_ways(), 0.8)
    assert vote.fused().probability > 0.8


def test_a_good_picture_outweighs_a_poor_one() -> None:
    """The vote of a sharp large plate counts for more than that of a small one."""
    vote = Vote()
    vote.add(probabilities("AB12CDE", 0.8), 1.0)
    vote.add(probabilities("AB12CDF", 0.9), 0.2)
    assert vote.fused().key == "AB12CDE"


@pytest.mark.parametrize(
    ("seen", "vrm"),
    [("0O0OXX0", "0O0OXX0"), ("ABI2COE", "AB12COE"), ("AB12C0E", "AB12COE"), ("B1OABC", "B10ABC")],
)
def test_the_grammar_settles_letters_and_digits_drawn_alike(seen: str, vrm: str) -> None:
    """O for 0 and I for 1 follow the family; a mark of no family stays as it was seen."""
    text = decide(fuse_one(probabilities(seen)), TODAY, _identity)
    assert (text.vrm, text.raw) == (vrm, seen)


@given(MARKS)
def test_the_grammar_never_changes_another_character(mark: str) -> None:
    """Whatever is read, only O/0 and I/1 may differ between what was seen and what is said."""
    fused = fuse_one(probabilities(mark))
    text = decide(fused, TODAY, _identity)
    assert fold(text.vrm) == fold(text.raw) == fold(mark)
    assert as_seen(fused) == mark
    assert len(text.characters) == len(mark)


def test_two_legal_readings_are_said_to_be_ambiguous() -> None:
    """A Northern Irish I and a dateless 1 share a drawing: the choice is the reader's, marked."""
    text = decide(fuse_one(probabilities("OIL1")), TODAY, _identity)
    assert text.ambiguous == (text.family.value != "unknown")


@pytest.mark.parametrize("mark", ["J12345", "X12345", "G12345", "A1000"])
def test_a_mark_of_another_land_is_said_as_it_was_seen_and_ambiguous(mark: str) -> None:
    """Jersey's J12345 was said as JI2345, a Northern Ireland mark, and as sure."""
    text = decide(fuse_one(probabilities(mark)), TODAY, _identity)
    assert (text.vrm, text.ambiguous) == (mark, True)


def test_four_digits_are_believed_only_when_the_reader_is_sure() -> None:
    """Guernsey has such marks, but so has every house number and telephone number."""
    text = decide(fuse_one(probabilities("4321")), TODAY, _identity)
    assert text.family is Family.GUERNSEY
    assert is_scrap(text, text.confidence + 0.01)
    assert not is_scrap(text, text.confidence)


def test_a_vote_without_weight_is_refused() -> None:
    """A weight of zero would make the vote a division by nothing."""
    with pytest.raises(ValueError, match="not above 0"):
        Vote().add(probabilities("A1"), 0.0)
