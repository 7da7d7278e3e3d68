"""What happens to cards and centres beside kills and cuts: put back, copied, restored.

Each is a window of the campaign: something is copied at its beginning, the programs go on and are
killed meanwhile, and at its end the copy is put in place or the second car is scrapped. What only
the centre has by then must have come whole before: so a card is put back, and a car scrapped, once
nothing waits on it; and between the copy of a centre and its restoring nothing else is put back,
copied or erased (a unit keeps what is receipted longer than backups are apart).
"""

import os
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from outrider.unit.journal.outbox import Outbox
from tests.fault.places import CentrePlace, UnitPlace
from tests.fault.processes import Program
from tests.fault.way_account import WayAccount
from tests.fault.writer import Writer

_STUCK_S = 120.0
_KILLS_WITHIN = 3
_OF_ANOTHER_CAR = 10**8


class Histories:
    """Opens and closes windows between kills, one at a time, each kind in its turn."""

    def __init__(
        self,
        centre: CentrePlace,
        unit: UnitPlace,
        at_unit: tuple[Writer, Program],
        at_centre: tuple[Program, Program],
        account: WayAccount,
        every: int,
        restores: bool,
    ) -> None:
        self._centre = centre
        self._unit = unit
        self._writer, self._sync = at_unit
        self._at_centre = at_centre
        self._account = account
        self._every = every
        self._copy = unit.settings_file.parent / "copy"
        self._begin = [self._image, self._second_car] + ([self._backup] if restores else [])
        self._end: Callable[[], None] | None = None
        self._until = 0
        self._windows = 0
        self._car: tuple[UnitPlace, Writer, Program] | None = None
        self.lines = b""

    @property
    def holds_erasing(self) -> bool:
        """Whether a copy of the centre has been made that is still to be restored."""
        return self._end == self._restore

    def turn(self) -> None:
        """Open a window or close the open one, if it is time."""
        if self._end is not None and self._account.kills >= self._until:
            self.finish()
        elif self._end is None and self._every and self._account.kills % self._every == 0:
            begin = self._begin[self._windows % len(self._begin)]
            self._windows += 1
            self._until = self._account.kills + _KILLS_WITHIN
            begin()

    def finish(self) -> None:
        """Close a window that is open."""
        if self._end is not None:
            self._end()
            self._end = None

    def abandon(self) -> None:
        """End the second car in any state."""
        if self._car is not None:
            self._car[1].abandon()
            self._car[2].abandon()

    def _image(self) -> None:
        """Copy the unit's card, as it stands when the power is off."""
        self._power_off()
        copy_tree(self._unit.journal, self._copy)
        self._power_on()
        self._end = self._put_back

    def _put_back(self) -> None:
        self._writer.kill()
        self._wait_sent(self._unit, self._sync)
        self._sync.kill()
        shutil.rmtree(self._unit.journal)
        copy_tree(self._copy, self._unit.journal)
        shutil.rmtree(self._copy)
        self._power_on()
        self._account.rollbacks += 1

    def _second_car(self) -> None:
        """Put a copy of the card into another car, and let both drive."""
        self._power_off()
        place = self._unit.copied(self._copy)
        self._power_on()
        writer = Writer(place, self._windows * _OF_ANOTHER_CAR)
        sync = place.sync()
        self._car = place, writer, sync
        writer.start()
        sync.start()
        self._end = self._scrap

    def _scrap(self) -> None:
        assert self._car is not None
        place, writer, sync = self._car
        writer.kill()
        self.lines += writer.lines
        self._wait_sent(place, sync)
        sync.end()
        self._car = None
        shutil.rmtree(self._copy)
        self._account.clones += 1

    def _backup(self) -> None:
        for program in self._at_centre:
            program.kill()
        copy_tree(self._centre.folder.root, self._copy)
        for program in self._at_centre:
            program.start()
        self._end = self._restore

    def _restore(self) -> None:
        for program in self._at_centre:
            program.kill()
        shutil.rmtree(self._centre.folder.root)
        copy_tree(self._copy, self._centre.folder.root)
        shutil.rmtree(self._copy)
        for program in self._at_centre:
            program.start()
        self._account.restores += 1

    def _power_off(self) -> None:
        self._writer.kill()
        self._sync.kill()

    def _power_on(self) -> None:
        self._writer.start()
        self._sync.start()

    def _wait_sent(self, place: UnitPlace, sync: Program) -> None:
        pause, moved_s, left = threading.Event(), time.monotonic(), (-1, -1)
        while left != (0, 0):
            before = left
            with closing(Outbox(place.journal)) as outbox:
                found = outbox.remaining()
            left = found.rows, found.pictures
            moved_s = moved_s if left == before else time.monotonic()
            if time.monotonic() - moved_s > _STUCK_S:
                self._account.fault(f"{left} did not arrive before a card went")
                return
            for program in (sync, *self._at_centre):
                program.check()
            pause.wait(0.2)


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder; all of it is on the disk when this returns."""
    shutil.copytree(source, target)
    for folder, _, names in os.walk(target):
        for name in [*names, ""]:
            handle = os.open(Path(folder) / name if name else folder, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)
    handle = os.open(target.parent, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
