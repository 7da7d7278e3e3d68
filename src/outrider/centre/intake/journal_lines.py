"""The log of the service: one JSON object a line, for journald or any collector.

Fields are names, numbers and codes. Nothing of a row's content can stand in it, for nothing of it
is in clear here; queries, bodies, one-time codes and signatures are never logged.
"""

import json
import logging
from datetime import UTC, datetime

from outrider import logs
from outrider.shown import shown

_MAX_TEXT = 300


def say(log: logging.Logger, level: int, event: str, **fields: object) -> None:
    """Log an event with its fields."""
    log.log(level, event, extra={"fields": fields})


class JsonLines(logs.Formatter):
    """Writes a record as one line of JSON; control characters are escaped, long text is cut."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "at": at,
            "level": record.levelname.lower(),
            "event": record.getMessage()[:_MAX_TEXT],
        }
        for name, value in getattr(record, "fields", {}).items():
            line[name] = shown(value[:_MAX_TEXT]) if isinstance(value, str) else value
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
