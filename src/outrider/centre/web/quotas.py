"""Around a service over HTTP: how often one address may ask and sign in, and how much at once.

Strangers can ask only for a sign-in, and each of those asks the force's provider: they have rates
and places of their own, by address, so that no stranger keeps anybody from searching, or from
signing in. A whole office may stand behind one address. All of it is counted, and said in the log.
"""

import contextlib
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Collection

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from outrider.centre.intake.codes import Refusal
from outrider.centre.intake.rates import Gate, Rate, Rates, stranger

_log = logging.getLogger(__name__)
ASKED_BY_ONE, ASKED_BY_ALL = Rate(100.0, 2000), Rate(1000.0, 10_000)
SIGN_INS_OF_ONE, SIGN_INS_OF_ALL = Rate(0.5, 100), Rate(5.0, 500)
AT_ONCE, AT_ONCE_OF_ONE = 128, 96  # an office of fifty stands behind one address: it has half
SIGNING_IN, SIGNING_IN_OF_ONE = 16, 8


class Quotas:
    """An application within its quotas. sign_in: the paths that need no session; refused: counts.

    told: makes the answer to one that is refused. lasting: begins the paths of what lasts, which
    is bounded by itself and takes no place of what is soon answered.
    """

    def __init__(
        self, app: ASGIApp, sign_in: Collection[str], told: Callable[[Refusal], Response],
        lasting: str = "",
    ) -> None:  # fmt: skip
        self._app = app
        self._sign_in = frozenset(sign_in)
        self._told = told
        self._lasting = lasting
        self._rates = Rates(ASKED_BY_ONE, ASKED_BY_ALL)
        self._sign_in_rates = Rates(SIGN_INS_OF_ONE, SIGN_INS_OF_ALL)
        self._gate = Gate(AT_ONCE, AT_ONCE_OF_ONE)
        self._sign_in_gate = Gate(SIGNING_IN, SIGNING_IN_OF_ONE)
        self._said_s = -math.inf
        self.refused: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        client, signs_in = scope.get("client"), scope["path"] in self._sign_in
        name = stranger(client[0]) if client else "this machine"
        gate = self._sign_in_gate if signs_in else self._gate
        try:
            self._rates.take(name)
            if signs_in:
                self._sign_in_rates.take(name)
            lasts = self._lasting and scope["path"].startswith(self._lasting)
            with contextlib.nullcontext() if lasts else gate.enter(name):
                await self._app(scope, receive, send)
        except Refusal as refusal:
            self._count(refusal, "sign-in" if signs_in else "request")
            answer = self._told(refusal)
            answer.headers.update(refusal.headers())
            await answer(scope, receive, send)

    def _count(self, refusal: Refusal, what: str) -> None:
        """Count a refusal, and say it once a second at most."""
        self.refused[f"{what} {refusal.code.value}"] += 1
        if time.monotonic() - self._said_s >= 1.0:
            self._said_s = time.monotonic()
            counts = ", ".join(f"{what} {count}" for what, count in sorted(self.refused.items()))
            _log.warning("refused so far: %s", counts)
