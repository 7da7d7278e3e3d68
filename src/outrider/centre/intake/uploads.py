"""Taking an upload: who sent it, is it whole, signed, new; then to the store, then the receipt.

All of this may block; it runs on a worker thread.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from outrider.centre.authority.authority import time_of
from outrider.centre.intake.codes import Code, Refusal
from outrider.centre.store.intake import IntakeStore
from outrider.centre.store.records import ConflictError, EnrolledUnit, ReceivedUpload, UnfitError
from outrider.centre.store.register import UnitRegister
from outrider.clock import Clock
from outrider.wire import batch as batches
from outrider.wire import holdings
from outrider.wire import picture_bundle as bundles
from outrider.wire import receipt as receipts
from outrider.wire.batch import Batch
from outrider.wire.canonical import WireError
from outrider.wire.picture_bundle import PictureBundle
from outrider.wire.sealing import SealingError
from outrider.wire.signing import SigningIdentity
from outrider.wire.upload import (
    DIGEST_HEADER,
    SENT_HEADER,
    Body,
    Sent,
    UploadKind,
    UploadName,
    check,
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an upload. again: it had come before, and this is the receipt of then."""

    receipt: bytes
    stored: int = 0
    duplicates: int = 0
    again: bool = False


class UploadDesk:
    """Takes uploads in. register: whom to trust; identity: signs the receipts.

    sealed_to: names the keys that something may be sealed to, for somebody must be able to open it.
    """

    def __init__(
        self,
        register: UnitRegister,
        store: IntakeStore,
        identity: SigningIdentity,
        clock: Clock,
        clock_off: timedelta,
        sealed_to: Callable[[], frozenset[str]],
    ) -> None:
        self._register = register
        self._store = store
        self._identity = identity
        self._clock = clock
        self._clock_off = clock_off
        self._sealed_to = sealed_to

    def check_sent(self, headers: Mapping[str, str]) -> Sent:
        """Check that a request was sent about now. Raises Refusal: `sent`, `clock`.

        What was captured long ago and is sent again by another fails here, too.
        """
        try:
            sent = Sent.parse(headers.get(SENT_HEADER, ""))
        except WireError as error:
            raise Refusal(Code.SENT, str(error)) from error
        ahead = sent.at - time_of(self._clock)
        if abs(ahead) > self._clock_off:
            where = "ahead of" if ahead > timedelta() else "behind"
            raise Refusal(
                Code.CLOCK,
                f"the unit's clock ({sent.quality}) is {_in_words(abs(ahead))} {where} the "
                f"centre's: sent {sent.at:%Y-%m-%d %H:%M} UTC; it is taken once the clock is set",
            )
        return sent

    def trusted(self, unit_id: str) -> EnrolledUnit:
        """Return a unit that is enrolled and trusted. Raises Refusal, StoreError."""
        unit = self._register.unit(unit_id)
        if unit is None:
            raise Refusal(Code.UNKNOWN_UNIT, f"{unit_id} is not enrolled here")
        if unit.revoked_at is not None:
            raise Refusal(
                Code.REVOKED, f"{unit_id} was revoked on {unit.revoked_at:%Y-%m-%d}: enrol it anew"
            )
        return unit

    def take(self, name: UploadName, body: bytes, headers: Mapping[str, str]) -> Taken:
        """Check and store an upload; when this returns, it is on the disk.

        Raises Refusal, StoreError.
        """
        whole = Body(body)
        sent = self._authentic(name, whole, headers)
        known = self._store.known_upload(name.unit_id, name.upload_id)
        if known is not None:
            if known.sha256 != whole.sha256:
                text = f"upload {name.upload_id} came before with another body"
                raise Refusal(Code.OTHER_BODY, text)
            return Taken(known.receipt, again=True)
        upload = ReceivedUpload(name, whole.sha256, sent, time_of(self._clock))
        try:
            return self._store_it(upload, whole)
        except ConflictError as error:
            raise Refusal(Code.CONFLICT, str(error)) from error
        except UnfitError as error:
            raise Refusal(Code.CONTENT, str(error)) from error

    def answer(self, question: holdings.Question, body: bytes) -> bytes:
        """Return what is held now of the rows that a unit asks about, signed. Raises StoreError."""
        found = self._store.holdings(question.unit_id, question.journal_id, question.claims)
        at = self._clock.stamp(self._clock.mono_ns()).iso_ms()
        return holdings.encode_answer(question, body, found, at, self._identity)

    def _authentic(self, name: UploadName, body: Body, headers: Mapping[str, str]) -> Sent:
        unit = self.trusted(name.unit_id)
        try:
            return check(name, body, headers, unit.signing_key)
        except WireError as error:
            whole = headers.get(DIGEST_HEADER, "") == body.content_digest
            raise Refusal(Code.SIGNATURE if whole else Code.DIGEST, str(error)) from error

    def _store_it(self, upload: ReceivedUpload, body: Body) -> Taken:
        counts: list[int] = [0, 0]
        at = self._clock.stamp(self._clock.mono_ns()).iso_ms()

        def receipt(stored: int, duplicates: int) -> bytes:
            counts[:] = stored, duplicates
            made = receipts.make(upload.name, body, stored, duplicates, at)
            return receipts.encode(made, self._identity)

        content = _decode(upload.name, body.data)
        if isinstance(content, Batch):
            self._check_keys(content)
            given = self._store.take_rows(upload, content, receipt)
        else:
            given = self._store.take_pictures(upload, content, receipt)
        return Taken(given, counts[0], counts[1])

    def _check_keys(self, batch: Batch) -> None:
        """Check that the centre can open each row, and its pictures. Raises Refusal."""
        try:
            known = self._sealed_to()
        except SealingError as error:
            raise Refusal(
                Code.STORE, f"the centre's sealing key cannot be read: {error}"
            ) from error
        foreign = {k.key_id: k.centre_key_id for k in batch.keys if k.centre_key_id not in known}
        for row in batch.rows if foreign else ():
            for key_id in (row.key_id, *(picture.key_id for picture in row.pictures)):
                if key_id in foreign:
                    raise Refusal(
                        Code.UNKNOWN_KEY,
                        f"row {row.seq} is sealed to the key {foreign[key_id]}, which was never "
                        "this centre's: nobody here could open it; its operator may know the key",
                    )


def _decode(name: UploadName, body: bytes) -> Batch | PictureBundle:
    rows = name.kind is UploadKind.ROWS
    try:
        content = batches.decode(body) if rows else bundles.decode(body)
    except WireError as error:
        raise Refusal(Code.CONTENT, str(error)) from error
    if content.unit_id != name.unit_id:
        text = f"the content is of {content.unit_id}, sent as {name.unit_id}'s"
        raise Refusal(Code.CONTENT, text)
    return content


def _in_words(span: timedelta) -> str:
    if span.days >= 2:
        return f"{span.days:,} days"
    return f"{span.total_seconds() / 3600:.1f} hours"
