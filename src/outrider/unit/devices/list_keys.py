"""Where the key of the sealed lists comes from, by the settings: board, centre, stick or card."""

import hashlib
import hmac
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from outrider.unit.hotlist.keys import CARD, CardKey, KeySource, ListKeys, LockedError, source_of
from outrider.unit.settings.sections import Settings
from outrider.unit.sync.list_key import CentreKey

_PROGRAM_S = 10.0
_LEAST_BYTES = 32


class BoardKey:
    """A `KeySource`: a key that the board holds, asked through a program.

    On a Raspberry Pi `rpi-fw-crypto` has the firmware compute an HMAC with the key in its one-time
    memory; with a TPM, a script around tpm2_hmac does the same.
    """

    name = "device"

    def __init__(self, program: Sequence[str]) -> None:
        self._program = tuple(program)

    @property
    def is_there(self) -> bool:
        """Whether the program is installed and the board answers."""
        if shutil.which(self._program[0]) is None:
            return False
        try:
            self.answer(bytes(_LEAST_BYTES))
        except LockedError:
            return False
        return True

    def answer(self, challenge: bytes) -> bytes:
        """Return what the board makes of a challenge. Raises LockedError."""
        what = f"the board has their key; {self._program[0]}"
        try:
            done = subprocess.run(
                self._program, input=challenge, capture_output=True, timeout=_PROGRAM_S, check=True
            )
            answer = bytes.fromhex(done.stdout.decode("ascii").strip())
        except FileNotFoundError:
            raise LockedError(f"{what} is not there: apt-get install raspi-utils") from None
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            raise LockedError(f"{what} failed ({type(error).__name__})") from None
        if len(answer) < _LEAST_BYTES:
            raise LockedError(f"{what} printed {len(answer)} bytes, {_LEAST_BYTES} are needed")
        return answer


class FileKey:
    """A `KeySource`: a file, on a stick that is not left in the car."""

    name = "file"

    def __init__(self, path: Path) -> None:
        self._path = path

    def answer(self, challenge: bytes) -> bytes:
        """Return the keyed hash of a challenge. Raises LockedError."""
        try:
            secret = self._path.read_bytes()
        except OSError as error:
            why = f"{self._path}, which has their key, cannot be read ({error.strerror})"
            raise LockedError(f"{why}: put the stick in") from None
        if len(secret) < _LEAST_BYTES:
            raise LockedError(f"{self._path}: {len(secret)} bytes, {_LEAST_BYTES} are needed")
        return hmac.new(secret, challenge, hashlib.sha256).digest()


def list_keys(settings: Settings, folder: Path | None = None) -> ListKeys:
    """Return the key of the lists in a folder (the unit's own); nothing is asked for it yet."""
    folder = folder or settings.hotlist_dir
    wanted = settings.hotlist
    board = BoardKey(wanted.key_program)
    known: list[KeySource] = [board, CardKey()]
    if wanted.key_file is not None:
        known.append(FileKey(wanted.key_file))
    if settings.sync.client_certificate is not None:
        known.append(CentreKey(settings))
    name = wanted.key if wanted.key != "auto" else _best(folder, board, known)
    first = [one for one in known if one.name == name] or [_Missing(name)]
    return ListKeys(folder, (*first, *(one for one in known if one.name != name)))


def _best(folder: Path, board: BoardKey, known: Sequence[KeySource]) -> str:
    """Return what `auto` is: what the lists are with already, unless that is the card."""
    try:
        now = source_of(folder)
    except LockedError:
        return CARD  # said when the key is asked for, with what to do
    if now and now != CARD:
        return now
    if board.is_there:
        return board.name
    return CentreKey.name if any(one.name == CentreKey.name for one in known) else CARD


class _Missing:
    """A source that the settings ask for, and do not say enough of."""

    def __init__(self, name: str) -> None:
        self.name = name

    def answer(self, challenge: bytes) -> bytes:
        """Say what is missing."""
        wants = {"file": "set hotlist.key_file", "centre": "enrol the unit"}
        raise LockedError(f"hotlist.key is {self.name!r}: {wants.get(self.name, 'not set up')}")
