"""Joining a centre: keys are made here and stay here, a one-time code buys the certificate.

Every file is on the disk before the next step relies on it, and nothing is in force until
`enrolment.json` names it. A unit that is cut off at any point runs the same command again: the
same ticket finds the same keys, and the centre answers the same code and keys as before.
"""

import os
import shutil
import ssl
from dataclasses import dataclass
from pathlib import Path

from outrider import durable
from outrider.clock import Clock, ClockQuality
from outrider.outside import unwaiting
from outrider.unit.certificates import (
    CertificateError,
    check_issued,
    new_tls_key,
    request_for,
    revocation_list,
    same_certificate,
)
from outrider.unit.settings import enrolled
from outrider.unit.settings.enrolled import FOLDER, Enrolment, IdentityFiles
from outrider.unit.settings.sections import Settings
from outrider.unit.sync.refusals import said
from outrider.unit.sync.transport import Answer, HttpsCentre, Patience, UnreachableError
from outrider.wire.canonical import WireError
from outrider.wire.enrolment import (
    ENROL_PATH,
    MAX_BYTES,
    NOBODY,
    EnrolmentAnswer,
    EnrolmentRequest,
    Ticket,
    code_digest,
    has_expired,
    key_from_text,
    key_text,
)
from outrider.wire.sealing import CentrePublicKey
from outrider.wire.signing import SigningIdentity, VerifyingKey

_TICKET_MARK = "ticket.sha256"


class EnrolError(Exception):
    """The unit is not enrolled by this ticket: why, and what to do."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What came of it. ticket_left: why the ticket's file could not be erased; empty if it is."""

    enrolment: Enrolment
    already: bool
    ticket_left: str


def read_ticket(path: Path) -> Ticket:
    """Return the ticket in a file. Raises EnrolError."""
    try:
        with open(path, "rb", opener=unwaiting) as file:
            return Ticket.decode(file.read(MAX_BYTES + 1))
    except (OSError, WireError) as error:
        raise EnrolError(f"{path}: no ticket can be read: {error}") from error


def enrol(
    ticket_file: Path,
    settings: Settings,
    clock: Clock,
    *,
    again: bool = False,
    patience: Patience | None = None,
) -> Enrolled:
    """Enrol the unit with a ticket; again: also where it is enrolled, with new keys.

    Raises EnrolError, OSError, enrolled.EnrolmentFileError; what was in force before stays so.
    """
    ticket = read_ticket(ticket_file)
    state_dir = settings.unit.state_dir
    durable.make_folder(state_dir)
    busy = EnrolError(f"{state_dir}: another `outrider enrol` is at work")
    with durable.only_one(state_dir / "enrolment.lock", busy):
        in_force = enrolled.read(state_dir)
        spent = in_force is not None and in_force.ticket_sha256 == code_digest(ticket.code).hex()
        if in_force is None or not spent:
            _check(ticket, settings, clock, in_force, again)
            in_force = _join(ticket, state_dir, clock, patience)
        _drop_all_but(state_dir / FOLDER, in_force.folder)
        return Enrolled(in_force, spent, _erase(ticket_file))


def already(in_force: Enrolment) -> str:
    """Return what is said to somebody who enrols a unit that is enrolled."""
    return (
        f"this unit is enrolled already, as {in_force.unit_id} with the centre at {in_force.url}, "
        f"since {in_force.at:%Y-%m-%d %H:%M} UTC (`outrider enrol --status` shows it); nothing was "
        "changed. To enrol it anew on purpose, with new keys: a new ticket from the centre "
        f"(`outrider centre enrol-ticket {in_force.unit_id}`), then "
        "`outrider enrol --again --ticket FILE`"
    )


def _check(
    ticket: Ticket, settings: Settings, clock: Clock, in_force: Enrolment | None, again: bool
) -> None:
    if in_force is not None and not again:
        raise EnrolError(already(in_force))
    unit_id = settings.unit.id
    if unit_id not in (NOBODY, ticket.unit_id) and "id" in settings.unit.model_fields_set:
        raise EnrolError(
            f"the ticket is for unit {ticket.unit_id}, the settings call this one {unit_id}: take "
            "the right ticket, or leave unit.id out of the settings"
        )
    now = clock.stamp(clock.mono_ns())
    # A unit that has never heard the time must not refuse: the centre will, if it is so.
    if now.quality is not ClockQuality.FREE_RUNNING and has_expired(ticket, now.utc):
        raise EnrolError(f"the ticket expired at {ticket.expires}: ask the centre for a new one")


def _join(ticket: Ticket, state_dir: Path, clock: Clock, patience: Patience | None) -> Enrolment:
    files = _keys_for(ticket, state_dir / FOLDER)
    answer = _ask(ticket, files, patience)
    try:
        _check_answer(ticket, files, answer)
    except CertificateError as error:
        raise EnrolError(f"the centre's answer is not accepted: {error}") from error
    _keep(files, answer)
    now = clock.stamp(clock.mono_ns()).utc
    made = enrolled.make(ticket.unit_id, ticket.url, files.folder, code_digest(ticket.code), now)
    _give_to_owner(state_dir)
    enrolled.write(state_dir, made)
    _give_to_owner(state_dir)
    return made


