"""One round of updates from the settings: where the lists come from, with which certificates."""

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from outrider.clock import Clock
from outrider.unit.certificates import tls_context
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.settings.sections import Settings

if TYPE_CHECKING:
    from outrider.unit.hotlist.update import Updated


class NotSetUpError(ValueError):
    """The unit does not know where lists come from, or whom to trust for them."""


def refresh(
    settings: Settings,
    store: HotlistStore,
    clock: Clock,
    url: str | None = None,
    root: Path | None = None,
) -> "list[Updated]":
    """Bring the lists of a store up to date; url and root go before the settings.

    Raises NotSetUpError, TransportSettingsError, trust.UpdateError, OSError; the lists in force
    stay.
    """
    # Imported here: tuf takes a quarter of a second, which no other command should wait for.
    from outrider.unit.hotlist.fetch import HttpFetcher
    from outrider.unit.hotlist.update import Source, UpdateClient

    url = url or settings.hotlist.update_url
    root = root or settings.hotlist.trusted_root
    if url is None:
        raise NotSetUpError(
            "hotlist.update_url is not set: enrol the unit, or give "
            "`outrider hotlist update --url URL`"
        )
    if root is None:
        raise NotSetUpError(
            "this unit has no root of trust for signed lists: the centre had none when the unit "
            "was enrolled. At the centre: make keys and a root, publish a list (README: Use it), "
            "name the repository under [hotlists] in centre.toml. Then enrol the unit anew; or "
            "bring metadata/1.root.json of the repository here by hand, for "
            "`outrider hotlist update --root FILE` or as hotlist.trusted_root in the settings"
        )
    fetcher = HttpFetcher(_tls(settings))
    try:
        return UpdateClient(store, Source(url, root.read_bytes()), clock, fetcher).update()
    finally:
        fetcher.close()


def _tls(settings: Settings) -> ssl.SSLContext | None:
    """Return how to talk to the centre: the same certificates as for sending reads."""
    sync = settings.sync
    if sync.client_certificate is None:
        return ssl.create_default_context(cafile=sync.ca_certificate)
    return tls_context(
        sync.ca_certificate, sync.client_certificate, sync.client_key, sync.revocation_list
    )
