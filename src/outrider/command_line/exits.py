"""How a command ends: one rule for all of them.

| status | meaning |
|---|---|
| 0 | done; what runs until it is stopped was stopped in order |
| 1 | failed: it was tried and could not be done, or what was looked at is not sound |
| 2 | wrong use: an argument, a file named by hand or a setting is wrong; nothing was done |
| 3 | `hotlist check` alone: no mark is listed (an answer, told apart from a failure) |
| 130 | interrupted (Ctrl-C) before it was done |
| 141 | whoever read standard output has gone (`... | head`) |

What goes wrong is said in one plain sentence on standard error: which command, what, where, what
to do next. The border in `outrider.cli` catches what nobody expected, and names the place only:
messages of unknown errors may hold a mark.
"""

import argparse
import errno
import os
import re
import traceback
from collections.abc import Callable
from pathlib import Path

from outrider.settings_file import ConfigError
from outrider.shown import STANDARD_OUTPUT, complain, let_go_of_standard_output
from outrider.sources import SourceError

DONE = 0
FAILED = 1
WRONG_USE = 2
NOT_LISTED = 3
INTERRUPTED = 130
READER_GONE = 141
_PLACES_SHOWN = 8

Handler = Callable[[argparse.Namespace], int]


class UseError(Exception):
    """What was asked cannot be done as it was asked; the message says what to change."""


# A file named by hand, or by a setting, is not what it should be.
_WRONG_FILE = (FileNotFoundError, FileExistsError, IsADirectoryError, NotADirectoryError)
_WRONG_USE: tuple[type[Exception], ...] = (UseError, ConfigError, SourceError, *_WRONG_FILE)
_REMEDIES = {
    errno.ENOSPC: ": free space there, or name another disk",
    errno.EROFS: ": it cannot be written: name another place",
}
_OUTPUT_REMEDY = (
    ": what was to be shown is cut short; free space where it goes, or send it elsewhere"
)
_NUMBER = re.compile(r"\[Errno -?\d+\] ")


def finish(
    parser: argparse.ArgumentParser,
    handler: Handler,
    *failed: type[Exception],
    wrong: tuple[type[Exception], ...] = (),
) -> None:
    """Set a command's handler, so that it ends by the rule.

    failed: what may go wrong beside OSError; wrong: what tells of wrong use beside settings and
    sources. A message is said after the command's name.
    """
    wrong_use: tuple[type[Exception], ...] = (*_WRONG_USE, *wrong)
    expected: tuple[type[Exception], ...] = (OSError, *failed)

    def run(args: argparse.Namespace) -> int:
        try:
            return handler(args)
        except BrokenPipeError:
            raise
        except wrong_use as error:
            return say(parser.prog, error, WRONG_USE)
        except expected as error:
            if isinstance(error, OSError) and error.filename == STANDARD_OUTPUT:
                let_go_of_standard_output()  # said once: not again when it is flushed
            return say(parser.prog, error, FAILED)

    parser.set_defaults(handler=run)


def say(command: str, error: Exception, status: int) -> int:
    """Say on standard error why a command ends; return the status."""
    complain(f"{command}: {words_of(error)}")
    return status


def words_of(error: BaseException) -> str:
    """Return an error in words: what the system says of a file, without its number."""
    if isinstance(error, OSError) and error.strerror:
        name = error.filename
        where = f"{os.fsdecode(name)}: " if isinstance(name, str | bytes | Path) else ""
        if name == STANDARD_OUTPUT:
            return where + error.strerror + _OUTPUT_REMEDY
        return where + error.strerror + _REMEDIES.get(error.errno or 0, "")
    if isinstance(error, UnicodeError):
        return "text that is not UTF-8 stands where text should"
    return _NUMBER.sub("", str(error))


def internal_fault(error: Exception) -> str:
    """Return where an unexpected error was raised, innermost first; never what it says."""
    frames = traceback.extract_tb(error.__traceback__)[-_PLACES_SHOWN:]
    places = " < ".join(f"{Path(one.filename).name}:{one.lineno}" for one in reversed(frames))
    return f"internal fault, please report it: {type(error).__name__} at {places} (more with -v)"
