"""Long work, with its progress: it goes on while its owner looks elsewhere, and is found again.

What shows reads belongs to the session that began it and ends with it. Results are kept for an
hour, in memory only; all of it is bounded.
"""

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from outrider.centre.store.records import StoreError
from outrider.centre.store.search_ports import Cancel, Cancelled
from outrider.clock import NS_PER_S, Clock

_log = logging.getLogger(__name__)
KEPT_S = 3600.0
WORKERS = 6  # twice what one person may have going: nobody's holds up everybody's
_SWEEP_S = 30.0
_MOST_GOING = 50
_MOST_GOING_OF_ONE = 3
_MOST_KEPT = 200
_MOST_KEPT_OF_ONE = 10


class JobState(StrEnum):
    """Where a piece of work stands."""

    WAITS = "waits"
    RUNS = "runs"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


class TooManyJobs(ValueError):
    """So much work waits already."""


@dataclass
class Job:
    """One piece of work. owner: whose; said: how far it is; template: shows the result.

    token: of the session that it ends with; empty: it shows no read, and outlasts sessions.
    about: what its page needs to know of it. path: where its result is looked at. fault: why it
    failed.
    """

    name: str
    owner: str
    title: str
    template: str
    token: str = ""
    about: Any = None
    path: str = ""
    state: JobState = JobState.WAITS
    said: str = ""
    result: Any = None
    fault: Exception | None = None
    ended_ns: int = 0
    cancel: Cancel = field(default_factory=Cancel)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self.state in (JobState.DONE, JobState.FAILED, JobState.STOPPED)

    def say(self, text: str) -> None:
        """Tell how far the work is. Raises Cancelled where it is to end."""
        if self.cancel.cancelled:
            raise Cancelled("broken off")
        self.said = text


Work = Callable[[Job], Any]


class Jobs:
    """All pieces of work of this process. alive: whether a session goes on, by its token."""

    def __init__(
        self,
        clock: Clock,
        alive: Callable[[str], bool] = lambda token: True,
        workers: int = WORKERS,
    ) -> None:
        self._clock, self._alive = clock, alive
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="job")
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._stop = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep_on, name="jobs-sweep")
        self._sweeper.start()

    def close(self) -> None:
        """Break off what runs, and begin no other."""
        self._stop.set()
        with self._lock:
            going = list(self._jobs.values())
        for job in going:
            job.cancel.cancel()
        self._pool.shutdown(cancel_futures=True)
        for job in going:
            if not job.ended:  # it had not begun
                job.state = JobState.STOPPED
                job.done.set()
        self._sweeper.join()

    def start(
        self, owner: str, title: str, template: str, work: Work, *, token: str = "",
        about: Any = None, path: str = "",
    ) -> Job:  # fmt: skip
        """Begin work, which is handed its job to tell its progress. Raises TooManyJobs."""
        job = Job(secrets.token_urlsafe(9), owner, title, template, token, about, path)
        with self._lock:
            going = [one.owner for one in self._jobs.values() if not one.ended]
            if going.count(owner) >= _MOST_GOING_OF_ONE:
                raise TooManyJobs("three pieces of work of yours run already: wait for one")
            if len(going) >= _MOST_GOING:
                raise TooManyJobs("much long work of others waits already: try again later")
            self._jobs[job.name] = job
            self._forget(owner)
        self._pool.submit(self._run, job, work)
        return job

    def _forget(self, owner: str) -> None:
        """Let go of the oldest results beyond what is kept of one person, and in all."""
        ended = [job for job in self._jobs.values() if job.ended]
        own = [job for job in ended if job.owner == owner]
        over = [*own[: max(0, len(own) - _MOST_KEPT_OF_ONE + 1)],
                *ended[: max(0, len(self._jobs) - _MOST_KEPT)]]  # fmt: skip
        for job in over:
            self._jobs.pop(job.name, None)

    def _run(self, job: Job, work: Work) -> None:
        job.state = JobState.RUNS
        try:
            job.say("")
            job.result = work(job)
            state = JobState.DONE
        except Cancelled:
            job.said, state = "broken off", JobState.STOPPED
        except Exception as error:  # noqa: BLE001 - the border: one piece of work's fault is its own
            _log.error("job: %s", type(error).__name__)
            job.said, job.fault = "it could not be done: ask the operator", error
            state = JobState.FAILED
        job.ended_ns = self._clock.mono_ns()
        job.state = state
        job.done.set()

    def get(self, name: str, owner: str, token: str) -> Job | None:
        """Return somebody's own work, as far as it is of this session."""
        with self._lock:
            job = self._jobs.get(name)
        fits = job is not None and job.owner == owner and job.token in ("", token)
        return job if fits else None

    def of(self, owner: str, token: str) -> list[Job]:
        """Return somebody's own work, the newest first."""
        with self._lock:
            found = list(reversed(self._jobs.values()))
        return [job for job in found if job.owner == owner and job.token in ("", token)]

    def _sweep_on(self) -> None:
        while not self._stop.wait(_SWEEP_S):
            try:
                self.sweep()
            except StoreError as error:  # which sessions go on is asked again at the next turn
                _log.warning("long work is not swept: %s", type(error).__name__)

    def sweep(self) -> None:
        """Let go of results that are old, and of all that belongs to sessions that are over.

        Raises StoreError.
        """
        with self._lock:
            found = list(self._jobs.values())
        over = {token for token in {job.token for job in found if job.token}
                if not self._alive(token)}  # fmt: skip
        oldest_ns = self._clock.mono_ns() - int(KEPT_S * NS_PER_S)
        gone = [
            job for job in found if job.token in over or (job.ended and job.ended_ns < oldest_ns)
        ]
        for job in gone:
            job.cancel.cancel()
        with self._lock:
            for job in gone:
                self._jobs.pop(job.name, None)
