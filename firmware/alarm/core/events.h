/* What the host must learn for certain: presses, first sounds, faults. Kept until it says EVENT_ACK. */
#ifndef OUTRIDER_EVENTS_H
#define OUTRIDER_EVENTS_H

#include <stdint.h>

#include "wire.h"

#define EVENT_PLACES 16
#define EVENT_PLACES_FOR_PRESSES 8 /* only presses may take the last ones */

typedef struct {
    uint8_t type; /* MSG_BUTTON, MSG_SOUNDED or MSG_FAULT */
    uint8_t a;    /* button, or active */
    uint8_t b;    /* press */
    uint16_t fault;
    uint16_t detail;
    uint32_t at_ms;
    uint32_t heard_ms; /* presses: when the alert's pattern first began */
    uint8_t heard;
    wire_U64 alert_id;
} event_t;

typedef struct {
    uint8_t first, count;
    uint8_t seq; /* of the first event */
    uint8_t sent;
    uint32_t sent_ms;
    event_t place[EVENT_PLACES];
} events_t;

/* Returns 0, and stores nothing, when there is no place for it. */
uint8_t events_add(events_t *events, const event_t *event);
const event_t *events_first(const events_t *events);
/* The host has the event with this seq. Returns 1 if that was the first one, which now goes. */
uint8_t events_acknowledge(events_t *events, uint8_t seq);
/* Whether a press for this alert waits to be told. */
uint8_t events_closes(const events_t *events, wire_U64 alert_id);
/* Whether the first event is to be sent (again) now. */
uint8_t events_due(const events_t *events, uint32_t now_ms);

#endif
