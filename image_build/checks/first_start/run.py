"""The first start of a provisioned card in a virtual machine, with a real centre outside it.

    image_build/checks/first_start/run.sh IMAGE_DIR --work DIR

Shown: the unit enrols, its keys are made, its data partition is encrypted, the ticket is gone from
the whole card; a second card with a copy of the bundle is refused by the centre; the first card in
another machine opens nothing, is not wiped, and starts no unit. Exit status: 0 so it was; 1 not.
"""

import argparse
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import boot_image
import card
from virtual_machine import Ended, Machine, ends_with_us

_OUTRIDER = (str(Path(sys.executable).parent / "outrider"),)
_HERE = "10.0.2.2"  # this machine, as QEMU's guests see it
_UNIT = "unit-7"
_OTHER = "0d8be2a6-31a4-4b7c-9a55-7d3f70a1c9ee"
_WORDS = "outrider.test=first-start"


class CheckError(Exception):
    """What is not as it must be."""


def outrider(*words: str | Path) -> str:
    """Run one of our commands. Errors: CalledProcessError."""
    done = subprocess.run(
        [*_OUTRIDER, *map(str, words)], check=True, capture_output=True, text=True
    )
    return done.stdout


def free_ports(count: int) -> list[int]:
    """Return ports that nobody uses now."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


@contextmanager
def centre(work: Path) -> Iterator[Path]:
    """Make a centre and serve it meanwhile; give its folder."""
    folder = work / "centre"
    outrider("centre", "init", folder, "--host", _HERE, "--opening-keys", work / "opening")
    ports = dict(zip(("port", "enrol_port"), free_ports(2), strict=True))
    with (folder / "centre.toml").open("a", encoding="utf-8") as file:
        file.writelines(f"{name} = {port}\n" for name, port in ports.items())
    with (work / "centre.log").open("wb") as log:
        served = subprocess.Popen(
            [*_OUTRIDER, "centre", "serve", "--dir", str(folder)], stdout=log, stderr=log
        )
        try:
            _wait_for(ports["enrol_port"])
            yield folder
        finally:
            served.terminate()
            served.wait()


def _wait_for(port: int) -> None:
    ends, pause = monotonic() + 60, threading.Event()
    while monotonic() < ends:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            pause.wait(0.2)
        else:
            return
    raise CheckError("the centre does not serve")


def provisioned(image: Path, out: Path, bundle: Path) -> Path:
    """Write a new card with a unit's bundle on it; return it."""
    boot_image.larger_copy(image / "outrider-qemu-amd64.img", out)
    place = f"{out}@@{card.starts()['bootsel'][0]}"
    subprocess.run(["mcopy", "-s", "-i", place, str(bundle), "::"], check=True)
    return out


def start(work: Path, name: str, image: Path, uuid: str) -> Ended:
    """Start a card in a machine."""
    folder = work / name
    folder.mkdir()
    machine = Machine(folder, image, str(image), uuid=uuid, words=_WORDS, network=True)
    ended = machine.run()[-1]
    for line in ended.reports:
        if line.startswith(("enrolled ", "ticket ", "outrider-", "unit outrider", "data ")):
            print(f"    {line}", flush=True)
    return ended


def on_card(image: Path, words: dict[str, bytes], start: int = 0) -> list[str]:
    """Return the names of those words that stand on a card, in clear, from a byte on."""
    found, before, longest = set(), b"", max(map(len, words.values()))
    with image.open("rb") as file:
        file.seek(start)
        while chunk := file.read(1 << 24):
            joined = before + chunk
            found |= {name for name, word in words.items() if word in joined}
            before = joined[-longest:]
    return sorted(found)


def expect(found: object, wanted: object, what: str) -> None:
    """Compare. Errors: CheckError."""
    if found != wanted:
        raise CheckError(f"{what}: {found}, not {wanted}")


def enrolled(ended: Ended) -> str:
    """Return what the machine says that it is enrolled as."""
    told = [line for line in ended.reports if line.startswith("enrolled ")]
    return re.sub(r"^enrolled ", "", told[-1]) if told else "nothing told"


def check(image: Path, work: Path) -> None:
    """Go through it all. Errors: CheckError."""
    with centre(work) as folder:
        ticket = work / "unit-7.ticket"
        outrider("centre", "enrol-ticket", _UNIT, "--dir", folder, "-o", ticket)
        told = json.loads(ticket.read_bytes())
        (work / "stick").mkdir()
        outrider("provision", work / "stick", "--ticket", ticket, "--alarm-port", "/dev/ttyS3")
        bundle = work / "stick/outrider-unit"
        first = provisioned(image, work / "first.img", bundle)
        secrets = {"the ticket's code": told["code"].encode()}
        expect(on_card(first, secrets), ["the ticket's code"], "on the new card")
        data = max(at + size for at, size in card.starts().values())
        second = provisioned(image, work / "second.img", bundle)
        print("  the first start", flush=True)
        ended = start(work, "1-first", first, Machine.uuid)
        expect(enrolled(ended), _UNIT, "enrolled as")
        expect(on_card(first, secrets), [], "on its card afterwards")
        kept = {"a private key": b"PRIVATE KEY", "a read's table": b"CREATE TABLE row"}
        expect(on_card(first, kept, data), [], "on its data partition, in clear")
        print("  another card with a copy of the bundle", flush=True)
        ended = start(work, "2-copy", second, _OTHER)
        expect(enrolled(ended), "nobody", "enrolled as")
        print("  the first card in another machine", flush=True)
        ended = start(work, "3-elsewhere", first, _OTHER)
        active = "unit outrider-data.service active" in ended.reports
        expect((active, enrolled(ended)), (False, "nobody"), "its data there")
        print("  the first card in its own machine again", flush=True)
        ended = start(work, "4-again", first, Machine.uuid)
        expect(enrolled(ended), _UNIT, "enrolled as")


def main() -> int:
    """Run the check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    args = parser.parse_args()
    ends_with_us()
    args.work.mkdir(parents=True)
    began = monotonic()
    try:
        check(args.image, args.work)
    except (CheckError, TimeoutError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    print(f"all as it must be, {monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
