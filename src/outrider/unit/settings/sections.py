"""The unit's settings: their sections, their defaults, and where they are found."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from outrider.settings_file import ConfigError, Section, parse_as, read_settings
from outrider.unit.settings import enrolled
from outrider.wire.enrolment import NOBODY
from outrider.wire.names import Name

DEFAULT_PATH = Path("/etc/outrider/outrider.toml")


def state_home() -> Path:
    """Return where state is kept by default: as systemd gives it, /var/lib for root, or at home."""
    given = os.environ.get("STATE_DIRECTORY")
    if given:
        return Path(given)
    if os.geteuid() == 0:
        return Path("/var/lib/outrider")
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "outrider"


def runtime_home() -> Path | None:
    """Return the folder in memory for what a restart may keep: /run, or the user's own, if any."""
    given = os.environ.get("RUNTIME_DIRECTORY")
    if given:
        return Path(given)
    if os.geteuid() == 0:
        return Path("/run/outrider")
    base = os.environ.get("XDG_RUNTIME_DIR")
    return Path(base) / "outrider" if base else None


class UnitSettings(Section):
    """The unit itself."""

    id: Name = NOBODY
    camera_id: Name = "camera-1"
    state_dir: Path = Field(default_factory=state_home)
    runtime_dir: Path | None = Field(default_factory=runtime_home)
    driver_safe: bool = True


class CameraSettings(Section):
    """The camera, for `--source picamera2`. Short exposures keep plates at speed sharp."""

    model: Literal["global-shutter", "hq"] = "global-shutter"
    exposure_us: Annotated[int, Field(ge=20, le=20_000)] = 1_000
    analogue_gain: Annotated[float, Field(ge=1.0, le=16.0)] = 8.0
    frame_rate_hz: Annotated[float, Field(ge=1.0, le=60.0)] = 25.0
    width_px: Annotated[int, Field(ge=320, le=4056)] = 1456
    height_px: Annotated[int, Field(ge=240, le=3040)] = 1088
    stall_after_s: Annotated[float, Field(ge=0.5, le=60.0)] = 3.0
    hangs_after_s: Annotated[float, Field(ge=0.5, le=60.0)] = 10.0


class RecogniserSettings(Section):
    """Detector and reader.

    workers: frames that are looked at side by side, each by networks of its own; one core is left
    to the rest of the unit. threads: of each worker's networks.
    """

    runtime: Literal["auto", "ai-edge-litert", "tflite-runtime"] = "auto"
    precision: Literal["auto", "int8", "f32"] = "auto"
    workers: Annotated[int, Field(ge=1, le=8)] = Field(
        default_factory=lambda: max(1, min(3, (os.cpu_count() or 2) - 1))
    )
    threads: Annotated[int, Field(ge=1, le=8)] = 1
    models_dir: Path | None = None
    detector_width_px: Annotated[int, Field(ge=320, le=1280)] = 640


class GpsSettings(Section):
    """Position and time."""

    source: str | None = None
    stale_after_s: Annotated[float, Field(ge=1.0, le=60.0)] = 3.0


class HotlistSettings(Section):
    """Vehicles of interest.

    key: where the key that seals them on the card comes from. `device`: a program asks the board
    (key_program gets a challenge on standard input and prints at least 32 bytes in hexadecimal,
    always the same); `centre`: asked at each start over mutual TLS, then held in memory, for
    key_grace_h without a link; `file`: key_file, on a stick that leaves the car; `card`: beside
    the lists. `auto`: the first of device, centre (enrolled) and card that there is.
    possible_waits_s: how long at most a doubtful read of a plate in sight waits to become sure
    (one vehicle, one alert); 0: it is told at once, and the sure one after it.
    """

    key: Literal["auto", "device", "centre", "file", "card"] = "auto"
    key_program: Annotated[tuple[str, ...], Field(min_length=1)] = (
        *("rpi-fw-crypto", "hmac", "--in", "/dev/stdin", "--key-id", "1", "--outform", "hex"),
    )
    key_file: Path | None = None
    key_grace_h: Annotated[float, Field(ge=0, le=168)] = 24.0
    path: Path | None = None
    amber_age_h: Annotated[float, Field(gt=0, le=8760)] = 24.0
    red_age_h: Annotated[float, Field(gt=0, le=8760)] = 72.0
    repeat_after_s: Annotated[float, Field(ge=0, le=86_400)] = 300.0
    repeat_after_m: Annotated[float, Field(ge=0, le=1_000_000)] = 2_000.0
    possible_waits_s: Annotated[float, Field(ge=0, le=5)] = 2.0
    look_alike_min_probability: Annotated[float, Field(gt=0, lt=1)] = 0.2
    update_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    trusted_root: Path | None = None

    @property
    def asked_for(self) -> bool:
        """Whether the unit was told to have a list, so that to have none is a fault."""
        return self.path is not None or self.update_url is not None


class AlarmSettings(Section):
    """The alarm unit: a serial port, or `terminal`, or `none`."""

    port: str = "terminal"
    speech: bool = False


class JournalSettings(Section):
    """Where reads are kept, and for whom they are sealed.

    sealing: `auto` seals to the centre's key where the unit is enrolled, keeps recordings in clear
    where it is not, and refuses a camera without a key; `none` keeps all in clear and says so.
    """

    directory: Path | None = None
    sealing: Literal["auto", "required", "none"] = "auto"
    centre_public_key: Path | None = None
    segment_mb: Annotated[int, Field(ge=1, le=64)] = 32
    min_free_mb: Annotated[int, Field(ge=1, le=1_000_000)] = 512
    max_mb: Annotated[int, Field(ge=8, le=10_000_000)] | None = None
    ballast_mb: Annotated[int, Field(ge=0, le=1024)] = 16
    commit_within_s: Annotated[float, Field(gt=0, le=5)] = 1.0
    commit_reads: Annotated[int, Field(ge=1, le=500)] = 20
    key_lifetime_min: Annotated[float, Field(gt=0, le=1440)] = 60.0


