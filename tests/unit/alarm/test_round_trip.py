"""Host, pseudo-terminal, the real firmware, its pins, and back."""

import threading

from outrider.records import ActionKind, Response
from tests.unit.alarm import makers
from tests.unit.alarm.bench import running

_AFTER_REACTION_S = 0.6


def test_a_hit_is_heard_and_acknowledged() -> None:
    """A hit becomes the STOP pattern on the sounder's pin; a press on a pin becomes the action."""
    with running(reset_on_open=True) as bench:
        hit = makers.hit()
        assert 2850 < bench.raise_and_hear(hit).value < 2950
        bench.press_until_told("acknowledge")
        assert [(a.hit_id, a.kind) for a in bench.actions()] == [(hit.hit_id, ActionKind.CORRECT)]
        assert bench.count("unacknowledged") == 0


def test_a_misread_needs_the_button_held() -> None:
    """A bump on misread drops nothing; held, it drops the hit."""
    with running() as bench:
        hit = makers.hit(Response.ASSESS, 2)
        bench.raise_and_hear(hit)
        threading.Event().wait(_AFTER_REACTION_S)
        bench.press("misread", hold_s=0.1)
        threading.Event().wait(0.3)
        assert not bench.actions()
        bench.press_until_told("misread", hold_s=0.7)
        assert bench.actions()[0].kind is ActionKind.MISREAD
