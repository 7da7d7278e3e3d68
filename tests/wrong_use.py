"""Drives the command line with wrong arguments, each in a process of its own.

A driver forks a child for each case from one process that has imported everything, so that a
thousand cases take seconds. Usage: python -m tests.wrong_use FOLDER < cases.json > ends.json
"""

import argparse
import contextlib
import gc
import importlib
import io
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from outrider import cli

_LIMIT_S = 12


def leaves() -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """Yield every command that can be given, as its words, with its parser."""
    for name in cli.COMMANDS:
        if name == "bench":
            continue
        parser = cli.build_parser(name)
        yield from _below((name,), _chosen(parser, name))


def _below(
    words: tuple[str, ...], parser: argparse.ArgumentParser
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    inner = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    if not inner:
        yield words, parser
    for action in inner:
        for name, below in action.choices.items():
            yield from _below((*words, name), below)


def _chosen(parser: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser:
    (action,) = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
    chosen: argparse.ArgumentParser = action.choices[name]
    return chosen


def arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the arguments of a command that take a value."""
    skipped = (argparse._HelpAction, argparse._SubParsersAction)
    return [one for one in parser._actions if not isinstance(one, skipped) and one.nargs != 0]


def _build_parsers_once() -> None:
    """Let children inherit the parsers: to build those of `centre` takes longer than a case."""
    built = {name: cli.build_parser(name) for name in cli.COMMANDS}
    made = cli.build_parser
    cli.build_parser = lambda chosen, part=None: built.get(chosen or "") or made(chosen, part)


def drive(words: list[str], folder: Path) -> dict[str, Any]:
    """Run one case in a child; return its status and what it printed.

    What the parser refuses has run nothing yet: for that no child is needed, which is most of the
    time of a case.
    """
    refused = _refused_by_the_parser(words)
    if refused is not None:
        return refused
    said = folder / "said.txt"
    child = os.fork()
    if child == 0:
        _become(words, said)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return {"words": words, "status": code, "said": said.read_bytes().decode(errors="replace")}


def _refused_by_the_parser(words: list[str]) -> dict[str, Any] | None:
    """Return how a case ends that the command's parser does not take; None where it does."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            cli.build_parser(words[0]).parse_args(words)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
            return {"words": words, "status": status, "said": said.getvalue()}
        except BaseException:  # noqa: BLE001 - in a child it is seen as the program says it
            return None
    return None


def _become(words: list[str], said: Path) -> None:
    """Be the program: never returns."""
    out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    signal.alarm(_LIMIT_S)
    status = 70
    try:
        status = cli.main(words)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException as error:  # noqa: BLE001 - told to the test
        sys.stderr.write(f"Traceback: {type(error).__name__}\n")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    """Read cases, lists of words, from standard input; print how each ended."""
    folder = Path(sys.argv[1])
    for command in cli.COMMANDS.values():
        importlib.import_module(command.module)
    _build_parsers_once()
    gc.freeze()  # what is there already is not looked at, and so not copied, by the children
    cases: list[list[str]] = json.load(sys.stdin)
    os.chdir(folder)
    ends = [
        drive([os.fsdecode(word.encode("utf-8", "surrogateescape")) for word in case], folder)
        for case in cases
    ]
    json.dump(ends, sys.stdout)


if __name__ == "__main__":
    main()
