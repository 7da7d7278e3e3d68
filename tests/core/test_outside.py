"""Whatever is read from outside: within bounds, and wrong in one way only."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from outrider.centre.folder import CentreSettings
from outrider.hotlist_import.mapping import MappingError, load_mapping
from outrider.outside import OutsideError, json_value, parsing, read_text, toml_table
from outrider.settings_file import ConfigError, parse_as, read_settings
from outrider.unit.settings.sections import load_file
from outrider.wire import batch, canonical, enrolment, picture_bundle, read_record, receipt
from outrider.wire.canonical import WireError
from outrider.wire.hotlist_package import PackageError, index_from_bytes
from outrider.wire.hotlist_policy import (
    MAX_AREAS,
    MAX_VERTICES,
    PolicyError,
    policy_from,
    policy_from_toml,
)
from outrider.wire.signing import SigningIdentity

DIGITS = "9" * 5000
DEEP = "[" * 100_000
HOSTILE = {
    "digits": f'{{"version": {DIGITS}}}'.encode(),
    "a little more than 64 bits": b'{"version": 9223372036854775808}',
    "infinity": b'{"version": 1e999}',
    "a long fraction": b'{"version": 0.' + b"1" * 5000 + b"}",
    "deep": DEEP.encode(),
    "deep objects": b'{"a":' * 50_000,
    "no text": b"\xff\xfe{\x00}\x00",
    "nul": b"\0" * 40,
    "half a surrogate": b'{"unit": "\\ud800"}',
    "not a table": b"[1]",
    "nothing": b"",
    "twice": b'{"a": 1, "a": 2}',
}
KEY = SigningIdentity.generate().public
PARSERS: dict[str, Callable[[bytes], object]] = {
    "canonical": lambda data: canonical.loads(data, 10**6),
    "record": read_record.decode,
    "batch": batch.decode,
    "pictures": lambda data: picture_bundle.decode(data + b"\n"),
    "receipt": lambda data: receipt.decode(data, KEY),
    "ticket": enrolment.Ticket.decode,
    "request": enrolment.EnrolmentRequest.decode,
    "answer": enrolment.EnrolmentAnswer.decode,
    "renewal": enrolment.RenewalAnswer.decode,
    "index": index_from_bytes,
}


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("what", HOSTILE)
def test_a_parser_of_outside_bytes_raises_one_family_of_errors(name: str, what: str) -> None:
    """5,000 digits ended the opening service: a ValueError where a WireError was caught."""
    if (name, what) == ("canonical", "half a surrogate"):
        return  # JSON allows it; whoever keeps such text says how
    with pytest.raises(WireError if name != "index" else PackageError):
        PARSERS[name](HOSTILE[what])


def test_whatever_a_library_raises_is_the_contents_fault() -> None:
    """The border: an error that nobody foresaw becomes one of the family."""
    for error in (OverflowError("x"), RecursionError(), KeyError("y"), AssertionError()):
        with pytest.raises(WireError, match="batch"), parsing(WireError, "batch"):
            raise error


def test_an_error_is_short_and_may_be_shown() -> None:
    """What an error repeats of the content is cut, and holds no control characters."""
    text = str(OutsideError("a\x1b[2J\u202e" + "x" * 10**6))
    assert len(text) < 2100
    assert text.isprintable()


def test_a_number_in_bounds_is_what_it_says() -> None:
    """64 bits and every finite float are read as they stand."""
    values = [2**63 - 1, -(2**63), 0, 1.5, -1e-300, 1.7976931348623157e308]
    assert json_value(json.dumps(values)) == values


SETTINGS = {
    "digits": ("[unit]\nid = 1\n[gnss]\nx = " + DIGITS, 4),
    "grouped digits": ("[unit]\nx = " + "9_9" * 2000, 2),
    "deep array": ("[unit]\n\nx = " + "[" * 50_000, 3),
    "deep but closed": ("[unit]\nx = " + "[" * 60 + "]" * 60, 2),
    "deep table": ("[unit]\n[" + ".".join("a" * 3000) + "]", 2),
    "deep inline": ("x = " + "{a=" * 50_000, 1),
}


@pytest.mark.parametrize("what", SETTINGS)
def test_a_hostile_settings_file_is_an_error_with_its_line(tmp_path: Path, what: str) -> None:
    """5,000 digits or deep nesting gave a traceback, in settings, policies and mappings."""
    text, line = SETTINGS[what]
    path = tmp_path / "hostile.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=rf"hostile\.toml:{line}: "):
        load_file(path)
    with pytest.raises(ConfigError, match=f"centre:{line}: "):
        parse_as(CentreSettings, text, "centre")
    with pytest.raises(PolicyError, match=f"policy:{line}: "):
        policy_from_toml(text, "policy")
    with pytest.raises(MappingError, match=rf"hostile\.toml:{line}: "):
        load_mapping(path)


def test_a_file_without_end_is_refused(tmp_path: Path) -> None:
    """A settings file is read to its bound and no further."""
    path = tmp_path / "long.toml"
    path.write_bytes(b"#" * 10**6)
    with pytest.raises(ConfigError, match="longer than"):
        read_settings(path)
    with pytest.raises(ConfigError, match="longer than"):
        load_file(path)


def test_a_file_that_is_no_utf8_says_where(tmp_path: Path) -> None:
    """Windows-1252 in a settings file: the line is named."""
    path = tmp_path / "list.toml"
    path.write_bytes(b"[unit]\nid = 'caf\xe9'\n")
    with pytest.raises(OutsideError, match=r"list\.toml:2: not UTF-8"):
        read_text(path, 1000)


def test_what_notepad_saves_is_read(tmp_path: Path) -> None:
    """Windows' Notepad puts a byte order mark first: it was an "Invalid statement"."""
    path = tmp_path / "notepad.toml"
    path.write_bytes(b'\xef\xbb\xbf[unit]\r\nid = "unit-7"\r\n')
    assert load_file(path).unit.id == "unit-7"
    assert policy_from_toml("\ufeffrank = 3\r\n", "policy").rank == 3
    mapping = tmp_path / "mapping.toml"
    mapping.write_bytes(b'\xef\xbb\xbf[fields]\r\nvrm = "Mark"\r\n')
    assert load_mapping(mapping).fields["vrm"] == "Mark"
    assert toml_table("\ufeffa = 1", "x") == {"a": 1}


def test_an_area_is_bounded_in_corners_and_so_is_a_policy() -> None:
    """A million corners took 377 MB and 0.2 s a match."""
    corner = (51.5, -0.1)
    with pytest.raises(PolicyError, match=r"areas\.home"):
        policy_from({"areas": {"home": [corner] * (MAX_VERTICES + 1)}}, "policy")
    with pytest.raises(PolicyError, match="simplify"):
        policy_from({"areas": {str(n): [corner] * MAX_VERTICES for n in range(11)}}, "policy")
    many = {str(n): [corner] * 3 for n in range(MAX_AREAS + 1)}
    with pytest.raises(PolicyError, match="areas"):
        policy_from({"areas": many}, "policy")
    whole = {"areas": {"home": [corner] * MAX_VERTICES}, "area": "home"}
    assert len(policy_from(whole, "policy").areas["home"]) == MAX_VERTICES
