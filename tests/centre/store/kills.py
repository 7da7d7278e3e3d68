"""A centre's process is killed at random instants while it takes, opens and stores pictures.

Long run: `python -m tests.centre.store.kills --database sqlite --kills 300`.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from outrider.bench.postgres_cluster import running
from outrider.centre.demo.unit_journal import UnitJournal
from outrider.centre.opening.rows import open_row
from outrider.centre.store import open_store
from outrider.centre.store.audit_chain import audit_hash
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store.records import SeqRange
from outrider.wire.audit import AuditKind
from outrider.wire.hash_chain import GENESIS
from tests.centre.store.makers import KEYS, journal, receipt, send, send_pictures, upload
from tests.unit.journal import makers

_ROWS = 1000
_AT_ONCE = 10


@dataclass(slots=True)
class Account:
    """What came of a campaign: rows told as stored, and of all rows what is here in the end."""

    kills: int = 0
    rows: int = 0
    told: int = 0
    lost: int = 0
    doubled: int = 0
    half: int = 0
    without_pictures: int = 0
    unsound: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled, half or unsound."""
        return not (self.lost or self.doubled or self.half or self.without_pictures or self.unsound)


def campaign(url: str, kills: int, seed: int, longest_s: float) -> Account:
    """Kill so many processes; then let one end the work in peace, and account for all."""
    rng, unit, told = random.Random(seed), journal(), Counter[int]()
    for number in range(_ROWS):
        made = makers.action(number) if number % 10 == 9 else makers.read(
            number, patch_bytes=40, overview_bytes=400)  # fmt: skip
        unit.add(*makers.pictured(made))
    account = Account(kills=kills, rows=_ROWS)
    open_store(url).close()
    for life in range(kills):
        told += one_life(url, unit, seed + life, rng.uniform(0.0, longest_s))
    store = open_store(url)
    account.told = len(told)
    account.half = not_as_told(store, unit, set(told))
    finish(store, unit)
    settle(store, unit, account)
    store.close()
    return account


def one_life(url: str, unit: UnitJournal, seed: int, life_s: float) -> Counter[int]:
    """Let a child work until it is killed, so long after its first receipt; return what it told."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            work(open_store(url), unit, random.Random(seed), writing)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as lines:
        first = lines.readline()
        threading.Event().wait(life_s)
        os.kill(child, signal.SIGKILL)
        text = first + lines.read()
    _, status = os.waitpid(child, 0)
    if os.WTERMSIG(status) != signal.SIGKILL:
        raise AssertionError(f"the centre ended by itself: status {status}")
    return Counter(int(line) for line in text.split(b"\n")[:-1])


def work(store: CentreStore, unit: UnitJournal, rng: random.Random, writing: int) -> None:
    """Take rows and pictures and open rows, as three services do at once, and tell each row."""
    threading.Thread(target=open_for_ever, args=(store,), daemon=True).start()
    while True:
        start = rng.randrange(0, _ROWS, _AT_ONCE)
        rows = unit.rows[start : start + _AT_ONCE]
        send(store, unit, rows)
        os.write(writing, b"".join(b"%d\n" % row.seq for row in rows))
        if rng.random() < 0.5:
            send_pictures(store, unit, rows)


def open_for_ever(store: CentreStore) -> None:
    """Open what waits, a little at a time."""
    while True:
        store.opened([open_row(sealed, KEYS) for sealed in store.sealed(7)])


def not_as_told(store: CentreStore, unit: UnitJournal, told: set[int]) -> int:
    """Return how many rows are not here though they were told, or came without their batch."""
    present = {
        seq
        for state in store.journals()
        for run in state.present
        for seq in range(run.first, run.last + 1)
    }
    waiting = {sealed.row.seq for sealed in store.sealed(_ROWS)}
    opened = {o.sealed.row.seq for o in store.records(unit.journal_id, 1, _ROWS)}
    parts = {(seq - 1) // _AT_ONCE for seq in present}
    return (
        len(told - present)
        + len(present ^ (waiting | opened))
        + abs(len(parts) * _AT_ONCE - len(present))
    )


def finish(store: CentreStore, unit: UnitJournal) -> None:
    """Send and open all that is left."""
    for start in range(0, _ROWS, 100):
        send(store, unit, unit.rows[start : start + 100])
        send_pictures(store, unit, unit.rows[start : start + 100])
    while sealed := store.sealed(200):
        store.opened([open_row(one, KEYS) for one in sealed])
    empty = upload()
    store.take_rows(empty, unit.batch([]), receipt)


def settle(store: CentreStore, unit: UnitJournal, account: Account) -> None:
    """Count what is lost, doubled or unsound in the end."""
    with store.snapshot() as rows:
        found = Counter(opened.sealed.row.seq for opened in rows)
    account.lost = sum(row.seq not in found for row in unit.rows)
    account.doubled = sum(found.values()) - len(found)
    account.without_pictures = sum(
        store.picture(unit.journal_id, row.seq, picture.role) is None
        for row in unit.rows
        for picture in row.pictures
    )
    (state,) = store.journals()
    whole = (state.present, state.missing, state.chain_breaks, state.pictures_due)
    account.unsound += whole != ((SeqRange(1, _ROWS),), (), (), 0)
    previous, corrections = GENESIS, Counter[str]()
    for number, row in enumerate(_trail(store), start=1):
        account.unsound += row.hash != audit_hash(number, row.event, previous)
        account.unsound += (row.number, row.previous) != (number, previous)
        previous = row.hash
        if row.event.kind is AuditKind.ALTERATION:
            corrections[str(row.event.event_id)] += 1
    account.doubled += sum(corrections.values()) - len(corrections)
    account.lost += sum(n % 10 == 9 for n in range(_ROWS)) - len(corrections)


def _trail(store: CentreStore):  # type: ignore[no-untyped-def]
    after = 0
    while rows := store.audit(after):
        yield from rows
        after = rows[-1].number


@contextmanager
def a_store(database: str) -> Iterator[str]:
    """Yield the URL of an empty store that goes again."""
    if database == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:{Path(folder) / 'store'}"
    else:
        with running() as cluster:
            yield cluster.url(cluster.new_database())


def main() -> int:
    """Run the campaign and print its account; exit 1 where it is not clean."""
    parser = argparse.ArgumentParser(description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--database", choices=["sqlite", "postgresql"], help="a temporary one")
    where.add_argument("--url", help="an empty one that is there")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest-s", type=float, default=0.4)
    args = parser.parse_args()
    if args.url:
        account = campaign(args.url, args.kills, args.seed, args.longest_s)
    else:
        with a_store(args.database) as url:
            account = campaign(url, args.kills, args.seed, args.longest_s)
    print(json.dumps(asdict(account)))
    return 0 if account.clean else 1


if __name__ == "__main__":
    sys.exit(main())
