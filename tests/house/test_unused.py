"""Nothing in the package is without a use: what looks so is named here, with its reason.

Tests do not count as a use; what a page's template shows of a thing does. A name that has got a
use, or is gone, must leave the list.
"""

import re
from pathlib import Path

from vulture import Vulture

SRC = Path(__file__).resolve().parents[2] / "src" / "outrider"
EXPLAINED = {
    "given to people and files as a whole (asdict, JSON, a status): read by name outside": """
        store_reads_per_s store_p99_ms desk_reads_per_s desk_p99_ms written_mb kept_mb
        written_per_kept hit_commit_p50_ms hit_commit_p99_ms hit_commit_max_ms wrong_per_100
        megabytes_per_s syncs tries_failed bytes_sent rehomed sent_again position_error_m
        newest_upload_age_s speed_kmh
        reviewed_by settled_by settled_words corrected_at corrected_by made_by
        finding_words hits_to_send beyond_limit unusable_corners
        recorded_by fitted_on chosen_by succeeded_utc_ns
        """,
    "columns of a list's row, kept and shown by their names": """
        intelligence_grading force_area protective_marking
        """,
    "words of a protocol, of a form or of the law: whole although we need a part": """
        FOUND_LATER NATIONAL_SECURITY NOT_THIS_VEHICLE NO_ACTION SOLD
        UNIT_STATUS_MS ALERT_SLOTS BAD_LENGTH BAD_TYPE BAD_VERSION BROWN_OUT SUPPLY_LOW EVENTS_FULL
        LAMP_RED LAMP_AMBER LAMP_GREEN PATTERN_STOP PATTERN_ASSESS PATTERN_OBSERVE PATTERN_POSSIBLE
        PATTERN_LOOK_BACK PATTERN_FAULT PATTERN_DOCK_DONE PATTERN_DOCK_FAILED POWER_ON EXTERNAL
        FAULT_SILENCED SOUNDING TESTING list_age_min duration_ds shown_alert unsounded buttons
        uptime_s frames_refused frames_repeated frames_unsent events_repeated events_dropped
        alerts_taken presses_refused stack_free_b loop_late_max_ms
        INSPECTOR CHIEF_INSPECTOR CHIEF_SUPERINTENDENT CHIEF_OFFICER COMBINATION
        """,
    "called, or read, by a library under this name": """
        plateRegionDetectionEnabled cropToPlateRegionEnabled zeroPoint strideH strideW
        dilationHFactor dilationWFactor builtinOptionsType builtinOptions handle_error
        client_address redirect_slashes startup servers capture_signals
        send_400_response config_checked
        should_exit num_tickets filters itersize overflow post_callback gpsd_stream thread_type
        _fetch pix_fmt qmax qmin thread_count reference_time writable log_message do_GET
        model_config
        """,
    "read by a name that is put together": "_prefix _suffix _dateless _ni schema_version",
    "a part of a description that the renderer and the truth's file give": """
        hidden_limit x0_px y0_px x1_px y1_px
        """,
    "asked for by tests and by the programs beside the package alone": """
        new_database skip resume expected_corners coarse_e7
        """,
    "an import for the type checker, named in quotes": "Buffer",
}


def test_nothing_is_without_a_use_and_no_reason_is_stale() -> None:
    """What no code of the package uses is explained; what is explained is still unused."""
    found = Vulture(ignore_decorators=["@field_validator*", "@model_validator*", "@*.register"])
    found.scavenge([SRC])
    shown = {
        name
        for template in SRC.rglob("templates/*.html")
        for name in re.findall(r"\.(\w+)", template.read_text(encoding="utf-8"))
    }
    unused = {
        item.name: str(item.filename)
        for item in found.get_unused_code(min_confidence=60)
        if item.name not in shown
    }
    explained = {name for names in EXPLAINED.values() for name in names.split()}
    assert {n: f for n, f in unused.items() if n not in explained} == {}
    assert explained - unused.keys() == set()
