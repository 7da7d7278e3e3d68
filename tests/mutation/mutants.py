"""Mutants: one function of one file, broken in one small way.

mutmut's operators make them. Beside those: a call whose value nobody uses is left out, so is a
`raise`; a condition is turned round; a bound (a whole number at the top of a module) is made eight
times as large. Texts for people (in a `raise`, in the log) are left alone: tests of what is said
stand elsewhere.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_arg_removal, operator_string

from tests.mutation.rooms import module_of

_BOUND_TIMES = 8
_NEVER = ("len", "isinstance")  # as mutmut does: broken calls of these fail wherever they stand
_SMALL = (cst.Expr, cst.Raise, cst.Del)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. lines: where it stands; a test that runs none of them cannot notice it."""

    name: str
    path: Path
    function: str
    lines: frozenset[int]
    before: str
    after: str
    tree: Any
    node: Any
    changed: Any

    def code(self) -> CodeType:
        """Return the function's code with the change in it, as it is within its class."""
        tree = self.tree.deep_replace(self.node, self.changed)
        for name in reversed(self.function.split(".")[:-1]):
            tree = cst.ClassDef(cst.Name(name), cst.IndentedBlock([tree]))
        text = cst.Module([]).code_for_node(tree)
        whole = compile(text, str(self.path), "exec", dont_inherit=True)
        return next(c for c in codes(whole) if c.co_qualname == self.function)


@dataclass(frozen=True, slots=True)
class Bound:
    """A whole number at the top of a module, made larger. lines: where it is looked at."""

    name: str
    path: Path
    constant: str
    lines: frozenset[int]
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class _Where:
    """Where in a function a node stands."""

    statement: Any
    told: bool = False  # within a raise: its texts are for people


def of_file(path: Path) -> list[Mutant | Bound]:
    """Return every mutant of a file."""
    wrapper = MetadataWrapper(cst.parse_module(path.read_text(encoding="utf-8")))
    places = wrapper.resolve(PositionProvider)
    module = wrapper.module
    made: list[Mutant | Bound] = list(_bounds(path, module, places))
    seen: dict[str, int] = {}
    for qualname, function in _functions(module.body, ""):
        for node, changed, where in _changes(function.body, _Where(function)):
            before, after = module.code_for_node(node), module.code_for_node(changed)
            lines = _lines(places, where.statement, node)
            context = _text_of(module, where.statement)
            name = _named(f"{module_of(path)}.{qualname}", (context, before, after), seen)
            made.append(Mutant(name, path, qualname, lines, before, after, function, node, changed))
    return made


def _named(place: str, content: tuple[str, ...], seen: dict[str, int]) -> str:
    """Return a name that stays while the statement does, whatever is edited around it."""
    digest = hashlib.sha256("\0".join(content).encode()).hexdigest()[:6]
    name = f"{place.removeprefix('outrider.')}~{digest}"
    seen[name] = seen.get(name, 0) + 1
    return name if seen[name] == 1 else f"{name}.{seen[name]}"


def _text_of(module: Any, statement: Any) -> str:
    if isinstance(statement, cst.SimpleStatementLine):
        return " ".join(module.code_for_node(one) for one in statement.body)
    return type(statement).__name__


def _lines(places: Mapping[Any, Any], statement: Any, node: Any) -> frozenset[int]:
    """Return the lines that are run with the node: its statement's, or its own in a header."""
    place = places[node] if node in places else places[statement]
    first, last = place.start.line, place.end.line
    if isinstance(statement, cst.SimpleStatementLine):
        around = places[statement]
        first, last = around.start.line, around.end.line
    elif isinstance(node, cst.If | cst.While):
        test = places[node.test]
        first, last = test.start.line, test.end.line
    elif isinstance(statement, cst.For | cst.With):  # a table in its head is a line of its own
        first = places[statement].start.line
        last = max(last, first)
    return frozenset(range(first, last + 1))


def _functions(body: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for statement in body:
        if isinstance(statement, cst.FunctionDef):
            yield prefix + statement.name.value, statement
        elif isinstance(statement, cst.ClassDef):
            yield from _functions(statement.body.body, f"{prefix}{statement.name.value}.")


def _changes(node: Any, where: _Where) -> Iterator[tuple[Any, Any, _Where]]:
    """Yield every node that can be changed, what to, and where it stands."""
    if _left_alone(node, where):
        return
    if isinstance(node, cst.BaseStatement) and not isinstance(node, cst.FunctionDef):
        where = _Where(node)
    if isinstance(node, cst.Raise):
        where = _Where(where.statement, told=True)
    for changed in (*_by_mutmut(node, where), *_by_us(node)):
        yield node, changed, where
    for child in node.children:
        yield from _changes(child, where)


def _left_alone(node: Any, where: _Where) -> bool:
    if isinstance(node, cst.Annotation | cst.Decorator | cst.Parameters):
        return True  # not run with the function
    if isinstance(node, cst.BaseString) and where.told:
        return not isinstance(node, cst.FormattedString)
    if isinstance(node, cst.Call):
        func = node.func
        if isinstance(func, cst.Name):
            return func.value in _NEVER
        of = func.value if isinstance(func, cst.Attribute) else None
        return isinstance(of, cst.Name) and of.value == "_log"
    return False


def _by_mutmut(node: Any, where: _Where) -> Iterator[Any]:
    for kind, operator in mutation_operators:
        if not isinstance(node, kind):
            continue
        if operator is operator_string:
            yield from list(operator_string(node))[:1]  # the other two only change its case
        elif operator is operator_arg_removal and where.told and _says_something(node):
            continue
        else:
            yield from operator(node)


def _says_something(call: Any) -> bool:
    return any(isinstance(arg.value, cst.BaseString) for arg in call.args)


def _by_us(node: Any) -> Iterator[Any]:
    if isinstance(node, cst.SimpleStatementLine) and len(node.body) == 1:
        small = node.body[0]
        text = isinstance(small, cst.Expr) and isinstance(
            small.value, cst.BaseString | cst.Ellipsis
        )
        logs = isinstance(small, cst.Expr) and _left_alone(small.value, _Where(node))
        if isinstance(small, _SMALL) and not (text or logs):
            yield node.with_changes(body=[cst.Pass()], leading_lines=[])
    if isinstance(node, cst.If | cst.While | cst.CompIf):
        bare = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        yield node.with_changes(test=cst.UnaryOperation(cst.Not(), bare))


def _bounds(path: Path, module: Any, places: Mapping[Any, Any]) -> Iterator[Bound]:
    """Yield the whole numbers at the top of a module that one of its functions looks at."""
    used: dict[str, set[int]] = {}
    for _, function in _functions(module.body, ""):
        for node in _all(function.body):
            if isinstance(node, cst.Name) and node in places:
                used.setdefault(node.value, set()).add(places[node].start.line)
    for statement in module.body:
        small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
        if not isinstance(small, cst.Assign) or not isinstance(small.targets[0].target, cst.Name):
            continue
        name = small.targets[0].target.value
        value = module.code_for_node(small.value)
        if name in used and all(c in "0123456789 *_+-()" for c in value):
            place = f"{module_of(path).removeprefix('outrider.')}.{name}"
            lines = frozenset(used[name])
            yield Bound(place, path, name, lines, value, f"{_BOUND_TIMES} * ({value})")


def _all(node: Any) -> Iterator[Any]:
    yield node
    for child in node.children:
        yield from _all(child)


def larger(value: int) -> int:
    """Return what a bound becomes."""
    return _BOUND_TIMES * value


def codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code and all that stand within it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)