class SyncSettings(Section):
    """The way to the centre: where it is, who it and the unit are, how much at a time.

    `outrider enrol` provides the address, keys and certificates; what is set here goes before it.
    Patterns of interfaces are as in a shell (`wwan*`); one that neither of the two lists names is
    what NetworkManager says that it is, and metered where nothing says. Over a metered link the
    unit sends every metered_every_s, always as much (10 MB an hour at 10 s), hit or no hit.
    """

    url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    ca_certificate: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    revocation_list: Path | None = None
    signing_key: Path | None = None
    receipt_key: Path | None = None
    metered_interfaces: tuple[str, ...] = ()
    unmetered_interfaces: tuple[str, ...] = ("lo",)
    metered_every_s: Annotated[float, Field(ge=0.1, le=3600)] = 10.0
    batch_rows: Annotated[int, Field(ge=1, le=1000)] = 500
    keep_acknowledged_h: Annotated[float, Field(ge=0, le=8760)] = 24.0
    longest_wait_s: Annotated[float, Field(ge=1, le=3600)] = 300.0


class PipelineSettings(Section):
    """How soon a stage that hangs is found."""

    health_every_s: Annotated[float, Field(ge=0.2, le=60.0)] = 1.0
    watchdog_s: Annotated[float, Field(ge=1.0, le=120.0)] = 10.0


class Settings(Section):
    """All settings; every section may be left out."""

    unit: UnitSettings = Field(default_factory=UnitSettings)
    camera: CameraSettings = Field(default_factory=CameraSettings)
    recogniser: RecogniserSettings = Field(default_factory=RecogniserSettings)
    gps: GpsSettings = Field(default_factory=GpsSettings)
    hotlist: HotlistSettings = Field(default_factory=HotlistSettings)
    alarm: AlarmSettings = Field(default_factory=AlarmSettings)
    journal: JournalSettings = Field(default_factory=JournalSettings)
    sync: SyncSettings = Field(default_factory=SyncSettings)
    pipeline: PipelineSettings = Field(default_factory=PipelineSettings)

    @property
    def journal_dir(self) -> Path:
        """Folder of the journal: as set, or `journal` in the unit's state folder."""
        return self.journal.directory or self.unit.state_dir / "journal"

    @property
    def hotlist_dir(self) -> Path:
        """Folder of the lists: as set, or `hotlists` in the state folder. A file is one list."""
        return self.hotlist.path or self.unit.state_dir / "hotlists"

    @property
    def status_file(self) -> Path:
        """File that a running unit keeps its health in, for `outrider status`."""
        return self.unit.state_dir / "status.json"


def load(path: Path | None) -> Settings:
    """Read the settings from a file; without one, from the default place if it is there.

    What enrolment gave the unit fills in what the file leaves out. Raises ConfigError where the
    file cannot be read, a key is unknown or out of range, or the unit is enrolled as another one.
    """
    return with_enrolment(load_file(path))


def load_file(path: Path | None) -> Settings:
    """Read the settings as the file has them, without what enrolment gave. Raises ConfigError."""
    if path is None:
        if not DEFAULT_PATH.exists():
            return Settings()
        path = DEFAULT_PATH
    try:
        text = read_settings(path)
    except OSError as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"{path}: cannot be read: {why}") from error
    return parse(text, str(path))


def parse(text: str, name: str) -> Settings:
    """Return the settings that a TOML text holds; name stands in error messages.

    Raises ConfigError, listing every fault.
    """
    return parse_as(Settings, text, name)


def with_enrolment(settings: Settings) -> Settings:
    """Return the settings with what enrolment gave laid under them. Raises ConfigError."""
    state_dir = settings.unit.state_dir
    try:
        enrolment = enrolled.read(state_dir)
    except enrolled.EnrolmentFileError as error:
        raise ConfigError(str(error)) from error
    if enrolment is None:
        return settings
    if "id" in settings.unit.model_fields_set and settings.unit.id != enrolment.unit_id:
        raise ConfigError(
            f"unit.id = {settings.unit.id!r}, but {state_dir} is enrolled as "
            f"{enrolment.unit_id!r}: leave unit.id out, or enrol the unit anew"
        )
    files = enrolment.files(state_dir)
    given: dict[str, dict[str, object]] = {
        "unit": {"id": enrolment.unit_id},
        "sync": {
            "url": enrolment.url,
            "ca_certificate": files.ca_certificate,
            "client_certificate": files.certificate,
            "client_key": files.tls_key,
            "revocation_list": files.revoked,
            "signing_key": files.signing_key,
            "receipt_key": files.receipt_key,
        },
        "journal": {"centre_public_key": files.sealing_key},
        "hotlist": {"update_url": f"{enrolment.url.rstrip('/')}/v1/hotlists"},
    }
    if files.hotlist_root.exists():
        given["hotlist"]["trusted_root"] = files.hotlist_root
    return settings.model_copy(
        update={name: _laid_under(getattr(settings, name), keys) for name, keys in given.items()}
    )


def _laid_under(section: Section, given: dict[str, object]) -> Section:
    left_out = {key: value for key, value in given.items() if key not in section.model_fields_set}
    return section.model_copy(update=left_out)
