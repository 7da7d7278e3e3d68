"""What enrolment leaves on a unit: which centre it belongs to, and where its keys are.

`enrolment.json` in the state folder names the folder of the keys in use. It is replaced whole, so
that a unit is either enrolled with one set of files or with another, never between.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from outrider import durable
from outrider.wire.names import Name

FILE = "enrolment.json"
FOLDER = "identity"


NAME_STATE = "name it as state_dir under [unit] in the settings, or as STATE_DIRECTORY"


class EnrolmentFileError(Exception):
    """The unit's enrolment cannot be read: which file, what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class IdentityFiles:
    """Where a unit keeps its keys and what it was given, in one folder."""

    folder: Path

    @property
    def signing_key(self) -> Path:
        """The unit's own Ed25519 key: signs what it sends."""
        return self.folder / "signing.key"

    @property
    def tls_key(self) -> Path:
        """The unit's own EC P-256 key (PEM): opens connections as the unit."""
        return self.folder / "tls-key.pem"

    @property
    def certificate(self) -> Path:
        """The certificate of the TLS key (PEM), renewed from time to time."""
        return self.folder / "certificate.pem"

    @property
    def ca_certificate(self) -> Path:
        """The centre's authority (PEM)."""
        return self.folder / "ca.pem"

    @property
    def revoked(self) -> Path:
        """The authority's list of revoked certificates (PEM)."""
        return self.folder / "revoked.pem"

    @property
    def receipt_key(self) -> Path:
        """The centre's public key that receipts are verified with."""
        return self.folder / "receipt.key"

    @property
    def sealing_key(self) -> Path:
        """The centre's public key that the journal is sealed to."""
        return self.folder / "sealing.key"

    @property
    def hotlist_root(self) -> Path:
        """The root of trust of signed hotlists (JSON); not there where the centre had none yet."""
        return self.folder / "hotlist-root.json"


class Enrolment(BaseModel):
    """What a unit is enrolled as. ticket_sha256: of the code that it was enrolled with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[int, Field(ge=1, le=1)] = 1
    unit_id: Name
    url: Annotated[str, Field(pattern=r"^https?://")]
    folder: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    ticket_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    at: AwareDatetime

    def files(self, state_dir: Path) -> IdentityFiles:
        """Return where the keys in use are."""
        return IdentityFiles(state_dir / FOLDER / self.folder)


def read(state_dir: Path) -> Enrolment | None:
    """Return what the unit is enrolled as, None where it is not. Raises EnrolmentFileError."""
    path = state_dir / FILE
    try:
        return Enrolment.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except NotADirectoryError as error:
        raise EnrolmentFileError(
            f"{state_dir}: is no folder: the unit's state needs one: {NAME_STATE}"
        ) from error
    except (OSError, ValidationError) as error:
        raise EnrolmentFileError(
            f"{path}: cannot be read: {error}; give it back its owner and content, or remove it "
            "and enrol the unit anew"
        ) from error


def write(state_dir: Path, enrolment: Enrolment) -> None:
    """Put an enrolment in force: on return it is on the disk, and before that the old one holds."""
    durable.write(state_dir / FILE, enrolment.model_dump_json(indent=1).encode())


def make(unit_id: str, url: str, folder: Path, code_sha256: bytes, at: datetime) -> Enrolment:
    """Return the enrolment of a unit whose files are in a folder under `identity`."""
    return Enrolment(
        unit_id=unit_id, url=url, folder=folder.name, ticket_sha256=code_sha256.hex(), at=at
    )
