"""What surrounds a decision, from a shell: asked, given, reviewed, flagged, accounted for."""

import json
import re
from contextlib import closing

from outrider.centre.demo import story
from outrider.centre.folder import CentreFolder
from outrider.centre.store_of import open_store_of
from outrider.cli import main
from outrider.wire.signing import SigningIdentity
from tests.centre.commands.running import WHY, Runner, days_ago


def test_asked_given_used_and_revoked(run: Runner) -> None:
    """The inbox of a superintendent; nobody gives himself; what is revoked shows nothing more."""
    since = ["--since", days_ago(300)]
    search = ["search", "mark", story.SUSPECT, *WHY]
    assert "authorisation" in run("dc-1", *search, *since, status=2)
    ask = ["authorisation", "ask", *WHY, "--reads-from", days_ago(300), "--mark", story.SUSPECT]
    name = run("dc-1", *ask).split()[1].rstrip(":")
    assert name in run("supt-9", "authorisation", "inbox")
    give = ["authorisation", "give", name, "--words", "needed and proportionate here"]
    assert "asked for himself" in run("dc-1", *give, status=2)
    assert "until" in run("supt-9", *give)
    days = ["--since", days_ago(150), "--authorisation", name]
    assert "decision" in run("dc-1", *search, *days)
    revoke = ["authorisation", "revoke", name, "--words", "the case is closed now"]
    assert "revoked" in run("supt-9", *revoke)
    assert "taken back" in run("dc-1", *search, *days, status=2)
    own = json.loads(run("dc-1", "authorisation", "inbox", "--json"))["own"]
    assert [(one["id"], one["state"]) for one in own] == [(name, "revoked")]


def test_the_glass_is_broken_and_reviewed_by_another_team(run: Runner) -> None:
    """For a life at risk only; whoever broke it does not review it."""
    words = ["--case", "CR/78/26", "--words", "a child was taken in this car"]
    assert "life at risk" in run("dc-1", "break-glass", "break", *WHY, status=2)
    told = run("dc-1", "break-glass", "break", "--purpose", "life-at-risk", *words)
    name = told.split()[1].rstrip(":")
    assert "to review: 0" in run("dc-1", "break-glass", "list")
    assert name in run("sgt-9", "break-glass", "list")
    review = ["break-glass", "review", name, "--justified", "yes", "--words", "the child was found"]
    assert "supervisor" in run("dc-1", *review, status=2)
    assert "justified" in run("sgt-9", *review)


def test_reviews_are_drawn_flagged_ones_among_them_and_closed(run: Runner) -> None:
    """The nightly run names nobody; a supervisor of another team sees and closes."""
    drawn = run("", "review", "draw")
    # The days of the demo end today: by chance somebody else may ask for one mark on five of them.
    assert re.search("[1-9] patterns? flagged", drawn)
    assert "dc-99" not in drawn
    waiting = json.loads(run("sgt-9", "review", "list", "--json"))["to_review"]
    flagged = [one for one in waiting if one["why"] == "flagged"]
    first = next(one for one in flagged if one["person"] == "dc-99")
    close = ["review", "close", first["id"], "--finding", "not in order", "--words"]
    assert "three" in run("sgt-9", *close, "no", status=2)
    assert "a supervisor reviews" in run("dc-1", *close, "looked at the case", status=2)
    assert "closed" in run("sgt-9", *close, "no such case is known")
    assert "1 closed" in run("aud-9", "review", "list")
    assert "0 reviews opened" in run("", "review", "draw")


def test_the_detector_tells_supervisors_and_auditors_of_others_only(run: Runner) -> None:
    """No mark is in what it says; an investigator is not told."""
    told = run("sgt-9", "insider", status=1)
    assert "dc-99 (northshire/cid): the same mark again and again" in told
    assert story.NEIGHBOUR not in told
    assert "supervisors and auditors" in run("dc-1", "insider", status=2)


def test_a_forces_account_is_made_for_it_and_verified_elsewhere(run: Runner) -> None:
    """Signed; changed by a byte it is refused; another force's people get none; it is logged."""
    run("dc-1", "search", "mark", story.STOLEN, *WHY, "--since", days_ago(30))
    out = run.folder / "northshire.account"
    make = ["account", "make", "northshire", "-o", str(out)]
    assert "its own supervisors" in run("dc-1", *make, status=2)
    assert "signed" in run("supt-9", *make)
    key = run.folder / "receipt.pub"
    SigningIdentity.read(CentreFolder(run.centre).receipt_key).public.write(key)
    words = ["centre", "account", "verify", str(out), "--key", str(key)]
    assert main(words) == 0
    told = run.capfd.readouterr().out
    assert "dc-1 of northshire: mark" in told
    assert story.STOLEN not in told
    out.write_bytes(out.read_bytes().replace(b"dc-1", b"dc-2"))
    assert main(words) == 2
    with closing(open_store_of(CentreFolder(run.centre))) as store:
        events = [row.event for row in store.audit(0, 100_000)]
    assert any(e.recipient == "northshire" and "account of" in e.subject for e in events)


def test_an_administrator_signs_somebody_out_everywhere(run: Runner) -> None:
    """And an investigator cannot."""
    assert "administrator" in run("dc-1", "end-sessions", "aud-9", status=2)
    assert "ended" in run("adm-9", "end-sessions", "dc-1")
    assert "sign in" in run("dc-1", "authorisation", "inbox", status=2)


def test_who_accepted_no_rules_of_use_can_do_none_of_it(run: Runner) -> None:
    """The version in force was changed: everybody must accept it anew."""
    settings = CentreFolder(run.centre).settings
    before = settings.read_text(encoding="utf-8")
    settings.write_text(before + '[access]\nrules_of_use = "2"\n', encoding="utf-8")
    try:
        for who, *words in (
            ("supt-9", "authorisation", "inbox"),
            ("sgt-9", "review", "list"),
            ("sgt-9", "insider"),
            ("adm-9", "end-sessions", "dc-1"),
        ):
            assert "accept the rules of use" in run(who, *words, status=2)
    finally:
        settings.write_text(before, encoding="utf-8")
