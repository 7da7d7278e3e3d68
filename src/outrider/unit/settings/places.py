"""The folders that a run writes to can be written, or it says which setting names them."""

import os
from pathlib import Path

from outrider import durable
from outrider.settings_file import ConfigError
from outrider.unit.settings.enrolled import NAME_STATE
from outrider.unit.settings.sections import Settings


def make_places(settings: Settings) -> None:
    """Make the state folder and the journal's. Raises ConfigError: which, why, what to do."""
    _make(settings.unit.state_dir, "the unit's state", NAME_STATE)
    _make(settings.journal_dir, "the journal", "name it with --journal")


def _make(folder: Path, what: str, how: str) -> None:
    try:
        durable.make_folder(folder)
    except OSError as error:
        raise ConfigError(f"{folder}: {what}: {error.strerror}; {how}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        why = f"cannot be written to: {durable.name_another(folder)}"
        raise ConfigError(f"{folder}: {what}: {why}; {how}")
