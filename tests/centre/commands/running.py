"""Runs commands of the centre as somebody who is signed in."""

from datetime import timedelta
from pathlib import Path

import pytest

from outrider.centre.access.people import Rank, Role
from outrider.cli import main
from outrider.clock import SystemClock
from tests.centre.people.signed_in import signed_in

WHY = ["--purpose", "serious", "--case", "CR/77/26", "--words", "trace the car that was stolen"]


def days_ago(days: float) -> str:
    """Return an instant so long ago, as it is typed."""
    clock = SystemClock()
    return (clock.stamp(clock.mono_ns()).utc - timedelta(days=days)).isoformat()


class Runner:
    """Runs commands as somebody."""

    def __init__(self, centre: Path, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.centre, self.folder, self.capfd = centre, folder, capfd
        for name, role, rank, team in (
            ("ana-9", Role.ANALYST, Rank.STAFF, "analysis"),
            ("dc-1", Role.INVESTIGATOR, Rank.CONSTABLE, "cid"),
            ("sgt-9", Role.SUPERVISOR, Rank.SERGEANT, "standards"),
            ("supt-9", Role.SENIOR_OFFICER, Rank.SUPERINTENDENT, "command"),
            ("aud-9", Role.AUDITOR, Rank.STAFF, "audit"),
            ("adm-9", Role.ADMINISTRATOR, Rank.STAFF, "systems"),
        ):
            signed_in(centre, folder / name, role, name=name, rank=rank, team=team)

    def __call__(self, who: str, *words: str, status: int = 0) -> str:
        """Run a command; return what it said. who: empty for the operator."""
        session = ["--session", str(self.folder / who)] if who else []
        return self.bare(*words, "--dir", str(self.centre), *session, status=status)

    def bare(self, *words: str, status: int = 0) -> str:
        """Run a command that needs no centre."""
        got = main(["centre", *words])
        told = self.capfd.readouterr()
        assert got == status, f"{words}: {told.out}{told.err}"
        return told.out + told.err
