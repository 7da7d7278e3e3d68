"""The self-test as a page to print and to sign: one file without scripts."""

from collections.abc import Sequence
from html import escape

from outrider.shown import shown
from outrider.unit.commissioning.finding import Finding, Verdict

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Outrider self-test</title><style>
body { font: 11pt/1.4 sans-serif; margin: 2cm; color: #000; background: #fff }
table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid #666; padding: 4pt; text-align: left; vertical-align: top }
.failed { font-weight: bold } @media print { body { margin: 0 } }
</style></head><body>
"""
_SIGNED = "<p>Technician: ______________________ &nbsp; Date: ____________</p>\n</body></html>\n"


def as_page(unit_id: str, at: str, version: str, findings: Sequence[Finding]) -> str:
    """Return the page as HTML; all text in it is text only."""
    failures = sum(one.verdict is Verdict.FAILED for one in findings)
    verdict = f"{failures} of {len(findings)} failed" if failures else "nothing failed"
    rows = "".join(_row(one) for one in findings)
    return (
        f"{_HEAD}<h1>Self-test of {_text(unit_id)}</h1>\n"
        f"<p>{_text(at)}, outrider {_text(version)}: {verdict}</p>\n"
        "<table><tr><th>part</th><th>result</th><th>measured</th><th>what to do</th></tr>\n"
        f"{rows}</table>\n{_SIGNED}"
    )


def _row(one: Finding) -> str:
    css = ' class="failed"' if one.verdict is Verdict.FAILED else ""
    cells = (one.item, one.verdict.value, one.measured, one.remedy)
    return f"<tr{css}>" + "".join(f"<td>{_text(cell)}</td>" for cell in cells) + "</tr>\n"


def _text(text: str) -> str:
    return escape(shown(text))
