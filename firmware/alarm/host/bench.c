/*
 * The parser under random and mutated bytes, with sanitizers: alarm-bench SEED BYTES.
 *
 * Half of the bytes are random, half are valid frames of every type with one to four mutations. The unit must
 * never take an alert from them, and after every burst must take the next good frame.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define SESSION 7
#define BURST_MAX 400

static unit_t unit;
static uint64_t state;
static unsigned long fed, bursts, mutated;
static uint8_t seq;
static uint32_t alert_number = 1;

static uint32_t draw(void) { /* xorshift64* */
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)(state * 0x2545F4914F6CDD1DULL >> 32);
}

static uint32_t below(uint32_t limit) { return draw() % limit; }

static void feed(const uint8_t *bytes, unsigned count) {
    uint8_t out;
    for (unsigned i = 0; i < count; i++) {
        link_take(&unit, bytes[i]);
        if (below(16) == 0) unit_tick(&unit, below(64) == 0 ? (uint8_t)below(16) : 0);
        while (link_next(&unit.link, &out)) {}
    }
    fed += count;
}

static unsigned make(uint8_t type, const uint8_t *payload, uint8_t length, uint8_t *wire) {
    frame_t frame = {.header = {PROTOCOL_VERSION, type, SESSION, ++seq, 0}, .length = length};
    if (length) memcpy(frame.payload, payload, length);
    return frame_make(&frame, wire);
}

static unsigned good_alert(uint8_t *wire) {
    uint8_t payload[ALERT_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 1, RESPONSE_STOP, MATCH_EXACT, 0, 5, 0, 0, 0, 0, 0};
    memcpy(payload, &alert_number, sizeof alert_number);
    alert_number++;
    return make(MSG_ALERT, payload, sizeof payload, wire);
}

static unsigned any_frame(uint8_t *wire) {
    static const uint8_t TYPES[] = {MSG_HEARTBEAT, MSG_ALERT, MSG_CLEAR, MSG_SETTINGS, MSG_SIGNAL, MSG_TEST,
                                    MSG_COUNTERS_REQUEST, MSG_PROVISION, MSG_EVENT_ACK};
    static const uint8_t SIZES[] = {HEARTBEAT_SIZE, ALERT_SIZE, CLEAR_SIZE, SETTINGS_SIZE, SIGNAL_SIZE, TEST_SIZE,
                                    0, PROVISION_SIZE, 0};
    uint8_t payload[PROTOCOL_MAX_PAYLOAD];
    uint32_t which = below(sizeof TYPES);
    if (which == 1) return good_alert(wire);
    for (unsigned i = 0; i < sizeof payload; i++) payload[i] = (uint8_t)below(4);
    return make(TYPES[which], payload, SIZES[which], wire);
}

static unsigned mutate_once(uint8_t *wire, unsigned length) {
    unsigned at = below(length);
    switch (below(5)) {
    case 0:
        wire[at] ^= (uint8_t)(1 << below(8));
        return length;
    case 1:
        wire[at] = (uint8_t)draw();
        return length;
    case 2:
        memmove(wire + at, wire + at + 1, length - at - 1);
        return length - 1;
    case 3:
        memmove(wire + at + 1, wire + at, length - at);
        wire[at] = (uint8_t)draw();
        return length + 1;
    default:
        return at + 1; /* cut short; the next frame runs into it */
    }
}

static void feed_mutated(void) {
    uint8_t wire[FRAME_WIRE_MAX + 8], before[FRAME_WIRE_MAX];
    unsigned length = any_frame(wire), was = length;
    memcpy(before, wire, length);
    for (unsigned i = 1 + below(4); i && length > 1; i--) length = mutate_once(wire, length);
    if (memmem(wire, length, before, was - 1)) return; /* still whole: the next delimiter would end it */
    mutated++;
    feed(wire, length);
}

static void feed_random(void) {
    uint8_t bytes[BURST_MAX];
    unsigned count = 1 + below(BURST_MAX);
    for (unsigned i = 0; i < count; i++) bytes[i] = (uint8_t)(below(8) ? draw() : 0);
    feed(bytes, count);
}

static void must(int holds, const char *what) {
    if (holds) return;
    fprintf(stderr, "alarm-bench: %s after %lu bytes\n", what, fed);
    exit(1);
}

static void greet(void) {
    uint8_t wire[FRAME_WIRE_MAX], zero = 0;
    feed(&zero, 1);
    feed(wire, make(MSG_HELLO_REQUEST, NULL, 0, wire));
}

static void one_burst(void) {
    static const uint8_t ZERO = 0;
    uint8_t wire[FRAME_WIRE_MAX], everything[CLEAR_SIZE] = {0};
    uint16_t taken = unit.counts.alerts_taken;
    if (below(2)) feed_random();
    else for (unsigned i = 1 + below(8); i; i--) feed_mutated();
    feed(&ZERO, 1);
    must(unit.counts.alerts_taken == taken, "false alert");
    feed(wire, good_alert(wire));
    must(unit.counts.alerts_taken == (uint16_t)(taken + 1), "good frame not taken");
    feed(wire, make(MSG_CLEAR, everything, CLEAR_SIZE, wire));
    must(alerts_count(&unit.alerts, 0) == 0, "alert not cleared");
    bursts++;
}

int main(int argc, char **argv) {
    board_info_t board = {.reset_cause = RESET_POWER_ON};
    if (argc != 3) {
        fprintf(stderr, "usage: alarm-bench SEED BYTES\n");
        return 2;
    }
    state = strtoull(argv[1], NULL, 10) * 2 + 1;
    unsigned long bytes = strtoul(argv[2], NULL, 10);
    while (fed < bytes) {
        if (bursts % 10000 == 0) { /* counters stop at their greatest value: start anew before */
            unit_start(&unit, &board);
            greet();
        }
        one_burst();
    }
    printf("%lu bytes, %lu bursts, %lu mutated frames: no false alert, every good frame taken\n", fed, bursts, mutated);
    return 0;
}
