"""A signed message: `{NAME: {...}, "signature": BASE64}`, the signature over the content alone."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from outrider.outside import parsing
from outrider.wire import canonical
from outrider.wire.canonical import WireError
from outrider.wire.signing import SigningIdentity, VerifyingKey


class Content(BaseModel):
    """What stands in a signed message: an unknown field or a wrong type is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class SignedMessage:
    """One kind of signed message. name: of its content; purpose: signed with it."""

    def __init__(self, name: str, content: type[Content], purpose: str, max_bytes: int) -> None:
        signature: Any = (str, Field(max_length=128))
        fields: dict[str, Any] = {name: (content, ...), "signature": signature}
        self._envelope = create_model(name, __base__=Content, **fields)
        self._name = name
        self._purpose = purpose
        self._max_bytes = max_bytes

    def encode(self, content: Mapping[str, Any], identity: SigningIdentity) -> bytes:
        """Return the message, signed, as canonical JSON."""
        signature = identity.sign(self._purpose, canonical.dumps(content))
        return canonical.dumps({self._name: content, "signature": signature})

    def decode(self, data: bytes, key: VerifyingKey) -> dict[str, Any]:
        """Return the content of a message that is signed with the key. Raises WireError."""
        with parsing(WireError, f"no {self._name}"):
            try:
                envelope = self._envelope.model_validate(canonical.loads(data, self._max_bytes))
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(map(str, first["loc"]))
                raise WireError(f"no {self._name}: {where}: {first['msg']}") from error
            found = envelope.model_dump()
            content: dict[str, Any] = found[self._name]
            key.verify(self._purpose, canonical.dumps(content), found["signature"])
            return content
