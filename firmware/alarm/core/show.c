/* What is heard and seen. */
#include "unit.h"

#define VOLUME_FLOOR_HIGH 6
#define VOLUME_FLOOR_FAULT 4
#define VOLUME_FLOOR_KEY 2
#define OFFICER_STEP 2      /* one press of the volume button, out of VOLUME_MAX */
#define OFFICER_STEPS 3     /* full, less, least, full again */
#define NIGHT_DUTY 1        /* lit milliseconds out of DIM_PERIOD */
#define DIM_PERIOD 8

/* These sound; the others only show. */
#define FAULTS_HEARD \
    (FAULT_HOST_SILENT | FAULT_HOST_REPORTS | FAULT_VERSION | FAULT_FLASH | FAULT_RAM | FAULT_STUCK_BUTTON | \
     FAULT_WATCHDOG_RESET | FAULT_SUPPLY_LOW | FAULT_EVENTS_FULL)

static void play(unit_t *unit, playing_t why, uint8_t pattern, uint8_t rounds) {
    unit->show.playing = why;
    unit->show.late_mark = 0;
    player_start(&unit->show.player, pattern, rounds);
}

void show_start(unit_t *unit) {
    unit->show.slot = NO_SLOT;
    play(unit, PLAYING_POWER_ON, PLAY_POWER_ON, 1);
}

static void stop(unit_t *unit) {
    player_stop(&unit->show.player);
    unit->show.playing = PLAYING_NOTHING;
    unit->show.slot = NO_SLOT;
}

void show_cleared(unit_t *unit, uint8_t slot) {
    if (unit->show.slot == slot) stop(unit);
}

void show_signal(unit_t *unit, uint8_t pattern) {
    if (unit->show.playing < PLAYING_SIGNAL) play(unit, PLAYING_SIGNAL, pattern, pattern_repeats(pattern));
}

void show_test(unit_t *unit, const test_t *test) {
    if (unit->show.playing == PLAYING_TEST) stop(unit);
    unit->show.test_lamps = 0;
    unit->show.test_ms = 0;
    if (test->item >= TEST_PATTERN_STOP) {
        uint8_t pattern = (uint8_t)(test->item - TEST_PATTERN_STOP + PLAY_STOP);
        play(unit, PLAYING_TEST, pattern, pattern_repeats(pattern));
    } else if (test->item != TEST_NONE) {
        unit->show.test_lamps = (uint8_t)(1 << (test->item - TEST_LAMP_RED));
        unit->show.test_ms = test->duration_ds * 100UL;
    }
}

/* Early word of the sound. Where there is no place for it, the press will carry the time. */
static void report_sounded(unit_t *unit, slot_t *slot) {
    if (slot->heard) return;
    slot->heard = 1;
    slot->heard_ms = unit->now_ms;
    event_t event = {.type = MSG_SOUNDED, .at_ms = unit->now_ms, .alert_id = slot->id};
    unit_event(unit, &event);
}

static void sound_alert(unit_t *unit, uint8_t index) {
    slot_t *slot = &unit->alerts.slot[index];
    play(unit, PLAYING_ALERT, slot->pattern, pattern_repeats(slot->pattern));
    unit->show.slot = index;
    report_sounded(unit, slot);
}

/* Starts the gravest alert not heard yet, unless something that may not be interrupted sounds. */
static void choose_alert(unit_t *unit) {
    uint8_t index = alerts_first(&unit->alerts, 1, unit->now_ms);
    if (index == NO_SLOT || index == unit->show.slot) return;
    if (unit->show.playing == PLAYING_ALERT &&
        !alert_pre_empts(&unit->alerts.slot[index], &unit->alerts.slot[unit->show.slot])) {
        return;
    }
    sound_alert(unit, index);
}

