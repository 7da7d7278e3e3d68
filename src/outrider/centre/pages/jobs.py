"""Long work, with its progress: it goes on while its owner looks elsewhere, and is found again."""

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_log = logging.getLogger(__name__)
_MOST_KEPT = 200
_MOST_WAITING_OF_ONE = 3


class JobState(StrEnum):
    """Where a piece of work stands."""

    WAITS = "waits"
    RUNS = "runs"
    DONE = "done"
    FAILED = "failed"


class TooManyJobs(ValueError):
    """Somebody's own work waits already."""


@dataclass
class Job:
    """One piece of work. owner: whose; said: how far it is; template: shows the result."""

    name: str
    owner: str
    title: str
    template: str
    state: JobState = JobState.WAITS
    said: str = ""
    result: Any = None

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self.state in (JobState.DONE, JobState.FAILED)


class Jobs:
    """All pieces of work of this process; the last 200 that ended are kept."""

    def __init__(self, workers: int = 2) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="job")
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._stop = threading.Event()

    def close(self) -> None:
        """Let what runs end at its next word, and begin no other."""
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)

    def start(
        self, owner: str, title: str, template: str, work: Callable[[Callable[[str], None]], Any]
    ) -> Job:
        """Begin work, which is handed what tells its progress. Raises TooManyJobs."""
        with self._lock:
            own = [job for job in self._jobs.values() if job.owner == owner and not job.ended]
            if len(own) >= _MOST_WAITING_OF_ONE:
                raise TooManyJobs("three pieces of work of yours run already: wait for one")
            job = Job(secrets.token_urlsafe(9), owner, title, template)
            self._jobs[job.name] = job
            self._forget()
        self._pool.submit(self._run, job, work)
        return job

    def _forget(self) -> None:
        over = len(self._jobs) - _MOST_KEPT
        for name in [name for name, job in self._jobs.items() if job.ended][: max(0, over)]:
            del self._jobs[name]

    def _run(self, job: Job, work: Callable[[Callable[[str], None]], Any]) -> None:
        def say(text: str) -> None:
            if self._stop.is_set():
                raise InterruptedError
            job.said = text

        job.state = JobState.RUNS
        try:
            job.result = work(say)
            job.state = JobState.DONE
        except InterruptedError:
            job.said, job.state = "broken off: the service was stopped", JobState.FAILED
        except Exception as error:  # noqa: BLE001 - the border: one piece of work's fault is its own
            _log.error("job: %s", type(error).__name__)
            job.said, job.state = "it could not be done: ask the operator", JobState.FAILED

    def get(self, name: str, owner: str) -> Job | None:
        """Return somebody's own work."""
        job = self._jobs.get(name)
        return job if job is not None and job.owner == owner else None

    def of(self, owner: str) -> list[Job]:
        """Return somebody's own work, the newest first."""
        with self._lock:
            return [job for job in reversed(self._jobs.values()) if job.owner == owner]
