"""A centre's folder: its settings in `centre.toml`, and where its keys and files are.

The private key that opens sealed reads is no part of what the intake needs: see `opening_keys`.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from outrider import durable
from outrider.settings_file import ConfigError, Section, as_toml, parse_as, read_settings


class CentreFault(Exception):
    """The centre's own files cannot be used: which, why, and what to do."""


SETTINGS_FILE = "centre.toml"
_Seconds = Annotated[float, Field(gt=0, le=3600)]
_HOST = r"^[A-Za-z0-9.:-]{1,253}$"
_Host = Annotated[str, Field(pattern=_HOST)]


class ServerSettings(Section):
    """Where units reach the centre: the names in its certificate, and the ports.

    listen: address to listen at; an empty one is every address of the machine.
    """

    hosts: Annotated[tuple[_Host, ...], Field(min_length=1)] = ("localhost",)
    listen: str = ""
    port: Annotated[int, Field(ge=0, le=65535)] = 8443
    enrol_port: Annotated[int, Field(ge=0, le=65535)] = 8444


class StoreSettings(Section):
    """Where rows and pictures are kept: a URL; left out, an embedded store in the folder."""

    url: str | None = None


class HotlistSettings(Section):
    """The signed hotlists that units fetch: the folder that `centre hotlist` publishes to."""

    repository: Path | None = None


class CertificateSettings(Section):
    """How long certificates hold, in days. A unit renews its own when a third is left.

    revocations: file in which revocations and used tickets are noted a second time, outside of what
    is backed up with the folder; left out, it stands beside the folder (`centre.revocations`).
    """

    unit_days: Annotated[int, Field(ge=1, le=1100)] = 365
    server_days: Annotated[int, Field(ge=1, le=1100)] = 365
    revocations: Path | None = None


class AuditSettings(Section):
    """Who watches over the centre: a file on another machine, or an address; both may be given.

    Each day's checkpoint of the audit trail goes there, besides to every unit that docks.
    """

    overseer_file: Path | None = None
    overseer_url: Annotated[str, Field(pattern=r"^https://")] | None = None


class RetentionSettings(Section):
    """How long reads are kept, in calendar months; at most what the longest policy allows."""

    months: Annotated[int, Field(ge=1, le=24)] = 12


class AccessSettings(Section):
    """Which rules decide, which version of the rules of use is in force, what share is reviewed."""

    rules: Annotated[str, Field(pattern=r"^(12|24)-months$")] = "12-months"
    rules_of_use: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,32}$")] = "1"
    review_share: Annotated[float, Field(ge=0, le=1)] = 0.05


class PeopleSettings(Section):
    """The force's OpenID Connect provider; left out, nobody signs in.

    client_secret: file that holds it. redirect: where the provider sends people back to.
    """

    issuer: str = ""
    client_id: str = "outrider-centre"
    client_secret: Path | None = None
    redirect: str = "http://127.0.0.1:8445/v1/signed-in"
    session_h: Annotated[float, Field(gt=0, le=24)] = 8.0


class AnswerSettings(Section):
    """Where `outrider centre answer` listens: for people's browsers and a force's own systems."""

    listen: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8445
    workers: Annotated[int, Field(ge=1, le=64)] = 8


class PagesSettings(Section):
    """Where `outrider centre pages` listens, and how people's browsers reach it.

    address: as browsers have it; left out, it is where it listens. pictures: the socket of
    `outrider centre pictures`; left out, it stands in the folder. idle_min: a session that asks
    for nothing so long ends. contact: for the public page.
    """

    listen: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8446
    address: Annotated[str, Field(pattern=r"^(https?://[A-Za-z0-9.:\[\]-]{1,253})?$")] = ""
    workers: Annotated[int, Field(ge=1, le=64)] = 8
    idle_min: Annotated[float, Field(gt=0, le=480)] = 30.0
    pictures: Path | None = None
    contact: Annotated[str, Field(max_length=500)] = ""


class RightsSettings(Section):
    """Time limits for people's requests, as the law has them.

    answer_months: to answer, in calendar months; extend_months: more, with reasons; complaint_days:
    to answer a complaint.
    """

    answer_months: Annotated[int, Field(ge=1, le=12)] = 1
    extend_months: Annotated[int, Field(ge=0, le=12)] = 2
    complaint_days: Annotated[int, Field(ge=1, le=366)] = 30


