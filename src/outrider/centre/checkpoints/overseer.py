"""Handing checkpoints to somebody who watches over the centre: a file of his, or his address."""

import os
from dataclasses import dataclass
from pathlib import Path

import httpx

from outrider import durable
from outrider.centre.folder import CentreFault

_WAIT_S = 10.0


class OverseerFault(CentreFault):
    """The overseer did not take a checkpoint: which place, why. It is offered again."""


@dataclass(frozen=True, slots=True)
class Overseer:
    """Where checkpoints go: a file that lines are added to (on another machine), or an address.

    At the address each is POSTed as JSON; an answer from 200 to 299 takes it.
    """

    file: Path | None = None
    url: str | None = None

    def take(self, checkpoint: bytes) -> None:
        """Hand one on. Raises OverseerFault; then it has perhaps come, and comes again."""
        if self.file is not None:
            self._add(self.file, checkpoint)
        if self.url is not None:
            self._post(self.url, checkpoint)

    @staticmethod
    def _add(path: Path, checkpoint: bytes) -> None:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, checkpoint.rstrip(b"\n") + b"\n")
                os.fsync(handle)
            finally:
                os.close(handle)
            durable.sync_folder(path.parent)
        except OSError as error:
            raise OverseerFault(f"audit.overseer_file {path}: {error.strerror}") from error

    @staticmethod
    def _post(url: str, checkpoint: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        try:
            answer = httpx.post(
                url, content=checkpoint, headers=headers, timeout=_WAIT_S, trust_env=False
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            text = f"audit.overseer_url {url}: nobody takes it ({type(error).__name__})"
            raise OverseerFault(text) from error
        if not answer.is_success:
            raise OverseerFault(f"audit.overseer_url {url}: it answers {answer.status_code}")
