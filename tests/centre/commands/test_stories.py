"""The stories as their people type them: from the first command to what each wanted to know."""

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from outrider.centre.demo import story
from tests.centre.commands.running import WHY, Runner, days_ago


@pytest.fixture
def own(told_centre: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Runner:
    """The centre, copied: what is done to it is nobody else's."""
    shutil.copytree(told_centre, tmp_path / "centre")
    return Runner(tmp_path / "centre", tmp_path, capfd)


def _json(run: Runner, who: str, *words: str, status: int = 0) -> Any:
    return json.loads(run(who, *words, *WHY, "--json", status=status))


def test_an_analyst_is_refused_at_91_days_asks_sees_and_not_one_day_more(run: Runner) -> None:
    """Ninety days by himself; with a superintendent's word as far as it reaches; no further."""
    search = ["search", "mark", story.SUSPECT]
    assert _json(run, "ana-9", *search, "--since", days_ago(89.9))["total"] == 1
    refused = run("ana-9", *search, *WHY, "--since", days_ago(91), status=2)
    assert "ask for an authorisation" in refused
    reach = days_ago(301)
    asked = ["authorisation", "ask", *WHY, "--reads-from", reach, "--mark", story.SUSPECT]
    name = run("ana-9", *asked).split()[1].rstrip(":")
    assert name in run("supt-9", "authorisation", "inbox")
    run("supt-9", "authorisation", "give", name, "--words", "needed and proportionate here")
    on = ["--authorisation", name]
    found = _json(run, "ana-9", *search, "--since", reach, *on)
    assert found["total"] == 4  # of 60, 91, 120 and 300 days ago
    assert {one["read_id"] for one in found["reads"]} == {
        one["read_id"] for one in _json(run, "ana-9", "search", "route", story.SUSPECT,
                                        "--since", reach, *on)["reads"]
    }  # fmt: skip
    assert "may not be seen" in run("ana-9", *search, *WHY, "--since", days_ago(302), *on, status=2)
    other = ["search", "mark", story.STOLEN, *WHY, "--since", days_ago(100), *on]
    assert "other marks" in run("ana-9", *other, status=2)
    assert "somebody else" in run("dc-1", *search, *WHY, "--since", days_ago(100), *on, status=2)
    run("supt-9", "authorisation", "revoke", name, "--words", "it was found meanwhile")
    assert "taken back" in run("ana-9", *search, *WHY, "--since", days_ago(100), *on, status=2)


def test_an_investigator_crosses_two_scenes_and_suspects_a_clone(run: Runner) -> None:
    """Who was at both burglaries; which mark was at two places that no one car can be at."""
    scenes = []
    for read in _json(run, "dc-1", "search", "route", story.BURGLAR)["reads"]:
        at, hour = datetime.fromisoformat(read["at"]), timedelta(hours=1)
        place = f"{read['latitude_deg']},{read['longitude_deg']},500"
        scenes += ["--scene", f"{place}/{(at - hour).isoformat()}/{(at + hour).isoformat()}"]
    crossed = _json(run, "dc-1", "search", "crossed", *scenes)["rows"]
    assert {"mark": story.BURGLAR, "scenes": [1, 2]} in crossed
    (clone,) = _json(run, "dc-1", "search", "clones")["rows"]
    assert clone["mark"] == story.CLONED
    assert "misread" in clone["doubt"]
    for read in (clone["first_read_id"], clone["second_read_id"]):  # by eye, both
        picture = run.folder / f"{read}.jpg"
        run("dc-1", "picture", read, "--role", "patch", "-o", str(picture), *WHY)
        assert picture.read_bytes()[:2] == b"\xff\xd8"


def test_a_supervisor_closes_what_was_drawn_and_an_auditor_sees_no_read(own: Runner) -> None:
    """The sample and what was flagged; the whole trail held to a checkpoint from outside."""
    run = own
    run("", "review", "draw")
    waiting = json.loads(run("sgt-9", "review", "list", "--json"))["to_review"]
    assert waiting
    looked = ["--finding", "in order", "--words", "the case bears it out"]
    for one in waiting[:2]:
        run("sgt-9", "review", "close", one["id"], *looked)
    assert f"to review: {len(waiting) - 2}" in run("sgt-9", "review", "list")
    outside = run.folder / "checkpoint.json"
    run("", "audit", "checkpoint", "-o", str(outside))
    assert "sound; proven" in run("", "audit", "verify", "--checkpoint", str(outside))
    for words in (["search", "mark", story.STOLEN], ["search", "hits"]):
        told = run("aud-9", *words, *WHY, status=2)
        assert "sees no read" in told
        assert story.STOLEN not in told


def _read(run: Runner, mark: str, since: float) -> str:
    found = _json(run, "dc-1", "search", "mark", mark, "--since", days_ago(since))
    return str(found["reads"][0]["read_id"])


def test_a_pack_is_verified_on_another_machine_and_changed_in_a_byte_it_is_not(
    run: Runner, tmp_path: Path
) -> None:
    """There is nothing there but the pack and the centre's public key."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    pack, key = elsewhere / "read.pack", elsewhere / "receipt.pub"
    read = _read(run, story.STOLEN, 28)
    run("dc-1", "evidence", "pack", read, *WHY, "--recipient", "CPS", "-o", str(pack))
    shutil.copy(run.centre / "keys" / "receipt.pub", key)
    verify = ["evidence", "verify", str(pack), "--key", str(key)]
    told = run.bare(*verify, "--pictures", str(elsewhere / "out"))
    assert story.STOLEN in told
    assert "whole" in told
    assert (elsewhere / "out" / "patch.jpg").exists()
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.write_bytes(bytes(data))
    assert story.STOLEN not in run.bare(*verify, status=2)


def test_a_hold_keeps_a_read_past_its_time(own: Runner, tmp_path: Path) -> None:
    """Everything older than a month goes, with a certificate; what is held its owner takes out."""
    run, root = own, own.centre
    read = _read(run, story.SUSPECT, 80)
    until = days_ago(-200)
    name = run("dc-1", "evidence", "hold", read, "--until", until, *WHY).split()[1].rstrip(":")
    settings = (root / "centre.toml").read_text(encoding="utf-8")
    (root / "centre.toml").write_text(f"{settings}\n[retention]\nmonths = 1\n", encoding="utf-8")
    signed = tmp_path / "erased.json"
    run("", "expire", "--trust-clock", "--certificate", str(signed))
    assert b"erasure" in signed.read_bytes()
    gone = ["search", "mark", story.SUSPECT, *WHY, "--since", days_ago(80)]
    assert "Not seen" in run("dc-1", *gone, status=1)
    out = tmp_path / "held.pack"
    take = ["evidence", "take-out", name, *WHY, "-o", str(out)]
    run("ana-9", *take, status=2)
    assert not out.exists()
    run("dc-1", *take)
    key = root / "keys" / "receipt.pub"
    assert story.SUSPECT in run.bare("evidence", "verify", str(out), "--key", str(key))
    run("dc-1", "evidence", "release", name, "--words", "the trial is over now")
    out.unlink()
    assert "no hold of yours" in run("dc-1", *take, status=2)
