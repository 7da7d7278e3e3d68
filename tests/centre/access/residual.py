"""What Cedar's partial evaluation leaves to be asked of a read, evaluated over one read."""

from typing import Any

import cedarpy

Residuals = dict[str, Any]


def residuals(request: dict[str, Any], policies: Any, entities: list[dict[str, Any]]) -> Residuals:
    """Return the policies that are left when everything is known but the read."""
    asked = {**request, "resource": None}
    return cedarpy.is_authorized_partial(asked, policies, entities).residuals


def allows(left: Residuals, read: dict[str, Any]) -> bool:
    """Whether a read is allowed: a permit holds, and no forbid does."""
    permitted = forbidden = False
    for policy in left.values():
        if all(_holds(condition, read) for condition in policy["conditions"]):
            permitted |= policy["effect"] == "permit"
            forbidden |= policy["effect"] == "forbid"
    return permitted and not forbidden


def _holds(condition: dict[str, Any], read: dict[str, Any]) -> bool:
    value = bool(evaluate(condition["body"], read))
    return value if condition["kind"] == "when" else not value


def evaluate(expression: dict[str, Any], read: dict[str, Any]) -> Any:
    """Return the value of an expression of Cedar's JSON form."""
    ((kind, body),) = expression.items()
    if kind == "Value":
        return body
    if kind == "unknown":
        return read
    if kind == "Set":
        return [evaluate(item, read) for item in body]
    if kind == "Record":
        return {key: evaluate(item, read) for key, item in body.items()}
    if kind == ".":
        return evaluate(body["left"], read)[body["attr"]]
    if kind == "is":
        return body["entity_type"] == "Read"
    if kind == "!":
        return not evaluate(body["arg"], read)
    if kind == "if-then-else":
        return evaluate(body["then" if evaluate(body["if"], read) else "else"], read)
    return _of_two(kind, body, read)


def _of_two(kind: str, body: dict[str, Any], read: dict[str, Any]) -> Any:
    left = evaluate(body["left"], read)
    if kind == "&&":
        return bool(left) and evaluate(body["right"], read)
    if kind == "||":
        return bool(left) or evaluate(body["right"], read)
    right = evaluate(body["right"], read)
    operations: dict[str, Any] = {
        "in": lambda: left in (right if isinstance(right, list) else [right]),
        "==": lambda: left == right,
        "!=": lambda: left != right,
        "<": lambda: left < right,
        "<=": lambda: left <= right,
        ">": lambda: left > right,
        ">=": lambda: left >= right,
        "contains": lambda: right in left,
        "containsAny": lambda: any(item in left for item in right),
    }
    return operations[kind]()