class LimitSettings(Section):
    """What the intake takes on at once, and from whom.

    Places in flight are kept free for others: see `Gate`. body_least_b_per_s: a body that comes
    slower, after a grace of 10 s, is broken off. handshakes: connections at each port whose TLS
    handshake is not done, in all and of one address; one more, and the oldest goes.
    connections_of_one: of one unit, or of one address without a certificate. Rates are token
    buckets: so many a second for ever, and `burst` at once after a rest.
    """

    upload_mb: Annotated[float, Field(gt=0, le=8)] = 8.0
    body_s: _Seconds = 120.0
    head_s: _Seconds = 15.0
    connections: Annotated[int, Field(ge=1, le=100_000)] = 1000
    in_flight: Annotated[int, Field(ge=1, le=1000)] = 16
    in_flight_per_unit: Annotated[int, Field(ge=1, le=1000)] = 4
    enrol_in_flight: Annotated[int, Field(ge=1, le=1000)] = 64
    enrol_in_flight_per_address: Annotated[int, Field(ge=1, le=1000)] = 2
    body_least_b_per_s: Annotated[float, Field(gt=0, le=10**6)] = 1000.0
    handshakes: Annotated[int, Field(ge=1, le=10_000)] = 256
    handshakes_of_one: Annotated[int, Field(ge=1, le=10_000)] = 32
    connections_of_one: Annotated[int, Field(ge=1, le=100_000)] = 32
    workers: Annotated[int, Field(ge=1, le=64)] = 4
    unit_per_s: Annotated[float, Field(gt=0, le=100_000)] = 20.0
    unit_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 400
    all_per_s: Annotated[float, Field(gt=0, le=1_000_000)] = 400.0
    all_burst: Annotated[int, Field(ge=1, le=10_000_000)] = 4000
    enrol_per_min: Annotated[float, Field(gt=0, le=6000)] = 10.0
    enrol_burst: Annotated[int, Field(ge=1, le=1000)] = 20
    clock_off_h: Annotated[float, Field(gt=0, le=8760)] = 24.0
    stop_s: _Seconds = 30.0


class CentreSettings(Section):
    """All settings of a centre; every section may be left out."""

    server: ServerSettings = Field(default_factory=ServerSettings)
    store: StoreSettings = Field(default_factory=StoreSettings)
    hotlists: HotlistSettings = Field(default_factory=HotlistSettings)
    certificates: CertificateSettings = Field(default_factory=CertificateSettings)
    audit: AuditSettings = Field(default_factory=AuditSettings)
    retention: RetentionSettings = Field(default_factory=RetentionSettings)
    access: AccessSettings = Field(default_factory=AccessSettings)
    people: PeopleSettings = Field(default_factory=PeopleSettings)
    answer: AnswerSettings = Field(default_factory=AnswerSettings)
    pages: PagesSettings = Field(default_factory=PagesSettings)
    rights: RightsSettings = Field(default_factory=RightsSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)


