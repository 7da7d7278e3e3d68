"""A signed message: `{NAME: {...}, "signature": BASE64}`, the signature over the content alone."""

from typing import Generic, TypeVar

from outrider.outside import parsing
from outrider.wire import canonical
from outrider.wire.canonical import WireError
from outrider.wire.fields import Form
from outrider.wire.signing import SigningIdentity, VerifyingKey

_T = TypeVar("_T")


class SignedMessage(Generic[_T]):
    """One kind of signed message. name: of its content; purpose: signed with it."""

    def __init__(self, name: str, content: type[_T], purpose: str, max_bytes: int) -> None:
        self._form = Form(content)
        self._name = name
        self._purpose = purpose
        self._max_bytes = max_bytes

    def encode(self, content: _T, identity: SigningIdentity) -> bytes:
        """Return the message, signed, as canonical JSON."""
        plain = self._form.plain(content)
        signature = identity.sign(self._purpose, canonical.dumps(plain))
        return canonical.dumps({self._name: plain, "signature": signature})

    def decode(self, data: bytes, key: VerifyingKey) -> _T:
        """Return the content of a message that is signed with the key. Raises WireError."""
        with parsing(WireError, f"no {self._name}"):
            envelope = canonical.loads(data, self._max_bytes)
            signature = envelope.get("signature")
            if envelope.keys() != {self._name, "signature"} or not isinstance(signature, str):
                raise WireError(f"no {self._name}: it is {{{self._name}, signature}}")
            content = self._form.read(envelope[self._name])
            # Over what has been understood, and so over nothing else.
            key.verify(self._purpose, canonical.dumps(self._form.plain(content)), signature)
            return content
