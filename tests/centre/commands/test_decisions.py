"""No command returns a read without a decision: each command of the centre is named here.

Those that return reads take a purpose, need somebody signed in, and name the decision. All others
say why they return none; a new command fails this test until it stands in one of the two.
"""

import argparse
import ast
import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from outrider.centre.access.people import Role
from outrider.centre.demo import story
from outrider.centre.demo.maker import Plan, make_demo
from outrider.centre.folder import CentreFolder
from outrider.centre.store_of import open_store_of
from outrider.cli import main
from outrider.clock import SystemClock
from tests import wrong_use
from tests.centre.people.signed_in import signed_in

SOURCE = Path(__file__).parents[3] / "src" / "outrider" / "centre"
WHY = ["--purpose", "serious", "--case", "CR/45/26", "--words", "trace the car that was stolen"]
RETURN_READS = {
    "search read", "search mark", "search partial", "search area", "search camera",
    "search route", "search look-back", "search ends", "search crossed", "search associates",
    "search convoys", "search clones", "search hits", "picture", "correct", "export",
    "evidence pack", "evidence hold", "evidence take-out",
}  # fmt: skip
RETURN_NONE = {
    "init": "keys and settings", "enrol-ticket": "a code", "units": "counts", "revoke": "a unit",
    "unit-force": "a unit", "serve": "takes in what it cannot read", "status": "counts",
    "open": "opens into the store; shows counts and reasons", "rotate-key": "keys",
    "audit export": "who did what: events", "audit verify": "hashes", "audit crew": "hashes",
    "audit checkpoint": "a hash", "expire": "counts", "hotlist key": "keys",
    "hotlist publish": "lists", "hotlist publish-kept": "lists", "hotlist renew": "lists",
    "hotlist stage-root": "keys", "hotlist sign-root": "keys",
    "demo": "made-up vehicles, as it makes them", "sign-in": "a session", "sign-out": "a session",
    "accept": "a version", "answer": "a service: its routes are held to this in tests/centre/api",
    "evidence verify": "a pack that was made under a decision, which it names",
    "evidence release": "erases", "evidence expire": "counts",
    "authorisation ask": "a paper", "authorisation inbox": "what people typed when they asked",
    "authorisation give": "a paper", "authorisation refuse": "a paper",
    "authorisation revoke": "a paper", "break-glass break": "a paper",
    "break-glass list": "who broke it and why", "break-glass review": "a paper",
    "review draw": "counts", "self-assess": "counts",
    "review list": "who searched what kind of thing, and why",
    "review close": "a paper", "insider": "patterns of searches, and no mark",
    "account make": "who used a force's reads, and no mark", "account verify": "the same",
    "end-sessions": "a count",
    "backup": "the centre's own files, for its operator, as they lie: sealed and opened",
    "restore": "puts them back",
    "pages": "a service: its pages are walked as each role in tests/centre/pages",
    "pictures": "a service that decides by itself: tests/centre/pictures",
}  # fmt: skip
# Who may fetch opened rows, sightings or pictures from the store, and why that is no way around.
FETCH = {
    "search/core.py": "within a scope's bounds, written down",
    "search/reads.py": "within a scope's bounds, for an act that is written down",
    "opening/pictures.py": "asked by evidence/pictures.py, after the decision is written down",
    "evidence/packing.py": "a read that the scope has shown before",
    "commands/audit.py": "the crews' trails: hashes are checked, nothing is shown",
    "governance/lists_held.py": "which lists a unit checked against; no read, mark or person",
    "governance/review_sheet.py": "counts of one unit's year; no read, mark or person",
    "governance/whereabouts.py": "where a unit was heard last, for its operator; no mark",
    "search/patterns.py": "within a scope's bounds, written down where anything is told",
    "governance/self_checks.py": "counts of hits with an end and without",
    "governance/figures.py": "counts of officers' answers by unit; no read, mark or person",
}


def _commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for words, parser in wrong_use.leaves():
        if words[0] == "centre":
            yield " ".join(words[1:]), parser


def test_every_command_is_known_to_return_reads_or_none() -> None:
    """Whoever adds a command says here whether it returns reads."""
    names = {name for name, _ in _commands()}
    assert names == RETURN_READS | set(RETURN_NONE)


def test_what_returns_reads_takes_a_session_and_a_purpose() -> None:
    """None of them can even be typed without purpose, case and words."""
    for name, parser in _commands():
        needed = {a.dest for a in parser._actions if a.required}
        known = {a.dest for a in parser._actions}
        if name in RETURN_READS:
            assert {"purpose", "case", "words"} <= needed, name
            assert {"session", "authorisation", "break_glass"} <= known, name


