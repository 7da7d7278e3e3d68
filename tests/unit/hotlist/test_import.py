"""Importing: forms, mappings, encodings, doubles, refusals; and that no input breaks a parser."""

import contextlib
import csv
import io
import json
import string
from datetime import date
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, example, given, settings

from outrider.cli import main
from outrider.hotlist_import.entry import normalise_pattern
from outrider.hotlist_import.limits import ImportLimits, ImportRefused
from outrider.hotlist_import.list_file import ListFile
from outrider.hotlist_import.mapping import (
    SIXTEEN_COLUMNS,
    MappingError,
    NamedMapping,
    parse_mapping,
)
from outrider.hotlist_import.reading import ListReader, write_own_form
from outrider.hotlist_import.text import ListTextError
from outrider.records import Response, VehicleOfInterest
from outrider.unit.hotlist.generations import Generations
from outrider.unit.hotlist.importing import import_list
from tests.unit.hotlist.makers import NOW_NS, voi

_NO_LIMITS = ImportLimits(max_rejected_share=1.0, max_shrink_share=1.0)
_SIXTEEN = [
    "AB12 CDE", "Ford", "Focus", "Blue", "STOP", "VI", "Robbery", "B24", "Detain", "MET, ZD",
    "31/12/2026", "26/123X", "OFFICIAL", "CAD 77", "Two officers", "OP LANTERN",
]  # fmt: skip
_FIXED = """
[form]
kind = "fixed-width"
header = false
rows_may_end_early = true
date_formats = ["%d%m%y"]
[widths]
vrm = [1, 8]
response = [9, 2]
weed_date = [11, 6]
reason = [17, 40]
[values.response]
ST = "stop"
SI = "silent"
[defaults]
priority = "1"
owner = "regional"
"""
_SEMICOLONS = """
[form]
delimiter = ";"
skip_lines = 2
[fields]
vrm = "Kennzeichen"
reason = ["Grund", 3]
"""


def _read(path: Path, mapping: str | None = None) -> tuple[list[VehicleOfInterest], ListReader]:
    named = NamedMapping("test", parse_mapping(mapping, "test")) if mapping else None
    reader = ListReader(path, named)
    return list(reader.entries()), reader


def _file(path: Path, data: bytes | str) -> Path:
    file = path / "list.csv"
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return file


def _sixteen_csv(header: bool) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([SIXTEEN_COLUMNS, _SIXTEEN] if header else [_SIXTEEN])
    return out.getvalue()


@pytest.mark.parametrize("header", [True, False])
def test_sixteen_columns(tmp_path: Path, header: bool) -> None:
    """The 16-column form is known with and without its header; no column is dropped."""
    ((entry,), reader) = _read(_file(tmp_path, _sixteen_csv(header)))
    assert entry == voi(
        "AB12CDE",
        "Robbery",
        response=Response.STOP,
        make="Ford",
        model="Focus",
        colour="Blue",
        warning_markers="VI",
        intelligence_grading="B24",
        instruction="Detain; Two officers; CAD 77",
        force_area="MET, ZD",
        weed_date=date(2026, 12, 31),
        source_reference="26/123X; OP LANTERN",
        protective_marking="OFFICIAL",
    )
    assert reader.report.form.startswith("sixteen")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("said", [False, True])
@pytest.mark.parametrize("data", ["vrm,reason\nab12 cde,x\n", "ab12 cde,x\n"])
def test_plain_forms(tmp_path: Path, data: str, said: bool, separator: str) -> None:
    """`vrm,reason` is known with and without a header, whatever parts it, said by Excel or not."""
    text = f"sep={separator}\r\n" * said + data.replace(",", separator)
    assert _read(_file(tmp_path, text))[0] == [voi("AB12CDE", "x")]


def test_a_cell_that_holds_another_separator_parts_nothing(tmp_path: Path) -> None:
    """A comma in a reason is a comma; the mark tells which character parts the cells."""
    for text in ("AB12CDE;stolen, red\n", "vrm;reason\nAB12CDE;stolen, red\n"):
        assert _read(_file(tmp_path, text))[0] == [voi("AB12CDE", "stolen, red")]


