"""`outrider provision`: a small bundle that makes one unit of an image that all share."""

import argparse
from pathlib import Path

from outrider.command_line import Subparsers, new_parser
from outrider.command_line.exits import UseError, finish
from outrider.command_line.values import existing_file, folder
from outrider.outside import OutsideError, read_text
from outrider.shown import say
from outrider.unit.enrolment.enrol import EnrolError
from outrider.unit.provisioning import bundle
from outrider.unit.provisioning.bundle import ProvisionError, Wanted, Wifi

_PASSWORD_BYTES = 1024


def register(commands: Subparsers) -> None:
    """Add the command."""
    parser = new_parser(
        commands,
        "provision",
        "write one unit's settings, ticket and Wi-Fi onto its card or a stick",
        "outrider provision /media/bootsel --ticket unit-7.ticket "
        "--alarm-port /dev/serial/by-id/usb-Arduino_Nano-if00 "
        "--wifi depot --wifi-password-file depot.password",
    )
    parser.add_argument("folder", type=folder, metavar="DIR", help="the card's bootsel, or a stick")
    parser.add_argument(
        "--ticket", type=existing_file, required=True, metavar="FILE",
        help="from `outrider centre enrol-ticket`",
    )  # fmt: skip
    parser.add_argument(
        "--alarm-port", required=True, metavar="PORT", help="the alarm unit's serial port"
    )
    parser.add_argument("--gps-port", metavar="PORT", help="of a receiver that is no u-blox on USB")
    parser.add_argument("--camera-id", default="camera-1", metavar="NAME", help="(camera-1)")
    parser.add_argument(
        "--camera-model", choices=("global-shutter", "hq"), default="global-shutter",
        help="(global-shutter)",
    )  # fmt: skip
    parser.add_argument("--wifi", metavar="NAME", help="the depot's network")
    parser.add_argument("--wifi-password-file", type=existing_file, metavar="FILE")
    finish(parser, _run, ProvisionError, EnrolError)


def _run(args: argparse.Namespace) -> int:
    """Write the bundle. Exit 0: it is there; 1: it is not, and why; 2: wrong use."""
    wanted = Wanted(
        ticket=args.ticket,
        alarm_port=args.alarm_port,
        camera_id=args.camera_id,
        camera_model=args.camera_model,
        gps_port=args.gps_port,
        wifi=_wifi(args.wifi, args.wifi_password_file),
    )
    unit_id = bundle.make(args.folder, wanted)
    say(f"{args.folder / bundle.FOLDER}: the bundle of {unit_id}; its first start takes and erases")
    say("it. The ticket lets one unit enrol once: keep the card from strangers until then")
    return 0


def _wifi(name: str | None, password_file: Path | None) -> Wifi | None:
    if (name is None) != (password_file is None):
        raise UseError("--wifi and --wifi-password-file belong together")
    if name is None or password_file is None:
        return None
    try:
        return Wifi(name, read_text(password_file, _PASSWORD_BYTES).strip("\r\n"))
    except OutsideError as error:
        raise UseError(str(error)) from error
