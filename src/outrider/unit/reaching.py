"""Why the centre cannot be reached: one plain sentence with the address and what to do next.

What libraries say of it (error numbers, OpenSSL's words) helps nobody at a dock. A reason that
waiting does not mend is permanent: it is told at once and not tried again by itself.
"""

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

UNITS_PORT = "the port for units is 8443 as a rule, 8444 is for enrolment only"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why no answer came, in a sentence.

    permanent: waiting does not mend it. distrust: one side does not accept the other's
    certificate. absent: nobody was there at all, which a second try soon confirms.
    """

    text: str
    permanent: bool = False
    distrust: bool = False
    absent: bool = False


_PROBE_S = 2.0

# OpenSSL's X509_V_ERR_...: what is wrong with the centre's certificate.
_EXPIRED, _NOT_YET, _NAME, _ADDRESS = 10, 9, 62, 64

_ALERTS = {
    "EXPIRED": "it has expired: `outrider enrol --again` with a new ticket",
    "REVOKED": "it has been revoked: ask the centre's operator",
    "UNKNOWN_CA": "it is another centre's: enrol this unit there (outrider enrol --ticket FILE)",
    "CERTIFICATE_REQUIRED": "none was shown: enrol this unit (outrider enrol --ticket FILE)",
}


def why(error: Exception, url: str) -> Reason:
    """Return why a request to an address failed."""
    where = address_of(url)
    for cause in _causes(error):
        for kind, tell in _TELL:
            if isinstance(cause, kind):
                return tell(cause, where)
    return Reason(f"no whole answer came from {where}: the connection broke off; try again")


def address_of(url: str) -> str:
    """Return the part of an address that a person checks: scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else url


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield what an error comes from, the deepest first."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    yield from reversed(chain)


def _of_certificate(error: BaseException, where: str) -> Reason:
    code = getattr(error, "verify_code", 0)
    if code in (_NAME, _ADDRESS):
        text = "it is for another name: is the address right, or is the name in centre.toml?"
    elif code in (_EXPIRED, _NOT_YET):
        text = "by this unit's clock it does not hold now: is the clock right?"
    elif "revoked" in str(error):
        text = "it has been revoked: call the centre's operator by another way"
    else:
        text = "it does not come from the authority that this unit was given"
    told = f"this unit refuses the certificate of {where}: {text}"
    return Reason(told, permanent=True, distrust=True)


def _of_tls(error: BaseException, where: str) -> Reason:
    name = str(getattr(error, "reason", None) or error).upper()
    for alert, text in _ALERTS.items():
        if alert in name and "ALERT" in name:
            told = f"{where} refuses this unit's certificate: {text}"
            return Reason(told, permanent=True, distrust=True)
    if "WRONG_VERSION" in name or "HTTP_REQUEST" in name or "RECORD_LAYER" in name:
        text = f"{where} answers, but speaks no TLS: that is no centre's address; {UNITS_PORT}"
        return Reason(text, permanent=True)
    if "ALERT" in name:
        told = f"{where} ended the secure connection: it does not accept this unit"
        return Reason(f"{told}; is the address the port for units?", distrust=True)
    return Reason(f"the secure connection to {where} broke off; try again")


def _of_name(error: BaseException, where: str) -> Reason:
    return Reason(
        f"nobody knows the name in {where}: check the address, and that there is a network",
        absent=True,
    )


def _refused(error: BaseException, where: str) -> Reason:
    return Reason(
        f"nobody answers at {where}: the machine is there, but no centre runs on that port; start "
        "it there (outrider centre serve), or check the port",
        absent=True,
    )


def _no_way(error: BaseException, where: str) -> Reason:
    return Reason(f"there is no way to {where}: check that this unit has a network", absent=True)


def _silent(error: BaseException, where: str) -> Reason:
    return Reason(
        f"nobody answers at {where} in time: check the address and the network, or try again",
        absent=isinstance(error, httpx.ConnectTimeout),
    )


def _not_https(error: BaseException, where: str) -> Reason:
    if where.startswith("http://") and _speaks_tls(where):
        text = f"{where} is answered over TLS only: the address begins with https:// (sync.url)"
        return Reason(text, permanent=True)
    return Reason(f"{where} hung up without an answer; try again")


def _speaks_tls(where: str) -> bool:
    """Whether a handshake succeeds there, with whomever: nothing is sent over it."""
    parts = urlsplit(where)
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((parts.hostname or "", parts.port or 80), _PROBE_S) as line,
            anybody.wrap_socket(line),
        ):
            return True
    except (OSError, ValueError):
        return False


_Tell = Callable[[BaseException, str], Reason]
_TELL: tuple[tuple[type[BaseException], _Tell], ...] = (
    (ssl.SSLCertVerificationError, _of_certificate),
    (ssl.SSLError, _of_tls),
    (socket.gaierror, _of_name),
    (UnicodeError, _of_name),
    (ConnectionRefusedError, _refused),
    (TimeoutError, _silent),
    (httpx.TimeoutException, _silent),
    (ConnectionResetError, _not_https),
    (BrokenPipeError, _not_https),
    (httpx.RemoteProtocolError, _not_https),
    (OSError, _no_way),
)