def test_lines_are_counted_with_the_separators_line(tmp_path: Path) -> None:
    """A refusal names the line as an editor counts it, `sep=;` included."""
    _, reader = _read(_file(tmp_path, "sep=;\nvrm;reason;response\nAB12CDE;x;stop\nXY99XYZ;x\n"))
    assert [(one.line, one.reason) for one in reader.report.rejections] == [
        (4, "2 columns where 3 are expected")
    ]


def test_a_separator_that_contradicts_the_mapping_is_said(tmp_path: Path) -> None:
    """The list says one, the mapping file another: neither is guessed to be wrong."""
    with pytest.raises(ListTextError, match="line 1: says that cells are parted by ','"):
        _read(_file(tmp_path, "sep=,\nKennzeichen,Grund\n"), _SEMICOLONS.replace("= 2", "= 0"))


def test_fixed_width_by_mapping(tmp_path: Path) -> None:
    """A fixed-width list is cut by its mapping file, with its own values and defaults."""
    entries, reader = _read(_file(tmp_path, "AB12CDE ST311226Robbery\nXY99XYZ SI010127\n"), _FIXED)
    assert [e.response for e in entries] == [Response.STOP, Response.SILENT]
    assert [e.weed_date for e in entries] == [date(2026, 12, 31), date(2027, 1, 1)]
    assert {(e.priority, e.owner) for e in entries} == {(1, "regional")}
    assert reader.report.rejected == 0


def test_other_delimiter_headers_and_leading_lines(tmp_path: Path) -> None:
    """A delimited variant is read by names and numbers; lines are told as they stand."""
    text = "Export of\n21.11.2026\nKennzeichen;Grund;Art\nAB12CDE;x;y\nBAD!;;\n"
    entries, reader = _read(_file(tmp_path, text), _SEMICOLONS)
    assert entries == [voi("AB12CDE", "x; y")]
    assert [rejection.line for rejection in reader.report.rejections] == [5]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    """A list in any usual encoding is read as it was meant, without being told which."""
    data = "vrm,reason\nAB12CDE,Café £5 – vol\n".encode(encoding)
    assert _read(_file(tmp_path, data))[0][0].reason == "Café £5 – vol"


def test_doubles_are_left_out_and_counted(tmp_path: Path) -> None:
    """The same entry twice is one; the same mark for another reason is another entry."""
    entries, reader = _read(_file(tmp_path, "vrm,reason\nAB12CDE,x\nab12cde,x\nAB12CDE,y\n"))
    assert [entry.reason for entry in entries] == ["x", "y"]
    assert reader.report.duplicates == 1


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("AB!2CDE,x,,,", "letters A-Z and digits"),
        (",x,,,", "vrm is empty"),
        ("ABCDEFGHIJ,x,,,", "1 to 9"),
        ("*A,x,,,", "a wildcard needs 3"),
        ("AB12CDE,x,detain,,", "response 'detain': one of stop, assess, observe, silent"),
        ("AB12CDE,x,,5,", "priority '5': 1 (highest) to 4"),
        ("AB12CDE,x,,,31/02/2026", "weed_date '31/02/2026' is no date"),
        ("AB12CDE,x,,,,extra", "6 columns where 5"),
        ("AB12CDE,a\x07b,,,", "control character U+0007"),
        (f"AB12CDE,{'x' * 2001},,,", "2001 characters"),
        ("AB12CDE,x", "2 columns where 5"),
        ("AB12CDE,x,silent", "3 columns where 5"),
        ("VRM,reason,RESPONSE,priority,weed_date", "the header stands here again"),
        ("REGISTRATION,,,,", "1 to 9"),
        ("MARK,,,,", "a mark has a digit"),
        ("TOTAL 3,,,,", "a closing line"),
        ("3 rows,,,,", "a closing line"),
        ("12-Sep,x,,,", "a date, as a spreadsheet makes of a mark"),
        ("Mar-01,x,,,", "a date, as a spreadsheet makes of a mark"),
        ("2026-03-01,x,,,", "a date, as a spreadsheet makes of a mark"),
        ("1.23E+05,x,,,", "letters A-Z and digits"),
        ("AB12CDE,x,,,46357", "is no date"),
        ("AB12CDE,x,,,0026-12-31", "a year of 2000 to 2100"),
        ("AB12CDE,x,,,2206-12-31", "a year of 2000 to 2100"),
    ],
)
def test_each_refusal_says_line_and_reason(tmp_path: Path, row: str, why: str) -> None:
    """A row that cannot be used is refused with its line and what is allowed."""
    text = f"vrm,reason,response,priority,weed_date\nAA11AAA,x,,,\n{row}\n"
    entries, reader = _read(_file(tmp_path, text))
    assert len(entries) == 1
    (rejection,) = reader.report.rejections
    assert rejection.line == 3
    assert why in rejection.reason


