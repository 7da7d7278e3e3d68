"""The two confidences that decide what a match may do: *alarm* and *possible*.

They are chosen from the curve of wrong reads against marks read right:
`outrider bench accuracy ... --curve PNG` draws it, `--choose-operating-points` writes the file.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from outrider.unit.recognise.grammar import INCOMPLETE_AT_MOST
from outrider.unit.recognise.network import ModelError

OPERATING_POINTS_NAME = "operating_points.json"


class OperatingPoints(BaseModel):
    """Least calibrated confidence of a read for an alarm, for a *possible*, and to be kept.

    chosen_by: the rule and the data, for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    alarm: Annotated[float, Field(gt=INCOMPLETE_AT_MOST, lt=1)] = 0.9
    possible: Annotated[float, Field(gt=0, lt=1)] = 0.5
    kept: Annotated[float, Field(ge=0, lt=1)] = 0.1
    chosen_by: str = "not chosen from data"

    @model_validator(mode="after")
    def _in_order(self) -> "OperatingPoints":
        if not self.kept <= self.possible <= self.alarm:
            raise ValueError("kept <= possible <= alarm is required")
        return self


def load(folder: Path) -> OperatingPoints:
    """Return the operating points beside the models, or cautious ones where there is no file.

    Raises ModelError where the file is there and cannot be used.
    """
    path = folder / OPERATING_POINTS_NAME
    try:
        return OperatingPoints.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return OperatingPoints()
    except (OSError, ValidationError) as error:
        raise ModelError(f"{path}: cannot be used: {error}; install it again") from error


def save(points: OperatingPoints, folder: Path) -> Path:
    """Write the operating points beside the models; return the file."""
    path = folder / OPERATING_POINTS_NAME
    path.write_text(points.model_dump_json(by_alias=True, indent=1) + "\n", encoding="utf-8")
    return path
