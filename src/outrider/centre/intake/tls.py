"""TLS of the intake: the centre's own authority and nobody else, and never a revoked certificate.

TLS 1.3 only, and no session tickets: every connection shows its certificate anew, so that a
revocation is in force for each new connection as soon as the list is written.
"""

import logging
import os
import ssl
from collections import Counter

from cryptography import x509

from outrider.centre.folder import CentreFault, CentreFolder
from outrider.centre.intake.journal_lines import say

_log = logging.getLogger(__name__)
_NOT_YET = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


class TlsError(CentreFault):
    """The server's keys or certificates cannot be used: which, and why."""


class Trust:
    """Makes TLS contexts from the folder's files, and makes them anew when the files change."""

    def __init__(self, folder: CentreFolder, refused: Counter[str], *, ask_client: bool) -> None:
        self._folder = folder
        self._ask_client = ask_client
        self._watched = _watched(refused)
        self._seen = self._signature()
        self._current = self._load()
        self.context = self._load()  # what connections begin with; each goes on with the current
        self.context.sni_callback = self._choose

    def refresh(self) -> bool:
        """Read the files again if they have changed; True where others are in force from now on.

        Raises TlsError: what was in force stays so.
        """
        signature = self._signature()
        if signature == self._seen:
            return False
        self._current = self._load()
        self._seen = signature
        return True

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        connection.context = self._current

    def _signature(self) -> tuple[tuple[int, int, int], ...]:
        try:
            found = [os.stat(path) for path in self._files()]
        except OSError as error:
            raise TlsError(f"{error.filename}: {error.strerror}") from error
        return tuple((stat.st_ino, stat.st_mtime_ns, stat.st_size) for stat in found)

    def _files(self) -> list[os.PathLike[str]]:
        folder = self._folder
        files: list[os.PathLike[str]] = [folder.server_certificate, folder.server_key]
        return [*files, folder.ca_certificate, folder.revoked] if self._ask_client else files

    def _load(self) -> ssl.SSLContext:
        folder = self._folder
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.num_tickets = 0
        context.sslobject_class = self._watched
        try:
            context.load_cert_chain(folder.server_certificate, folder.server_key)
            if self._ask_client:
                context.verify_mode = ssl.CERT_REQUIRED
                context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_X509_STRICT
                context.load_verify_locations(folder.ca_certificate)
                context.load_verify_locations(folder.revoked)
        except (OSError, ssl.SSLError) as error:
            raise TlsError(f"{folder.ca_certificate.parent}: TLS: {error}") from error
        return context


def _watched(refused: Counter[str]) -> type[ssl.SSLObject]:
    """Return a connection type that says why a handshake failed; asyncio tells neither side.

    On an error asyncio closes without sending what OpenSSL has to say. Asking for more first lets
    the alert out; the error follows with the next bytes, the other side's end, or the time limit.
    """

    class Watched(ssl.SSLObject):
        _failed: ssl.SSLError | None = None

        def do_handshake(self) -> None:
            if self._failed is not None:
                raise self._failed
            try:
                super().do_handshake()
            except _NOT_YET:
                raise
            except ssl.SSLError as error:
                self._failed = error
                why = str(getattr(error, "verify_message", None) or error.reason or "TLS error")
                refused[why] += 1
                say(_log, logging.WARNING, "TLS refused", why=why)
                raise ssl.SSLWantReadError from error

    return Watched


def peer_of(connection: ssl.SSLObject | None) -> str | None:
    """Return the common name of the client's certificate, which has been verified; or None."""
    der = connection.getpeercert(binary_form=True) if connection is not None else None
    if not der:
        return None
    subject = x509.load_der_x509_certificate(der).subject
    names = subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if len(names) == 1 else None
