"""Sign-ins that have begun and wait for their browser to come back from the provider."""

import threading
from collections import OrderedDict

from outrider.centre.access.people import Person
from outrider.centre.people.provider import Begun, Provider, SignInFault

_MOST_BEGUN = 1000


class NoSignIn(SignInFault):
    """No sign-in of this browser waits."""


class NoProvider(SignInFault):
    """Nobody can sign in: no provider is set."""


class SignIns:
    """Of one service. provider: None where none is set."""

    def __init__(self, provider: Provider | None) -> None:
        self._provider = provider
        self._begun: OrderedDict[str, Begun] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self) -> Begun:
        """Begin one. Raises SignInFault."""
        begun = self._known().begin()
        with self._lock:
            self._begun[begun.state] = begun
            while len(self._begun) > _MOST_BEGUN:
                self._begun.popitem(last=False)
        return begun

    def finish(self, state: str, browsers_state: str, code: str) -> Person:
        """Return who came back. Raises SignInFault.

        browsers_state: what its cookie holds, for the state alone could be another's.
        """
        with self._lock:
            begun = self._begun.pop(state, None)
        if begun is None or browsers_state != state:
            raise NoSignIn("no sign-in of this browser waits: begin anew")
        return self._known().finish(begun, state, code)

    def _known(self) -> Provider:
        if self._provider is None:
            raise NoProvider("no provider is set: [people] issuer")
        return self._provider
