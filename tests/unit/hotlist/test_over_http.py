"""The whole way by the commands: keys, root, publish, HTTP, update; and servers that misbehave."""

import http.server
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from outrider.cli import main
from outrider.unit.hotlist.fetch import HttpFetcher
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.hotlist.update import Source, UpdateClient
from outrider.unit.hotlist.update_state import Trouble, UpdateError
from tests.unit.hotlist.centre import Centre
from tests.unit.hotlist.makers import clock, voi


class _Server(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Keep quiet."""


class _Status(_Server):
    status = 500

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()


class _CutShort(_Server):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5000")
        self.end_headers()
        self.wfile.write(b"{")


class _Mute(_Server):
    ended = threading.Event()

    def do_GET(self) -> None:
        self.ended.wait(5.0)


class _Garbled(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.recv(1000)
        self.request.sendall(b"\x00\x01\x02 not HTTP\r\n\r\n")


@contextmanager
def _serving(handler: object) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        _Mute.ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _update(url: str, centre: Centre, store: HotlistStore) -> None:
    fetcher = HttpFetcher(timeout_s=0.5)
    try:
        UpdateClient(store, Source(url, centre.first_root), clock(), fetcher).update()
    finally:
        fetcher.close()


def test_update_over_real_http(tmp_path: Path) -> None:
    """An update goes through a real server and the client that units use."""
    centre, store = Centre(tmp_path / "centre"), HotlistStore(tmp_path / "unit")
    centre.publish([voi("AA11AAA")])
    with _serving(partial(_Server, directory=str(centre.folder / "served"))) as url:
        _update(url, centre, store)
    assert store.list("stolen").in_force() is not None


def _with_status(code: int) -> type[_Status]:
    return type("Status", (_Status,), {"status": code})


@pytest.mark.parametrize(
    "handler",
    [_with_status(500), _with_status(401), _with_status(302), _CutShort, _Mute, _Garbled],
)
def test_misbehaving_servers_are_unreachable_not_news(tmp_path: Path, handler: object) -> None:
    """An error, a redirect, a cut, silence and garbage all leave the list in force."""
    _Mute.ended.clear()
    centre, store = Centre(tmp_path / "centre"), HotlistStore(tmp_path / "unit")
    centre.publish([voi("AA11AAA")])
    centre.client(store).update()
    before = store.list("stolen").in_force()
    with _serving(handler) as url, pytest.raises(UpdateError) as caught:
        _update(url, centre, store)
    assert caught.value.trouble is Trouble.UNREACHABLE
    assert store.list("stolen").in_force() == before


def test_nobody_listens(tmp_path: Path) -> None:
    """A centre that is not there is unreachable, at once."""
    centre, store = Centre(tmp_path / "centre"), HotlistStore(tmp_path / "unit")
    with _serving(_Server) as url:
        pass
    with pytest.raises(UpdateError) as caught:
        _update(url, centre, store)
    assert caught.value.trouble is Trouble.UNREACHABLE


def test_by_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The ceremony, publishing and updating work as the README of the centre's part says."""
    repository = tmp_path / "served"
    roots = [tmp_path / f"root-{name}.pem" for name in "abc"]
    centre = ["centre", "hotlist"]
    at = ["--repository", str(repository)]
    for path in roots:
        assert main([*centre, "key", str(path)]) == 0
    assert main([*centre, "key", str(roots[0])]) == 2  # never overwritten
    keys = [word for path in roots for word in ("--root-key", str(path))]
    assert main([*centre, "stage-root", *at, *keys, "--threshold", "2"]) == 0
    assert main([*centre, "sign-root", *at, "--root-key", str(roots[0])]) == 0
    assert not (repository / "metadata" / "1.root.json").exists()
    assert main([*centre, "sign-root", *at, "--root-key", str(roots[2])]) == 0
    listed = tmp_path / "list.csv"
    listed.write_text("vrm,reason\nAA11AAA,x\n")
    assert main([*centre, "publish", str(listed), "--list", "stolen", *at]) == 0
    assert main([*centre, "renew", *at]) == 0
    store = ["--store", str(tmp_path / "unit")]
    with _serving(partial(_Server, directory=str(repository))) as url:
        root = str(repository / "metadata" / "1.root.json")
        assert main(["hotlist", "update", "--url", url, "--root", root, *store]) == 0
        assert main(["hotlist", "update", "--url", url, "--root", root, *store]) == 0
    assert main(["hotlist", "check", "AA11AAA", *store]) == 0
    out = capsys.readouterr().out
    assert "stolen: revision 1, updated" in out
    assert "stolen: revision 1, up to date" in out
