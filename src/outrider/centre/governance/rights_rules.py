"""The table of people's requests: kinds, outcomes, the words of letters (`rights_rules.toml`)."""

import tomllib
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Kind(_Part):
    """One kind of request. reads: its letter holds reads; complaint: its clock counts days."""

    name: str
    section: str
    outcomes: tuple[str, ...] = Field(min_length=2)
    opening: str
    reads: bool = False
    complaint: bool = False


class LetterWords(_Part):
    """Sentences of letters."""

    kept: str
    withheld: tuple[str, ...]
    doubtful: str
    rights: str


class RightsRules(_Part):
    """The table."""

    kind: tuple[Kind, ...]
    letter: LetterWords

    def of(self, name: str) -> Kind:
        """Return a kind by its name. Raises ValueError."""
        found = next((one for one in self.kind if one.name == name), None)
        if found is None:
            raise ValueError(f"kind: one of {', '.join(one.name for one in self.kind)}")
        return found


@cache
def rules() -> RightsRules:
    """Return the table that ships with this program."""
    text = files(__package__).joinpath("rights_rules.toml").read_text("utf-8")
    return RightsRules.model_validate(tomllib.loads(text))
