"""`outrider centre ...`: what the reference centre's staff do.

Only the module of the part that is asked for is imported: all of them take a second and a half.
"""

import importlib

from outrider.command_line import Subparsers, new_parser

_HERE = "outrider.centre.commands"
# In the order of the help: each module, with the parts that it registers.
PARTS: dict[str, tuple[str, ...]] = {
    f"{_HERE}.authority": ("init", "enrol-ticket", "units", "unit-force", "revoke"),
    f"{_HERE}.intake": ("serve",),
    f"{_HERE}.opening": ("open", "rotate-key"),
    f"{_HERE}.status": ("status",),
    f"{_HERE}.backup": ("backup", "restore"),
    f"{_HERE}.audit": ("audit",),
    "outrider.centre.retention": ("expire",),
    f"{_HERE}.hotlists": ("hotlist",),
    f"{_HERE}.demo": ("demo",),
    f"{_HERE}.sign_in": ("sign-in", "sign-out", "accept"),
    f"{_HERE}.search": ("search",),
    f"{_HERE}.picture": ("picture", "correct"),
    f"{_HERE}.export": ("export",),
    f"{_HERE}.answer": ("answer",),
    f"{_HERE}.pages": ("pages",),
    f"{_HERE}.pictures": ("pictures",),
    f"{_HERE}.evidence": ("evidence",),
    f"{_HERE}.authorisation": ("authorisation", "break-glass"),
    f"{_HERE}.review": ("review", "insider"),
    f"{_HERE}.account": ("account", "end-sessions"),
    f"{_HERE}.self_assess": ("self-assess",),
}


def register(commands: Subparsers, part: str | None = None) -> None:
    """Add `centre` with the part that is asked for; with all where that is none of them."""
    parser = new_parser(
        commands,
        "centre",
        "the reference centre: init, serve, open, enrol-ticket, units, status, search, ...",
        "outrider centre init /srv/centre --host centre.example\n"
        "  outrider centre serve --dir /srv/centre",
    )
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True)
    of_it = [module for module, names in PARTS.items() if part in names]
    for module in of_it or PARTS:
        importlib.import_module(module).register(parts)
