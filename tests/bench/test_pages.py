"""The benchmark of the pages measures pages and search over one store."""

import json

import pytest

from outrider.cli import main


def test_bench_pages(capsys: pytest.CaptureFixture[str]) -> None:
    """Real pages in a process of their own: answers, no error, a ratio, a weight within bounds."""
    arguments = ["--reads", "500", "--sqlite", "--people", "2", "--seconds", "0.5", "--json"]
    assert main(["bench", "pages", *arguments]) == 0
    found = json.loads(capsys.readouterr().out)["figures"]
    assert (found["database"], found["reads"], found["people"]) == ("SQLite", 500, 2)
    assert found["page"]["runs"] >= 2
    assert found["page"]["errors"] == found["search"]["errors"] == 0
    assert found["ratio_p50"] > 0
    assert 10_000 < found["weight_bytes"] < 150_000
