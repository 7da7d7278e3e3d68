"""The store of a centre's folder, as its settings name it."""

from outrider.centre.folder import CentreFolder
from outrider.centre.store import open_store
from outrider.centre.store.centre_store import CentreStore


def open_store_of(folder: CentreFolder) -> CentreStore:
    """Open the store: where the settings say, else the embedded one in the folder.

    Raises ConfigError where the folder holds no centre, StoreError.
    """
    settings = folder.load()
    return open_store(settings.store.url or f"sqlite:{folder.store.resolve()}")
