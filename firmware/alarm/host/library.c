/* The logic as a shared library, for tests that drive it step by step. */
#include <stdlib.h>

#include "unit.h"

unit_t *alarm_new(uint8_t reset_cause, uint16_t faults) {
    unit_t *unit = malloc(sizeof *unit);
    board_info_t board = {.reset_cause = reset_cause, .faults = faults};
    if (unit) unit_start(unit, &board);
    return unit;
}

void alarm_free(unit_t *unit) { free(unit); }

void alarm_feed(unit_t *unit, const uint8_t *bytes, uint32_t count) {
    while (count--) link_take(unit, *bytes++);
}

/* Runs so many milliseconds. Each puts tone_hz, volume, lamps (three uint16_t) at `trace`, if that is not null. */
void alarm_run(unit_t *unit, uint32_t ms, uint8_t buttons, uint16_t *trace) {
    while (ms--) {
        outputs_t outputs = unit_tick(unit, buttons);
        if (!trace) continue;
        *trace++ = outputs.tone_hz;
        *trace++ = outputs.volume;
        *trace++ = outputs.lamps;
    }
}

uint32_t alarm_take_out(unit_t *unit, uint8_t *bytes, uint32_t room) {
    uint32_t count = 0;
    while (count < room && link_next(&unit->link, &bytes[count])) count++;
    return count;
}

void alarm_supply(unit_t *unit, uint16_t millivolts) { unit_supply(unit, millivolts); }

uint16_t alarm_faults(const unit_t *unit) { return unit->faults; }
uint16_t alarm_alerts_taken(const unit_t *unit) { return unit->counts.alerts_taken; }
uint8_t alarm_alerts(const unit_t *unit) { return alerts_count(&unit->alerts, 0); }

/* Steps of a pattern as the firmware's own table holds them: pairs of tone and ms, then lamps. */
uint32_t alarm_pattern(uint8_t pattern, uint16_t *steps, uint32_t room) {
    player_t player;
    uint32_t count = 0;
    player_start(&player, pattern, 1);
    while (player.pattern && count < room) {
        steps[count * 3] = player.now.tone_hz;
        steps[count * 3 + 1] = player.left_ms;
        steps[count * 3 + 2] = player.now.lamps;
        count++;
        for (uint16_t left = player.left_ms; left; left--) player_tick(&player);
    }
    return count;
}
