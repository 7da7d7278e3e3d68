"""The lists' key from the centre: a unit gets its own, never another's, a revoked one none."""

import json
from pathlib import Path

import pytest

from outrider.unit.devices.list_keys import list_keys
from outrider.unit.hotlist.keys import LockedError
from outrider.unit.hotlist.store import HotlistStore
from outrider.unit.settings.sections import Settings
from outrider.unit.sync.list_key import FILE, CentreKey
from outrider.wire.list_key import path_of
from tests.centre.intake.running import Running, Unit, enrolled, eventually
from tests.centre.intake.test_trust import revoke
from tests.unit.hotlist.makers import put, voi

CHALLENGE = bytes(range(32))


def settings_of(unit: Unit, folder: Path, **hotlist: object) -> Settings:
    """The unit's settings with no board that has a key, and a runtime folder of its own."""
    settings = unit.settings
    changed = {"key_program": ("/not/there",), **hotlist}
    return settings.model_copy(
        update={
            "hotlist": settings.hotlist.model_copy(update=changed),
            "unit": settings.unit.model_copy(update={"runtime_dir": folder}),
        }
    )


def away(settings: Settings) -> Settings:
    """The same without a link."""
    sync = settings.sync.model_copy(update={"url": "https://localhost:1"})
    return settings.model_copy(update={"sync": sync})


def test_each_unit_has_its_own_and_only_that(centre: Running, unit: Unit, home: Path) -> None:
    """The answer is the same each time, another for each unit, and not for who asks as another."""
    other = enrolled(centre, home, "other-list-key")
    answers = []
    for one in (unit, unit, other):
        with one.client() as client:
            answers.append(client.get(path_of(one.unit_id, CHALLENGE)).json()["answer"])
    assert answers[0] == answers[1] != answers[2]
    with other.client() as client:
        refused = client.get(path_of(unit.unit_id, CHALLENGE))
        assert (refused.status_code, refused.json()["error"]) == (403, "other-unit")
        wrong = client.get(f"/v1/units/{other.unit_id}/list-key/12")
        assert wrong.status_code == 404 or wrong.json()["error"] == "path"


def test_lists_open_with_a_link_and_within_the_grace(
    centre: Running, unit: Unit, tmp_path: Path
) -> None:
    """Sealed with the centre; opened at a start without a link from memory, and not after it."""
    settings = settings_of(unit, tmp_path / "run", path=tmp_path / "lists")
    keys = list_keys(settings)
    assert keys.source == "centre"
    put(HotlistStore(tmp_path / "lists", keys).list("stolen"), [voi("AB12CDE")])
    again = list_keys(away(settings))
    (generation,) = HotlistStore(tmp_path / "lists", again).list("stolen").all()
    HotlistStore(tmp_path / "lists", again).list("stolen").open(generation).close()
    held = tmp_path / "run" / FILE
    data = json.loads(held.read_text())
    for change in ({"mono_ns": data["mono_ns"] - 25 * 3600 * 10**9}, {"boot": "another"}):
        held.write_text(json.dumps(data | change))
        with pytest.raises(LockedError, match="not reached"):
            list_keys(away(settings)).key()
        assert not held.exists(), "what is over its time is not kept"
    held.write_text("{")
    with pytest.raises(LockedError):
        list_keys(away(settings)).key()


def test_a_revoked_unit_gets_nothing_and_loses_what_it_holds(
    centre: Running, home: Path, tmp_path: Path
) -> None:
    """Once the unit is revoked its lists stay shut, though it holds the answer in memory."""
    lost = enrolled(centre, home, "lost-list-key")
    settings = settings_of(lost, tmp_path)
    CentreKey(settings).answer(CHALLENGE)
    assert (tmp_path / FILE).exists()
    revoke(lost)

    def is_locked() -> bool:
        try:
            CentreKey(settings).answer(CHALLENGE)
        except LockedError:
            return True
        return False

    eventually(is_locked)
