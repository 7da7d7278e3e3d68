"""The kill campaign of the way to the centre: writers and syncs killed, a centre that misbehaves.

A unit writes, a sync sends and erases what is receipted at once, and either or both are killed at
random instants, while a tenth of the centre's answers are lost or wrong. In the end everything
committed must be at the centre, once, with its pictures, ordinary rows in order.
Long run: `python -m tests.fault.sync_kill --kills 500`.
"""

import argparse
import json
import os
import pickle
import random
import signal
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

from outrider.clock import ClockQuality, SystemClock, UtcStamp
from outrider.records import Hit, Read
from outrider.unit.journal.outbox import Outbox
from outrider.unit.journal.schema import DATABASE
from outrider.unit.sync.backoff import Backoff
from outrider.unit.sync.session import Identity, Session
from outrider.unit.sync.transport import HttpsCentre, Patience
from outrider.wire.read_record import RecordKind, decode
from outrider.wire.sealing import CentrePrivateKey, Opener, Place, SealingError
from outrider.wire.signing import SigningIdentity
from tests.fault.account import Account, told
from tests.fault.kill import one_life
from tests.sync import centre as acts
from tests.sync.centre import Handler, Server, TestCentre

_FAR_FUTURE = UtcStamp(2**61, ClockQuality.GPS, 0.0)
_MISBEHAVIOURS = (
    acts.hang_up,
    acts.stored_without_answer,
    acts.half_an_answer,
    acts.status(500),
    acts.status(429),
    acts.body_of_200(lambda handler: b"<html>"),
    acts.body_of_200(lambda handler: acts.good_receipt(handler, sha256="0" * 64)),
)


class Way:
    """What the processes of a campaign share: keys, and where the centre is."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.journal = folder / "journal"
        self.dump = folder / "centre.pickle"
        self.sealing = CentrePrivateKey.generate()
        self.unit = SigningIdentity.generate()
        self.centre = TestCentre(self.unit.public)
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.centre = self.centre
        self.url = f"http://localhost:{self.server.server_address[1]}"
        self.seed = seed

    def serve(self) -> None:
        """Be the centre until SIGTERM; then leave what was stored in a file."""
        rng = random.Random(self.seed)
        take = self.centre.take

        def misbehave_or_take(name, body, headers):  # type: ignore[no-untyped-def]
            if rng.random() < 0.1:
                self.centre.misbehaviour.append(rng.choice(_MISBEHAVIOURS))
            return take(name, body, headers)

        self.centre.take = misbehave_or_take  # type: ignore[method-assign]
        stopped = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stopped.set())
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        stopped.wait()
        with self.centre.lock, self.dump.open("wb") as file:
            found = (self.centre.rows, self.centre.keys, self.centre.pictures, self.centre.arrived)
            pickle.dump(found, file)

    def sync(self, give_up_after: int | None) -> bool:
        """Send and erase all that there is; return whether nothing is left."""
        outbox = Outbox(self.journal)
        identity = Identity("unit-7", self.unit, self.centre.identity.public)
        with HttpsCentre(self.url, None, Patience(2, 2, 5)) as centre:
            session = Session(
                outbox,
                centre,
                identity,
                SystemClock(),
                Backoff(0.001, 0.01),
                batch_rows=20,
                give_up_after=give_up_after,
            )
            summary = session.run(threading.Event())
            outbox.expire(0.0, _FAR_FUTURE)
        outbox.close()
        return summary.done


def child(work: Callable[[], None]) -> int:
    """Fork a process that does some work and ends; return its number."""
    number = os.fork()
    if number == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return number


def _sync_for_ever(way: Way) -> None:
    pause = threading.Event()
    while True:
        if (way.journal / DATABASE).exists():
            way.sync(give_up_after=None)
        pause.wait(0.02)


def campaign(folder: Path, kills: int, seed: int) -> Account:
    """Kill so many processes; return what was told durable against what is at the centre."""
    rng, way, lines = random.Random(seed), Way(folder, seed), b""
    # The journal exists before the first sync: both would otherwise make it at once.
    lines += one_life(way.journal, way.sealing, 0, 0.5)
    centre = child(way.serve)
    way.server.server_close()
    syncing, done, first = child(lambda: _sync_for_ever(way)), 1, 100_000
    while done < kills:
        lines += one_life(way.journal, way.sealing, first, rng.uniform(0, 0.3))
        first, done = first + 100_000, done + 1
        if rng.random() < 0.7:
            os.kill(syncing, signal.SIGKILL)
            os.waitpid(syncing, 0)
            syncing, done = child(lambda: _sync_for_ever(way)), done + 1
    os.kill(syncing, signal.SIGKILL)
    os.waitpid(syncing, 0)
    if not way.sync(give_up_after=100):
        raise AssertionError("the last sync, left in peace, did not send everything")
    os.kill(centre, signal.SIGTERM)
    os.waitpid(centre, 0)
    account = settle(way, *told(lines))
    account.cuts = done
    return account


def settle(way: Way, made: set[str], committed: set[str]) -> Account:
    """Open all that arrived and count what of the told is there; unsound: what does not open."""
    rows, keys, pictures, arrived = pickle.loads(way.dump.read_bytes())
    opener, found, bare, unsound = Opener([way.sealing]), Counter[str](), 0, 0
    for (journal_id, seq), row in rows.items():
        try:
            key = opener.open_key(keys[row.key_id], journal_id)
            record = decode(key.open_text(row.body, Place(journal_id, seq, row.kind)))
        except (SealingError, ValueError, KeyError):
            unsound += 1
            continue
        if isinstance(record, Read):
            found[str(record.read_id)] += 1
        elif isinstance(record, Hit):
            found[str(record.hit_id)] += 1
        bare += any((journal_id, seq, p.role) not in pictures for p in row.pictures)
    kinds = {seq: row.kind for (_, seq), row in rows.items()}
    ordinary = [seq for seq in arrived if kinds[seq] is RecordKind.READ]
    unsound += sum(after <= before for before, after in pairwise(ordinary))
    return Account(
        made=len(made),
        committed=len(committed),
        found=len(found),
        lost=len(committed - set(found)),
        duplicated=sum(found.values()) - len(found) + len(arrived) - len(set(arrived)),
        without_pictures=bare,
        unsound=unsound,
    )


def main() -> int:
    """Run the campaign and print its figures; exit 1 where anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="the figures as JSON, on a line more")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        account = campaign(Path(folder), args.kills, args.seed)
    print(f"SIGKILL of units and syncs, centre at the end: {account.line()}")
    if args.json:
        print(json.dumps(asdict(account)))
    return 0 if account.clean else 1


if __name__ == "__main__":
    sys.exit(main())
