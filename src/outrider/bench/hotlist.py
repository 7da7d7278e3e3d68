"""`outrider bench hotlist`: look-ups, sizes and false matches by list length; a live delta."""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from outrider.bench.hotlist_lookups import DAY, DOUBTFUL_SHARES, measure_size
from outrider.bench.hotlist_switch import measure_switch
from outrider.command_line import Subparsers, add_json, new_parser
from outrider.console import Screen
from outrider.shown import say_json
from outrider.tables import Table
from outrider.unit.settings.sections import HotlistSettings

_SIZES = "100000,1000000"


def register(commands: Subparsers) -> None:
    """Add the benchmark."""
    parser = new_parser(
        commands,
        "hotlist",
        "look-ups, sizes and false matches by list length; a delta under load",
        "outrider bench hotlist --sizes 100000,1000000,10000000",
    )
    parser.add_argument("--sizes", default=_SIZES, help=f"entries, by commas ({_SIZES})")
    parser.add_argument("--marks", type=int, default=100_000, help="unlisted marks to try")
    parser.add_argument("--switch", type=int, metavar="ENTRIES", help="also: 1 %% churn, live")
    parser.add_argument("--look-ups", type=int, default=500_000, help="during the switch")
    parser.add_argument("--work", type=Path, help="folder for the lists (a temporary one)")
    parser.add_argument("--doubts", type=int, metavar="SEED", help="also: what the reader doubts")
    parser.add_argument("--seconds", type=float, default=30.0, help="of rendered drive (30)")
    add_json(parser)
    parser.set_defaults(handler=_run)


def _run(args: argparse.Namespace) -> int:
    sizes = [int(size) for size in args.sizes.split(",") if size]
    results: dict[str, Any] = {"sizes": []}
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="outrider-bench-", dir=args.work) as folder:
            results["sizes"].append(measure_size(Path(folder), size, args.marks))
    if args.switch:
        with tempfile.TemporaryDirectory(prefix="outrider-bench-", dir=args.work) as folder:
            results["switch"] = measure_switch(Path(folder), args.switch, args.look_ups)
    if args.doubts is not None:
        # Imported here: it loads the recogniser, which the other figures do not need.
        from outrider.bench.hotlist_doubts import measure_doubts

        least = HotlistSettings().look_alike_min_probability
        results["doubts"] = measure_doubts(args.doubts, args.seconds, DAY, least)
    if args.json:
        say_json(results, indent=1)
    else:
        _tell(results)
    return 0


def _tell(results: dict[str, Any]) -> None:
    console = Screen()
    if results["sizes"]:
        console.print(_sizes_table(results["sizes"]))
        console.print(_shares_table(results["sizes"]))
    titles = {
        "switch": "a delta of 1 % churn, taken in under look-ups",
        "doubts": "what the reader doubts on a rendered drive",
    }
    for key, title in titles.items():
        if key in results:
            table = Table("figure", "value", title=title)
            for name, value in results[key].items():
                table.add_row(name, str(value))
            console.print(table)


def _sizes_table(sizes: list[dict[str, Any]]) -> Table:
    table = Table("", *(f"{one['entries']:,}" for one in sizes), title="hotlist look-ups")
    rows = [key for key in sizes[0] if key not in ("entries", "shares")]
    for key in rows:
        table.add_row(key, *(str(one[key]) for one in sizes))
    return table


def _shares_table(sizes: list[dict[str, Any]]) -> Table:
    table = Table(
        "characters in doubt",
        *(f"{one['entries']:,}" for one in sizes),
        title="unlisted marks that get a match: exact / wildcard / look-alike, %",
    )
    for share in DOUBTFUL_SHARES:
        name = f"{share:.0%}"
        table.add_row(name, *(_share_text(one["shares"][name]) for one in sizes))
    return table


def _share_text(shares: dict[str, float]) -> str:
    return " / ".join(f"{100 * value:.4f}" for value in shares.values())
