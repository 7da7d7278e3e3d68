/* Plays one pattern of patterns.h, a millisecond at a time. */
#ifndef OUTRIDER_PLAYER_H
#define OUTRIDER_PLAYER_H

#include <stdint.h>

#include "patterns.h"

enum { LAMP_RED = 1, LAMP_AMBER = 2, LAMP_GREEN = 4 };

#define PLAYER_ENUM(name, number, repeats, remind_s, lamps) PLAY_##name = number,
enum { PLAY_NOTHING = 0, PATTERNS(PLAYER_ENUM) PLAY_END };

typedef struct {
    uint16_t tone_hz;
    uint8_t duration_10ms;
    uint8_t lamps;
} step_t;

typedef struct {
    uint8_t pattern; /* PLAY_NOTHING when idle */
    uint8_t step;
    uint8_t rounds_left;
    uint16_t left_ms;
    step_t now;
} player_t;

uint8_t pattern_repeats(uint8_t pattern);
uint8_t pattern_remind_s(uint8_t pattern);
uint8_t pattern_lamps(uint8_t pattern);

/* Starts a pattern from its beginning, to be heard `rounds` times. */
void player_start(player_t *player, uint8_t pattern, uint8_t rounds);
void player_stop(player_t *player);
/* One millisecond on. Returns 1 in the millisecond in which the pattern ends. */
uint8_t player_tick(player_t *player);

#endif
