"""Somebody signed in at a centre's folder, without a browser: what a sign-in leaves behind."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

from outrider.centre.access.people import Person, Rank, Role
from outrider.centre.desks import desks_of
from outrider.centre.folder import CentreFolder
from outrider.centre.store_of import open_store_of
from outrider.clock import SystemClock


def signed_in(
    centre: Path, session: Path, *roles: Role, name: str = "dc-1234", **more: object
) -> None:
    """Begin a session of somebody who has accepted the rules of use; keep its token in a file."""
    folder, clock = CentreFolder(centre), SystemClock()
    with closing(open_store_of(folder)) as store:
        desks = desks_of(folder, folder.load(), store, clock)
        desks.acceptance.accept(name, desks.acceptance.in_force)
        person = Person(name, "northshire", frozenset(roles), Rank.CONSTABLE, "cid-1")
        token = desks.sessions.begin(replace(person, **more))  # type: ignore[arg-type]
    session.write_text(f"{token}\n", encoding="utf-8")
