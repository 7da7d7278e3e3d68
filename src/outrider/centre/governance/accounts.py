"""Each force's account of its own reads: who used them, for what, under which authority; signed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from outrider.centre.search.record import Asked, Stage
from outrider.clock import Clock
from outrider.wire.fields import NO_MORE, Instant, Whole
from outrider.wire.signed import SignedMessage
from outrider.wire.signing import SigningIdentity, VerifyingKey

VERSION = 1
MAX_BYTES = 16 * 2**20
_MOST_LINES = 50_000


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a force's reads. reads: how many were shown; None: they were combined with others.

    No mark and no read is named: the decision leads to both, for whoever may see the trail.
    """

    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    at_us: Whole
    person: str
    force: str
    action: str
    kind: str
    purpose: str
    authority: str
    case: str
    authorisation: str
    break_glass: str
    decision: str
    reads: Whole | None


@dataclass(frozen=True, slots=True)
class Account:
    """The uses of one force's reads in a span, both ends included."""

    __pydantic_config__: ClassVar[ConfigDict] = NO_MORE

    version: Annotated[Whole, Field(ge=VERSION, le=VERSION)]
    of: str
    made_at: Instant
    since_us: Whole
    until_us: Whole
    uses: Annotated[tuple[Use, ...], Field(max_length=_MOST_LINES)]


_MESSAGE = SignedMessage("account", Account, "account of reads", MAX_BYTES)


def uses_of(asked: Iterable[Asked], force: str, since_us: int, until_us: int) -> list[Use]:
    """Return the uses of a force's reads in a span, as the trail has them."""
    found = []
    for one in asked:
        if one.stage is not Stage.ANSWERED or not since_us <= one.at_us <= until_us:
            continue
        forces = one.outcome.get("forces") or {}
        combined = not forces and bool(one.outcome.get("total"))
        if force in forces or combined:
            found.append(
                Use(
                    one.at_us, one.person, one.force, one.action, str(one.facts.get("kind", "")),
                    one.purpose, one.authority, one.case, one.authorisation, one.break_glass,
                    one.decision_id, None if combined else int(forces[force]),
                )
            )  # fmt: skip
    return found


def signed_account(
    asked: Iterable[Asked], force: str, since_us: int, until_us: int, clock: Clock,
    identity: SigningIdentity,
) -> bytes:  # fmt: skip
    """Return a force's account as it is handed over. Raises ValueError where it is too long."""
    uses = uses_of(asked, force, since_us, until_us)
    if len(uses) > _MOST_LINES:
        raise ValueError(f"more than {_MOST_LINES} uses: ask for a shorter time")
    made_at = clock.stamp(clock.mono_ns()).iso_ms()
    account = Account(VERSION, force, made_at, since_us, until_us, tuple(uses))
    return _MESSAGE.encode(account, identity) + b"\n"


def read_account(data: bytes, key: VerifyingKey) -> Account:
    """Return a force's account. Raises WireError where the centre signed it not."""
    return _MESSAGE.decode(data, key)