def _entries_of(text: str, folder: Path) -> list[VehicleOfInterest]:
    try:
        return _read(_file(folder, text))[0]
    except (ListTextError, MappingError):
        return []


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("header", [True, False])
def test_a_list_cut_anywhere_makes_no_entry_less_guarded(
    tmp_path: Path, header: bool, separator: str
) -> None:
    """A covert entry cut in transfer sounded as assess; now it is as it was sent, or refused."""
    row = [*_SIXTEEN[:4], "SILENT", *_SIXTEEN[5:]]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerows([SIXTEEN_COLUMNS] * header + [_SIXTEEN, row])
    for end in range(len(out.getvalue())):
        for entry in _entries_of(out.getvalue()[:end], tmp_path)[1:]:
            assert (entry.vrm, entry.response) == ("AB12CDE", Response.SILENT)
            assert entry.weed_date == date(2026, 12, 31)


def test_our_own_form_cut_anywhere_makes_no_entry_less_guarded(tmp_path: Path) -> None:
    """The same for a list whose last column is what guards it, in either form of ours."""
    for text in (
        "vrm,reason,response\nAA11AAA,x,stop\nAB12CDE,x,silent\n",
        "vrm,response,armed_hours\nAA11AAA,stop,\nAB12CDE,silent,Mon-Fri 07:00-19:00\n",
    ):
        whole = _entries_of(text, tmp_path)[1]
        for end in range(len(text)):
            assert _entries_of(text[:end], tmp_path)[1:] in ([], [whole])


def test_a_fixed_width_row_cut_before_its_response_is_refused(tmp_path: Path) -> None:
    """Even where rows may end early, and strictly where nobody said that they may."""
    entries, reader = _read(_file(tmp_path, "AB12CDE ST311226x\nXY99XYZ\n"), _FIXED)
    assert [entry.vrm for entry in entries] == ["AB12CDE"]
    assert "7 characters where at least 10" in reader.report.rejections[0].reason
    strict = _FIXED.replace("rows_may_end_early = true\n", "")
    entries, reader = _read(_file(tmp_path, "AB12CDE ST311226x\nXY99XYZ SI010127\n"), strict)
    assert [entry.vrm for entry in entries] == ["AB12CDE"]


def test_a_list_whose_last_line_has_no_end_is_suspect(tmp_path: Path) -> None:
    """What is whole is taken, and the report says that more may have been sent."""
    entries, reader = _read(_file(tmp_path, "vrm,reason\nAB12CDE,x"))
    assert [entry.vrm for entry in entries] == ["AB12CDE"]
    assert reader.report.suspect == "line 2, the last, has no line end: cut short?"
    assert _read(_file(tmp_path, "vrm,reason\nAB12CDE,x\n"))[1].report.suspect == ""


def test_an_entry_that_ends_before_it_begins_is_refused(tmp_path: Path) -> None:
    """It would never be armed, and nobody would know."""
    text = "vrm,valid_from,weed_date\nAB12CDE,2026-12-01,2026-11-01\n"
    assert "never armed" in _read(_file(tmp_path, text))[1].report.rejections[0].reason


