"""Writes a set of files of today's formats, to be kept beside the older sets for ever.

Usage: python -m tests.old_files.make SET [FORMAT...]     # SET: 2, the next free number

It refuses to write over what is kept: an old file proves something only as it was written.
"""

import sys
import tempfile
import zipfile
from pathlib import Path

from tests.old_files.formats import FORMATS

HERE = Path(__file__).parent
_DATED = (2026, 11, 30, 0, 0, 0)


def pack(folder: Path, target: Path) -> None:
    """Put the files of a folder into an archive, in one order and with one date."""
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(str(path.relative_to(folder)), _DATED)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())


def main() -> None:
    """Write the set."""
    number, *names = sys.argv[1:]
    kept = HERE / f"set_{int(number)}"
    kept.mkdir(exist_ok=True)
    for name in names or FORMATS:
        with tempfile.TemporaryDirectory() as made:
            FORMATS[name].make(Path(made))
            pack(Path(made), kept / f"{name}.zip")


if __name__ == "__main__":
    main()
