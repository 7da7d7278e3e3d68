"""Mapping files: how the columns of somebody's list become those of a hotlist entry."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from outrider.outside import OutsideError, parsing, read_text, toml_table
from outrider.records import Response
from outrider.wire.hotlist_entry import FIELDS

_MAX_BYTES = 256 * 1024
Column = str | Annotated[int, Field(ge=1)]
Slice = tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]


class MappingError(OutsideError):
    """A mapping file cannot be used, or does not suit the list; the message says why."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Form(_Section):
    """The shape of the file. encoding `auto`: a byte-order mark, else UTF-8, else Windows-1252.

    rows_may_end_early: whoever writes the list leaves out empty columns (fixed width: spaces) at
    the end of a row. Otherwise such a row is taken for one that was cut in transfer.
    """

    kind: Literal["delimited", "fixed-width"] = "delimited"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    quote: Annotated[str, Field(max_length=1)] = '"'
    header: bool = True
    encoding: str = "auto"
    comment: Annotated[str, Field(max_length=1)] = "#"
    skip_lines: Annotated[int, Field(ge=0, le=1000)] = 0
    rows_may_end_early: bool = False
    date_formats: tuple[str, ...] = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y%m%d")


class Mapping(_Section):
    """A mapping file.

    fields: entry field -> column name or 1-based number, or several, joined by "; ". widths (fixed
    width): entry field -> first character (1-based) and length. values: field -> text in the list
    (any case) -> what it means. defaults: field -> text where the list says nothing.
    """

    form: Form = Form()
    fields: dict[str, Column | tuple[Column, ...]] = Field(default_factory=dict)
    widths: dict[str, Slice] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    defaults: dict[str, str] = Field(default_factory=dict)

    @field_validator("fields", "widths", "values", "defaults")
    @classmethod
    def _known(cls, value: dict[str, Any]) -> dict[str, Any]:
        if unknown := sorted(set(value) - set(FIELDS)):
            raise ValueError(f"no such field: {', '.join(unknown)}; there are {', '.join(FIELDS)}")
        return value

    @field_validator("values")
    @classmethod
    def _responses(cls, value: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for meant in value.get("response", {}).values():
            Response(meant)
        return {
            name: {text.casefold(): meant for text, meant in table.items()}
            for name, table in value.items()
        }

    @model_validator(mode="after")
    def _has_a_mark(self) -> "Mapping":
        fixed = self.form.kind == "fixed-width"
        where = self.widths if fixed else self.fields
        if "vrm" not in where:
            raise ValueError(f"vrm is missing from [{'widths' if fixed else 'fields'}]")
        numbers = [c for c in self._columns() if isinstance(c, int)]
        if not fixed and not self.form.header and len(numbers) != len(self._columns()):
            raise ValueError("a list without a header needs column numbers in [fields]")
        return self

    def _columns(self) -> list[Column]:
        return [column for source in self.fields.values() for column in as_columns(source)]


def as_columns(source: Column | Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns that a field is made of."""
    return (source,) if isinstance(source, (str, int)) else tuple(source)


def parse_mapping(text: str, where: str) -> Mapping:
    """Return the mapping that a TOML text holds. Raises MappingError, listing every fault."""
    with parsing(MappingError, where):
        try:
            return Mapping.model_validate(toml_table(text, where))
        except ValidationError as error:
            faults = (f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in error.errors())
            raise MappingError(f"{where}: " + "; ".join(faults)) from error
        except OutsideError as error:
            raise MappingError(error) from error


def load_mapping(path: Path) -> Mapping:
    """Return the mapping of a file. Raises MappingError."""
    try:
        return parse_mapping(read_text(path, _MAX_BYTES), str(path))
    except OSError as error:
        raise MappingError(f"{path}: cannot be read: {error}") from error
    except OutsideError as error:
        raise MappingError(error) from error


@dataclass(frozen=True, slots=True)
class NamedMapping:
    """A mapping and what to call it in reports."""

    name: str
    mapping: Mapping


DELIMITERS = (",", ";", "\t", "|")
"""What parts the cells of a list, the likeliest first."""
_NAMES = {";": "semicolons", "\t": "tabs", "|": "bars"}

BUILT_IN = ("own", "plain", "sixteen")
"""Names of the mappings that come with Outrider."""


def built_in(name: str) -> NamedMapping:
    """Return one of the mappings that come with Outrider: own, plain, sixteen."""
    text = resources.files("outrider.hotlist_import").joinpath(f"forms/{name}.toml").read_text()
    return NamedMapping(name, parse_mapping(text, f"forms/{name}.toml"))


def named_mapping(name: str | None) -> NamedMapping | None:
    """Return what `--mapping` names: a built-in one, a file's, or None for a guess.

    Raises MappingError where the file cannot be used.
    """
    if name is None:
        return None
    return built_in(name) if name in BUILT_IN else NamedMapping(name, load_mapping(Path(name)))


def fold_name(column: str) -> str:
    """Return a column's name as it is compared: letters and digits only, lower case."""
    return "".join(char for char in column.casefold() if char.isalnum())


def guess(first_row: Sequence[str]) -> NamedMapping:
    """Return the built-in mapping that suits a list's first row.

    Raises MappingError where none does.
    """
    if not any(first_row):
        raise MappingError("the list is empty")
    names = {fold_name(cell) for cell in first_row}
    own = {fold_name(name) for name in FIELDS}
    if "vrm" in names and names - {""} <= own:
        return built_in("own")
    # Every mark has a digit: a first cell without one is a header, and no mark to be missed.
    headless = any(char.isdigit() for char in first_row[0]) and not _holds_separator(first_row[0])
    if len(first_row) == 16 and ("vrm" in names or headless):
        sixteen = built_in("sixteen")
        return sixteen if "vrm" in names else _without_header(sixteen)
    if len(first_row) == 2 and headless:
        return built_in("plain")
    strange = [cell for cell in first_row if fold_name(cell) not in own | {""}]
    unknown = f" (unknown here: {strange[:4]})" if "vrm" in names else ""
    raise MappingError(
        f"no built-in form suits a list that begins {list(first_row)[:4]}{unknown}: "
        f"call its columns {', '.join(FIELDS)} (vrm alone must be there), or give a mapping file"
    )


def _holds_separator(cell: str) -> bool:
    """Return whether a cell was parted in the wrong places: no mark holds such a character."""
    return any(char in cell for char in DELIMITERS)


def delimited_by(named: NamedMapping, delimiter: str) -> NamedMapping:
    """Return a mapping for a list whose cells are parted by another character."""
    if delimiter == named.mapping.form.delimiter:
        return named
    form = named.mapping.form.model_copy(update={"delimiter": delimiter})
    mapping = named.mapping.model_copy(update={"form": form})
    return NamedMapping(f"{named.name}, parted by {_NAMES.get(delimiter, delimiter)}", mapping)


def _without_header(sixteen: NamedMapping) -> NamedMapping:
    """Return the 16-column mapping by position, in the order of its own columns."""
    order: dict[str, int] = {}
    for source in sixteen.mapping.fields.values():
        for column in as_columns(source):
            order[str(column)] = SIXTEEN_COLUMNS.index(str(column)) + 1
    fields = {
        field: tuple(order[str(column)] for column in as_columns(source))
        for field, source in sixteen.mapping.fields.items()
    }
    form = sixteen.mapping.form.model_copy(update={"header": False})
    mapping = sixteen.mapping.model_copy(update={"form": form, "fields": fields})
    return NamedMapping("sixteen, no header", mapping)


SIXTEEN_COLUMNS = (
    "VRM",
    "Vehicle Make",
    "Vehicle Model",
    "Vehicle Colour",
    "Action",
    "Warning Markers",
    "Reason",
    "NIM Code",
    "Information/Action",
    "Force & Area",
    "Weed Date",
    "PNC ID",
    "GPMS Marking",
    "CAD Information",
    "Operational Instructions",
    "Source Reference",
)
"""The 16-column form in its order, as the public interface code of UK back offices has it."""
