"""The image's layers: what they say of themselves, in which order they are built, what is wrong.

A layer is a file in rpi-image-gen's form: its name, needs and variables between METABEGIN and
METAEND as comments, then a `mmdebstrap:` section that bdebstrap takes as it is.

    .venv/bin/python image_build/layers.py check [FOLDER]
    .venv/bin/python image_build/layers.py order NAME
    .venv/bin/python image_build/layers.py packages ARCHITECTURE    (asks Debian's archive)
"""

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pins
import yaml

FOLDER = Path(__file__).resolve().parent / "layers"
ROOT = FOLDER.parents[1]
_FIELD = re.compile(r"# (X-Env-[A-Za-z0-9_-]+):(.*)")
_SEEN = re.compile(r"\$(?:\{(IGconf_\w+)\}|(IGconf_\w+))")
_SET = re.compile(r"^\s*(\w+)=\$IGconf_outrider_source/(\S+)$", re.MULTILINE)
_FILE = re.compile(r'"\$(\w+)/([^"$]+)"')
_REQUIRED = ("X-Env-Layer-Name", "X-Env-Layer-Category", "X-Env-Layer-Desc", "X-Env-Layer-Version")
_ALLOWED = {
    *_REQUIRED, "X-Env-Layer-Requires", "X-Env-Layer-Provides", "X-Env-Layer-RequiresProvider",
    "X-Env-Layer-Conflicts", "X-Env-VarRequires", "X-Env-VarRequires-Valid",
}  # fmt: skip
_SECTIONS = {
    "suite", "variant", "format", "mode", "architectures", "components", "packages", "aptopts",
    "dpkgopts", "setup-hooks", "extract-hooks", "essential-hooks", "customize-hooks",
    "cleanup-hooks",
}  # fmt: skip
_HOOKS = ("setup-hooks", "extract-hooks", "essential-hooks", "customize-hooks", "cleanup-hooks")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+-]+")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]+")
_FROM_THE_BOARD = ("systemd", "outrider-data-key")  # what a target's own layers provide


class LayerError(Exception):
    """A layer that cannot be used: which, and what to do."""


@dataclass(frozen=True)
class Layer:
    """One layer: its fields as written, its packages, its hooks' text."""

    path: Path
    fields: Mapping[str, str]
    packages: tuple[str, ...]
    hooks: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name that other layers know it by."""
        return self.fields["X-Env-Layer-Name"]

    def listed(self, field: str) -> tuple[str, ...]:
        """Return a field's words, which commas part."""
        return tuple(filter(None, map(str.strip, self.fields.get(field, "").split(","))))


def read(path: Path) -> Layer:
    """Read a layer. Errors: LayerError, which says what is wrong with its form."""
    text = path.read_text(encoding="utf-8")
    head, found, body = text.partition("# METAEND\n")
    if not (head.startswith("# METABEGIN\n") and found):
        raise LayerError(f"{path}: begin with '# METABEGIN', end the comments with '# METAEND'")
    fields = _fields(path, head.splitlines()[1:])
    try:
        section = (yaml.safe_load(body) or {})["mmdebstrap"]
        packages = tuple(section.get("packages") or ())
        hooks = tuple(hook for kind in _HOOKS for hook in section.get(kind) or ())
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise LayerError(f"{path}: no 'mmdebstrap:' section that can be read: {error}") from None
    if unknown := sorted(set(section) - _SECTIONS):
        raise LayerError(f"{path}: mmdebstrap has no {', '.join(unknown)}")
    if not all(isinstance(word, str) for word in (*packages, *hooks)):
        raise LayerError(f"{path}: every package and hook is text: put it in quotes")
    return Layer(path, fields, packages, hooks)


def _fields(path: Path, lines: list[str]) -> dict[str, str]:
    """Return the fields of the comments; a line that begins with two blanks goes on."""
    fields: dict[str, str] = {}
    last = ""
    for line in lines:
        if match := _FIELD.fullmatch(line):
            last = match[1]
            if last in fields:
                raise LayerError(f"{path}: {last} stands twice: keep one")
            if last not in _ALLOWED:
                raise LayerError(f"{path}: {last} is no field that these layers use")
            fields[last] = match[2].strip()
        elif line.startswith("#  ") and last:
            fields[last] += " " + line[3:].strip()
        elif line.rstrip() != "#":
            raise LayerError(f"{path}: '{line}' is no field")
    if missing := [field for field in _REQUIRED if not fields.get(field)]:
        raise LayerError(f"{path}: {', '.join(missing)} is missing")
    return fields


def read_all(folder: Path = FOLDER) -> dict[str, Layer]:
    """Return every layer by name. Errors: LayerError, also where two have one name."""
    found: dict[str, Layer] = {}
    for path in sorted(folder.rglob("*.yaml")):
        layer = read(path)
        if layer.name in found:
            raise LayerError(f"{path}: {layer.name} is {found[layer.name].path} already")
        found[layer.name] = layer
    return found