static void choose_fault(unit_t *unit) {
    uint16_t heard = unit->faults & FAULTS_HEARD;
    uint8_t fresh = (heard & ~unit->show.faults_heard) != 0;
    unit->show.faults_heard &= heard; /* a fault that went and comes back is heard again */
    if (heard == 0) unit->show.fault_silenced = 0;
    if (unit->show.playing >= PLAYING_FAULT || heard == 0) return;
    uint8_t due = unit->now_ms - unit->show.fault_ms >= pattern_remind_s(PLAY_FAULT) * 1000UL;
    if (!fresh && (unit->show.fault_silenced || !due)) return;
    if (fresh) unit->show.fault_silenced = 0;
    unit->show.faults_heard |= heard;
    unit->show.fault_ms = unit->now_ms;
    play(unit, PLAYING_FAULT, PLAY_FAULT, pattern_repeats(PLAY_FAULT));
}

static void choose_reminder(unit_t *unit) {
    uint8_t index = alerts_first(&unit->alerts, 0, unit->now_ms);
    if (unit->show.playing != PLAYING_NOTHING || index == NO_SLOT) return;
    uint8_t pattern = unit->alerts.slot[index].pattern;
    if (unit->now_ms - unit->show.heard_ms < pattern_remind_s(pattern) * 1000UL) return;
    play(unit, PLAYING_REMINDER, pattern, 1);
    unit->show.slot = index;
}

/* A pattern has come to its end. */
static void finish(unit_t *unit) {
    slot_t *slot = unit->show.slot == NO_SLOT ? 0 : &unit->alerts.slot[unit->show.slot];
    if (slot && slot->flags & ALERT_LATE && !unit->show.late_mark) {
        player_start(&unit->show.player, PLAY_LATE_MARK, 1);
        unit->show.late_mark = 1;
        return;
    }
    if (slot) {
        slot->sounded = 1;
        unit->show.heard_ms = unit->now_ms;
    }
    stop(unit);
}

static void choose_shown(unit_t *unit) {
    wire_U64 shown = {{0}};
    uint8_t index = unit->show.playing == PLAYING_ALERT ? unit->show.slot
                                                        : alerts_first(&unit->alerts, 0, unit->now_ms);
    if (index != NO_SLOT) shown = unit->alerts.slot[index].id;
    if (id_equal(shown, unit->show.shown)) return;
    unit->show.shown_before = unit->show.shown;
    unit->show.shown = shown;
    unit->show.shown_ms = unit->now_ms;
}

static uint8_t just_changed(const unit_t *unit) { return unit->now_ms - unit->show.shown_ms < REACTION_MS; }

/* The alert that the officer meant: the shown one, or the one shown until an instant ago. */
static uint8_t meant(const unit_t *unit) {
    return alerts_find(&unit->alerts, just_changed(unit) ? unit->show.shown_before : unit->show.shown);
}

static void answer_key(unit_t *unit, uint8_t pattern) {
    if (unit->show.playing < PLAYING_ALERT) play(unit, PLAYING_KEY, pattern, 1);
}

static uint8_t is_action(press_t press) {
    return press.button == BUTTON_ACKNOWLEDGE ||
           ((press.button == BUTTON_MISREAD || press.button == BUTTON_DISMISS) && press.press == PRESS_HELD);
}

/* slot: the alert that the press closes, or null. */
static uint8_t tell_press(unit_t *unit, press_t press, const slot_t *slot) {
    event_t event = {.type = MSG_BUTTON, .a = press.button, .b = press.press, .at_ms = unit->now_ms};
    if (slot) {
        event.alert_id = slot->id;
        event.heard = slot->heard;
        event.heard_ms = slot->heard_ms;
    }
    if (events_add(&unit->events, &event)) return 1;
    count_up(&unit->counts.presses_refused);
    return 0;
}

