#include "alerts.h"

#include "player.h"

static uint8_t is_sound(const alert_t *alert) {
    return !id_is_zero(alert->alert_id) && alert->priority >= 1 && alert->priority <= 4 &&
           alert->response >= RESPONSE_STOP && alert->response <= RESPONSE_OBSERVE &&
           alert->match_class >= MATCH_EXACT && alert->match_class <= MATCH_LOOK_ALIKE &&
           (alert->flags & ~(ALERT_LATE | ALERT_LOOK_BACK)) == 0;
}

static uint8_t pattern_for(const alert_t *alert) {
    if (alert->match_class == MATCH_LOOK_ALIKE) return PLAY_POSSIBLE;
    if (alert->flags & ALERT_LOOK_BACK) return PLAY_LOOK_BACK;
    return alert->response; /* STOP, ASSESS, OBSERVE carry the numbers of their patterns */
}

_Static_assert((int)PLAY_STOP == (int)RESPONSE_STOP && (int)PLAY_ASSESS == (int)RESPONSE_ASSESS &&
                   (int)PLAY_OBSERVE == (int)RESPONSE_OBSERVE,
               "patterns and responses are numbered alike");

uint8_t alerts_find(const alerts_t *alerts, wire_U64 id) {
    for (uint8_t i = 0; i < ALERT_SLOTS; i++) {
        if (alerts->slot[i].used && id_equal(alerts->slot[i].id, id)) return i;
    }
    return NO_SLOT;
}

uint8_t alerts_add(alerts_t *alerts, const alert_t *alert, uint32_t now_ms) {
    if (!is_sound(alert)) return RESULT_BAD_VALUE;
    if (alerts_find(alerts, alert->alert_id) != NO_SLOT) return RESULT_DUPLICATE;
    for (uint8_t i = 0; i < ALERT_SLOTS; i++) {
        slot_t *slot = &alerts->slot[i];
        if (slot->used) continue;
        memset(slot, 0, sizeof *slot);
        slot->used = 1;
        slot->pattern = pattern_for(alert);
        slot->priority = alert->priority;
        slot->flags = alert->flags;
        slot->raised_ms = now_ms - alert->age_ms;
        slot->id = alert->alert_id;
        return RESULT_ACCEPTED;
    }
    return RESULT_FULL;
}

/* Patterns are numbered from the gravest, so one number orders priority and kind. */
static uint8_t gravity(const slot_t *slot) { return (uint8_t)(slot->priority << 4 | slot->pattern); }

uint8_t alert_pre_empts(const slot_t *candidate, const slot_t *playing) {
    return gravity(candidate) < gravity(playing);
}

uint8_t alerts_first(const alerts_t *alerts, uint8_t unsounded_only, uint32_t now_ms) {
    uint8_t best = NO_SLOT;
    for (uint8_t i = 0; i < ALERT_SLOTS; i++) {
        const slot_t *slot = &alerts->slot[i];
        if (!slot->used || (unsounded_only && slot->sounded)) continue;
        if (best != NO_SLOT) {
            const slot_t *rival = &alerts->slot[best];
            if (alert_pre_empts(rival, slot)) continue;
            if (gravity(slot) == gravity(rival) && now_ms - slot->raised_ms > now_ms - rival->raised_ms) continue;
        }
        best = i;
    }
    return best;
}

uint8_t alerts_count(const alerts_t *alerts, uint8_t unsounded_only) {
    uint8_t count = 0;
    for (uint8_t i = 0; i < ALERT_SLOTS; i++) {
        const slot_t *slot = &alerts->slot[i];
        if (slot->used && !(unsounded_only && slot->sounded)) count++;
    }
    return count;
}

uint8_t alert_is_high(const slot_t *slot) { return slot->priority == 1 || slot->pattern == PLAY_STOP; }
