"""setuptools' build, with what ships with the package and stands elsewhere in the tree.

`models/` at the top is the one place where the models are; a wheel carries a copy of what the unit
runs, so that an ordinary `pip install` reads plates. A checkout (editable) uses its own folder.
pyproject.toml names this module as the build's backend and its classes as commands.
"""

import shutil
import subprocess
from pathlib import Path

from setuptools.build_meta import *  # noqa: F403 - a backend is its functions
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

_ROOT = Path(__file__).resolve().parents[1]
_COMMIT_IN_SOURCE = "src/outrider/commit.txt"
_MODELS = ("*.tflite", "*.json")


class BuildWithModels(build_py):
    """Copies the models beside the module that reads them, and writes down the commit."""

    def run(self) -> None:
        """Build the package, then add the models to it."""
        super().run()
        if self.editable_mode:
            return
        folder = Path(self.build_lib) / "outrider/unit/recognise/models"
        shutil.rmtree(folder, ignore_errors=True)  # of an earlier build
        folder.mkdir(parents=True)
        for pattern in _MODELS:
            for path in sorted((_ROOT / "models").glob(pattern)):
                shutil.copyfile(path, folder / path.name)
        (Path(self.build_lib) / "outrider/commit.txt").write_text(_commit(), encoding="ascii")


def _commit() -> str:
    """The checkout's commit; in a source distribution what was written there; `-` if unknown."""
    written = _ROOT / _COMMIT_IN_SOURCE
    if written.exists():
        return written.read_text(encoding="ascii")
    try:
        asked = ["git", "-C", str(_ROOT), "describe", "--always", "--dirty=+", "--abbrev=10"]
        asked += ["--exclude=*"]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return "-"


class SourceWithModels(sdist):
    """A source distribution that builds the same wheel."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        """Lay out the tree with the models and this module beside what setuptools found."""
        found = [path for one in (*_MODELS, "*.md") for path in (_ROOT / "models").glob(one)]
        own = [*sorted(found), Path(__file__).resolve()]
        super().make_release_tree(base_dir, [*files, *(str(p.relative_to(_ROOT)) for p in own)])
        (Path(base_dir) / _COMMIT_IN_SOURCE).write_text(_commit(), encoding="ascii")
