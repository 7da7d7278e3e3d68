"""The README's tables against the code."""

import re
from importlib import resources

from outrider.centre.folder import LimitSettings
from outrider.centre.intake.codes import STATUS

README = resources.files("outrider.centre.intake").joinpath("README.md").read_text("utf-8")


def test_every_code_is_explained() -> None:
    """The table has each code once, with its status."""
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", README, re.MULTILINE)
    assert sorted(rows) == sorted((code.value, str(status)) for code, status in STATUS.items())


def test_what_a_unit_sets_aside() -> None:
    """Set aside are the four statuses that the unit's client treats so, and no others."""
    rows = re.findall(r"^\| `[a-z-]+` \| (\d{3}) \|[^|]*\| ([^|]*) \|", README, re.MULTILINE)
    aside = {status for status, does in rows if "aside" in does or "less at once" in does}
    assert aside == {"400", "409", "413", "422"}


def test_every_limit_is_explained() -> None:
    """The table of limits names each setting with its default."""
    text = README.partition("## Limits")[2]
    for names, defaults in re.findall(r"^\| (`[^|]*`) \| ([0-9., ]+) \|", text, re.MULTILINE):
        for name, default in zip(names.split(", "), defaults.split(", "), strict=True):
            assert LimitSettings.model_fields[name.strip("`")].default == float(default)
    named = set(re.findall(r"`([a-z_]+)`", text))
    assert set(LimitSettings.model_fields) <= named
