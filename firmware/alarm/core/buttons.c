#include "buttons.h"

static uint16_t hold_ms(uint8_t index) {
    return index == BUTTON_TEST_VOLUME - 1 ? HOLD_TEST_MS : HOLD_ACTION_MS;
}

/* Returns 1 when the debounced state of the button has just changed. */
static uint8_t debounce(buttons_t *buttons, uint8_t index, uint8_t raw) {
    uint8_t bit = (uint8_t)(1 << index);
    if (((raw ^ buttons->down) & bit) == 0) {
        buttons->settle_ms[index] = 0;
        return 0;
    }
    if (++buttons->settle_ms[index] < DEBOUNCE_MS) return 0;
    buttons->settle_ms[index] = 0;
    buttons->down ^= bit;
    return 1;
}

/* Acknowledge counts when it goes down; the others when they were held long enough, or let go before. */
static uint8_t press_of(buttons_t *buttons, uint8_t index, uint8_t changed) {
    uint8_t bit = (uint8_t)(1 << index), down = buttons->down & bit;
    uint16_t held = buttons->held_ms[index];
    if (changed && down) {
        buttons->held_ms[index] = 0;
        return index == BUTTON_ACKNOWLEDGE - 1 ? PRESS_SHORT : 0;
    }
    if (changed) {
        uint8_t was_stuck = buttons->stuck & bit;
        buttons->stuck &= (uint8_t)~bit;
        uint8_t counted = index == BUTTON_ACKNOWLEDGE - 1 || held >= hold_ms(index) || was_stuck;
        return counted ? 0 : PRESS_SHORT;
    }
    if (!down || held == STUCK_MS) return 0;
    buttons->held_ms[index] = ++held;
    if (held == STUCK_MS) buttons->stuck |= bit;
    return held == hold_ms(index) && index != BUTTON_ACKNOWLEDGE - 1 ? PRESS_HELD : 0;
}

press_t buttons_tick(buttons_t *buttons, uint8_t raw) {
    press_t found = {0, 0};
    for (uint8_t index = 0; index < BUTTON_COUNT; index++) {
        if (found.button) break; /* the rest of the buttons are one millisecond late, no more */
        uint8_t press = press_of(buttons, index, debounce(buttons, index, raw));
        if (press) found = (press_t){(uint8_t)(index + 1), press};
    }
    return found;
}
