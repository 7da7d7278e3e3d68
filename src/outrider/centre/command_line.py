"""What the centre's commands share: which folder, which store, and how they fail."""

import argparse
from pathlib import Path

from outrider.centre.folder import CentreFault
from outrider.centre.store.records import StoreError
from outrider.command_line import exits
from outrider.command_line.exits import Handler
from outrider.wire.key_file import KeyFileError
from outrider.wire.sealing import SealingError

DEFAULT_DIR = Path("/var/lib/outrider-centre")
_FAILED = (KeyFileError, SealingError, StoreError)


def add_dir(parser: argparse.ArgumentParser) -> None:
    """Add --dir."""
    parser.add_argument(
        "--dir", type=Path, default=DEFAULT_DIR, help=f"the centre's folder ({DEFAULT_DIR})"
    )


def finish(parser: argparse.ArgumentParser, handler: Handler, *expected: type[Exception]) -> None:
    """Set a command's handler; it ends by the one rule. expected: what tells of wrong use."""
    exits.finish(parser, handler, *_FAILED, wrong=(CentreFault, *expected))
