"""The rooms whose code is broken, and the tests that judge them."""

from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Room:
    """What is broken (globs within the package), and which tests may notice."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]

    def files(self) -> list[Path]:
        """Return the source files, in order."""
        package = REPO / "src" / "outrider"
        return sorted({f for glob in self.sources for f in package.glob(glob) if f.stat().st_size})


ROOMS = {
    "decide": Room(("unit/pipeline/*.py",), ("tests/unit/pipeline",)),
    "match": Room(
        tuple(f"unit/hotlist/{name}.py" for name in ("match", "candidates", "arming", "repeat")),
        tuple(
            f"tests/unit/hotlist/test_{name}.py"
            for name in (
                "match",
                "match_faults",
                "repeat",
                "candidates",
                "sealed",
                "store",
                "never_without",
            )
        ),
    ),
    "journal": Room(
        ("unit/journal/*.py",),
        (
            "tests/unit/journal",
            "tests/unit/commands/test_journal.py",
            "tests/unit/sync/test_crew_trail.py",
        ),
    ),
    "sync": Room(
        ("unit/sync/*.py",),
        tuple(
            f"tests/unit/sync/test_{name}.py"
            for name in (
                "steps",
                "keeping",
                "upkeep",
                "docking",
                "session",
                "unreached",
                "dock",
                "crew_trail",
                "dock_steps",
            )
        ),
    ),
    "wire": Room(
        ("wire/*.py",),
        (
            "tests/wire",
            *(f"tests/unit/hotlist/test_{name}.py" for name in ("package", "match")),
        ),
    ),
    "intake": Room(
        ("centre/intake/*.py",),
        (
            "tests/centre/checkpoints/test_docking.py",
            *(
                f"tests/centre/intake/test_{name}.py"
                for name in (
                    "parts",
                    "service",
                    "padded",
                    "limits",
                    "door",
                    "enrolment",
                    "fetch",
                    "happy",
                    "hashed_once",
                    "histories",
                    "hostile",
                    "list_keys",
                    "sealed_to",
                    "trust",
                )
            ),
        ),
    ),
}


def module_of(path: Path) -> str:
    """Return the name under which a source file is imported."""
    parts = path.relative_to(REPO / "src").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
