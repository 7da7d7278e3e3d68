"""The build's one step of its own: what ships with the package and stands elsewhere in the tree.

`models/` at the top is the one place where the models are; a wheel carries a copy of what the unit
runs, so that an ordinary `pip install` reads plates. A checkout (editable) uses its own folder.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

_HERE = Path(__file__).parent
_MODELS = ("*.tflite", "*.json")


class BuildWithModels(build_py):
    """Copies the models beside the module that reads them."""

    def run(self) -> None:
        """Build the package, then add the models to it."""
        super().run()
        if self.editable_mode:
            return
        folder = Path(self.build_lib) / "outrider/unit/recognise/models"
        shutil.rmtree(folder, ignore_errors=True)  # of an earlier build
        folder.mkdir(parents=True)
        for pattern in _MODELS:
            for path in sorted((_HERE / "models").glob(pattern)):
                shutil.copyfile(path, folder / path.name)


setup(cmdclass={"build_py": BuildWithModels})
