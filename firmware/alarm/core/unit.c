#include "unit.h"

void count_up(uint16_t *counter) {
    if (*counter != UINT16_MAX) ++*counter;
}

uint8_t unit_event(unit_t *unit, const event_t *event) {
    if (events_add(&unit->events, event)) return 1;
    count_up(&unit->counts.events_dropped);
    return 0;
}

void unit_fault(unit_t *unit, uint16_t fault, uint8_t active, uint16_t detail) {
    if (((unit->faults & fault) != 0) == active) return;
    unit->faults ^= fault;
    event_t event = {.type = MSG_FAULT, .a = active, .fault = fault, .detail = detail, .at_ms = unit->now_ms};
    unit_event(unit, &event);
}

void unit_start(unit_t *unit, const board_info_t *board) {
    memset(unit, 0, sizeof *unit);
    unit->board = *board;
    unit->volume = VOLUME_MAX;
    unit->list_age = LIST_UNKNOWN;
    unit->faults = board->faults; /* told by HELLO */
    if (board->reset_cause & RESET_WATCHDOG) unit->faults |= FAULT_WATCHDOG_RESET;
    if (board->reset_cause & RESET_BROWN_OUT) unit->faults |= FAULT_BROWN_OUT;
    show_start(unit);
}

void unit_supply(unit_t *unit, uint16_t millivolts) {
    unit->supply_mv = millivolts;
    if (millivolts < SUPPLY_LOW_MV) unit_fault(unit, FAULT_SUPPLY_LOW, 1, millivolts);
    if (millivolts > SUPPLY_GOOD_MV) unit_fault(unit, FAULT_SUPPLY_LOW, 0, millivolts);
}

static void watch_host(unit_t *unit) {
    if (unit->now_ms - unit->link.host_ms < HOST_SILENT_MS) return;
    unit->link.host_ms = unit->now_ms - HOST_SILENT_MS; /* stays silent when the clock wraps */
    unit_fault(unit, FAULT_HOST_SILENT, 1, 0);
}

outputs_t unit_tick(unit_t *unit, uint8_t raw_buttons) {
    unit->now_ms++;
    watch_host(unit);
    press_t press = buttons_tick(&unit->buttons, raw_buttons);
    unit_fault(unit, FAULT_STUCK_BUTTON, unit->buttons.stuck != 0, unit->buttons.stuck);
    if (press.button) show_press(unit, press);
    unit_fault(unit, FAULT_EVENTS_FULL, unit->events.count == EVENT_PLACES, unit->counts.presses_refused);
    outputs_t outputs = show_tick(unit);
    link_tick(unit);
    return outputs;
}