def test_a_spreadsheet_is_not_text(tmp_path: Path) -> None:
    """A binary file is told to be one, in words of ours (once: `not charmap text`)."""
    with pytest.raises(ListTextError, match="perhaps a spreadsheet: save it as CSV"):
        _read(_file(tmp_path, b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x81\x8d"))
    with pytest.raises(ListTextError, match="is not windows-1252 text: save it as UTF-8"):
        _read(_file(tmp_path, b"vrm,reason\nAB12CDE,\x81\x8d\n"))


@pytest.mark.parametrize(
    "encoding", ["undefined", "idna", "punycode", "hex", "utf-7", "zip", "x\0"]
)
def test_any_encoding_that_a_mapping_names_gives_text_or_a_reason(
    tmp_path: Path, encoding: str
) -> None:
    """A codec that raises what it likes ends in one of our errors."""
    mapping = _SEMICOLONS.replace("skip_lines = 2", f"encoding = {json.dumps(encoding)}")
    data = "Kennzeichen;Grund;x\nÄ\xff;y;z\n".encode()
    with contextlib.suppress(ListTextError, MappingError):
        _read(_file(tmp_path, data), mapping)


def test_quoted_line_breaks_keep_line_numbers_right(tmp_path: Path) -> None:
    """A row over several lines is told by the line it ends on, and those after it stay right."""
    entries, reader = _read(_file(tmp_path, 'vrm,reason\nAA11AAA,"two\nlines"\nB!,x\n'))
    assert entries[0].reason == "two lines"
    assert reader.report.rejections[0].line == 4


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"vrm,reason\nAA11AAA,x\nB!,x\n", "1 of 2 rows cannot be used"),
        (b"vrm,reason\n", "no entry"),
        (b'vrm,reason\nAA11AAA,"x\n', "unexpected end of data"),
        (b"\xff\xfev\x00r", "not utf-16"),
        (b"reason,make\nx,y\n", "no built-in form suits"),
        (b"sep=;\r\nVRM;Reason;Action\r\nAA11AAA;x;stop\r\n", r"unknown here: \['Action'\]"),
        (b"vrm,reason\nAA11AAA,x\n", "cut short"),
    ],
)
def test_refused_imports_leave_the_old_list(tmp_path: Path, data: bytes, why: str) -> None:
    """Whatever is wrong with a list, the one in force stays, and the reason is told."""
    generations = Generations(tmp_path / "stolen")
    old = "vrm,reason\n" + "".join(f"AB1{n}CDE,x\n" for n in range(10))
    import_list(generations, ListFile(_file(tmp_path, old), NOW_NS))
    before = generations.in_force()
    with pytest.raises(ImportRefused, match=why):
        import_list(generations, ListFile(_file(tmp_path, data), NOW_NS))
    assert generations.in_force() == before
    assert len(generations.all()) == 1


def test_dry_run_changes_nothing(tmp_path: Path) -> None:
    """A dry run reads, builds and judges, and leaves nothing in force."""
    generations = Generations(tmp_path / "stolen")
    listed = ListFile(_file(tmp_path, "vrm,reason\nAA11AAA,x\n"), NOW_NS)
    assert import_list(generations, listed, dry_run=True).generation is None
    assert generations.all() == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[fields]\nreason = 1\n", "vrm is missing"),
        ("[fields]\nvrm = 1\nplate = 2\n", "no such field: plate"),
        ("[form]\nheader = false\n[fields]\nvrm = 'VRM'\n", "needs column numbers"),
        ("[form]\ndelimiter = ';;'\n[fields]\nvrm = 1\n", "form.delimiter"),
        ("[fields]\nvrm = 1\n[values.response]\nX = 'arrest'\n", "arrest"),
        ("vrm", "not TOML"),
    ],
)
def test_mapping_faults_are_explained(text: str, why: str) -> None:
    """A mapping file that cannot work is refused with the reason."""
    with pytest.raises(MappingError, match=why):
        parse_mapping(text, "m.toml")


_ONE_FOLDER = [HealthCheck.function_scoped_fixture]  # each example writes its file anew
_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12).map(
    lambda text: " ".join(text.split())
)
_ENTRIES = st.builds(
    VehicleOfInterest,
    vrm=st.text(string.ascii_uppercase + string.digits, min_size=1, max_size=9)
    .filter(lambda mark: not mark.isalpha())
    .filter(lambda mark: not mark.startswith(("TOTAL", "COUNT"))),
    reason=_TEXT,
    response=st.sampled_from(Response),
    priority=st.integers(1, 4),
    make=_TEXT,
    instruction=_TEXT,
    weed_date=st.none() | st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    armed_hours=st.sampled_from(["", "Mon-Fri 07:00-19:00", "Sat 22:00-04:00"]),
)


