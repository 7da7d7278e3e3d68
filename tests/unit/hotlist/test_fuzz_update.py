"""A centre, or a line to it, that gives anything: one kind of error, and the old list stays."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tuf.ngclient.fetcher import FetcherInterface

from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.hotlist.update import Source, UpdateClient
from outrider.unit.hotlist.update_state import UpdateError
from tests.unit.hotlist.centre import URL, Centre
from tests.unit.hotlist.makers import clock, voi


class Garbling(FetcherInterface):
    """Gives what another fetcher does, with one body changed as the test says."""

    def __init__(self, honest: FetcherInterface, number: int, change: bytes, at: float) -> None:
        self._honest = honest
        self._number = number
        self._change = change
        self._at = at
        self.asked = 0

    def _fetch(self, url: str) -> Iterator[bytes]:
        body = bytearray(b"".join(self._honest.fetch(url)))
        if self.asked == self._number:
            at = int(len(body) * self._at)
            body[at : at + len(self._change)] = self._change
        self.asked += 1
        yield bytes(body)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Centre:
    made = Centre(tmp_path_factory.mktemp("centre"))
    made.publish([voi("AB12CDE")])
    return made


@given(
    number=st.integers(0, 6),
    change=st.binary(max_size=40)
    | st.sampled_from([b"[" * 5000, b"9" * 5000, b'"\\ud800"', b"{}"]),
    at=st.floats(0, 1),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_python_tuf_raises_is_one_error_and_the_old_list_stays(
    tmp_path: Path, centre: Centre, number: int, change: bytes, at: float
) -> None:
    """Root, timestamp, snapshot, targets, index or package: none takes the update's process."""
    root = tmp_path / "lists"
    shutil.rmtree(root, ignore_errors=True)
    store = HotlistStore(root)
    centre.client(store).update()
    before = store.list("stolen").in_force()
    assert before is not None
    shutil.rmtree(root / ".tuf")
    source = Source(URL, centre.first_root)
    client = UpdateClient(store, source, clock(), Garbling(centre.fetcher, number, change, at))
    with contextlib.suppress(UpdateError):
        client.update()
    assert store.list("stolen").in_force() == before
