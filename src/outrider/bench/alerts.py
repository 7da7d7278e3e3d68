"""Which passes of a drive would alert if their marks were listed, and which of them twice."""

from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from outrider.records import PassResult
from outrider.unit.pipeline.patience import Patience
from outrider.unit.recognise.operating_points import OperatingPoints


class Alerts:
    """Follows the unit's rule: sure at once, doubtful after its patience (`unit/pipeline`).

    Twice: a *possible*, then a sure alert of the same mark. waits_s: as `hotlist.possible_waits_s`.
    """

    def __init__(self, points: OperatingPoints, waits_s: float) -> None:
        self._points = points
        self._waits_s = waits_s
        self._waiting: dict[int, PassResult] = {}
        self._patience: dict[int, Patience] = {}
        self._told: dict[int, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
        self._by_mark: dict[str, list[bool]] = defaultdict(list)

    @property
    def passes(self) -> int:
        """Passes that would alert."""
        return len(self._told)

    @property
    def passes_twice(self) -> int:
        """Passes that would alert twice for one mark."""
        return sum(any(map(_is_twice, marks.values())) for marks in self._told.values())

    @property
    def marks(self) -> int:
        """Marks that would alert, in whatever pass."""
        return len(self._by_mark)

    @property
    def marks_twice(self) -> int:
        """Marks that would alert twice, in one pass or in two."""
        return sum(map(_is_twice, self._by_mark.values()))

    def take(self, results: Sequence[PassResult], now_ns: int, in_sight: AbstractSet[int]) -> None:
        """Take in what a frame has given, and which passes' plates it showed."""
        for pass_id, patience in self._patience.items():
            patience.look(pass_id in in_sight)
        for one in results:
            if one.text.confidence >= self._points.possible:
                self._take_one(one, now_ns)
        for pass_id, one in [*self._waiting.items()]:
            if self._patience[pass_id].is_over(now_ns, self._waits_s):
                self._tell(one)

    def _take_one(self, one: PassResult, now_ns: int) -> None:
        if self._is_sure(one):
            self._tell(one)
            return
        patience = self._patience.setdefault(one.pass_id, Patience(now_ns))
        if one.final or patience.is_over(now_ns, self._waits_s):
            self._tell(one)
        else:
            self._waiting[one.pass_id] = one

    def _is_sure(self, one: PassResult) -> bool:
        return one.text.confidence >= self._points.alarm and not one.text.ambiguous

    def _tell(self, one: PassResult) -> None:
        self._waiting.pop(one.pass_id, None)
        sure, told = self._is_sure(one), self._told[one.pass_id][one.text.vrm]
        if told and not (sure and not told[-1]):
            return
        told.append(sure)
        self._by_mark[one.text.vrm].append(sure)


def _is_twice(told: Sequence[bool]) -> bool:
    """Return whether a doubtful alert was followed by a sure one."""
    return True in told[told.index(False) :] if False in told else False