@given(st.lists(_ENTRIES, min_size=1, max_size=8, unique=True))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_export_and_import_are_inverse(tmp_path: Path, entries: list[VehicleOfInterest]) -> None:
    """What is exported is imported again as it was, for any text in it."""
    path = tmp_path / "round.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        write_own_form(file, iter(entries))
    again, reader = _read(path)
    assert reader.report.rejections == []
    assert again == entries


@given(st.binary(max_size=300))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(b"vrm,reason\n\x00,\x00\n")
@example(b"\xef\xbb\xbf")
@example(b"#\n\n,,,\n")
@example(b"vrm\r\rAA11AAA")
def test_no_bytes_break_the_reader(tmp_path: Path, data: bytes) -> None:
    """Any bytes give entries, refused rows or one of the three named errors."""
    path = _file(tmp_path, data)
    try:
        entries, reader = _read(path)
    except (ListTextError, MappingError):
        return
    report = reader.report
    assert report.rows == report.entries + report.duplicates + report.rejected
    assert len(entries) == report.entries


@given(st.text(max_size=20))
@settings(max_examples=200)
def test_patterns_are_normal_or_refused(text: str) -> None:
    """A mark is refused or becomes A-Z, digits, ? and *, and stays so when done again."""
    try:
        mark = normalise_pattern(text)
    except ValueError:
        return
    assert set(mark) <= set(string.ascii_uppercase + string.digits + "?*")
    assert normalise_pattern(mark) == mark


def test_commands_from_import_to_roll_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """import, info, check, diff, export, rollback, add, crew and remove work as their help says."""
    store = ["--store", str(tmp_path / "unit")]
    file = _file(tmp_path, "vrm,reason\nAA11AAA,x\nBB22BBB,y\n")
    assert main(["hotlist", "import", str(file), "--list", "stolen", *store, "--json"]) == 0
    file.write_text("vrm,reason\nAA11AAA,x\nCC33CCC,z\n")
    assert main(["hotlist", "import", str(file), "--list", "stolen", *store]) == 0
    assert main(["hotlist", "diff", "stolen", *store]) == 0
    assert main(["hotlist", "info", *store]) == 0
    assert main(["hotlist", "check", "CC33CCC", "--explain", *store]) == 0
    assert main(["hotlist", "check", "BB22BBB", *store]) == 3
    assert main(["hotlist", "export", "stolen", *store]) == 0
    assert main(["hotlist", "rollback", "stolen", *store]) == 0
    assert main(["hotlist", "check", "BB22BBB", *store, "--json"]) == 0
    officer = ["--officer", "PC1", "--comment", "why"]
    assert main(["hotlist", "add", "DD44DDD", *officer, "--days", "3", *store]) == 0
    assert main(["hotlist", "check", "DD44DDD", *store]) == 0
    assert main(["hotlist", "crew", *store]) == 0
    assert main(["hotlist", "remove", "DD44DDD", *officer, *store]) == 0
    assert main(["hotlist", "check", "DD44DDD", *store]) == 3
    out = capsys.readouterr().out
    assert "- BB22BBB assess 3 y" in out
    assert "generation 000001" in out
    assert "CC33CCC is listed exactly so" in out


def test_commands_tell_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No file and no mark are wrong use, a list without a past a failure; a line says why."""
    store = ["--store", str(tmp_path / "unit")]
    assert main(["hotlist", "import", str(tmp_path / "none.csv"), *store]) == 2
    assert main(["hotlist", "rollback", "stolen", *store]) == 1
    assert main(["hotlist", "check", "not a mark!", *store]) == 2
    told = capsys.readouterr().err
    assert "none.csv" in told
    assert "no earlier generation" in told


def test_a_list_of_no_known_form_says_what_its_columns_may_be_called(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever has a list from elsewhere learns what to do; an empty file is called empty."""
    path = tmp_path / "list.csv"
    for text, said in (("Reg No,Make\nAB12 CDE,Ford\n", "call its columns vrm,"), ("", "is empty")):
        path.write_text(text, encoding="utf-8")
        assert main(["hotlist", "import", str(path), "--store", str(tmp_path / "unit")]) == 1
        assert said in capsys.readouterr().err
