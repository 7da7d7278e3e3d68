"""A unit that is enrolled with a test authority, without asking: its files and settings."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from outrider import durable
from outrider.unit.certificates import new_tls_key, request_for
from outrider.unit.settings import enrolled
from outrider.unit.settings import sections as config
from outrider.unit.settings.enrolled import FOLDER, IdentityFiles
from outrider.unit.settings.sections import Settings
from outrider.wire.signing import SigningIdentity
from tests.unit.journal.filled import CENTRE
from tests.unit.sync.authority import Authority, Registrar, utc_now
from tests.unit.sync.centre import TestCentre


@dataclass
class EnrolledUnit:
    """The unit's folder, its files, and the centre that knows it."""

    folder: Path
    files: IdentityFiles
    centre: TestCentre

    def settings(self, url: str, more: str = "") -> Settings:
        """Return the settings of the unit with a centre at the address."""
        return config.load(self.toml(url, more))

    def toml(self, url: str, more: str = "") -> Path:
        """Write those settings."""
        path = self.folder / "outrider.toml"
        path.write_text(
            f'[unit]\nstate_dir = "{self.folder}"\nruntime_dir = "{self.folder / "run"}"\n'
            f"[journal]\nsegment_mb = 1\nmin_free_mb = 1\nballast_mb = 0\n"
            f'[sync]\nurl = "{url}"\nlongest_wait_s = 1\n{more}'
        )
        return path


def enrolled_unit(
    folder: Path,
    authority: Authority,
    begins: dt.datetime | None = None,
    ends: dt.datetime | None = None,
) -> EnrolledUnit:
    """Return a unit whose certificate holds between two instants."""
    signing = SigningIdentity.generate()
    files = IdentityFiles(folder / FOLDER / signing.public.key_id)
    files.folder.mkdir(parents=True)
    signing.write(files.signing_key)
    key = new_tls_key()
    durable.write(files.tls_key, key, 0o600)
    certificate = authority.sign(request_for(key, "unit-7"), begins, ends)
    files.certificate.write_text(certificate)
    files.ca_certificate.write_text(authority.pem)
    files.revoked.write_text(authority.revoked())
    centre = TestCentre(signing.public)
    centre.registrar = Registrar(authority)
    centre.registrar.sealing = CENTRE
    centre.identity.public.write(files.receipt_key)
    CENTRE.public.write(files.sealing_key)
    url = "https://localhost:1"
    enrolled.write(folder, enrolled.make("unit-7", url, files.folder, bytes(32), utc_now()))
    return EnrolledUnit(folder, files, centre)
