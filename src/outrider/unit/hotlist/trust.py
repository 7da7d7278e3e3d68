"""What the unit trusts: python-tuf's client workflow, on the unit's clock.

python-tuf does roles, thresholds, versions, expiry and hashes. Added here: its reference time is
the unit's best time of day and never earlier than what this unit has already seen, so that a lost
clock does not revive what has expired; and what it wrote is synced.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tuf.api import exceptions as tuf_errors
from tuf.ngclient.config import UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface
from tuf.ngclient.updater import Updater

from outrider import durable
from outrider.unit.hotlist.update_state import Trouble, UpdateError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_TARGETS_BYTES = 5_000_000
_MAX_INDEX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a session keeps its things: metadata under state; packages, in clear, in memory."""

    state: Path
    packages: Path


class TrustedRepository:
    """One session with a centre's repository: refresh once, then fetch targets."""

    def __init__(
        self, folders: Folders, base_url: str, root: bytes, fetcher: FetcherInterface, now_ns: int
    ) -> None:
        """Start from the trusted root that the unit was provisioned with. Raises UpdateError."""
        self._metadata = folders.state / "metadata"
        self._packages = folders.packages
        base = base_url.rstrip("/")
        durable.make_folder(self._metadata)
        # An earlier version kept packages, in clear, on the card.
        shutil.rmtree(folders.state / "targets", ignore_errors=True)
        with _told():
            self._updater = Updater(
                metadata_dir=str(self._metadata),
                metadata_base_url=f"{base}/metadata/",
                target_dir=str(folders.packages),
                target_base_url=f"{base}/targets/",
                fetcher=fetcher,
                config=UpdaterConfig(targets_max_length=_MAX_TARGETS_BYTES),
                bootstrap=root,
            )
        # No public way to give python-tuf a clock; a test fails if this stops having effect.
        self._updater._trusted_set.reference_time = _EPOCH + timedelta(microseconds=now_ns // 1000)

    def refresh(self) -> None:
        """Bring the metadata up to date by the TUF client workflow. Raises UpdateError."""
        with _told():
            self._updater.refresh()
        self._sync()

    def _sync(self) -> None:
        history = self._metadata / "root_history"
        for path in (*self._metadata.glob("*.json"), *history.glob("*.json")):
            durable.sync_file(path)
        durable.sync_folder(history)
        durable.sync_folder(self._metadata)

    def index(self) -> bytes:
        """Return the index of packages. Raises UpdateError."""
        path = self.fetch("index.json", _MAX_INDEX_BYTES)
        return path.read_bytes()

    def fetch(self, target: str, max_bytes: int) -> Path:
        """Return a verified target as a file, from the cache if it is whole. Raises UpdateError."""
        with _told():
            info = self._updater.get_targetinfo(target)
            if info is None:
                raise UpdateError(Trouble.INVALID, f"{target} is not among the signed targets")
            if info.length > max_bytes:
                raise UpdateError(Trouble.INVALID, f"{target} has {info.length} bytes")
            cached = self._updater.find_cached_target(info)
            if cached is not None:
                return Path(cached)
            with _temporary_files_in(self._packages):
                return Path(self._updater.download_target(info))


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """Have python-tuf's temporary files, which are packages in clear, made in memory.

    It names no folder for them, so that the library's own default is what counts. Nothing else in
    the process that updates makes a temporary file meanwhile, and one made here would do no harm.
    """
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


@contextmanager
def _told() -> Iterator[None]:
    """Turn python-tuf's errors into UpdateError, named for what they mean to a technician."""
    try:
        yield
    except (tuf_errors.RepositoryError, tuf_errors.DownloadError, OSError) as error:
        for expected, trouble, meaning in _MEANINGS:
            if isinstance(error, expected):
                raise UpdateError(trouble, f"{meaning}: {error}") from error
        raise
    except UpdateError:
        raise
    except Exception as error:
        text = f"the metadata is not valid: {type(error).__name__}"
        raise UpdateError(Trouble.INVALID, text) from error


_MEANINGS: tuple[tuple[type[Exception], Trouble, str], ...] = (
    (tuf_errors.ExpiredMetadataError, Trouble.EXPIRED, "the signed metadata has expired"),
    (tuf_errors.BadVersionNumberError, Trouble.ROLLED_BACK, "older or mixed metadata was offered"),
    (tuf_errors.UnsignedMetadataError, Trouble.FORGED, "too few valid signatures"),
    (tuf_errors.LengthOrHashMismatchError, Trouble.FORGED, "length or hash is not as signed"),
    (tuf_errors.DownloadLengthMismatchError, Trouble.FORGED, "longer than signed"),
    (tuf_errors.RepositoryError, Trouble.INVALID, "the metadata is not valid"),
    (tuf_errors.DownloadError, Trouble.UNREACHABLE, "the centre was not reached"),
    (OSError, Trouble.LOCAL, "the unit's own disk"),
)