@dataclass(frozen=True, slots=True)
class CentreFolder:
    """Where a centre's files are."""

    root: Path

    def holds(self, path: Path) -> bool:
        """Whether a path lies in the centre's own folder, by whatever way."""
        return path.resolve().is_relative_to(self.root.resolve())

    @property
    def settings(self) -> Path:
        """The settings (TOML)."""
        return self.root / SETTINGS_FILE

    @property
    def ca_key(self) -> Path:
        """The authority's private key (PEM): makes units. Stays on this machine."""
        return self.root / "authority" / "ca-key.pem"

    @property
    def ca_certificate(self) -> Path:
        """The authority's certificate (PEM): goes to every unit with its ticket."""
        return self.root / "authority" / "ca.pem"

    @property
    def revoked(self) -> Path:
        """The authority's list of revoked certificates (PEM)."""
        return self.root / "authority" / "revoked.pem"

    @property
    def revocations(self) -> Path:
        """Revocations and used tickets, outside the folder: a restored copy of it forgets none.

        In the folder's neighbour `-kept`, where there is one: beside it a service may not write.
        """
        kept = self.root.with_name(f"{self.root.name}-kept")
        beside = self.root.with_name(f"{self.root.name}.revocations")
        return kept / "revocations" if kept.is_dir() else beside

    @property
    def lock(self) -> Path:
        """Held while the list of revoked certificates is written anew."""
        return self.root / "authority" / "lock"

    @property
    def server_key(self) -> Path:
        """The server's private TLS key (PEM)."""
        return self.root / "authority" / "server-key.pem"

    @property
    def server_certificate(self) -> Path:
        """The server's certificate (PEM)."""
        return self.root / "authority" / "server.pem"

    @property
    def receipt_key(self) -> Path:
        """The private key that receipts are signed with."""
        return self.root / "keys" / "receipt.key"

    @property
    def receipt_public(self) -> Path:
        """Its public half, for services that check what the centre signed and sign nothing."""
        return self.root / "keys" / "receipt.pub"

    @property
    def sealing_key(self) -> Path:
        """The public key that units seal to; its private half is elsewhere."""
        return self.root / "keys" / "sealing.pub"

    @property
    def sealed_to(self) -> Path:
        """Folder of the public halves of all sealing keys that were ever in force."""
        return self.root / "keys" / "sealed-to"

    @property
    def list_keys(self) -> Path:
        """The secret from which units without a key of their own board get their lists' key."""
        return self.root / "keys" / "lists.key"

    @property
    def checkpoints(self) -> Path:
        """Folder of the audit trail's checkpoints, made here and brought back."""
        return self.root / "checkpoints"

    @property
    def review_key(self) -> Path:
        """The secret that draws which searches are reviewed (32 bytes); `init` makes none."""
        return self.root / "keys" / "review.key"

    @property
    def pictures_socket(self) -> Path:
        """Where the service that opens single pictures listens, unless the settings say."""
        return self.root / "pictures.sock"

    @property
    def store(self) -> Path:
        """Folder of the embedded store."""
        return self.root / "store"

    def store_url(self, settings: CentreSettings) -> str:
        """Return where the store is: where the settings say, else the embedded one here."""
        return settings.store.url or f"sqlite:{self.store.resolve()}"

    def load(self) -> CentreSettings:
        """Return the settings. Raises ConfigError with every fault, or where there are none."""
        try:
            text = read_settings(self.settings)
        except FileNotFoundError as error:
            raise ConfigError(f"{self.root}: no centre here: `outrider centre init`") from error
        except OSError as error:
            raise ConfigError(f"{self.settings}: cannot be read: {error}") from error
        return parse_as(CentreSettings, text, str(self.settings))


def is_host(text: str) -> bool:
    """Whether a text may be the name or address of a server."""
    return re.fullmatch(_HOST.strip("^$"), text) is not None


def opening_keys(given: Path | None, folder: CentreFolder) -> Path:
    """Return the folder of the private sealing keys: as given, or in the centre's own folder."""
    return given or folder.root / "opening"


def write_settings(
    folder: CentreFolder, hosts: tuple[str, ...], repository: Path | None = None
) -> None:
    """Write the first settings of a centre; repository: of its signed hotlists. Raises OSError."""
    defaults = CentreSettings.model_validate({"server": {"hosts": hosts}})
    text = f"""# Settings of the reference centre; `outrider centre init` wrote them.
# All other keys stand below as comments, with the defaults that are in force while they are left
# out. A key that is not known is refused with its line.
{_hotlists(repository)}[server]
hosts = {json.dumps(list(hosts))}
{_commented(defaults)}
"""
    durable.write(folder.settings, text.encode(), 0o644)


def _hotlists(repository: Path | None) -> str:
    if repository is None:
        return ""
    return f"[hotlists]\nrepository = {json.dumps(str(repository))}\n"


def _commented(settings: CentreSettings) -> str:
    """Return all settings but the hosts, which are set above them, as comments of a TOML file."""
    lines = (line.removeprefix("# ") for line in as_toml(settings).strip().splitlines()[2:])
    return "\n".join(f"# {line}".rstrip() for line in lines)
