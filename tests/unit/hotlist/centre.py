"""A real centre for the tests: keys, repository, publisher, and its files fetched as over HTTP."""

import csv
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from securesystemslib.signer import CryptoSigner, Key
from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.api.metadata import Root
from tuf.ngclient.fetcher import FetcherInterface

from outrider.centre.hotlists.publish import Published, Publisher
from outrider.centre.hotlists.repository import ONLINE_ROLES, HotlistRepository, Lifetimes
from outrider.clock import RecordedClock
from outrider.hotlist_import.limits import ImportLimits
from outrider.hotlist_import.list_file import ListFile
from outrider.records import VehicleOfInterest
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.hotlist.update import Source, UpdateClient
from outrider.wire.hotlist_entry import FIELDS, to_row
from tests.unit.hotlist.makers import NOW_NS, clock

URL = "http://centre.test/hotlists"
ANY_SIZE = ImportLimits(max_shrink_share=1.0)


class FolderFetcher(FetcherInterface):
    """Serves a repository's folder; broken: the share of a body after which the line drops."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.broken: float | None = None

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = urlsplit(url).path.removeprefix("/hotlists/")
        self.asked.append(path)
        file = self.folder / path
        if not file.is_file():
            raise DownloadHTTPError(f"no {path}", 404)
        data = file.read_bytes()
        if self.broken is not None:
            yield data[: int(len(data) * self.broken)]
            raise DownloadError("the line dropped")
        yield data


class Centre:
    """A centre in a folder, with three root keys of which two must sign."""

    def __init__(self, folder: Path, lifetimes: Lifetimes | None = None) -> None:
        self.folder = folder
        self.clock = RecordedClock(NOW_NS)
        self.repository = HotlistRepository(folder / "served", self.clock, lifetimes)
        self.root_keys = [CryptoSigner.generate_ed25519() for _ in range(3)]
        self.online = {role: CryptoSigner.generate_ed25519() for role in ONLINE_ROLES}
        self.publish_root()
        self.publisher = Publisher(folder / "masters", self.repository, self.online)
        self.fetcher = FolderFetcher(folder / "served")

    def publish_root(self, signers: list[CryptoSigner] | None = None) -> bool:
        keys: dict[str, list[Key]] = {
            role: [signer.public_key] for role, signer in self.online.items()
        }
        keys[Root.type] = [signer.public_key for signer in self.root_keys]
        self.repository.stage_root(keys, threshold=2)
        done = [self.repository.sign_root(s) for s in signers or self.root_keys[:2]]
        return done[-1]

    @property
    def first_root(self) -> bytes:
        return (self.repository.metadata / "1.root.json").read_bytes()

    def publish(
        self,
        entries: list[VehicleOfInterest],
        name: str = "stolen",
        published_ns: int | None = None,
    ) -> Published:
        path = self.folder / "list.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(FIELDS)
            writer.writerows(to_row(entry) for entry in entries)
        now_ns = self.clock.stamp(self.clock.mono_ns()).utc_ns
        listed = ListFile(path, published_ns or now_ns, limits=ANY_SIZE)
        return self.publisher.publish(name, listed)

    def client(self, store: HotlistStore, now_ns: int = NOW_NS) -> UpdateClient:
        return UpdateClient(store, Source(URL, self.first_root), clock(now_ns), self.fetcher)
