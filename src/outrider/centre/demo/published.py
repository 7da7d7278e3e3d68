"""The demo's lists as units would fetch them: signed in a repository of its own."""

from pathlib import Path

from securesystemslib.signer import Key
from tuf.api.metadata import Root

from outrider.centre.governance.kept_lists import KeptLists
from outrider.centre.hotlists.keys import make_key
from outrider.centre.hotlists.publish import Publisher
from outrider.centre.hotlists.repository import ONLINE_ROLES, HotlistRepository
from outrider.centre.store.centre_store import CentreStore
from outrider.clock import Clock

FOLDER = "hotlists"


def publish(root: Path, store: CentreStore, clock: Clock) -> None:
    """Publish what is kept, with keys beside the repository, as its commands look for them.

    In earnest the root's keys lie elsewhere, each on a medium of its own.
    """
    keys, repository = root / f"{FOLDER}-keys", HotlistRepository(root / FOLDER, clock)
    online = {role: make_key(keys / f"{role}.pem", None) for role in ONLINE_ROLES}
    roots = [make_key(keys / f"root-{name}.pem", None) for name in "ab"]
    of_roles: dict[str, list[Key]] = {role: [key.public_key] for role, key in online.items()}
    of_roles[Root.type] = [key.public_key for key in roots]
    repository.stage_root(of_roles, threshold=2)
    for key in roots:
        repository.sign_root(key)
    kept = KeptLists(store, clock)
    lists = {name: [one.content.shown for one in kept.entries(name)] for name in kept.lists()}
    publisher = Publisher(root / f"{FOLDER}-masters", repository, online)
    publisher.publish_kept(lists, clock.stamp(clock.mono_ns()).utc_ns)
