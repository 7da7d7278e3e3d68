"""A real centre and a real unit, set up by their own commands, for the campaigns."""

import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

from outrider.centre.folder import CentreFolder
from outrider.centre.store.centre_store import CentreStore
from outrider.centre.store_of import open_store_of
from outrider.clock import SystemClock
from outrider.unit.certificates import tls_context
from outrider.unit.journal.outbox import Outbox
from outrider.unit.settings import sections as config
from outrider.unit.settings.sections import JournalSettings, Settings
from outrider.unit.sync.reconcile import Reconciler
from outrider.unit.sync.session import Identity, Summary
from outrider.unit.sync.transport import HttpsCentre
from outrider.wire.sealing import CentrePrivateKey
from outrider.wire.signing import SigningIdentity, VerifyingKey
from tests.fault.processes import Program, free_ports, outrider

UNIT = "unit-7"

# One unit of the campaign sends what hundreds do; the limits have tests of their own.
_LIMITS = """
[limits]
unit_per_s = 10000
unit_burst = 100000
all_per_s = 10000
all_burst = 100000
in_flight_per_unit = 16
"""


@dataclass(frozen=True, slots=True)
class CentrePlace:
    """A centre's folder, its opening keys apart, and the logs of its programs."""

    folder: CentreFolder
    keys: Path
    logs: Path

    @classmethod
    def make(cls, root: Path, store_url: str | None) -> "CentrePlace":
        """Set one up with `outrider centre init`, on free ports; None: the embedded store."""
        place = cls(CentreFolder(root / "centre"), root / "opening", root)
        outrider("centre", "init", place.folder.root, "--opening-keys", place.keys)
        port, enrol_port = free_ports(2)
        settings = place.folder.settings.read_text(encoding="utf-8")
        settings += f"port = {port}\nenrol_port = {enrol_port}\n{_LIMITS}"
        if store_url is not None:
            settings += f'[store]\nurl = "{store_url}"\n'
        place.folder.settings.write_text(settings, encoding="utf-8")
        return place

    @property
    def enrol_port(self) -> int:
        """The port that units enrol at."""
        return self.folder.load().server.enrol_port

    def serve(self) -> Program:
        """Return the intake's program."""
        return Program(
            "centre serve", self.logs / "serve.log", "centre", "serve", "--dir", self.folder.root
        )

    def open(self) -> Program:
        """Return the opening service's program."""
        words = ("centre", "open", "--dir", self.folder.root, "--keys", self.keys, "--watch")
        return Program("centre open", self.logs / "open.log", *words)

    def store(self) -> CentreStore:
        """Open the store, to look."""
        return open_store_of(self.folder)

    def private_keys(self) -> list[CentrePrivateKey]:
        """Return the keys that open what units send."""
        return [CentrePrivateKey.read(path) for path in sorted(self.keys.glob("*.key"))]


@dataclass(frozen=True, slots=True)
class UnitPlace:
    """A unit's settings, its journal's folder, and its log."""

    settings_file: Path
    journal: Path
    log: Path

    @classmethod
    def make(cls, root: Path, centre: CentrePlace, journal: Path) -> "UnitPlace":
        """Enrol one with a real ticket; the centre is serving."""
        place = cls(root / "unit.toml", journal, root / "sync.log")
        state = root / "unit"
        place.settings_file.write_text(
            f'[unit]\nid = "{UNIT}"\nstate_dir = "{state}"\nruntime_dir = "{state}"\n'
            f'[journal]\ndirectory = "{journal}"\n'
            "segment_mb = 1\nmin_free_mb = 1\nballast_mb = 0\n"
            "commit_within_s = 0.02\ncommit_reads = 20\n"
            "[sync]\nbatch_rows = 100\nkeep_acknowledged_h = 24\nlongest_wait_s = 1\n",
            encoding="utf-8",
        )
        ticket = root / "ticket.json"
        outrider("centre", "enrol-ticket", UNIT, "--dir", centre.folder.root, "-o", ticket)
        outrider("enrol", "--ticket", ticket, "-c", place.settings_file)
        return place

    def settings(self) -> Settings:
        """Return the settings, with what enrolment gave."""
        return config.load(self.settings_file)

    def journal_settings(self) -> JournalSettings:
        """Return how the journal is sealed and kept."""
        return self.settings().journal

    def confirmed(self, outbox: Outbox) -> set[int] | None:
        """Ask the centre as a sync does; return what it holds now, None where it is silent.

        What it lacks waits to be sent again from then on.
        """
        settings, summary = self.settings().sync, Summary()
        assert settings.url is not None
        assert settings.signing_key is not None
        assert settings.receipt_key is not None
        signing = SigningIdentity.read(settings.signing_key)
        identity = Identity(UNIT, signing, VerifyingKey.read(settings.receipt_key))
        tls = tls_context(
            settings.ca_certificate, settings.client_certificate, settings.client_key, None
        )
        with HttpsCentre(settings.url, tls) as centre:
            reconciler = Reconciler(identity, SystemClock())
            found = reconciler.run(outbox, centre, summary, threading.Event())
        return None if summary.faults else found.confirmed

    def copied(self, root: Path) -> "UnitPlace":
        """Return the same unit in another car: its card and state copied, its memory not."""
        state = self.settings().unit.state_dir
        shutil.copytree(state, root / "unit", ignore=shutil.ignore_patterns("journal-witness*"))
        shutil.copytree(self.journal, root / "journal")
        text = self.settings_file.read_text(encoding="utf-8")
        text = text.replace(f'"{self.journal}"', f'"{root / "journal"}"')
        place = UnitPlace(root / "unit.toml", root / "journal", root / "sync.log")
        place.settings_file.write_text(text.replace(f'"{state}"', f'"{root / "unit"}"'))
        return place

    def sync(self) -> Program:
        """Return the uploader's program."""
        return Program("sync", self.log, "sync", "--watch", "-c", self.settings_file, "--json")
