"""What the commands share: how a parser is made, and the option --json."""

import argparse
import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from outrider.shown import shown

if TYPE_CHECKING:
    Subparsers: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Subparsers = argparse._SubParsersAction


_SHOWN_CHARACTERS = 60


class Parser(argparse.ArgumentParser):
    """A parser that itself refuses what it does not know, with its own usage.

    argparse hands what a command does not know up to the program, whose usage helps nobody.
    """

    def parse_known_args(
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Parse, as the base does; end with the usage where something is left over."""
        known, left_over = super().parse_known_args(args, namespace)
        if left_over:
            self.error(f"unrecognized: {' '.join(map(_short, left_over))}{self._meant(left_over)}")
        return known, left_over

    def _meant(self, left_over: list[str]) -> str:
        """Return which option was perhaps meant, and where all of them are told."""
        options = [word.partition("=")[0] for word in left_over if word.startswith("-")]
        near = difflib.get_close_matches(options[0], self._option_string_actions) if options else []
        guess = f" (did you mean {near[0]}?)" if near else ""
        return f"{guess}; `{self.prog} --help` tells what there is"


def _short(word: str) -> str:
    return shown(word if len(word) <= _SHOWN_CHARACTERS else f"{word[:_SHOWN_CHARACTERS]}...")


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
