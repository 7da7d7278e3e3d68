"""What the centre's commands share: which folder, which store, and how they fail."""

import argparse
from collections.abc import Callable
from pathlib import Path

from outrider.centre.folder import CentreFault
from outrider.centre.store.records import StoreError
from outrider.settings_file import ConfigError
from outrider.shown import complain
from outrider.wire.key_file import KeyFileError
from outrider.wire.sealing import SealingError

DEFAULT_DIR = Path("/var/lib/outrider-centre")
_EXPECTED = (CentreFault, ConfigError, KeyFileError, SealingError, StoreError, OSError)


def add_dir(parser: argparse.ArgumentParser) -> None:
    """Add --dir."""
    parser.add_argument(
        "--dir", type=Path, default=DEFAULT_DIR, help=f"the centre's folder ({DEFAULT_DIR})"
    )


def finish(
    parser: argparse.ArgumentParser,
    handler: Callable[[argparse.Namespace], int],
    *expected: type[Exception],
) -> None:
    """Set a command's handler; what is expected to go wrong is said in a line, with status 2."""
    failures: tuple[type[Exception], ...] = (*_EXPECTED, *expected)

    def run(args: argparse.Namespace) -> int:
        try:
            return handler(args)
        except BrokenPipeError:
            raise
        except failures as error:
            words = (args.part, getattr(args, "action", ""))
            complain(f"outrider centre {' '.join(filter(None, words))}: {error}")
            return 2

    parser.set_defaults(handler=run)
