"""The lists' key from the centre: asked for at start, held in memory for a while without a link.

What is held lies in the runtime folder (memory): a restart without a link goes on with it, a power
cut ends it, and so does the grace. A centre that refuses the unit ends it at once.
"""

import contextlib
import json
import logging
import threading
import time
from pathlib import Path

from outrider import durable
from outrider.clock import NS_PER_S
from outrider.unit.certificates import TransportSettingsError, tls_context
from outrider.unit.hotlist.keys import LockedError
from outrider.unit.settings.sections import Settings
from outrider.unit.sync.state import boot_id
from outrider.unit.sync.transport import HttpsCentre, Patience, UnreachableError
from outrider.wire import list_key
from outrider.wire.canonical import WireError

_log = logging.getLogger(__name__)
FILE = "list-key.json"
_AGAIN_AFTER_S = 5.0
_PATIENCE = Patience(connect_s=3.0, silence_s=5.0, exchange_s=10.0)
_REFUSALS = (401, 403, 404)


class CentreKey:
    """A `KeySource`: the centre of an enrolled unit."""

    name = "centre"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        folder = settings.unit.runtime_dir
        self._held = None if folder is None else folder / FILE
        self._lock = threading.Lock()
        self._failed: tuple[float, str] | None = None

    def answer(self, challenge: bytes) -> bytes:
        """Return the centre's answer, or the one held. Raises LockedError."""
        with self._lock:
            if self._failed and time.monotonic() - self._failed[0] < _AGAIN_AFTER_S:
                raise LockedError(self._failed[1])
            try:
                found = self._ask(challenge)
            except UnreachableError as error:
                # A centre that is there and does not accept the unit is no missing link.
                kept = None if error.reason.distrust else self._kept(challenge)
                if kept is not None:
                    return kept
                raise self._locked(
                    f"the centre has their key and is not reached: {error}"
                ) from None
            except (WireError, TransportSettingsError, OSError) as error:
                raise self._locked(f"the centre has their key: {error}") from error
            self._keep(challenge, found)
            return found

    def _locked(self, why: str) -> LockedError:
        self._failed = time.monotonic(), why
        return LockedError(why)

    def _ask(self, challenge: bytes) -> bytes:
        sync, unit_id = self._settings.sync, self._settings.unit.id
        if sync.url is None:
            raise TransportSettingsError("this unit does not know its centre: enrol it")
        tls = tls_context(
            sync.ca_certificate, sync.client_certificate, sync.client_key, sync.revocation_list
        )
        with HttpsCentre(sync.url, tls, _PATIENCE) as centre:
            answer = centre.get(list_key.path_of(unit_id, challenge), list_key.MAX_BYTES)
        if answer.status in _REFUSALS:
            self._forget()
            raise WireError(f"it refuses this unit ({answer.status})")
        if answer.status != 200:
            raise UnreachableError(f"it answers {answer.status}")
        return list_key.answer_from(answer.body)

    def _kept(self, challenge: bytes) -> bytes | None:
        """Return the answer held for a challenge, if its grace is not over."""
        if self._held is None:
            return None
        try:
            data = json.loads(self._held.read_text(encoding="ascii"))
            age_s = (time.monotonic_ns() - int(data["mono_ns"])) / NS_PER_S
            same = (data["boot"], data["challenge"]) == (boot_id(), challenge.hex())
            answer = bytes.fromhex(data["answer"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("hotlist: %s cannot be read: %s", self._held, type(error).__name__)
            return None
        if same and 0 <= age_s <= self._settings.hotlist.key_grace_h * 3600:
            return answer
        self._forget()
        return None

    def _keep(self, challenge: bytes, answer: bytes) -> None:
        if self._held is None or self._settings.hotlist.key_grace_h == 0:
            return
        data = {
            "boot": boot_id(),
            "mono_ns": time.monotonic_ns(),
            "challenge": challenge.hex(),
            "answer": answer.hex(),
        }
        try:
            durable.make_folder(self._held.parent)
            durable.write(self._held, json.dumps(data).encode("ascii"))
        except OSError as error:  # the next start asks again
            _log.warning("hotlist: the lists' key is not held over a restart: %s", error)

    def _forget(self) -> None:
        if self._held is not None:
            with contextlib.suppress(FileNotFoundError):
                Path(self._held).unlink()
