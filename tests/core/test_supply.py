"""What the project is made of: every licence known, every pin with its hash."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def supply() -> ModuleType:
    spec = importlib.util.spec_from_file_location("supply", ROOT / "image_build/supply.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_package_on_an_appliance_or_a_centre_is_listed_with_its_licence(
    supply: ModuleType,
) -> None:
    """Nothing ships whose licence nobody has looked at: `supply.py licences` lists it."""
    text = supply.LICENCES.read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| (?:unit|centre) \| ([^ ]+) \| [^|]+ \| ([^|]+) \|$", text, re.M))
    needed = {**supply.needed(""), **supply.needed("centre")}
    missing = sorted(needed.keys() - listed.keys())
    assert missing == [], "python image_build/supply.py licences"
    assert [name for name, licence in listed.items() if "NOT STATED" in licence] == []


def test_every_locked_package_has_the_pinned_version_and_a_hash(supply: ModuleType) -> None:
    """`pip install --require-hashes` takes just what was looked at: `supply.py lock` makes it."""
    assert supply.lock_faults() == []
    locked = supply.pins(supply.LOCK.read_text(encoding="utf-8"))
    needed = {**supply.needed(""), **supply.needed("test")}
    assert sorted(needed.keys() - locked.keys() - {"pip", "setuptools"}) == []
