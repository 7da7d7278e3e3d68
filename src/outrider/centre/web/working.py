"""Work of the store on threads of its own; what nobody waits for any more is broken off."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from starlette.requests import Request

from outrider.centre.intake.rates import Gate
from outrider.centre.store.search_ports import Cancel

_LOOK_S = 0.1
_QUEUED = 8  # fifty people who ask at once wait for a moment, and are not refused
_T = TypeVar("_T")


class Workers:
    """Threads that ask the store. name: of the threads.

    One person has half of them at most, and fewer where many ask: see `Gate`.
    """

    def __init__(self, count: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._gate = Gate(_QUEUED * count, max(2, count // 2))

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    async def run(self, work: Callable[[], _T]) -> _T:
        """Run work on a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def run_until_gone(
        self, request: Request, work: Callable[[], _T], cancel: Cancel, person: str
    ) -> _T:
        """Run a person's work on a thread; break it off when whoever asked has gone away.

        Raises Refusal (`busy`) where the person has too much in hand.
        """
        with self._gate.enter(person):
            return await self._run_until_gone(request, work, cancel)

    async def _run_until_gone(self, request: Request, work: Callable[[], _T], cancel: Cancel) -> _T:
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self._pool, work)
        while True:
            done, _ = await asyncio.wait({running}, timeout=_LOOK_S)
            if done:
                return running.result()
            if not cancel.cancelled and await request.is_disconnected():
                await loop.run_in_executor(None, cancel.cancel)
