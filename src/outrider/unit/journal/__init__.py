"""Every read is kept, sealed for the centre, in order, until the centre has receipted it."""

from outrider.unit.journal.schema import JournalError
from outrider.unit.journal.writer import Committed, SealedJournal

__all__ = ["Committed", "JournalError", "SealedJournal"]
