"""The unforeseen: mutated uploads over TLS, and whatever the interface's description allows."""

import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import zstandard
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import Receive, Scope, Send

from outrider.centre.intake.app import openapi
from outrider.centre.intake.codes import STATUS, Code
from outrider.wire import batch
from outrider.wire.upload import MEDIA_TYPES, UploadKind
from tests.centre.intake.running import Running, Unit, enrolled, running

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_EXAMPLES = settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def mutations(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Return a change of some bytes: overwritten, cut out, put in, or repeated."""
    at, much = draw(st.floats(0, 1)), draw(st.integers(0, 40))
    put = draw(st.binary(max_size=40))

    def mutate(data: bytes) -> bytes:
        start = int(at * len(data))
        return data[:start] + put + data[start + much :]

    return mutate


def assert_refused(answer: httpx.Response) -> None:
    """An answer that is a refusal in our own form, by a code that has that status."""
    said = answer.json()
    assert set(said) == {"error", "message", "request"}
    assert STATUS[Code(said["error"])] == answer.status_code
    assert answer.status_code < 500


@pytest.fixture(scope="module")
def line(centre: Running, unit: Unit):  # type: ignore[no-untyped-def]
    """A client, and the store's content before any of it."""
    with unit.client() as client:
        yield client
        assert unit.put(unit.name(), unit.rows_body()).status_code == 200


@_EXAMPLES
@given(mutations(), st.booleans(), st.sampled_from(UploadKind))
def test_mutated_bodies(
    centre: Running,
    unit: Unit,
    line: httpx.Client,
    mutate: Callable[[bytes], bytes],
    signed: bool,
    kind: UploadKind,
) -> None:
    """A body with some bytes changed is refused, signed as it is or as it was; or says the same."""
    body, name = unit.rows_body(), unit.name(kind)
    changed = mutate(body)
    before = centre.contents()
    headers = unit.headers(name, changed if signed else body)
    answer = line.put(name.path, content=changed, headers=headers)
    if answer.status_code == 200:  # bytes after the end of the compressed frame say nothing
        assert batch.decode(changed) == batch.decode(body)
        return
    assert_refused(answer)
    assert centre.contents() == before


@_EXAMPLES
@given(mutations())
def test_mutated_rows(
    centre: Running, unit: Unit, line: httpx.Client, mutate: Callable[[bytes], bytes]
) -> None:
    """Rows changed under a good envelope and a good signature are refused, or were not changed."""
    plain = zstandard.ZstdDecompressor().decompress(unit.rows_body(3), max_output_size=2**24)
    changed = mutate(plain)
    name, body = unit.name(), zstandard.ZstdCompressor().compress(changed)
    before = centre.contents()[1]
    answer = line.put(name.path, content=body, headers=unit.headers(name, body))
    if answer.status_code != 200:
        assert_refused(answer)
    assert {r.row.hash for r in centre.store.sealed(10_000)} >= {r.row.hash for r in before}  # type: ignore[attr-defined]


_HEADER_TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80)


@_EXAMPLES
@given(st.sampled_from(["Outrider-Sent", "Outrider-Signature", "Content-Digest"]), _HEADER_TEXT)
def test_mutated_headers(
    centre: Running, unit: Unit, line: httpx.Client, header: str, text: str
) -> None:
    """Any other value of a header that is checked is refused as not authentic."""
    name, body = unit.name(), unit.rows_body()
    before = centre.contents()
    headers = unit.headers(name, body) | {header: text}
    answer = line.put(name.path, content=body, headers=headers)
    assert_refused(answer)
    assert answer.status_code in (401, 403)
    assert centre.contents() == before


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
)
_FIELDS = ("version", "unit_id", "code", "signing_key", "certificate_request", "more")


@_EXAMPLES
@given(st.dictionaries(st.sampled_from(_FIELDS), _JSON))
def test_any_json_to_enrolment(anybody: httpx.Client, asked: dict[str, object]) -> None:
    """Whatever JSON comes to enrolment is refused with the field at fault."""
    answer = anybody.post("/v1/enrol", content=json.dumps(asked))
    assert_refused(answer)
    assert answer.json()["error"] == "content"


@pytest.fixture(scope="module")
def anybody(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """A client without a certificate at the enrolment port of a centre that lets many try."""
    with running(tmp_path_factory.mktemp("open"), enrol_burst=1000) as centre:
        tls = ssl.create_default_context(cafile=centre.folder.ca_certificate)
        with httpx.Client(base_url=centre.enrol_url, verify=tls, trust_env=False) as client:
            yield client
        assert centre.store.units() == []


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """The interface's description over the very application, as a unit on the line sees it."""
    root: Path = tmp_path_factory.mktemp("described")
    with running(root, unit_burst=10**6, all_burst=10**6, body_s=5.0) as centre:
        enrolled(centre, root / "unit", "unit-7")

        async def as_unit(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("state", {})["peer"] = "unit-7"
            await centre.service.apps[0](scope, receive, send)

        yield schemathesis.openapi.from_asgi("/v1/openapi.json", as_unit)
        assert centre.contents()[:2] == ([], [])


for media_type in MEDIA_TYPES.values():
    schemathesis.serializer.alias(media_type, "application/octet-stream")
OPERATIONS = [(path, method) for path, methods in openapi()["paths"].items() for method in methods]


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_described_interface(described: BaseSchema, path: str, method: str) -> None:
    """Whatever the description allows, and what it does not, is answered as described."""

    @settings(
        max_examples=15,
        phases=[Phase.generate],  # shrinking what schemathesis draws takes minutes
        suppress_health_check=list(HealthCheck),
    )
    @given(case=described[path][method].as_strategy())
    def answered_as_described(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(checks=CHECKS)

    answered_as_described()


def test_description_is_whole() -> None:
    """Every status that a code has is described for some operation."""
    described = {
        int(status)
        for operations in openapi()["paths"].values()
        for operation in operations.values()
        for status in operation["responses"]
    }
    assert set(STATUS.values()) <= described
