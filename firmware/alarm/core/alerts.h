/* The alerts that no officer has dealt with yet: at most ALERT_SLOTS, ordered by priority, then kind, then age. */
#ifndef OUTRIDER_ALERTS_H
#define OUTRIDER_ALERTS_H

#include <stdint.h>

#include "wire.h"

#define NO_SLOT 0xFF

typedef struct {
    uint8_t used;
    uint8_t sounded; /* its pattern was heard to the end */
    uint8_t heard;   /* its pattern has begun, at heard_ms */
    uint8_t pattern;
    uint8_t priority;
    uint8_t flags;
    uint32_t raised_ms; /* on the unit's clock; may lie before its start (wraps) */
    uint32_t heard_ms;
    wire_U64 id;
} slot_t;

typedef struct {
    slot_t slot[ALERT_SLOTS];
} alerts_t;

/* Checks and stores. Returns a RESULT_. */
uint8_t alerts_add(alerts_t *alerts, const alert_t *alert, uint32_t now_ms);
uint8_t alerts_find(const alerts_t *alerts, wire_U64 id);
/* The alert that goes first, among those not sounded yet or among all; NO_SLOT if there is none. */
uint8_t alerts_first(const alerts_t *alerts, uint8_t unsounded_only, uint32_t now_ms);
uint8_t alerts_count(const alerts_t *alerts, uint8_t unsounded_only);
/* Whether a new alert may cut another short: a higher priority, or the same with a graver pattern. */
uint8_t alert_pre_empts(const slot_t *candidate, const slot_t *playing);
/* Never muted: priority 1, and every STOP. */
uint8_t alert_is_high(const slot_t *slot);

#endif
