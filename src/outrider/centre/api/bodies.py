"""What a request may hold: typed, bounded, unknown keys refused."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from outrider.centre.access.purpose import Purpose, checked_purpose
from outrider.centre.search.asking import Span
from outrider.centre.store.bounds import E7, Box
from outrider.centre.store.places import Circle, Place, Polygon

_Mark = Annotated[str, Field(min_length=1, max_length=20)]
_Degrees = Annotated[float, Field(ge=-180, le=180)]
_Name = Annotated[str, Field(max_length=64)]
_Words = Annotated[str, Field(max_length=500)]


class Body(BaseModel):
    """A request's body."""

    model_config = ConfigDict(extra="forbid")


class PurposeBody(Body):
    """Why somebody asks: three parts and an authority."""

    code: _Name
    case: _Name
    words: _Words
    authority: _Name = ""

    def checked(self) -> Purpose:
        """Return it checked. Raises PurposeFault."""
        return checked_purpose(self.code, self.case, self.words, self.authority)


class CircleBody(Body):
    """A circle: degrees and metres."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: _Degrees
    radius_m: Annotated[float, Field(ge=1, le=50_000)]


class PlaceBody(Body):
    """A circle, or a polygon's corners as latitude and longitude; one of the two."""

    circle: CircleBody | None = None
    polygon: Annotated[list[tuple[_Degrees, _Degrees]], Field(max_length=64)] | None = None

    def place(self) -> Place:
        """Return the place. Raises PlaceFault, ValueError."""
        if (self.circle is None) == (self.polygon is None):
            raise ValueError("place: give a circle or a polygon")
        if self.circle is not None:
            circle = self.circle
            return Circle(
                round(circle.latitude * E7), round(circle.longitude * E7), circle.radius_m
            )
        corners = tuple((round(la * E7), round(lo * E7)) for la, lo in self.polygon or ())
        return Polygon(corners)


class Grounds(Body):
    """Who asks says why, and on which grounds of record."""

    purpose: PurposeBody
    authorisation: _Name = ""
    break_glass: _Name = ""


class Spanned(Grounds):
    """A question over a span of time."""

    since: AwareDatetime
    until: AwareDatetime

    def span(self) -> Span:
        """Return the span. Raises AskedWrongly."""
        return Span(self.since, self.until)


class Paged(Spanned):
    """A question whose answer is reads."""

    page: _Name = ""
    size: Annotated[int, Field(ge=1, le=500)] = 50
    order: Literal["newest", "oldest"] = "newest"


class MarkBody(Paged):
    """A mark, folded unless exact."""

    mark: _Mark
    exact: bool = False


class PartialBody(Paged):
    """A part of a mark, with ? and *; perhaps in a place."""

    pattern: _Mark
    place: PlaceBody | None = None


class AreaBody(Paged):
    """A place; perhaps some marks only."""

    place: PlaceBody
    marks: Annotated[list[_Mark], Field(max_length=50)] = []


class CameraBody(Paged):
    """A unit's cameras."""

    unit: _Name


class SceneBody(Body):
    """One scene: where and when."""

    place: PlaceBody
    since: AwareDatetime
    until: AwareDatetime


class CrossedBody(Grounds):
    """Several scenes."""

    scenes: Annotated[list[SceneBody], Field(min_length=2, max_length=8)]
    least: Annotated[int, Field(ge=2, le=8)] = 2


class AssociatesBody(Spanned):
    """Who was with a mark; without one: all pairs of a day."""

    mark: Annotated[str, Field(max_length=20)] = ""
    window_s: Annotated[float, Field(ge=1, le=600)] = 30
    least: Annotated[int, Field(ge=2, le=1000)] = 3

    def window(self) -> timedelta:
        """Return the window."""
        return timedelta(seconds=self.window_s)


class ClonesBody(Spanned):
    """Clone suspects, of one mark or of all."""

    mark: Annotated[str, Field(max_length=20)] = ""


class HitsBody(Spanned):
    """Hits by list, response and what became of them."""

    list_name: _Name | None = None
    response: _Name | None = None
    answer: _Name | None = None
    mark: Annotated[str, Field(max_length=20)] = ""


class EndsBody(Spanned):
    """First and last seen."""

    mark: _Mark


class CorrectBody(Grounds):
    """The true mark of a read; the mark that was read takes a correction back."""

    mark: _Mark


class AskBody(Body):
    """An authorisation is asked for."""

    purpose: PurposeBody
    reads_from: AwareDatetime
    hours: Annotated[float, Field(ge=1, le=672)]
    marks: Annotated[list[_Mark], Field(max_length=50)] = []
    area: tuple[float, float, float, float] | None = None

    def box(self) -> Box | None:
        """Return the area. Raises ValueError."""
        return None if self.area is None else Box.of_degrees(*self.area)


class WordsBody(Body):
    """Words that say why."""

    words: _Words


class GlassBody(Body):
    """The glass is broken."""

    purpose: PurposeBody


class JustifiedBody(WordsBody):
    """A break-glass access is reviewed."""

    justified: bool


class FindingBody(WordsBody):
    """A review is closed."""

    finding: _Name


class AcceptBody(Body):
    """The rules of use are accepted."""

    version: _Name
