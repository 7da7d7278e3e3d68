"""One picture shown: who asks is looked up, the decision taken, the consultation written down."""

from dataclasses import dataclass

from outrider.centre.access.purpose import checked_purpose
from outrider.centre.access.scope import Action
from outrider.centre.desks import Desks
from outrider.centre.evidence.pictures import Pictures, ShownPicture
from outrider.centre.opening.keys import DataKeys
from outrider.centre.opening.pictures import Viewer
from outrider.centre.pictures.asking import PictureAsked
from outrider.records import Role

_ROLES = {"patch": Role.PATCH, "overview": Role.OVERVIEW}


@dataclass(frozen=True, slots=True)
class Showing:
    """Over one centre's desks, with the keys that open."""

    desks: Desks
    keys: DataKeys

    def show(self, asked: PictureAsked) -> ShownPicture:
        """Return the picture beside its read.

        Raises NoSession, PurposeFault, Denied, AskedWrongly (no such read in the scope),
        PictureFault, SearchFault, StoreError.
        """
        desks = self.desks
        person = desks.sessions.person(asked.token)
        purpose = checked_purpose(asked.code, asked.case, asked.words, asked.authority)
        scope = desks.desk.decide(
            person, Action.PICTURE, purpose, authorisation=asked.authorisation,
            break_glass=asked.break_glass,
        )  # fmt: skip
        viewer = Viewer(desks.store, self.keys)
        return Pictures(desks.search, viewer).open(scope, asked.read, _ROLES[asked.part])
