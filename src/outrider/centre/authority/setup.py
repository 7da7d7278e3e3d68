"""Makes a centre's folder: settings, authority, keys. What is there already stays as it is."""

from dataclasses import dataclass
from pathlib import Path

from outrider import durable
from outrider.centre.authority import authority as files
from outrider.centre.authority import certificates
from outrider.centre.authority.authority import Authority, AuthorityError, time_of
from outrider.centre.authority.sealed_to import note
from outrider.centre.folder import CentreFolder, write_settings
from outrider.clock import Clock
from outrider.wire.sealing import CentrePrivateKey, CentrePublicKey
from outrider.wire.signing import SigningIdentity


@dataclass(frozen=True, slots=True)
class Made:
    """What a set-up made, by path, in order; and where the private sealing keys are."""

    made: tuple[Path, ...]
    opening_keys: Path


def set_up(
    folder: CentreFolder,
    hosts: tuple[str, ...],
    opening: Path,
    clock: Clock,
    repository: Path | None = None,
) -> Made:
    """Make what is missing of a centre. Run again, it makes only what is missing then.

    repository: where its signed hotlists will be published. Raises AuthorityError, KeyFileError,
    SealingError, ConfigError, OSError.
    """
    made: list[Path] = []
    for path in (folder.root, folder.ca_key.parent, folder.receipt_key.parent, folder.store):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not folder.settings.exists():
        write_settings(folder, hosts, repository)
        made.append(folder.settings)
    made += _authority(folder, clock)
    made += _receipt_key(folder)
    made += _sealing_key(folder, opening)
    return Made(tuple(made), opening)


def _authority(folder: CentreFolder, clock: Clock) -> list[Path]:
    made = [path for path in (folder.ca_key, folder.server_key) if not path.exists()]
    if folder.ca_key in made and folder.ca_certificate.exists():
        raise AuthorityError(
            f"{folder.ca_key} is missing, its certificate is here: put the key back, or begin a "
            "new centre in another folder (every unit then enrols anew)"
        )
    for path in made:
        files.make_key(path)
    if not folder.ca_certificate.exists():
        name = f"Outrider centre {folder.load().server.hosts[0]}"
        key = files.read_key(folder.ca_key)
        certificate = certificates.make_authority(name[:64], key, time_of(clock))
        durable.write_new(folder.ca_certificate, certificates.pem(certificate).encode(), 0o644)
        made.append(folder.ca_certificate)
    authority = Authority(folder, folder.load(), clock)
    if authority.renew_server():
        made.append(folder.server_certificate)
    if not folder.revoked.exists():
        authority.write_revoked([])
        made.append(folder.revoked)
    return made


def _receipt_key(folder: CentreFolder) -> list[Path]:
    made = [path for path in (folder.receipt_key, folder.receipt_public) if not path.exists()]
    if folder.receipt_key in made:
        SigningIdentity.generate().write(folder.receipt_key)
    if folder.receipt_public in made:
        SigningIdentity.read(folder.receipt_key).public.write(folder.receipt_public)
    return made


def _sealing_key(folder: CentreFolder, opening: Path) -> list[Path]:
    """Make the sealing pair, the private half first: no unit may seal to what nobody can open."""
    if folder.sealing_key.exists():
        note(folder, [CentrePublicKey.read(folder.sealing_key)])
        return []
    opening.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = sorted(opening.glob("sealing-*.key"))
    made = []
    if held:  # an earlier set-up was cut off here
        private = CentrePrivateKey.read(held[-1])
    else:
        private = CentrePrivateKey.generate()
        path = opening / f"sealing-{private.public.key_id}.key"
        private.write(path)
        made.append(path)
    note(folder, [key.public for key in (*map(CentrePrivateKey.read, held), private)])
    private.public.write(folder.sealing_key)
    return [*made, folder.sealing_key]
