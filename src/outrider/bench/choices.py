"""What a measurement decides: the calibration and the operating points beside the models."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from outrider.bench import rates
from outrider.bench.scoring import Scored
from outrider.unit.devices.recogniser_models import OpenedRecogniser
from outrider.unit.recognise import calibration, operating_points
from outrider.unit.recognise.calibration import Calibration
from outrider.unit.recognise.grammar import INCOMPLETE_AT_MOST
from outrider.unit.recognise.grounds import Claim
from outrider.unit.recognise.still import StillPlate


@dataclass(frozen=True, slots=True)
class Told:
    """A claim that was made, whether it was right, where it comes from, and its true mark."""

    claim: Claim
    right: bool
    source: str
    group: str


def fit_calibration(
    opened: OpenedRecogniser, scored: Scored, drawn: Scored, roads: Scored
) -> tuple[Calibration, str]:
    """Fit the calibration to what was read, write it; return it, and what to say of it.

    scored: real plates that the reader never learnt. drawn: pictures with drawn plates. roads:
    pictures without plates, on which every read is wrong.
    Raises CalibrationError with too few plates.
    """
    told = [*_told(scored, "real"), *_elsewhere(roads, "real"), *_told(drawn, "drawn")]
    told += _elsewhere(drawn, "drawn")
    marks = [one for one in told if not one.claim.letters_only]
    letters = [one for one in told if one.claim.letters_only]
    weights = calibration.fit(
        [one.claim for one in marks], [one.right for one in marks], [one.source for one in marks]
    )
    curve = calibration.fit_letters(
        [one.claim.probability for one in letters], [one.right for one in letters]
    )
    real = sum(one.source == "real" for one in told)
    fitted = Calibration(
        reader_sha256=dict(opened.recogniser.model_digests)["reader"],
        weights={name: round(value, 4) for name, value in weights.items()},
        letters_only=curve,
        fitted_on=f"{real} reads in real pictures, {len(told) - real} in drawn ones",
    )
    path = calibration.save(fitted, opened.store.folder)
    return fitted, (
        f"{path}: from {len(marks)} marks and {len(letters)} texts without a digit;"
        f" expected error {_error_unseen(marks):.3f} on real marks left out of the fit"
    )


def _told(scored: Scored, source: str) -> list[Told]:
    return [
        Told(one.read.claim, one.right, source, one.truth.mark) for one in scored.plates if one.read
    ]


def _elsewhere(scored: Scored, source: str) -> list[Told]:
    return [Told(read.claim, False, source, read.text.vrm) for read in scored.elsewhere]


def recalibrated(scored: Scored, calibrate: Calibration) -> Scored:
    """Return what was scored with every confidence as the calibration has it."""

    def read_again(read: StillPlate) -> StillPlate:
        sure = calibrate(read.claim)
        standing = read.claim.grounds.standing
        if standing is not None and standing.incomplete:
            sure = min(sure, INCOMPLETE_AT_MOST)
        return replace(read, text=replace(read.text, confidence=sure))

    plates = (replace(one, read=read_again(one.read)) if one.read else one for one in scored.plates)
    elsewhere = tuple(map(read_again, scored.elsewhere))
    return Scored(tuple(plates), elsewhere, scored.pictures)


def _error_unseen(marks: Sequence[Told]) -> float:
    """Return the error on real marks where none helped to fit its own confidence."""
    right = [one.right for one in marks]
    confidences = calibration.cross_fitted(
        [one.claim for one in marks], right, [one.group for one in marks],
        [one.source for one in marks],
    )  # fmt: skip
    real = [k for k, one in enumerate(marks) if one.source == "real"]
    table = calibration.reliability([confidences[k] for k in real], [right[k] for k in real])
    return calibration.expected_error(table)


def choose_operating_points(opened: OpenedRecogniser, scored: Scored, roads: Scored) -> str:
    """Choose the operating points by the rule of rates.choose_points, write them, say them."""
    alarm, possible = rates.choose_points(scored, roads)
    chosen = opened.points.model_copy(
        update={
            "alarm": alarm,
            "possible": possible,
            "chosen_by": (
                f"rates.choose_points on {len(scored.plates)} plates in {scored.pictures} pictures"
                f" and {roads.pictures} roads without plates"
            ),
        }
    )
    path = operating_points.save(chosen, opened.store.folder)
    return f"{path}: alarm {alarm}, possible {possible}"