def test_only_what_stands_here_fetches_reads_from_the_store() -> None:
    """Every call of the store that gives reads, found in the source."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        place = str(path.relative_to(SOURCE))
        if place.startswith("store/"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            of_store = ast.unparse(node.func.value).rsplit(".", 1)[-1] in ("store", "_store")
            if of_store and node.func.attr in ("searching", "snapshot", "find", "records"):
                found.add(place)
    assert found == set(FETCH)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo of 30 days, opened with the keys in its own folder, as in a trial."""
    root = tmp_path_factory.mktemp("demo") / "centre"
    make_demo(root, Plan(days=30, reads_a_day=0.5, vehicles=300, searches=False), SystemClock())
    return root


def _asked(centre: Path, read: uuid.UUID, out: Path) -> dict[str, list[str]]:
    """Return each command that returns reads, as it would be typed about the stolen car."""
    mark, name = story.STOLEN, str(read)
    clock = SystemClock()
    now = clock.stamp(clock.mono_ns()).utc
    circle, day = "53.4,-1.5,20000", f"{now:%Y-%m-%d}"
    scene = f"{circle}/{day}T00:00/{day}T01:00"
    return {
        "search read": [name], "search mark": [mark], "search partial": [f"{mark[:5]}*"],
        "search area": [circle], "search camera": ["northshire-mast-3"], "search route": [mark],
        "search look-back": [mark], "search ends": [mark],
        "search crossed": ["--scene", scene, "--scene", scene], "search associates": [mark],
        "search clones": [], "search convoys": [], "search hits": [],
        "picture": [name, "--role", "patch", "-o", str(out / "p.jpg")], "correct": [name, mark],
        "export": ["--since", day, "--until", f"{day}T01:00", "-o", str(out / "x.ndjson"),
                   "--recipient", "CPS"],
        "evidence pack": [name, "-o", str(out / "read.pack"), "--recipient", "CPS"],
        "evidence hold": [name, "--until", f"{now.year + 1}-12-31"],
        "evidence take-out": [name, "-o", str(out / "held.pack")],
    }  # fmt: skip


@pytest.fixture(scope="module")
def read(centre: Path, tmp_path_factory: pytest.TempPathFactory) -> uuid.UUID:
    """A read of the stolen car."""
    with closing(open_store_of(CentreFolder(centre))) as store, store.snapshot() as rows:
        for one in rows:
            found = json.loads(one.text)["record"]
            if found.get("text", {}).get("vrm") == story.STOLEN:
                return uuid.UUID(found["read_id"])
    raise AssertionError("the demo has no stolen car")


@pytest.mark.parametrize("name", sorted(RETURN_READS))
def test_nothing_is_returned_without_somebody_signed_in_who_may(
    centre: Path, read: uuid.UUID, tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    """Signed out, and as an auditor: refused, no mark is said, no file is written."""
    words = [*name.split(), *_asked(centre, read, tmp_path)[name], *WHY, "--dir", str(centre)]
    session = tmp_path / "session"
    for _ in range(2):
        assert main(["centre", *words, "--session", str(session)]) == 2
        told = capfd.readouterr()
        assert told.out == ""
        assert story.STOLEN not in told.err
        assert {path.name for path in tmp_path.iterdir()} <= {"session"}
        signed_in(centre, session, Role.AUDITOR, name="aud-9")


def test_what_is_returned_names_the_decision_that_the_trail_has(
    centre: Path, read: uuid.UUID, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each command, as an investigator: the decision it names stands in the trail."""
    session = tmp_path / "session"
    signed_in(centre, session, Role.INVESTIGATOR, name="dc-46")
    asked = _asked(centre, read, tmp_path)
    del asked["evidence take-out"], asked["correct"]  # no such hold; nothing to correct
    decisions = []
    for name, words in asked.items():
        line = [*name.split(), *words, *WHY, "--dir", str(centre), "--session", str(session)]
        assert main(["centre", *line]) in (0, 1), f"{name}: {capfd.readouterr().err}"
        told = capfd.readouterr().out
        if name == "evidence pack":
            told = (tmp_path / "read.pack").read_text(encoding="utf-8")
            decisions.append(told.partition('"decision":"')[2][:36])
        elif name != "evidence hold":
            decisions.append(told.partition("decision ")[2][:36])
    with closing(open_store_of(CentreFolder(centre))) as store:
        trail = " ".join(row.event.subject for row in store.audit(0, 10_000))
    assert len(decisions) == len(asked) - 1
    assert [one for one in decisions if not one or one not in trail] == []
