/* Debouncing, presses held down, buttons that are stuck. */
#ifndef OUTRIDER_BUTTONS_H
#define OUTRIDER_BUTTONS_H

#include <stdint.h>

#include "wire.h"

#define DEBOUNCE_MS 20
#define HOLD_ACTION_MS 400   /* misread and dismiss: a bump in a moving car is shorter */
#define HOLD_TEST_MS 2000
#define STUCK_MS 10000

typedef struct {
    uint8_t down;   /* debounced: bit 0 is BUTTON_ACKNOWLEDGE, and so on */
    uint8_t stuck;
    uint8_t settle_ms[BUTTON_COUNT];
    uint16_t held_ms[BUTTON_COUNT];
} buttons_t;

typedef struct {
    uint8_t button; /* 0: nothing happened */
    uint8_t press;
} press_t;

/* One millisecond on, with the raw contacts. At most one press a millisecond comes out; a second button in the
 * same millisecond is looked at in the next. */
press_t buttons_tick(buttons_t *buttons, uint8_t raw);

#endif
