"""Judge mutants within one pytest: tests are collected once, then each mutant is a fork.

First a fork measures: which test runs which lines, and for how long. Then, for each mutant, a fork
changes the function's code and runs the tests that pass through the changed lines, the quickest
first, until one fails. The parent runs no test, so it has no threads, and forks are cheap.
"""

import gc
import importlib
import json
import os
import resource
import selectors
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import CodeType, FunctionType

import coverage
import pytest

from tests.mutation.mutants import Bound, Mutant, codes, larger
from tests.mutation.rooms import module_of

_EXAMPLES = 25
_LOOK_S = 0.2
_CONTROL_EVERY = 40
_SETTLED_S = 5.0
_IDLE_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Limits:
    """What a mutant may cost. budget_s: its tests' processor time, measured without a mutant.

    Time by the clock is bounded widely: how long something takes tells how busy the machine is.
    """

    jobs: int = 2
    waiting: int = 16
    budget_s: float = 6.0
    wall_s: float = 30.0
    cpu_s: float = 4.0


@dataclass(slots=True)
class Measured:
    """What the tests do without a mutant."""

    took_s: dict[str, float] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)
    not_passed: list[str] = field(default_factory=list)
    lines: dict[str, dict[int, list[str]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant: killed, survived, timeout, no tests, or not made."""

    name: str
    outcome: str
    by: str
    tests: int
    cpu_s: float
    place: str
    before: str
    after: str


@dataclass(slots=True)
class _Trial:
    mutant: Mutant | Bound
    control: bool
    tests: int
    pid: int
    told: int
    began_s: float
    ends_s: float
    folder: Path

    def only_waits(self, now_s: float) -> bool:
        """Whether it has been there for a while and has hardly used the processor."""
        age_s = now_s - self.began_s
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
        ticks = sum(map(int, fields.split()[11:13]))
        return age_s > _SETTLED_S and ticks / os.sysconf("SC_CLK_TCK") < age_s * _IDLE_SHARE


class Judge:
    """A pytest plugin that runs no test itself."""

    def __init__(
        self,
        mutants: Sequence[Mutant | Bound],
        limits: Limits,
        tell: Callable[[Verdict], None],
    ) -> None:
        self._mutants = mutants
        self._limits = limits
        self._tell = tell
        self._functions: dict[tuple[str, str], list[FunctionType]] = {}
        self._killers: dict[str, list[str]] = {}
        self._trials: dict[int, _Trial] = {}
        self._selector = selectors.DefaultSelector()
        self._outcomes: dict[str, bool] = {}
        self.measured = Measured()
        self.controls = 0
        self.controls_failed: list[str] = []
        self.measure_s = 0.0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Make property tests try few examples, the same ones each time."""
        from hypothesis import (
            HealthCheck,
            Phase,
            settings,
        )  # its own plugin has to be the first to import it

        phases = (Phase.explicit, Phase.generate)  # that one example fails is enough
        for item in items:
            test = getattr(item, "obj", None)
            asked = getattr(test, "_hypothesis_internal_use_settings", None)
            if test is not None and asked is not None:
                few = min(asked.max_examples, _EXAMPLES)
                test._hypothesis_internal_use_settings = settings(
                    asked,
                    max_examples=few,
                    derandomize=True,
                    database=None,
                    phases=phases,
                    suppress_health_check=list(HealthCheck),  # a busy machine is no fault
                )

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Measure, then judge every mutant."""
        paths = {one.path for one in self._mutants}
        for path in paths:
            importlib.import_module(module_of(path))
        self._functions = _live_functions({str(path) for path in paths})
        gc.collect()
        gc.freeze()
        self._measure(session.items)
        sound = {item.nodeid: item for item in session.items}
        for bad in self.measured.not_passed:
            sound.pop(bad, None)
        waiting = list(self._plan(sound))
        while waiting or self._trials:
            while waiting and self._has_room():
                self._begin(*waiting.pop(0))
            self._look()
        return True

    def _has_room(self) -> bool:
        """Whether one more may begin: those that only wait, as broken threads do, need no core."""
        if len(self._trials) < self._limits.jobs:
            return True
        now_s = time.monotonic()
        busy = sum(not trial.only_waits(now_s) for trial in self._trials.values())
        return busy < self._limits.jobs and len(self._trials) < self._limits.waiting

    def _plan(
        self, sound: dict[str, pytest.Item]
    ) -> Iterable[tuple[Mutant | Bound, list[pytest.Item], bool]]:
        for number, mutant in enumerate(self._mutants):
            lines = self.measured.lines.get(str(mutant.path), {})
            names = {name for line in mutant.lines for name in lines.get(line, ())}
            items = [sound[name] for name in names if name in sound]
            if not items:
                self._say(mutant, "no tests", "", 0, 0.0)
                continue
            items.sort(key=lambda item: self.measured.cpu_s[item.nodeid])
            items = self._within_budget(items)
            yield mutant, items, False
            if number % _CONTROL_EVERY == 0:
                yield mutant, items, True

    def _within_budget(self, items: list[pytest.Item]) -> list[pytest.Item]:
        kept: list[pytest.Item] = []
        left_s = self._limits.budget_s
        for item in items:
            left_s -= self.measured.cpu_s[item.nodeid]
            if kept and left_s < 0:
                break
            kept.append(item)
        return kept

    def _measure(self, items: Sequence[pytest.Item]) -> None:
        start_s = time.monotonic()
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            pid = os.fork()
            if pid == 0:
                _child(lambda: self._measure_here(items, folder / "measured"), folder)
            _, status = os.waitpid(pid, 0)
            if status:
                raise RuntimeError(f"measuring the tests failed: {status}")
            found = json.loads((folder / "measured").read_text(encoding="utf-8"))
        lines = {
            path: {int(line): names for line, names in by_line.items()}
            for path, by_line in found["lines"].items()
        }
        self.measured = Measured(found["took_s"], found["cpu_s"], found["not_passed"], lines)
        self.measure_s = time.monotonic() - start_s

    def _measure_here(self, items: Sequence[pytest.Item], to: Path) -> None:
        sources = sorted({str(one.path) for one in self._mutants})
        watch = coverage.Coverage(data_file=None, include=sources, config_file=False)
        watch.start()
        measured = Measured()
        for item, following in zip(items, [*items[1:], None], strict=True):
            watch.switch_context(item.nodeid)
            start_s, start_cpu_s = time.perf_counter(), time.process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            measured.took_s[item.nodeid] = time.perf_counter() - start_s
            measured.cpu_s[item.nodeid] = time.process_time() - start_cpu_s
            if not self._outcomes.get(item.nodeid):
                measured.not_passed.append(item.nodeid)
        watch.stop()
        data = watch.get_data()
        for path in sources:
            measured.lines[path] = {
                line: [name for name in names if name]
                for line, names in data.contexts_by_lineno(path).items()
            }
        to.write_text(json.dumps(asdict(measured)), encoding="utf-8")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note whether every part of a test has passed."""
        passed = report.passed and not hasattr(report, "wasxfail")
        self._outcomes[report.nodeid] = self._outcomes.get(report.nodeid, True) and passed

    def _begin(self, mutant: Mutant | Bound, items: list[pytest.Item], control: bool) -> None:
        first = self._killers.get(_function_of(mutant), [])
        items = sorted(items, key=lambda item: item.nodeid not in first)  # stable: then by time
        folder = Path(tempfile.mkdtemp(prefix="mutant"))
        told, tell = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(told)
            _child(lambda: self._try(mutant, items, tell, control), folder, self._cpu_s(items))
        os.close(tell)
        now_s = time.monotonic()
        ends_s = now_s + self._limits.wall_s + 4 * self._took_s(items)
        trial = _Trial(mutant, control, len(items), pid, told, now_s, ends_s, folder)
        self._trials[told] = trial
        self._selector.register(told, selectors.EVENT_READ)

    def _took_s(self, items: Sequence[pytest.Item]) -> float:
        return sum(self.measured.took_s[item.nodeid] for item in items)

    def _cpu_s(self, items: Sequence[pytest.Item]) -> int:
        measured_s = sum(self.measured.cpu_s[item.nodeid] for item in items)
        return round(self._limits.cpu_s + 3 * measured_s)

    def _try(
        self, mutant: Mutant | Bound, items: Sequence[pytest.Item], tell: int, control: bool
    ) -> None:
        """Run the tests with the mutant in place; the first that fails is told."""
        if not control and not self._put_in(mutant):
            os.write(tell, b"not made")
            os._exit(3)
        config = items[0].config
        config.pluginmanager.register(_FirstFailure(tell), "first failure")
        for item, following in zip(items, [*items[1:], None], strict=True):
            config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        os.write(tell, b"survived")

    def _put_in(self, mutant: Mutant | Bound) -> bool:
        if isinstance(mutant, Bound):
            value = getattr(sys.modules[module_of(mutant.path)], mutant.constant)
            for name, module in list(sys.modules.items()):
                if name.startswith("outrider") and getattr(module, mutant.constant, None) is value:
                    setattr(module, mutant.constant, larger(value))
            return True
        functions = self._functions.get((str(mutant.path), mutant.function), [])
        try:
            code = mutant.code()
            for function in functions:
                function.__code__ = code
            self._put_within(mutant.path, code)
        except (SyntaxError, ValueError):
            return False  # no program, or one that closes over other names
        return bool(functions)

    def _put_within(self, path: Path, code: CodeType) -> None:
        """Change the functions, too, that a changed one made before: at import, for a table."""
        within = [one for one in codes(code) if one is not code]
        names = Counter(one.co_qualname for one in within)
        for inner in within:
            if names[inner.co_qualname] == 1:  # of two lambdas nobody knows which is which
                for function in self._functions.get((str(path), inner.co_qualname), []):
                    function.__code__ = inner

    def _look(self) -> None:
        """Wait a little for what the forks tell; end those whose time is over."""
        for key, _ in self._selector.select(_LOOK_S):
            trial = self._trials[key.fd]
            self._end(trial, os.read(trial.told, 4096).decode(errors="replace"))
        now_s = time.monotonic()
        for trial in [one for one in self._trials.values() if now_s > one.ends_s]:
            self._end(trial, "timeout")

    def _end(self, trial: _Trial, told: str) -> None:
        self._selector.unregister(trial.told)
        os.close(trial.told)
        del self._trials[trial.told]
        if told == "timeout":
            os.killpg(trial.pid, signal.SIGKILL)
        _, status, usage = os.wait4(trial.pid, 0)
        shutil.rmtree(trial.folder, ignore_errors=True)
        cpu_s = usage.ru_utime + usage.ru_stime
        if not told:  # it ended without a word: by its limit, or as a process that broke
            cut = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
            told = "timeout" if cut else "killed the process broke"
        outcome, _, by = told.partition(" ") if told.startswith("killed") else (told, "", "")
        if trial.control:
            self.controls += 1
            if outcome != "survived":
                self.controls_failed.append(by or outcome)
            return
        if by:
            first = self._killers.setdefault(_function_of(trial.mutant), [])
            first[:] = [by, *[name for name in first if name != by]][:4]
        self._say(trial.mutant, outcome, by, trial.tests, cpu_s)

    def _say(self, mutant: Mutant | Bound, outcome: str, by: str, tests: int, cpu_s: float) -> None:
        place = f"{mutant.path.name}:{min(mutant.lines, default=0)}"
        shown = (" ".join(text.split()) for text in (mutant.before, mutant.after))
        self._tell(Verdict(mutant.name, outcome, by, tests, round(cpu_s, 3), place, *shown))


class _FirstFailure:
    """Ends the process at the first test that fails, and says which."""

    def __init__(self, tell: int) -> None:
        self._tell = tell

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: "pytest.CallInfo[None]") -> None:
        """See what a part of a test raised, before anybody makes a long story of it."""
        raised = call.excinfo.value if call.excinfo is not None else None
        if raised is not None and not isinstance(raised, pytest.skip.Exception):
            os.write(self._tell, f"killed {item.nodeid}".encode()[:4000])
            os._exit(1)


def _child(work: Callable[[], None], folder: Path, cpu_s: int | None = None) -> None:
    """Do some work in a fork, with a folder of its own and nothing said; never returns."""
    os.setpgid(0, 0)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if not os.environ.get("MUTATION_SHOW"):
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
    os.environ["PYTEST_DEBUG_TEMPROOT"] = os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    if cpu_s is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    try:
        work()
    except BaseException:  # noqa: BLE001 - a fork ends here, whatever happened
        os._exit(4)
    os._exit(0)


def _live_functions(paths: set[str]) -> dict[tuple[str, str], list[FunctionType]]:
    """Return the functions of some files as they stand in memory, by file and name."""
    found: dict[tuple[str, str], list[FunctionType]] = {}
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename in paths:
            found.setdefault((one.__code__.co_filename, one.__code__.co_qualname), []).append(one)
    return found


def _function_of(mutant: Mutant | Bound) -> str:
    return mutant.name.partition("~")[0]
