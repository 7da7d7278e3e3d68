"""One picture beside its read, so that a mark is checked by eye before anything is done with it.

Decided, held to the scope, written into the trail, opened, written down again: one by one, each a
consultation. Only who has the private keys comes here; pages and interface ask `centre/pictures`.
"""

import hashlib
import uuid
from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict

from outrider.centre.access.scope import Action, Scope
from outrider.centre.opening.pictures import PictureFault, Viewer
from outrider.centre.search.answers import FoundRead
from outrider.centre.search.asking import AskedWrongly
from outrider.centre.search.corrected import with_corrections
from outrider.centre.search.engine import Search
from outrider.centre.search.record import shown_outcome
from outrider.centre.store.search_ports import Cancel
from outrider.records import Role
from outrider.vrm import fold

_MAY = (Action.PICTURE, Action.EXPORT)


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A picture (JPEG) with the read that it was made with, and the decision that it rests on."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(
        ser_json_bytes="base64", val_json_bytes="base64"
    )

    decision_id: uuid.UUID
    read: FoundRead
    role: Role
    jpeg: bytes


class Pictures:
    """Shows single pictures to people."""

    def __init__(self, search: Search, viewer: Viewer) -> None:
        self._search = search
        self._viewer = viewer

    def open(
        self, scope: Scope, read_id: uuid.UUID, role: Role, cancel: Cancel | None = None
    ) -> ShownPicture:
        """Return a picture of a read that lies in the scope, logged before and after.

        Raises AskedWrongly, PictureFault, SearchFault, Cancelled; StoreError where it could not
        even be logged: nothing is opened then.
        """
        if scope.action not in _MAY:
            raise AskedWrongly("a picture needs a decision about pictures")
        search = self._search
        facts = {"kind": "picture", "read": str(read_id), "role": role.label}
        search.record.asked(scope, facts)
        with search.noting_failure(scope, facts, PictureFault):
            read = search.read_in(scope, read_id, cancel)
            jpeg = self._viewer.open(read_id, role)
        told = {"marks": [fold(read.mark)], "sha256": hashlib.sha256(jpeg).hexdigest()}
        search.record.answered(
            scope, facts, shown_outcome([read_id], {read.force: 1}, 1) | told
        )  # fmt: skip
        corrected = with_corrections(search.store, [read])[0]
        return ShownPicture(scope.decision_id, corrected, role, jpeg)
