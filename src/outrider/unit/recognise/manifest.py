"""The models that ship: which files, for which input sizes, and with which digests."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from outrider.unit.recognise.network import ModelError

MANIFEST_NAME = "manifest.json"
MODELS_VARIABLE = "OUTRIDER_MODELS"
Precision = Literal["int8", "f32"]

_IN_CHECKOUT = Path(__file__).resolve().parents[4] / "models"
_PACKAGED = Path(__file__).with_name("models")  # setup.py puts them there
_SYSTEM = Path("/usr/share/outrider/models")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Variant(_Part):
    """One file: a network exported at one input size and precision."""

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+\.tflite$")]
    precision: Precision
    width_px: Annotated[int, Field(ge=8, le=8192)]
    height_px: Annotated[int, Field(ge=8, le=8192)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class DetectorModels(_Part):
    """The detector at several input sizes; score_threshold: least peak that counts as a plate."""

    variants: Annotated[tuple[Variant, ...], Field(min_length=1)]
    stride_px: Annotated[int, Field(ge=1)]
    score_threshold: Annotated[float, Field(gt=0, lt=1)]


class ReaderModels(_Part):
    """The reader; alphabet: the classes of a slot, the last of them blank."""

    variants: Annotated[tuple[Variant, ...], Field(min_length=1)]
    alphabet: Annotated[str, Field(min_length=2)]
    slots: Annotated[int, Field(ge=1, le=16)]


class StraightenerModels(_Part):
    """The network that moves the detector's corners onto the plate's."""

    variants: Annotated[tuple[Variant, ...], Field(min_length=1)]


class Manifest(_Part):
    """What models/manifest.json says."""

    schema_version: Annotated[Literal[1], Field(alias="schema")]
    detector: DetectorModels
    reader: ReaderModels
    straightener: StraightenerModels | None = None


@dataclass(frozen=True, slots=True)
class ModelStore:
    """A folder of models with its manifest."""

    folder: Path
    manifest: Manifest

    def load(self, variant: Variant) -> bytes:
        """Return the bytes of a model whose digest is the manifest's.

        Raises ModelError where the file is missing, unreadable, or another than was shipped.
        """
        path = self.folder / variant.file
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(
                f"{path}: cannot be read: {error}; install the models again"
            ) from error
        digest = hashlib.sha256(content).hexdigest()
        if digest != variant.sha256:
            raise ModelError(
                f"{path}: SHA-256 is {digest[:16]}..., the manifest says {variant.sha256[:16]}...:"
                " the file is damaged or another version; install the models again"
            )
        return content


def find_models(folder: Path | None = None) -> Path:
    """Return the folder of the models.

    A given folder is used, or else the one that $OUTRIDER_MODELS names; without either, the first
    that has a manifest of: models/ of the checkout, those in the installed package,
    /usr/share/outrider/models. Raises ModelError naming what was looked for.
    """
    named = folder or (Path(value) if (value := os.environ.get(MODELS_VARIABLE)) else None)
    places = [named] if named else [_IN_CHECKOUT, _PACKAGED, _SYSTEM]
    for place in places:
        if (place / MANIFEST_NAME).is_file():
            return place
    raise ModelError(
        "no models: looked for " + ", ".join(str(place / MANIFEST_NAME) for place in places) + "; "
        f"install them, or name their folder by recogniser.models_dir or ${MODELS_VARIABLE}"
    )


def open_store(folder: Path | None = None) -> ModelStore:
    """Return the models of a folder (see find_models). Raises ModelError."""
    found = find_models(folder)
    path = found / MANIFEST_NAME
    try:
        return ModelStore(found, Manifest.model_validate_json(path.read_bytes()))
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error}") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'the file'}: {fault['msg']}"
            for fault in error.errors()[:5]
        )
        raise ModelError(f"{path}: {faults}; install the models again") from error


def choose_reader(models: ReaderModels, precision: Precision) -> Variant:
    """Return the reader of a precision. Raises ModelError where there is none."""
    return _of_precision(models.variants, precision, "reader")[0]


def choose_straightener(models: StraightenerModels, precision: Precision) -> Variant:
    """Return the straightener of a precision. Raises ModelError where there is none."""
    return _of_precision(models.variants, precision, "straightener")[0]


def choose_detectors(
    models: DetectorModels, precision: Precision, width_px: int | None
) -> list[Variant]:
    """Return the detector whose input width is nearest the asked one, or those of every width.

    Raises ModelError where there is none of the precision.
    """
    found = _of_precision(models.variants, precision, "detector")
    if width_px is None:
        return found
    return [min(found, key=lambda one: (abs(one.width_px - width_px), one.width_px))]


def _of_precision(variants: Sequence[Variant], precision: Precision, part: str) -> list[Variant]:
    found = [one for one in variants if one.precision == precision]
    if not found:
        raise ModelError(f"the manifest lists no {part} of precision {precision}")
    return found