/* An action that cannot be told to the host is refused, and heard to be: the alert stays. */
static void act(unit_t *unit, press_t press, uint8_t index) {
    if (!is_action(press) || !tell_press(unit, press, &unit->alerts.slot[index])) {
        answer_key(unit, PLAY_KEY_REFUSED);
        return;
    }
    unit->alerts.slot[index].used = 0;
    unit->show.heard_ms = unit->now_ms;
    show_cleared(unit, index);
    answer_key(unit, PLAY_KEY_TAKEN);
}

static void press_without_alert(unit_t *unit, press_t press) {
    tell_press(unit, press, 0);
    if (press.button == BUTTON_ACKNOWLEDGE && unit->faults & FAULTS_HEARD) {
        unit->show.fault_silenced = 1;
        if (unit->show.playing == PLAYING_FAULT) stop(unit);
    }
    answer_key(unit, PLAY_KEY_TAKEN);
}

void show_press(unit_t *unit, press_t press) {
    if (press.button == BUTTON_TEST_VOLUME) {
        if (press.press == PRESS_SHORT) unit->officer_steps = (uint8_t)((unit->officer_steps + 1) % OFFICER_STEPS);
        tell_press(unit, press, 0);
        answer_key(unit, press.press == PRESS_HELD ? PLAY_POWER_ON : PLAY_KEY_TAKEN);
        return;
    }
    uint8_t index = meant(unit);
    if (index == NO_SLOT && alerts_count(&unit->alerts, 0)) {
        answer_key(unit, PLAY_KEY_REFUSED); /* nobody reacts so fast: a bump, or a second tap */
    } else if (index == NO_SLOT) {
        press_without_alert(unit, press);
    } else {
        act(unit, press, index);
    }
}

static uint8_t volume_floor(const unit_t *unit) {
    const show_t *show = &unit->show;
    if (show->playing == PLAYING_ALERT || show->playing == PLAYING_REMINDER) {
        return alert_is_high(&unit->alerts.slot[show->slot]) ? VOLUME_FLOOR_HIGH : 0;
    }
    if (show->playing == PLAYING_FAULT) return VOLUME_FLOOR_FAULT;
    return VOLUME_FLOOR_KEY;
}

uint8_t show_volume(const unit_t *unit) {
    uint8_t less = (uint8_t)(unit->officer_steps * OFFICER_STEP);
    uint8_t volume = unit->volume > less ? (uint8_t)(unit->volume - less) : 0;
    uint8_t floor = volume_floor(unit);
    return volume < floor ? floor : volume;
}

/* Between sounds: the first alert's lamps flash, a fault holds amber, all well is green. */
static uint8_t resting_lamps(const unit_t *unit) {
    uint16_t phase_ms = (uint16_t)(unit->now_ms % 1000);
    uint8_t amber = unit->faults && phase_ms >= 500 ? LAMP_AMBER : 0;
    uint8_t index = alerts_find(&unit->alerts, unit->show.shown);
    if (index != NO_SLOT) {
        return phase_ms < 300 ? pattern_lamps(unit->alerts.slot[index].pattern) : amber;
    }
    if (unit->faults) return amber;
    uint8_t blink = unit->list_age != LIST_FRESH && phase_ms < 100;
    return blink ? LAMP_GREEN | LAMP_AMBER : LAMP_GREEN;
}

static uint8_t lamps(const unit_t *unit) {
    if (unit->night && unit->now_ms % DIM_PERIOD >= NIGHT_DUTY) return 0;
    if (unit->show.test_ms) return unit->show.test_lamps;
    if (unit->show.player.pattern && unit->show.playing != PLAYING_KEY) return unit->show.player.now.lamps;
    return resting_lamps(unit);
}

outputs_t show_tick(unit_t *unit) {
    show_t *show = &unit->show;
    if (show->test_ms) show->test_ms--;
    if (player_tick(&show->player)) finish(unit);
    choose_alert(unit);
    choose_fault(unit);
    choose_reminder(unit);
    choose_shown(unit);
    return (outputs_t){show->player.now.tone_hz, show_volume(unit), lamps(unit)};
}
