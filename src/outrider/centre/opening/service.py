"""The service: sealed rows in batches, opened or set aside, until none waits; killed at no cost.

A batch is read, opened and moved in one transaction of the store. Whoever kills it, or runs two of
it, gets a batch opened twice and moved once.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from outrider.centre.opening.alarm import alarm_text
from outrider.centre.opening.keys import DataKeys, KeyFolder
from outrider.centre.opening.rows import RefusedRowError, open_row
from outrider.centre.store.centre_store import OpeningStore
from outrider.centre.store.records import OpenedRecord, SealedRecord, StoreError
from outrider.wire.sealing import SealingError

_log = logging.getLogger(__name__)
_LOOK_AGAIN_S = 0.5
_LONGEST_WAIT_S = 30.0
_REASONS_KEPT = 20
_ALARM_EVERY_S = 3600.0
_COUNT_SHARE = 20.0
_SAID_OF_A_BATCH = 3
_Aside = tuple[SealedRecord, str]


@dataclass(slots=True)
class Tally:
    """What this process has done since its start; reasons: of the last rows set aside."""

    opened: int = 0
    set_aside: int = 0
    store_errors: int = 0
    unforeseen: int = 0
    reasons: deque[str] = field(default_factory=lambda: deque(maxlen=_REASONS_KEPT))

    def line(self) -> str:
        """Return the figures in a line."""
        return (
            f"{self.opened} opened, {self.set_aside} set aside, {self.store_errors} store errors,"
            f" {self.unforeseen} unforeseen"
        )


class Opening:
    """Opens what waits in a store, with the keys of a folder.

    batch_rows bounds its memory: a row is half a megabyte at most, and about a kilobyte as a rule.
    """

    def __init__(self, store: OpeningStore, keys: KeyFolder, batch_rows: int = 200) -> None:
        """Read the keys. Raises SealingError."""
        self._store = store
        self._folder = keys
        self._keys = DataKeys(keys.load())
        self._batch_rows = batch_rows
        self._key_fault = ""
        self._alarm = ""
        self._alarmed_s: float | None = None
        self._count_again_s = 0.0
        self.tally = Tally()

    def run(self, stop: threading.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Open all that waits now; beat is called after each batch. Raises StoreError."""
        while not stop.is_set():
            waiting = self._store.sealed(self._batch_rows)
            if not waiting:
                return
            self._settle(waiting)
            beat()

    def _settle(self, waiting: Sequence[SealedRecord]) -> None:
        opened: list[OpenedRecord] = []
        aside: list[_Aside] = []
        for sealed in waiting:
            try:
                opened.append(open_row(sealed, self._keys))
            except RefusedRowError as error:
                aside.append((sealed, str(error)))
            except Exception as error:  # noqa: BLE001 - a row's fault is that row's, whatever it is
                aside.append((sealed, f"cannot be opened: {type(error).__name__}"))
        self._set_aside(aside)
        self._keep(opened)

    def _keep(self, opened: Sequence[OpenedRecord]) -> None:
        """Move rows to the searchable; one that no store takes is set aside, the others moved."""
        if not opened:
            return
        try:
            self._store.opened(opened)
        except StoreError:
            raise  # the store's fault: the rows wait until it is mended
        except Exception as error:  # noqa: BLE001 - a row's fault is that row's, whatever it is
            if len(opened) == 1:
                why = f"cannot be kept: {type(error).__name__}"
                self._set_aside([(opened[0].sealed, why)])
                return
            for one in opened:
                self._keep([one])
        else:
            self.tally.opened += len(opened)

    def _set_aside(self, rows: Sequence[_Aside]) -> None:
        """Set rows aside at once: a lying unit can send them by the thousand."""
        if not rows:
            return
        self._store.set_all_aside([(one.epoch_id, one.row.seq, why) for one, why in rows])
        for sealed, why in rows:
            self.tally.reasons.append(f"unit {sealed.unit_id} epoch {sealed.epoch_id}: {why}")
        # Why is for `--backlog`: it may repeat what the row holds, which no log may.
        for sealed, _ in rows[:_SAID_OF_A_BATCH]:
            place = sealed.row.seq, sealed.epoch_id, sealed.unit_id
            _log.error("opening: set aside: row %d of epoch %s, unit %s", *place)
        if len(rows) > _SAID_OF_A_BATCH:
            _log.error("opening: set aside: %d rows more", len(rows) - _SAID_OF_A_BATCH)
        self.tally.set_aside += len(rows)

    def retry(self) -> int:
        """Let all that was set aside wait again; return how many. Raises StoreError."""
        return self._store.retry_set_aside()

    def watch(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Open whatever comes until stop; a store that fails is asked again, a new key is used."""
        wait_s = _LOOK_AGAIN_S
        while not stop.is_set():
            try:
                self._take_new_keys()
                self.run(stop, beat)
                self._look_at_aside()
                wait_s = _LOOK_AGAIN_S
            except StoreError as error:
                self.tally.store_errors += 1
                _log.error("opening: %s; again in %.1f s", error, wait_s)
                wait_s = min(_LONGEST_WAIT_S, 2 * wait_s)
            except Exception:  # noqa: BLE001 - the border: whatever it is, the service goes on
                self.tally.unforeseen += 1
                _log.exception("opening: nobody foresaw this; again in %.1f s", wait_s)
                wait_s = min(_LONGEST_WAIT_S, 2 * wait_s)
            beat()
            stop.wait(wait_s)

    def _look_at_aside(self) -> None:
        """Raise the alarm for rows that do not open: at once, and again each hour they stay.

        To count them takes a twentieth of the time at most: a lying unit can have millions of them.
        """
        now_s = time.monotonic()
        if now_s < self._count_again_s:
            return
        aside = self._store.set_aside_by_unit()
        self._count_again_s = now_s + _COUNT_SHARE * (time.monotonic() - now_s)
        alarm = alarm_text(aside) if aside else ""
        due = self._alarmed_s is None or now_s - self._alarmed_s > _ALARM_EVERY_S
        if alarm and (due or alarm != self._alarm):
            _log.error("opening: %s", alarm)
            self._alarmed_s = now_s
        self._alarm = alarm

    def _take_new_keys(self) -> None:
        """Use keys that were added, and let what waits for one wait no longer."""
        known = self._folder.key_ids
        try:
            opener = self._folder.load()
        except SealingError as error:
            if str(error) != self._key_fault:
                _log.error("opening: going on with the keys read before: %s", error)
            self._key_fault = str(error)
            return
        self._key_fault = ""
        if self._folder.key_ids == known:
            return
        self._keys = DataKeys(opener)
        _log.warning("opening: keys now %s", ", ".join(sorted(self._folder.key_ids)))
        if self._folder.key_ids - known:
            self.retry()

    @property
    def fault(self) -> str:
        """What is wrong now, for the service's status; empty where nothing is."""
        return "; ".join(filter(None, (self._key_fault, self._alarm)))
