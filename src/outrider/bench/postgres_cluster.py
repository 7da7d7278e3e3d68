"""A PostgreSQL server of one's own in a temporary folder: for the benchmark, and for the tests.

It is Debian's, with its defaults: every commit is flushed to the disk. PostgreSQL refuses to run as
root, so root runs it as the user `postgres`, which the Debian package makes.
"""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import psycopg

_ACCOUNT = "postgres"
_DATABASES = "/usr/lib/postgresql"


class NoPostgres(Exception):
    """There is no PostgreSQL server on this machine: what to install."""


class Cluster:
    """One server, reached by its Unix socket only."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder = folder
        self._binaries = binaries
        self._count = 0

    @classmethod
    def make(cls, folder: Path) -> Self:
        """Make a cluster in an empty folder, not started. Raises NoPostgres, CalledProcessError."""
        cluster = cls(folder, _binaries())
        if os.geteuid() == 0:
            shutil.chown(folder, _ACCOUNT, _ACCOUNT)
        # --no-sync: what is made here need not outlive a cut; the server itself runs with fsync.
        cluster._run("initdb", "-D", cluster._data, "-U", "outrider", "-A", "trust", "--no-sync",
                     "-E", "UTF8", "--locale=C")  # fmt: skip
        return cluster

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", _ACCOUNT, "--", *command]
        subprocess.run(command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        """Start the server and wait until it answers. Raises CalledProcessError."""
        options = f"-k {self.folder} -c listen_addresses="
        log = str(self.folder / "server.log")
        self._run("pg_ctl", "-D", self._data, "-w", "-l", log, "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop the server; mode `immediate` is as if it had been killed."""
        self._run("pg_ctl", "-D", self._data, "-w", "-m", mode, "stop")

    def url(self, database: str, options: str = "") -> str:
        """Return a database's URL; options: as in a URL's query."""
        return f"postgresql://outrider@/{database}?host={self.folder}{options and '&' + options}"

    def new_database(self) -> str:
        """Make a database; return its name. Raises psycopg.Error."""
        self._count += 1
        name = f"centre_{self._count}"
        _make_database(self.url("postgres"), name)
        return name


def _binaries() -> Path:
    """Return the folder of the newest server. Raises NoPostgres."""
    found = sorted(
        Path(_DATABASES).glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]), reverse=True
    )
    if not found:
        raise NoPostgres(
            f"no PostgreSQL server under {_DATABASES}: install Debian's package `postgresql`"
        )
    return found[0].parent


@contextmanager
def running() -> Iterator[Cluster]:
    """Run a server in a temporary folder. Raises NoPostgres, CalledProcessError."""
    # In /tmp itself: a socket's path may have no more than 107 bytes.
    with tempfile.TemporaryDirectory(prefix="outrider-pg-", dir="/tmp") as name:
        cluster = Cluster.make(Path(name))
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop("immediate")


@contextmanager
def temporary_database(server_url: str) -> Iterator[str]:
    """Make a database on a server, and drop it in the end; yield its URL. Raises psycopg.Error."""
    name = f"outrider_bench_{secrets.token_hex(6)}"
    _make_database(server_url, name)
    try:
        yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _make_database(server_url: str, name: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
