"""The OpenAPI document, made of the table of routes and the bodies' own schemas."""

import re
from typing import Any

from outrider import __version__
from outrider.centre.api.routes import ROUTES, ApiRoute


def document() -> dict[str, Any]:
    """Return the document (OpenAPI 3.1)."""
    schemas: dict[str, Any] = {"Error": _ERROR}
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Outrider centre: searches",
            "version": __version__,
            "description": "Every answer is of a Scope, and stands in the audit trail.",
        },
        "security": [{"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: ApiRoute, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.purpose,
        "x-event": route.event.value if route.event else None,
        "responses": {"200": {"description": "the answer"}} | _FAULTS,
    }
    names = re.findall(r"{(\w+)}", route.path)
    if names:
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ]
    if route.body is not None:
        schema = route.body.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[route.body.__name__] = schema
        ref = {"$ref": f"#/components/schemas/{route.body.__name__}"}
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": ref}},
        }
    return operation


_ERROR = {
    "type": "object",
    "required": ["error", "message"],
    "properties": {"error": {"type": "string"}, "message": {"type": "string"}},
}
_FAULT = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
_FAULTS = {
    status: {"description": what} | _FAULT
    for status, what in {
        "401": "nobody is signed in under this token",
        "403": "denied: what no rule allows, and what to do",
        "404": "there is no such picture, or it cannot be opened",
        "409": "somebody else was first",
        "413": "too large",
        "422": "asked wrongly: what, and where",
        "503": "the store cannot answer now",
    }.items()
}
