"""The benchmark of the intake measures both databases."""

import json

import pytest

from outrider.bench.postgres_cluster import Cluster
from outrider.cli import main


def test_bench_intake(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    """Six lines, each with rates of its own, and the server left without its databases."""
    arguments = ["--reads", "400", "--batch", "50", "--json", "--postgresql"]
    assert main(["bench", "intake", *arguments, cluster.url("postgres")]) == 0
    found = json.loads(capsys.readouterr().out)["figures"]
    ways = [(f["database"], f["connections"], f["processes"]) for f in found]
    assert ways == [(d, *w) for d in ("SQLite", "PostgreSQL") for w in ((1, 1), (4, 1), (4, 4))]
    assert all(f["store_reads_per_s"] > 0 and f["desk_reads_per_s"] > 0 for f in found)
