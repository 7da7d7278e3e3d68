"""The options that say what a list file is, common to importing on a unit and at the centre."""

import argparse
from pathlib import Path

from outrider.clock import NS_PER_S, Clock
from outrider.command_line.values import instant, number
from outrider.hotlist_import.limits import ImportLimits
from outrider.hotlist_import.list_file import ListFile
from outrider.hotlist_import.mapping import BUILT_IN, named_mapping
from outrider.outside import OutsideError, read_text
from outrider.wire.hotlist_policy import MAX_BYTES, ListPolicy, PolicyError, policy_from_toml


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the file and the options that describe it."""
    parser.add_argument("file", type=Path, help="CSV, or whatever the mapping file describes")
    parser.add_argument(
        "--mapping", help=f"mapping file, or one of {', '.join(BUILT_IN)} (by the first row)"
    )
    parser.add_argument("--policy", type=Path, help="TOML: rank, strongest_response, areas, hours")
    parser.add_argument(
        "--published", type=instant, help="when the list was true, ISO 8601 (the file's time)"
    )
    parser.add_argument(
        "--max-rejected", type=number(0, 1), default=0.01, help="share of rows (0.01)"
    )
    parser.add_argument("--allow-shrink", action="store_true", help="take it if much shorter")


def list_file(args: argparse.Namespace, clock: Clock) -> ListFile:
    """Return what the options say. Raises MappingError, PolicyError, ValueError, OSError."""
    return ListFile(
        path=args.file,
        published_utc_ns=_published_ns(args, clock),
        mapping=named_mapping(args.mapping),
        policy=_policy(args.policy),
        limits=ImportLimits(args.max_rejected, 1.0 if args.allow_shrink else 0.5),
    )


def _published_ns(args: argparse.Namespace, clock: Clock) -> int:
    if args.published is None:
        now_ns = clock.stamp(clock.mono_ns()).utc_ns
        return int(min(args.file.stat().st_mtime_ns, now_ns))
    return int(args.published.timestamp()) * NS_PER_S


def _policy(path: Path | None) -> ListPolicy:
    if path is None:
        return ListPolicy()
    try:
        return policy_from_toml(read_text(path, MAX_BYTES), str(path))
    except OutsideError as error:
        raise PolicyError(error) from error
