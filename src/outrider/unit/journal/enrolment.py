"""Whether and for whom a journal is sealed."""

from outrider.unit.journal.schema import JournalError
from outrider.unit.settings.sections import JournalSettings
from outrider.wire.sealing import CentrePublicKey, Sealer, SealingError


def choose_sealer(settings: JournalSettings, *, live: bool) -> Sealer:
    """Return the sealer that the settings ask for.

    A camera's reads are never written in clear by accident: without a key a live unit does not
    start unless the settings say `sealing = "none"`. Recordings may be kept in clear under `auto`.
    Raises JournalError.
    """
    if settings.sealing == "none":
        return Sealer(None)
    if settings.centre_public_key is not None:
        try:
            return Sealer(CentrePublicKey.read(settings.centre_public_key))
        except SealingError as error:
            raise JournalError(f"journal.centre_public_key: {error}") from error
    if settings.sealing == "auto" and not live:
        return Sealer(None)
    raise JournalError(
        "this unit has no centre key to seal its reads to, and will not write them in clear: enrol "
        'it (journal.centre_public_key), or set journal.sealing = "none" for a bench without '
        "personal data"
    )
