"""`outrider bench NAME`: the benchmarks; only the module of the one chosen is imported."""

import argparse
import importlib

from outrider.command_line import Parser, Subparsers, new_parser

_BENCHES = {
    "pipeline": "frames per second, ms a stage, hit latency, drops, CPU a thread, memory",
    "accuracy": "capture rate and read rate on labelled pictures",
    "drive": "the same per vehicle pass, on a rendered or recorded drive",
    "clips": "the same on short videos whose passes are known",
    "peers": "other readers from PyPI, on the same pictures",
    "speed": "ms and MACs per stage and runtime",
    "hotlist": "look-ups, sizes, false matches by list length",
    "alarm": "from the host's call to the first edge on the sounder's pin",
    "journal": "reads a second, bytes written per byte kept, hit commit latency",
    "sync": "a shift docked at a centre over loopback, on a line that may be cut",
    "intake": "reads a second that the centre takes, on SQLite and on PostgreSQL",
    "insider": "misuse planted in a year of made-up searches: recall and false flags",
    "search": "how long searches take within a scope, on SQLite and on PostgreSQL",
    "pages": "first byte of a page of results, as a ratio to the search itself",
}


def register(commands: Subparsers) -> None:
    """Add `bench` with the name of each benchmark; its options come with its module."""
    parser = new_parser(
        commands,
        "bench",
        "measure: " + ", ".join(_BENCHES),
        "outrider bench pipeline --seconds 20",
    )
    parser.add_argument("name", choices=_BENCHES, help="which benchmark")
    parser.add_argument("options", nargs=argparse.REMAINDER, help="its options; try --help")
    parser.set_defaults(handler=_run)


def _run(args: argparse.Namespace) -> int:
    parser = Parser(prog="outrider bench")
    benches = parser.add_subparsers(dest="name", required=True)
    importlib.import_module(f"outrider.bench.{args.name}").register(benches)
    chosen = parser.parse_args([args.name, *args.options])
    return int(chosen.handler(chosen))
