"""What widens a scope for a while: an authorisation, or break-glass access, as decided before."""

from dataclasses import dataclass

from outrider.centre.access.people import Rank
from outrider.centre.access.purpose import PurposeCode
from outrider.centre.store.bounds import Box


@dataclass(frozen=True, slots=True)
class Authorisation:
    """One person may see older reads in one case: of these marks, or in this area; see until.

    given_by is somebody else, of higher rank, with no part in the case. reads_from_us: no read
    before it. from_us to until_us: when it may be used. marks are folded; None where it is an area.
    revoked: given, and taken back since.
    """

    authorisation_id: str
    asked_by: str
    given_by: str
    given_by_rank: Rank
    case: str
    purpose: PurposeCode
    marks: frozenset[str] | None
    area: Box | None
    reads_from_us: int
    from_us: int
    until_us: int
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """Somebody said that a life is at risk: for their own use, for a short time, reviewed after."""

    break_glass_id: str
    person_id: str
    case: str
    from_us: int
    until_us: int