def _keys_for(ticket: Ticket, place: Path) -> IdentityFiles:
    """Return the folder of the keys that were made for this ticket, made now if there is none."""
    digest = code_digest(ticket.code).hex()
    place.mkdir(mode=0o700, exist_ok=True)
    for mark in place.glob(f"[0-9a-f]*/{_TICKET_MARK}"):
        if mark.read_text(encoding="ascii") == digest:
            return IdentityFiles(mark.parent)
    new = IdentityFiles(place / ".new")
    shutil.rmtree(new.folder, ignore_errors=True)
    new.folder.mkdir(mode=0o700)
    signing = SigningIdentity.generate()
    signing.write(new.signing_key)
    durable.write(new.tls_key, new_tls_key(), 0o600)
    durable.write(new.folder / _TICKET_MARK, digest.encode())
    whole = IdentityFiles(place / signing.public.key_id)
    durable.move(new.folder, whole.folder)
    return whole


def _ask(ticket: Ticket, files: IdentityFiles, patience: Patience | None) -> EnrolmentAnswer:
    request = EnrolmentRequest(
        unit_id=ticket.unit_id,
        code=ticket.code,
        signing_key=key_text(SigningIdentity.read(files.signing_key).public.raw),
        certificate_request=request_for(files.tls_key.read_bytes(), ticket.unit_id),
    )
    try:
        tls = ssl.create_default_context(cadata=ticket.ca_certificate)
    except (ssl.SSLError, ValueError) as error:
        raise EnrolError(f"the ticket's ca_certificate cannot be used: {error}") from error
    try:
        with HttpsCentre(ticket.enrol_url, tls, patience) as centre:
            headers = {"Content-Type": "application/json"}
            answer = centre.post(ENROL_PATH, request.encode(), headers)
    except UnreachableError as error:
        raise EnrolError(_unreachable(ticket, error)) from error
    return _decode(ticket, answer)


def _unreachable(ticket: Ticket, error: UnreachableError) -> str:
    if error.reason.distrust:
        return f"{ticket.enrol_url} is not the centre of this ticket: {error}"
    return f"{error}; the ticket stays good, run this again then"


def _decode(ticket: Ticket, answer: Answer) -> EnrolmentAnswer:
    if answer.status in (401, 403):
        raise EnrolError(
            f"the centre does not take this ticket ({answer.status}: {said(answer)}): its code is "
            "used, expired or unknown: ask the centre for a new one"
        )
    if answer.status in (404, 405):
        raise EnrolError(
            f"{ticket.enrol_url} answers, but enrols nobody ({answer.status}): it is not the "
            "centre's port for enrolment (8444 as a rule): ask for a ticket with the right address"
        )
    if answer.status not in (200, 201):
        raise EnrolError(
            f"the centre at {ticket.enrol_url} cannot enrol now ({answer.status}: {said(answer)}): "
            "run this again"
        )
    try:
        return EnrolmentAnswer.decode(answer.body)
    except WireError as error:
        raise EnrolError(f"the centre's answer cannot be read: {error}") from error


def _check_answer(ticket: Ticket, files: IdentityFiles, answer: EnrolmentAnswer) -> None:
    ca = ticket.ca_certificate.encode()
    if not same_certificate(answer.ca_certificate.encode(), ca):
        raise CertificateError("it names another authority than the ticket")
    key = files.tls_key.read_bytes()
    check_issued(answer.certificate.encode(), key, ca, ticket.unit_id)
    revocation_list(answer.revoked.encode(), ca)


def _keep(files: IdentityFiles, answer: EnrolmentAnswer) -> None:
    for path, pem in (
        (files.certificate, answer.certificate),
        (files.ca_certificate, answer.ca_certificate),
        (files.revoked, answer.revoked),
    ):
        durable.write(path, pem.encode())
    for public, path in (
        (VerifyingKey(key_from_text(answer.receipt_key)), files.receipt_key),
        (CentrePublicKey(key_from_text(answer.sealing_key)), files.sealing_key),
    ):
        path.unlink(missing_ok=True)  # from an earlier try: nothing uses it yet
        public.write(path)
    if answer.hotlist_root:
        durable.write(files.hotlist_root, answer.hotlist_root.encode())


def _give_to_owner(state_dir: Path) -> None:
    """Where root enrols for a service, let the state folder's owner have what was made."""
    owner = state_dir.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    for path in (*state_dir.glob("enrolment.*"), *(state_dir / FOLDER).rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    os.chown(state_dir / FOLDER, owner.st_uid, owner.st_gid)


def _drop_all_but(place: Path, folder: str) -> None:
    """Remove keys of tries and enrolments that nothing uses any more."""
    for path in place.iterdir():
        if path.name != folder:
            shutil.rmtree(path)


def _erase(ticket_file: Path) -> str:
    """Erase a used ticket; return why that could not be done, if so."""
    try:
        with ticket_file.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            file.write(bytes(size))
            file.flush()
            os.fsync(file.fileno())
        ticket_file.unlink()
    except OSError as error:
        return f"{ticket_file}: {error}"
    return ""
