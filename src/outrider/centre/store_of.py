"""The store of a centre's folder, as its settings name it."""

from outrider.centre.folder import CentreFolder
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore
from outrider.clock import Clock


def open_store_of(folder: CentreFolder, clock: Clock | None = None) -> CentreStore:
    """Open the store of a folder's settings. clock: as `open_store` has it.

    Raises ConfigError where the folder holds no centre, StoreError.
    """
    return open_store(folder.store_url(folder.load()), clock)
