"""A machine for the test image, under QEMU: a Raspberry Pi's firmware, and a power switch.

The firmware's part is played here: it reads `autoboot.txt` on the card, takes kernel, initramfs
and command line from the slot that it names, and the slot on trial once after `reboot "0 tryboot"`.
So the image's side of an update is what a Pi runs. Without KVM.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import card

MACHINE = "6f7f5b1e-7a52-4b83-9d86-0f6f3d2c9a10"
_GOES = re.compile(r"^GOES (\S+) ?(.*?)\r?$", re.MULTILINE)
_BOOT_PARTITION = re.compile(r"^boot_partition=(\d)$", re.MULTILINE)
_REPORT = re.compile(r"REPORT (.*?)\r?$", re.MULTILINE)
_EVERY_S = 0.2


@dataclass(frozen=True)
class Ended:
    """How one start of the machine ended: off, reboot, tryboot or cut; and what it told."""

    how: str
    console: str
    told: str

    @property
    def reports(self) -> list[str]:
        """The lines of the image's report."""
        return _REPORT.findall(self.console)


@dataclass
class Machine:
    """One machine with a card in it; uuid: whose key the data partition gets.

    disk: what QEMU is given as the card, as its own file or as what serves it; settle: called
    before the firmware reads the card's file, for a disk that has a cache.
    """

    folder: Path
    card: Path
    disk: str
    uuid: str = MACHINE
    words: str = ""
    sticks: list[Path] = field(default_factory=list)
    network: bool = False
    limit_s: float = 1500
    settle: Callable[[], None] = lambda: None
    starts: int = 0

    def start(self, on_trial: bool, cut: Callable[[str], bool] | None = None) -> Ended:
        """Start it, and wait until it is off; cut: whether the power goes now, by the console.

        Errors: TimeoutError, CalledProcessError.
        """
        self.settle()
        self.starts += 1
        console, told = (
            self.folder / f"{self.starts:02}.{name}.txt" for name in ("console", "told")
        )
        with tempfile.TemporaryDirectory(prefix="slot-", dir=self.folder) as name:
            partition = self._read_choice(on_trial)
            slot = self._slot(partition, Path(name))
            running = subprocess.Popen(
                self._command(slot, partition, console, told),
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
            try:
                _before_others(running.pid)
                was_cut = self._wait(running, console, cut)
            finally:
                if running.poll() is None:
                    running.send_signal(signal.SIGKILL)
                    running.wait()
        return _ended(console, told, was_cut)

    def run(self, cut: Callable[[str], bool] | None = None) -> list[Ended]:
        """Start it, and again as its firmware does, until it is off or cut."""
        done, on_trial = [self.start(False, cut)], False
        while done[-1].how in ("reboot", "tryboot"):
            on_trial = done[-1].how == "tryboot"
            done.append(self.start(on_trial, cut))
        return done

    def _wait(
        self, running: "subprocess.Popen[bytes]", console: Path, cut: Callable[[str], bool] | None
    ) -> bool:
        ends, pause = monotonic() + self.limit_s, threading.Event()
        while running.poll() is None:
            if monotonic() > ends:
                raise TimeoutError(f"not off after {self.limit_s:.0f} s: {console}")
            if cut is not None and cut(_text(console)):
                running.send_signal(signal.SIGKILL)
                running.wait()
                return True
            pause.wait(_EVERY_S)
        return False

    def _read_choice(self, on_trial: bool) -> int:
        text = self._file("bootsel", "autoboot.txt").decode("ascii", errors="replace")
        _, _, trial = text.partition("[tryboot]")
        found = _BOOT_PARTITION.search(trial if on_trial else text)
        if found is None:
            raise ValueError(f"autoboot.txt names no partition: {text.strip()[:80]!r}")
        return int(found[1])

    def _slot(self, partition: int, folder: Path) -> Path:
        name = {2: "boot-a", 3: "boot-b"}[partition]
        for file in ("vmlinuz", "initrd", "cmdline.txt"):
            (folder / file).write_bytes(self._file(name, file))
        return folder

    def _file(self, partition: str, name: str) -> bytes:
        place = f"{self.card}@@{card.starts()[partition][0]}"
        return subprocess.run(
            ["mtype", "-i", place, f"::{name}"], check=True, capture_output=True,
            env={**os.environ, "MTOOLS_SKIP_CHECK": "1"},
        ).stdout  # fmt: skip

    def _command(self, slot: Path, partition: int, console: Path, told: Path) -> list[str]:
        words = (slot / "cmdline.txt").read_text().strip()
        words += f" outrider.partition={partition} {self.words}"
        command = [
            "qemu-system-x86_64", "-M", "q35,hpet=off", "-cpu", "Nehalem,-cx16", "-m", "1024",
            "-accel", "tcg,thread=multi", "-smp", "2", "-display", "none", "-monitor", "none",
            "-no-reboot", "-nic", "user,model=virtio-net-pci" if self.network else "none",
            "-device", "i6300esb", "-uuid", self.uuid,
            "-serial", f"file:{console}", "-serial", f"file:{told}",
            "-kernel", str(slot / "vmlinuz"), "-initrd", str(slot / "initrd"), "-append", words,
            "-drive", f"file={self.disk},if=virtio,format=raw,cache=writeback",
        ]  # fmt: skip
        for stick in self.sticks:
            command += ["-drive", f"file={stick},if=virtio,format=raw,readonly=on"]
        return command


def ends_with_us() -> None:
    """Let a program that is asked to end take its machine with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def _before_others(pid: int) -> None:
    """Let it go before the rest of a busy machine, where the kernel groups by session."""
    group = Path(f"/proc/{pid}/autogroup")
    if os.geteuid() == 0 and group.exists():
        group.write_text("-5", encoding="ascii")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _ended(console: Path, told: Path, was_cut: bool) -> Ended:
    text = _text(told)
    goes = _GOES.findall(text)
    if was_cut:
        how = "cut"
    elif not goes:
        how = "reboot"  # the initramfs or the kernel itself
    elif goes[-1][0] == "reboot":
        how = "tryboot" if goes[-1][1].strip() == "0 tryboot" else "reboot"
    else:
        how = "off"
    return Ended(how, _text(console), text)
