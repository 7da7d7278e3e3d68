"""What the commands share: how a parser is made, and the option --json."""

import argparse
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    Subparsers: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Subparsers = argparse._SubParsersAction


def new_parser(
    commands: Subparsers, name: str, purpose: str, example: str
) -> argparse.ArgumentParser:
    """Return a sub-parser whose help ends with an example."""
    return commands.add_parser(
        name,
        help=purpose,
        description=purpose[0].upper() + purpose[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add --json: one JSON document, or one a line, in place of text for people."""
    parser.add_argument("--json", action="store_true", help="machine-readable output")
