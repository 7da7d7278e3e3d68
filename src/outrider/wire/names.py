"""Names of units and cameras: one form, for files, paths, certificates and options alike."""

import re
from typing import Annotated

from pydantic import Field

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""Begins with a letter or digit: no name is `..`, a hidden file or an option."""
NAME_FORM = "1 to 64 letters, digits, dots, underscores or hyphens, a letter or digit first"

Name = Annotated[str, Field(pattern=NAME_PATTERN)]

_NAME = re.compile(NAME_PATTERN.removeprefix("^").removesuffix("$"))


def is_name(text: str) -> bool:
    """Whether a text may name a unit or a camera."""
    return _NAME.fullmatch(text) is not None
