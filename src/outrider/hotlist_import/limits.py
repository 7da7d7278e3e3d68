"""When a list that could be read is refused all the same."""

from dataclasses import dataclass

from outrider.hotlist_import.reading import ImportReport


class ImportRefused(Exception):
    """A list was not taken; the message says why, report (if reading got so far) which rows."""

    def __init__(self, message: str, report: ImportReport | None = None) -> None:
        super().__init__(message)
        self.report = report


@dataclass(frozen=True, slots=True)
class ImportLimits:
    """When to refuse a list that looks cut short or misread, as shares of 1."""

    max_rejected_share: float = 0.01
    max_shrink_share: float = 0.5


def judge(report: ImportReport, entries_now: int, limits: ImportLimits) -> None:
    """Refuse a list that looks cut short or misread. Raises ImportRefused."""
    if report.rejected_share > limits.max_rejected_share:
        raise ImportRefused(
            f"{report.rejected} of {report.rows} rows cannot be used, more than"
            f" {limits.max_rejected_share:.1%}: mend them, or raise --max-rejected",
            report,
        )
    if not report.entries:
        raise ImportRefused("the list holds no entry", report)
    if report.entries < entries_now * (1 - limits.max_shrink_share):
        raise ImportRefused(
            f"{report.entries} entries where {entries_now} are in force: the list looks cut"
            " short; if it is right, give --allow-shrink",
            report,
        )
