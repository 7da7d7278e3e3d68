#include "events.h"

uint8_t events_add(events_t *events, const event_t *event) {
    uint8_t places = event->type == MSG_BUTTON ? EVENT_PLACES : EVENT_PLACES - EVENT_PLACES_FOR_PRESSES;
    if (events->count >= places) return 0;
    events->place[(events->first + events->count) % EVENT_PLACES] = *event;
    events->count++;
    return 1;
}

const event_t *events_first(const events_t *events) {
    return events->count ? &events->place[events->first] : 0;
}

uint8_t events_acknowledge(events_t *events, uint8_t seq) {
    if (events->count == 0 || !events->sent || seq != events->seq) return 0;
    events->first = (uint8_t)((events->first + 1) % EVENT_PLACES);
    events->count--;
    events->seq++;
    events->sent = 0;
    return 1;
}

uint8_t events_closes(const events_t *events, wire_U64 alert_id) {
    for (uint8_t i = 0; i < events->count; i++) {
        const event_t *event = &events->place[(events->first + i) % EVENT_PLACES];
        if (event->type == MSG_BUTTON && id_equal(event->alert_id, alert_id)) return 1;
    }
    return 0;
}

uint8_t events_due(const events_t *events, uint32_t now_ms) {
    if (events->count == 0) return 0;
    if (!events->sent) return 1;
    uint32_t wait_ms = events->sent == 1 ? RETRY_FIRST_MS : RETRY_LATER_MS;
    return now_ms - events->sent_ms >= wait_ms;
}
