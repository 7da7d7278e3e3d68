"""What is asked of the service: one picture of one read, by a session, for a purpose."""

import uuid
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_Text = Annotated[str, Field(max_length=500)]
PATH = "/picture"
Part = Literal["patch", "overview"]
PARTS: dict[str, Part] = {"patch": "patch", "overview": "overview"}


class PictureAsked(BaseModel):
    """One picture asked for. token: of the session; its holder is looked up, never told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: _Text
    read: uuid.UUID
    part: Part
    code: _Text
    case: _Text
    words: _Text
    authority: _Text = ""
    authorisation: _Text = ""
    break_glass: _Text = ""
