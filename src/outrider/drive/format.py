"""What a recorded drive is on disk: a folder.

    drive.json    who recorded what, where and when: DriveHeader
    frames.jsonl  one line a frame, in order: FrameLine; appended as the drive goes on
    frames/       the pictures, where the drive is not kept as one video
    track.nmea    the fixes as NMEA sentences, each with a `# mono_ns=` comment before it
    truth.json    optional: what really passed (outrider.drive.truth)

Instants are on the drive's own monotonic clock, in ns. The header alone fixes their time of day,
so that a replay gives the same reads for ever.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError

from outrider.clock import ClockQuality
from outrider.sources import SourceError

HEADER_FILE = "drive.json"
FRAMES_FILE = "frames.jsonl"
TRACK_FILE = "track.nmea"
TRUTH_FILE = "truth.json"
PICTURES_FOLDER = "frames"
_STRICT = ConfigDict(extra="forbid")
_MAX_NS = 1 << 62


def _inside(name: str) -> str:
    """Return a file name if it stays inside the drive's folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError("must name a file inside the drive's folder")
    return name


FileInside = Annotated[str, AfterValidator(_inside)]


@dataclass(frozen=True, slots=True)
class DriveHeader:
    """Where a drive comes from.

    recorded_by: the person or unit answerable for it. utc_at_zero_ns: UTC at the zero of the
    drive's clock, with what that rests on and its likely error. video: the file that holds the
    pictures; without it each line of frames.jsonl names its own.
    """

    __pydantic_config__ = _STRICT
    drive_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
    recorded_by: str
    description: str
    unit_id: str
    camera_id: str
    source_id: str
    utc_at_zero_ns: Annotated[int, Field(ge=0, le=_MAX_NS)]
    clock_quality: ClockQuality
    clock_error_s: Annotated[float, Field(ge=0)]
    width_px: Annotated[int, Field(ge=1, le=16_384)]
    height_px: Annotated[int, Field(ge=1, le=16_384)]
    video: FileInside | None = None
    format: Literal["outrider-drive"] = "outrider-drive"
    version: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class FrameLine:
    """One frame: when it was exposed, what the source had skipped before it, its picture."""

    __pydantic_config__ = _STRICT
    mono_ns: Annotated[int, Field(ge=0, le=_MAX_NS)]
    skipped: Annotated[int, Field(ge=0)] = 0
    file: FileInside | None = None


_HEADER: TypeAdapter[DriveHeader] = TypeAdapter(DriveHeader)
_LINE: TypeAdapter[FrameLine] = TypeAdapter(FrameLine)


def header_text(header: DriveHeader) -> str:
    """Return the header as JSON, indented for people."""
    return _HEADER.dump_json(header, indent=2).decode() + "\n"


def line_text(line: FrameLine) -> str:
    """Return a frame's line as JSON, with its line end."""
    return _LINE.dump_json(line, exclude_defaults=True).decode() + "\n"


def read_header(folder: Path) -> DriveHeader:
    """Return the header of a drive. Raises SourceError with what is wrong and where."""
    path = folder / HEADER_FILE
    try:
        return _HEADER.validate_json(path.read_bytes())
    except OSError as error:
        raise SourceError(
            f"{path}: {error.strerror}: a drive is a folder with {HEADER_FILE} and {FRAMES_FILE}"
        ) from error
    except ValidationError as error:
        raise SourceError(f"{path}: is no header of a drive: {_faults(error)}") from error


def read_lines(folder: Path) -> Iterator[FrameLine]:
    """Yield the frames of a drive in order.

    A last line without its end was being written when the recorder died: it is left out. Raises
    SourceError for any other line that is wrong, and for instants that do not go forward.
    """
    path = folder / FRAMES_FILE
    last_ns = -1
    try:
        with path.open(encoding="utf-8") as lines:
            for number, text in enumerate(lines, start=1):
                if not text.endswith("\n"):
                    return
                line = _line(path, number, text)
                if line.mono_ns <= last_ns:
                    raise SourceError(f"{path}: line {number}: mono_ns does not go forward")
                last_ns = line.mono_ns
                yield line
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: cannot be read: {error}") from error


def _line(path: Path, number: int, text: str) -> FrameLine:
    try:
        return _LINE.validate_json(text)
    except ValidationError as error:
        raise SourceError(f"{path}: line {number}: {_faults(error)}") from error


def _faults(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'the text'}: {fault['msg']}"
        for fault in error.errors()[:5]
    )
