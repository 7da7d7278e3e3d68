#include "player.h"

#include "table.h"

enum { R = LAMP_RED, A = LAMP_AMBER, G = LAMP_GREEN };

#define STEP(tone, ms, lamps) {tone, (ms) / 10, lamps},
#define STEPS(name, number, repeats, remind_s, lamps) \
    static const step_t STEPS_##name[] TABLE = {PATTERN_##name(STEP)};
PATTERNS(STEPS)

typedef struct {
    const step_t *steps;
    uint8_t count, repeats, remind_s, lamps;
} pattern_t;

#define ENTRY(name, number, repeats, remind_s, lamps) \
    [number] = {STEPS_##name, sizeof STEPS_##name / sizeof(step_t), repeats, remind_s, lamps},
static const pattern_t TABLE_OF_PATTERNS[PLAY_END] TABLE = {PATTERNS(ENTRY)};

uint8_t pattern_repeats(uint8_t pattern) { return TABLE_U8(&TABLE_OF_PATTERNS[pattern].repeats); }
uint8_t pattern_remind_s(uint8_t pattern) { return TABLE_U8(&TABLE_OF_PATTERNS[pattern].remind_s); }
uint8_t pattern_lamps(uint8_t pattern) { return TABLE_U8(&TABLE_OF_PATTERNS[pattern].lamps); }

static void load_step(player_t *player) {
    const step_t *step = TABLE_POINTER(&TABLE_OF_PATTERNS[player->pattern].steps);
    step += player->step;
    player->now.tone_hz = TABLE_U16(&step->tone_hz);
    player->now.duration_10ms = TABLE_U8(&step->duration_10ms);
    player->now.lamps = TABLE_U8(&step->lamps);
    player->left_ms = (uint16_t)(player->now.duration_10ms * 10);
}

void player_start(player_t *player, uint8_t pattern, uint8_t rounds) {
    player->pattern = pattern;
    player->rounds_left = rounds;
    player->step = 0;
    load_step(player);
}

void player_stop(player_t *player) {
    player->pattern = PLAY_NOTHING;
    player->now = (step_t){0, 0, 0};
}

uint8_t player_tick(player_t *player) {
    if (player->pattern == PLAY_NOTHING || --player->left_ms != 0) return 0;
    player->step++;
    if (player->step >= TABLE_U8(&TABLE_OF_PATTERNS[player->pattern].count)) {
        player->step = 0;
        if (--player->rounds_left == 0) {
            player_stop(player);
            return 1;
        }
    }
    load_step(player);
    return 0;
}
