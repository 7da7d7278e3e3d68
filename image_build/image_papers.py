"""The papers beside an image: what it holds, under which licences, and the bytes it must have."""

import hashlib
import importlib.metadata
import json
import re
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import supply
from pins import Pin

_LICENCE = re.compile(r"^License:\s*(\S.*?)\s*$", re.MULTILINE)


def digest(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sums(files: Iterable[Path]) -> None:
    """Write `FILE.sha256` beside each, as sha256sum and image_build/flash check it."""
    for path in files:
        path.with_name(f"{path.name}.sha256").write_text(f"{digest(path)}  {path.name}\n")


def bmap(image: Path) -> None:
    """Write the block map beside an image, for bmaptool."""
    place = image.with_suffix(".bmap")
    subprocess.run(  # it warns that nothing of the image is empty: so it is
        ["bmaptool", "--quiet", "create", "-o", str(place), str(image)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip


def python_versions() -> dict[str, tuple[str, str]]:
    """Return version and licence by name of the unit's Python packages, from this environment."""
    return {
        name: (one.version, supply.licence_of(one) or "NOT STATED")
        for name, one in sorted(supply.needed("").items())
    }


def licences(root: Path, pins: Iterable[Pin]) -> dict[str, str]:
    """Return what each Debian package's copyright file names, by package."""
    found = {}
    for pin in pins:
        path = root / "usr/share/doc" / pin.name / "copyright"
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        named = sorted(set(_LICENCE.findall(text)))
        found[pin.name] = ", ".join(named) or f"see /usr/share/doc/{pin.name}/copyright"
    return found


def licence_list(debian: dict[str, str], pins: Iterable[Pin]) -> str:
    """Return the list of licences as text, a package a line."""
    lines = [f"debian\t{pin.name}\t{pin.version}\t{debian[pin.name]}" for pin in pins]
    lines += [f"python\t{n}\t{v}\t{said}" for n, (v, said) in python_versions().items()]
    return "kind\tpackage\tversion\tlicence\n" + "\n".join(lines) + "\n"


def spdx(name: str, epoch: int, pins: Iterable[Pin]) -> str:
    """Return an SPDX 2.3 document of the image: every Debian and Python package."""
    made = datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    packages = [
        {
            **_package("deb", one.name, one.version, f"pkg:deb/debian/{one.name}@{one.version}"),
            "checksums": [{"algorithm": "SHA256", "checksumValue": one.sha256}],
        }
        for one in pins
    ]
    packages += [
        _package("pypi", package, version, f"pkg:pypi/{package}@{version}")
        for package, (version, _) in python_versions().items()
    ]
    own = importlib.metadata.version("outrider")
    packages.append(_package("own", "outrider", own, f"pkg:generic/outrider@{own}"))
    held = hashlib.sha256(repr(packages).encode()).hexdigest()
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"urn:outrider:{name}:{held}",
        "creationInfo": {"created": made, "creators": ["Tool: image_build/build"]},
        "packages": packages,
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": one["SPDXID"],
            }
            for one in packages
        ],
    }
    return json.dumps(document, indent=1) + "\n"


def _package(kind: str, name: str, version: str, locator: str) -> dict[str, object]:
    return {
        "SPDXID": f"SPDXRef-{kind}-{re.sub(r'[^A-Za-z0-9.-]', '-', name)}",
        "name": name,
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": locator,
            }
        ],
    }