def order(name: str, layers: Mapping[str, Layer], known: tuple[str, ...] = ()) -> list[Layer]:
    """Return a layer after all that it needs.

    What provides something comes before what requires its provider; `known` is provided from
    elsewhere. Errors: LayerError: a layer that is not there, a circle, a provider that lacks.
    """
    done: list[Layer] = []
    _place(name, layers, done, ())
    for kind in set().union(*(layer.listed("X-Env-Layer-RequiresProvider") for layer in done)):
        if kind not in known and not any(
            kind in one.listed("X-Env-Layer-Provides") for one in done
        ):
            raise LayerError(f"{name}: no layer of it provides {kind}")
    return sorted(done, key=lambda layer: not layer.listed("X-Env-Layer-Provides"))


def _place(name: str, layers: Mapping[str, Layer], done: list[Layer], way: tuple[str, ...]) -> None:
    if name in way:
        raise LayerError(f"a circle: {' needs '.join((*way[way.index(name) :], name))}")
    if name not in layers:
        raise LayerError(f"{way[-1] if way else 'asked for'}: there is no layer {name}")
    for needed in layers[name].listed("X-Env-Layer-Requires"):
        _place(needed, layers, done, (*way, name))
    if layers[name] not in done:
        done.append(layers[name])


def faults(layers: Mapping[str, Layer], known: tuple[str, ...] = _FROM_THE_BOARD) -> Iterator[str]:
    """Yield what is wrong with layers that can be read, a line each."""
    for name, layer in layers.items():
        if not _NAME.fullmatch(name):
            yield f"{layer.path}: a name is small letters, digits and '-': {name}"
        if not re.fullmatch(r"\d+\.\d+\.\d+", layer.fields["X-Env-Layer-Version"]):
            yield f"{layer.path}: a version is three numbers, as 1.0.0"
        for package in layer.packages:
            if not _PACKAGE.fullmatch(package):
                yield f"{layer.path}: {package} is no package's name"
        yield from _hook_faults(layer)
        try:
            order(name, layers, known)
        except LayerError as error:
            yield f"{layer.path}: {error}"


def _hook_faults(layer: Layer) -> Iterator[str]:
    """Yield variables that are not declared, files that are not there, shells that go on."""
    declared = set(layer.listed("X-Env-VarRequires"))
    rules = layer.listed("X-Env-VarRequires-Valid")
    if len(rules) != len(declared):
        yield f"{layer.path}: X-Env-VarRequires-Valid has not a rule for each variable"
    used: set[str] = set()
    for hook in layer.hooks:
        used |= {first or second for first, second in _SEEN.findall(hook)}
        if "\n" in hook and not hook.startswith("set -eu\n"):
            yield f"{layer.path}: a hook of many lines begins with 'set -eu'"
        for path in named_files(hook):
            if not path.is_file():
                yield f"{layer.path}: {path.relative_to(ROOT)} is not there"
    for name in sorted(used ^ declared):
        word = "used and not declared" if name in used else "declared and not used"
        yield f"{layer.path}: {name} is {word} (X-Env-VarRequires)"


def named_files(hook: str) -> Iterator[Path]:
    """Yield the repository's files that a hook copies."""
    places = dict(_SET.findall(hook))
    for variable, rest in _FILE.findall(hook):
        if variable in places:
            yield ROOT / places[variable] / rest


def appliance(layers: Mapping[str, Layer]) -> set[str]:
    """Return the packages of what every unit has, but for what one board's archive alone holds."""
    return {
        package
        for layer in layers.values()
        if layer.fields["X-Env-Layer-Category"] == "app"
        and not layer.listed("X-Env-Layer-Provides")
        for package in layer.packages
    }


def _print_packages(architecture: str) -> None:
    """Print the appliance's packages and all that they need. Errors: CalledProcessError."""
    wanted = appliance(read_all())
    for pin in pins.resolve("bookworm", architecture, wanted):
        print(f"{pin.name} {pin.version}{'  *' if pin.name in wanted else ''}")


def main() -> int:
    """Check the layers, or print a layer's files in order, or the packages of a processor."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ways = parser.add_subparsers(dest="way", required=True)
    ways.add_parser("check").add_argument("folder", nargs="?", type=Path, default=FOLDER)
    ways.add_parser("order").add_argument("name")
    ways.add_parser("packages").add_argument("architecture")
    args = parser.parse_args()
    try:
        if args.way == "order":
            print("\n".join(str(layer.path) for layer in order(args.name, read_all())))
            return 0
        if args.way == "packages":
            _print_packages(args.architecture)
            return 0
        said = list(faults(read_all(args.folder)))
    except LayerError as error:
        said = [str(error)]
    for line in said:
        print(line, file=sys.stderr)
    return int(bool(said))


if __name__ == "__main__":
    sys.exit(main())
