"""What the campaigns put a journal under: reads and hits as fast as it takes them, each told."""

import itertools
import os
import random
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from outrider.clock import SystemClock
from outrider.unit.journal import Committed, SealedJournal
from outrider.unit.journal.witness import Witness
from outrider.unit.settings.sections import JournalSettings
from outrider.wire.sealing import CentrePrivateKey
from tests.unit.journal import makers
from tests.unit.journal.filled import settings_for


def run(
    directory: Path,
    journal_settings: JournalSettings,
    first: int,
    tell: Callable[[bytes], None],
    pause_s: float = 0.0,
    witness: Witness | None = None,
) -> None:
    """Put reads and hits for ever, numbered from first; tell `M id` before, `C id` when durable.

    pause_s: between two of them. Ends only with the process.
    """

    def committed(batch: Sequence[Committed]) -> None:
        tell(b"".join(b"C %s\n" % str(one.record_id).encode() for one in batch))

    journal = SealedJournal(
        directory,
        journal_settings,
        SystemClock(),
        live=True,
        unit_id="unit-7",
        on_commit=committed,
        witness=witness,
    )
    journal.start(threading.Event())
    rng, pause = random.Random(first), threading.Event()
    for number in itertools.count(first):
        if rng.random() < 0.05:
            hit = makers.hit(number)
            tell(b"M %s\n" % str(hit.hit_id).encode())
            journal.put_hit(*makers.pictured(hit))
        else:
            read = makers.read(number, patch_bytes=300, overview_bytes=900)
            tell(b"M %s\n" % str(read.read_id).encode())
            journal.put_read(*makers.pictured(read))
        if pause_s:
            pause.wait(pause_s)


def settings(directory: Path, centre: CentrePrivateKey) -> JournalSettings:
    """Return settings that seal to a key and commit at short intervals."""
    return settings_for(directory, centre, commit_within_s=0.01, commit_reads=10)


def tell_to(handle: int) -> Callable[[bytes], None]:
    """Return what writes to a file or pipe at once, whole lines only."""

    def tell(line: bytes) -> None:
        os.write(handle, line)

    return tell
