"""What a measurement decides: the calibration and the operating points beside the models."""

from dataclasses import replace

from outrider.bench import rates
from outrider.bench.scoring import Scored
from outrider.unit.devices.recogniser_models import OpenedRecogniser
from outrider.unit.recognise import calibration, operating_points
from outrider.unit.recognise.calibration import Calibration
from outrider.unit.recognise.still import StillPlate


def fit_calibration(opened: OpenedRecogniser, scored: Scored) -> tuple[Calibration, str]:
    """Fit the calibration to the reads of plates, write it; return it, and what to say of it.

    Raises CalibrationError with too few plates. Run it on plates that the reader never learnt.
    """
    told = [(one.read.probability, one.right) for one in scored.plates if one.read]
    offset, slope, per_log_frames = calibration.fit(
        [probability for probability, _ in told], [1] * len(told), [right for _, right in told]
    )
    digests = dict(opened.recogniser.model_digests)
    fitted = Calibration(
        reader_sha256=digests["reader"],
        offset=round(offset, 4),
        slope=round(slope, 4),
        per_log_frames=round(per_log_frames, 4),
        fitted_on=f"{len(told)} reads of real plates in {scored.pictures} pictures",
    )
    path = calibration.save(fitted, opened.store.folder)
    return fitted, (
        f"{path}: offset {offset:.3f}, slope {slope:.3f}, from {len(told)} reads;"
        f" expected error {_error_unseen(scored):.3f} on marks left out of the fit"
    )


def recalibrated(scored: Scored, calibrate: Calibration) -> Scored:
    """Return what was scored with every confidence as the calibration has it."""

    def read_again(read: StillPlate) -> StillPlate:
        sure = calibrate(read.probability, 1)
        return replace(read, text=replace(read.text, confidence=sure))

    plates = (replace(one, read=read_again(one.read)) if one.read else one for one in scored.plates)
    elsewhere = tuple(map(read_again, scored.elsewhere))
    return Scored(tuple(plates), elsewhere, scored.pictures)


def _error_unseen(scored: Scored) -> float:
    """Return the expected calibration error where no mark helped to fit its own confidence."""
    told = [(one.read.probability, one) for one in scored.plates if one.read]
    right = [one.right for _, one in told]
    confidences = calibration.cross_fitted(
        [probability for probability, _ in told], right, [one.truth.mark for _, one in told]
    )
    return calibration.expected_error(calibration.reliability(confidences, right))


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
