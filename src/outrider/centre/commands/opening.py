"""`outrider centre open|rotate-key`: what is run with the centre's private keys."""

import argparse
import signal
import threading
from contextlib import closing

from outrider.centre.authority.sealed_to import note
from outrider.centre.command_line import add_dir, finish
from outrider.centre.folder import CentreFolder, opening_keys
from outrider.centre.opening.alarm import alarm_text
from outrider.centre.opening.keys import KeyFolder
from outrider.centre.opening.rotate import rotate
from outrider.centre.opening.service import Opening
from outrider.centre.opening.watchdog import Watchdog
from outrider.centre.store.centre_store import OpeningStore
from outrider.centre.store_of import open_store_of
from outrider.command_line import Subparsers, add_json, new_parser, values
from outrider.shown import complain, say, say_json

_EXPECTED = (ValueError,)
_REASONS_SHOWN = 20


def register(commands: Subparsers) -> None:
    """Add the commands, under `outrider centre`."""
    _register_open(commands)
    parser = new_parser(
        commands,
        "rotate-key",
        "a new key for units to seal to; the old ones stay",
        "outrider centre rotate-key --dir C --keys /media/keys",
    )
    _add_folders(parser)
    finish(parser, _rotate, *_EXPECTED)


def _register_open(commands: Subparsers) -> None:
    parser = new_parser(
        commands,
        "open",
        "open what units sealed, with the centre's private keys",
        "outrider centre open --dir C --keys /etc/outrider/opening --watch",
    )
    _add_folders(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help="what waits now (the default)")
    how.add_argument("--watch", action="store_true", help="whatever comes, until stopped")
    how.add_argument("--backlog", action="store_true", help="show what waits and what is set aside")
    parser.add_argument(
        "--retry", action="store_true", help="first let what was set aside wait again"
    )
    parser.add_argument(
        "--batch-rows", type=values.whole(1, 10_000), default=200, help="rows at a time (200)"
    )
    add_json(parser)
    finish(parser, _open, *_EXPECTED)


def _add_folders(parser: argparse.ArgumentParser) -> None:
    add_dir(parser)
    parser.add_argument(
        "--keys", type=values.folder, help="folder of the private keys (`opening` in the centre's)"
    )


def _keys(args: argparse.Namespace) -> KeyFolder:
    return KeyFolder(opening_keys(args.keys, CentreFolder(args.dir)))


def _open(args: argparse.Namespace) -> int:
    """Open. Exit 0: nothing waits or is set aside; 1: something is, and why; 2: not possible."""
    with closing(open_store_of(CentreFolder(args.dir))) as store:
        if args.backlog:
            return _show(store, args.json, watching=False)
        keys = _keys(args)
        opening = Opening(store, keys, args.batch_rows)
        _note(CentreFolder(args.dir), keys)
        if args.retry:
            complain(f"{opening.retry()} rows wait again")
        _work(opening, watch=args.watch)
        return _show(store, args.json, watching=args.watch)


def _note(folder: CentreFolder, keys: KeyFolder) -> None:
    """Note for the intake what can be opened: a folder of before may not name older keys."""
    try:
        new = note(folder, keys.public())
    except OSError as error:
        complain(f"{folder.sealed_to}: keys that can be opened are not noted there: {error}")
        return
    for key in new:
        complain(f"the intake takes what is sealed to the key {key.key_id} from now on")


def _work(opening: Opening, *, watch: bool) -> None:
    stop, watchdog = threading.Event(), Watchdog()
    previous = signal.signal(signal.SIGTERM, lambda *_: stop.set())

    def feed() -> None:
        watchdog.feed("; ".join(filter(None, (opening.tally.line(), opening.fault))))

    try:
        watchdog.ready()
        if watch:
            opening.watch(stop, feed)
        else:
            opening.run(stop, feed)
    finally:
        watchdog.stopping()
        signal.signal(signal.SIGTERM, previous)
        complain(opening.tally.line())


def _show(store: OpeningStore, as_json: bool, *, watching: bool) -> int:
    backlog = store.backlog()
    aside = store.rows_set_aside(_REASONS_SHOWN)
    oldest = backlog.oldest_at.isoformat() if backlog.oldest_at else None
    if as_json:
        found: dict[str, object] = {"waiting": backlog.waiting, "set_aside": backlog.set_aside}
        reasons = [f"unit {row.unit_id} epoch {row.epoch_id}: {row.why}" for row in aside]
        say_json(found | {"oldest_at": oldest, "reasons": reasons}, indent=1)
    else:
        say(f"waiting {backlog.waiting}{f', the oldest since {oldest}' if oldest else ''}")
        say(f"set aside {backlog.set_aside}")
        for row in aside:
            say(f"  unit {row.unit_id} epoch {row.epoch_id}: {row.why}")
    if backlog.set_aside:
        complain(alarm_text(store.set_aside_by_unit()))
    return int(backlog.set_aside > 0 or (backlog.waiting > 0 and not watching))


def _rotate(args: argparse.Namespace) -> int:
    folder = CentreFolder(args.dir)
    new = rotate(folder, opening_keys(args.keys, folder))
    say(f"sealing key now {new.key_id}; restart `outrider centre serve` to hand it out")
    say("units take it when they enrol or renew their certificate; keep every older key")
    return 0
