"""One pass of one plate: its votes, its motion, and the best picture of it so far."""

from dataclasses import dataclass

from outrider.records import Corners, Observation, PassResult, PlateText
from outrider.unit.recognise.direction import SizeTrend
from outrider.unit.recognise.evidence import FrameViews, KeptViews, encode
from outrider.unit.recognise.grounds import Grounds
from outrider.unit.recognise.motion import Motion, Placed
from outrider.unit.recognise.pass_votes import PassVotes
from outrider.unit.recognise.quality import weight
from outrider.unit.recognise.vote import Fused, fuse_one

_MOST_VIEWS = 2  # candidates for the mark of a pass whose pictures are kept
_PART_MERIT = 0.3  # of a picture that shows the plate cut off or partly hidden
_BETTER_BY = 1.15  # a new picture replaces the kept one only if it is clearly better


@dataclass(frozen=True, slots=True)
class Look:
    """One observation with what it says by itself, and what its vote weighs."""

    seen: Observation
    fused: Fused
    weight: float
    place: Placed
    grounds: Grounds

    @classmethod
    def of(cls, seen: Observation) -> "Look":
        """Return the look of an observation."""
        place = Placed.of(seen.detection.corners, seen.frame.mono_ns)
        fused = fuse_one(seen.probabilities)
        return cls(seen, fused, weight(seen), place, Grounds.of(seen))

    @property
    def merit(self) -> float:
        """How good a piece of evidence its picture is; one that shows all of the plate is best."""
        standing = self.seen.standing
        part = _PART_MERIT if standing is not None and standing.incomplete else 1.0
        return self.weight * self.fused.probability * part


@dataclass(frozen=True, slots=True)
class _Kept:
    key: str
    merit: float
    mono_ns: int
    corners: Corners
    views: KeptViews
    grounds: Grounds


class Pass:
    """What is known of a plate in sight. Its size does not grow with the number of frames."""

    def __init__(self, pass_id: int, first: Look, views: FrameViews) -> None:
        self.pass_id = pass_id
        self.first_mono_ns = first.place.mono_ns
        self.motion = Motion(first.place)
        self.told: dict[str, int] = {}
        self._votes = PassVotes()
        self._trend = SizeTrend()
        self._kept: list[_Kept] = []
        self.fused = self._take(first, views)

    @property
    def last_mono_ns(self) -> int:
        """When it was last seen."""
        return self.motion.last.mono_ns

    @property
    def frames(self) -> int:
        """How many frames have voted."""
        return self._votes.frames

    def add(self, look: Look, views: FrameViews) -> None:
        """Take in a further look at the plate, from a later frame."""
        self.motion.move_to(look.place)
        self.fused = self._take(look, views)

    @property
    def grounds(self) -> Grounds:
        """What the mark's confidence rests on beside the votes."""
        key = self.fused.key
        return self._votes.grounds(self._best_for(key).grounds, key)

    def result(self, text: PlateText, final: bool) -> PassResult:
        """Return what the pass has given, with the picture that says so best."""
        best = self._best_for(self.fused.key)
        return PassResult(
            pass_id=self.pass_id,
            text=text,
            mono_ns=best.mono_ns,
            first_mono_ns=self.first_mono_ns,
            last_mono_ns=self.last_mono_ns,
            direction=self._trend.direction(),
            frames_fused=self._votes.frames,
            corners=best.corners,
            pictures=encode(best.views),
            final=final,
        )

    def _take(self, look: Look, views: FrameViews) -> Fused:
        self._votes.add(look.seen, look.fused.key, look.weight)
        self._trend.add(look.place.mono_ns, look.place.height_px)
        self._keep_if_best(look, views)
        return self._votes.fused()

    def _keep_if_best(self, look: Look, views: FrameViews) -> None:
        key = look.fused.key
        same = next((one for one in self._kept if one.key == key), None)
        if same is not None and look.merit < same.merit * _BETTER_BY:
            return
        others = [one for one in self._kept if one is not same]
        if same is None and len(others) >= _MOST_VIEWS:
            weakest = min(others, key=lambda one: one.merit)
            if look.merit < weakest.merit * _BETTER_BY:
                return
            others.remove(weakest)
        corners = look.seen.detection.corners
        instant = look.place.mono_ns
        kept = _Kept(key, look.merit, instant, corners, views.of(corners), look.grounds)
        self._kept = [*others, kept]

    def _best_for(self, key: str) -> _Kept:
        """Return the best picture that says the mark, or the best of all where none does."""
        saying = [one for one in self._kept if one.key == key]
        return max(saying or self._kept, key=lambda one: one.merit)
