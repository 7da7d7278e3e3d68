"""The host's own audio: espeak-ng makes speech, aplay plays it."""

import logging
import os
import shutil
import subprocess
from collections.abc import Sequence

from outrider.unit.alarm.announcer import Announcer, AudioError

_log = logging.getLogger(__name__)

SPEAK = ("espeak-ng", "-v", "en-gb", "-s", "160", "--stdin", "--stdout")
PLAY = ("aplay", "-q", "-")
_SPEAK_LIMIT_S = 10.0


class Speaker:
    """Plays one sound at a time. play: a command that plays a WAV file from its standard input."""

    def __init__(self, play: Sequence[str] = PLAY, speak: Sequence[str] = SPEAK) -> None:
        self._play = tuple(play)
        self._speak = tuple(speak)
        self._process: subprocess.Popen[bytes] | None = None

    def synthesise(self, text: str) -> bytes:
        """Return the speech of a text as a WAV file. Raises AudioError."""
        try:
            made = subprocess.run(
                self._speak,
                # Never as an argument: a reason that begins with a dash would be an option.
                input=text.encode("utf-8", "replace"),
                capture_output=True,
                check=True,
                timeout=_SPEAK_LIMIT_S,
            )
        except FileNotFoundError:
            raise AudioError(f"{self._speak[0]} is not there: apt-get install espeak-ng") from None
        except (OSError, subprocess.SubprocessError) as error:
            # Not its text: that is the whole command, with what was to be said.
            raise AudioError(f"{self._speak[0]} failed ({type(error).__name__})") from None
        return _with_true_size(made.stdout)

    def play(self, wav: bytes) -> None:
        """Begin to play, and return at once. Raises AudioError."""
        self.stop()
        memory = os.memfd_create("sound")
        try:
            os.write(memory, wav)
            os.lseek(memory, 0, os.SEEK_SET)
            self._process = subprocess.Popen(
                self._play, stdin=memory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except FileNotFoundError:
            raise AudioError(f"{self._play[0]} is not there: apt-get install alsa-utils") from None
        except OSError as error:
            raise AudioError(f"{self._play[0]}: {error}") from error
        finally:
            os.close(memory)

    @property
    def playing(self) -> bool:
        """Whether the sound is still to be heard. Raises AudioError where the player failed."""
        if self._process is None:
            return False
        status = self._process.poll()
        if status is not None and status > 0:
            self._process = None
            raise AudioError(f"{' '.join(self._play)} ended with status {status}")
        return status is None

    def finish(self) -> None:
        """Wait until the sound has ended. Raises AudioError where the player failed."""
        if self._process is not None:
            self._process.wait()
        _ = self.playing

    def stop(self) -> None:
        """Be silent at once."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None


def open_second_output(*, speech: bool) -> Announcer | None:
    """Return the host's own audio for the alarm side, or None (logged) where there is none.

    speech: also say each hit after the unit's tone.
    """
    missing = [tool for tool in (SPEAK[0], PLAY[0]) if shutil.which(tool) is None]
    if missing:
        _log.warning(
            "no second alarm output: %s not there: apt-get install espeak-ng alsa-utils",
            " and ".join(missing),
        )
        return None
    return Announcer(Speaker(), speech=speech)


def _with_true_size(wav: bytes) -> bytes:
    """Write the sizes into a WAV header that espeak-ng, not knowing them, left at their maximum."""
    if len(wav) < 44 or wav[36:40] != b"data":
        raise AudioError("the speech is no plain WAV file")
    riff, data = (len(wav) - 8).to_bytes(4, "little"), (len(wav) - 44).to_bytes(4, "little")
    return wav[:4] + riff + wav[8:40] + data + wav[44:]
