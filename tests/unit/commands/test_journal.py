"""`outrider journal ...` as a person or a script runs it."""

import json
from pathlib import Path

import pytest

from outrider.cli import main
from outrider.records import Role
from outrider.wire.sealing import CentrePrivateKey
from tests.unit.journal import makers
from tests.unit.journal.filled import CENTRE, fill, query, reads


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A sealed journal of ten reads and a hit, with the centre's private key beside it."""
    CENTRE.write(tmp_path / "private.key")
    fill(tmp_path / "journal", [*reads(0, 10), makers.hit(10)])
    return tmp_path / "journal"


def run(journal: Path, action: str, *options: str) -> int:
    """Run one action on the journal."""
    return main(["journal", action, "--directory", str(journal), *options])


def test_verify(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sound journal gives exit 0; one changed byte gives exit 1 and names the row."""
    assert run(journal, "verify", "--json", "--key", str(journal.parent / "private.key")) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["sound"]
    assert report["rows"] == 12
    query(journal, "UPDATE row SET hash = zeroblob(32) WHERE seq = 5")
    assert run(journal, "verify") == 1
    out = capsys.readouterr().out
    assert "FAULT row 5" in out
    assert "NOT sound" in out


def test_list_without_key_shows_no_mark(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a key there is no list, and it says whose is needed; with it, the marks."""
    CentrePrivateKey.generate().write(journal.parent / "other.key")
    for given in ((), ("--key", str(journal.parent / "other.key"))):
        assert run(journal, "list", "--json", *given) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert "--key" in said.err
    key = str(journal.parent / "private.key")
    assert run(journal, "list", "--last", "3", "--json", "--key", key) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["kind"] for line in lines][-1] == "audit"
    assert any(line.get("vrm") == makers.mark(9) for line in lines)
    assert run(journal, "list", "--key", key) == 0


def test_status(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status counts what is to be sent and names the key that it is sealed for."""
    key = ("--key", str(journal.parent / "private.key"))
    assert run(journal, "status", "--json", *key) == 0
    status = json.loads(capsys.readouterr().out)
    assert (status["rows"], status["rows_to_send"], status["hits_to_send"]) == (12, 12, 1)
    assert status["pictures_to_send"] == 22
    assert status["sealed_for"] == [CENTRE.public.key_id]
    assert run(journal, "status", *key) == 0
    capsys.readouterr()
    assert run(journal, "status", "--json") == 0
    status = json.loads(capsys.readouterr().out)
    assert (status["reads"], status["reads_to_send"]) == (10, 10)
    assert not {"rows", "hits_to_send", "pictures_to_send", "bytes_used", "last_seq"} & set(status)


def test_what_the_crew_sees_of_the_status_is_in_words(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Yes and no, and key ids without brackets: no value as Python writes it."""
    assert run(journal, "status") == 0
    said = capsys.readouterr().out
    assert CENTRE.public.key_id in said
    assert not any(sign in said for sign in ("True", "False", "[", "'"))
    assert run(journal, "status", "--key", str(journal.parent / "private.key")) == 0
    assert "MiB free" in " ".join(capsys.readouterr().out.split())


def test_export(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Export writes records and pictures, and first of all who looked and why."""
    target, key = journal.parent / "out", str(journal.parent / "private.key")
    options = ("--key", key, "--to", str(target), "--who", "DC 12", "--why", "CR/45/26")
    assert run(journal, "export", *options) == 0
    records = [json.loads(line) for line in (target / "records.ndjson").read_text().splitlines()]
    assert len(records) == 12
    seq = next(r["seq"] for r in records if r.get("vrm") == makers.mark(3))
    expected = makers.pictures_of(makers.read(3))
    assert (target / "pictures" / f"{seq:08d}-patch.jpg").read_bytes() == expected[Role.PATCH]
    note = json.loads((target / "audit.ndjson").read_text())
    assert note["record"]["justification"] == "CR/45/26"
    capsys.readouterr()
    assert run(journal, "export", *options) == 2
    assert "new folder" in capsys.readouterr().err


def test_export_without_key_opens_nothing(journal: Path) -> None:
    """Without the key nothing is written out, and the exit status says so."""
    target = journal.parent / "out"
    assert run(journal, "export", "--to", str(target), "--who", "X", "--why", "Y") == 2
    assert not target.exists()


def test_missing_journal_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without a journal gives exit 1 and a reason."""
    for action in ("list", "status", "verify"):
        assert run(tmp_path, action) == 1
        assert "holds no journal" in capsys.readouterr().err


def test_destroyed_database_is_said(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A database that cannot be read gives exit 1 and what to do, not a traceback."""
    (journal / "journal.sqlite3").write_bytes(b"not a database" * 1000)
    assert run(journal, "verify") == 1
    assert "salvage" in capsys.readouterr().err
