/* The layouts of protocol.h as C structures, and their way to bytes and back. */
#ifndef OUTRIDER_WIRE_H
#define OUTRIDER_WIRE_H

#include <stdint.h>
#include <string.h>

#include "protocol.h"

typedef uint8_t wire_U8;
typedef uint16_t wire_U16;
typedef uint32_t wire_U32;
typedef struct { uint8_t b[8]; } wire_U64; /* only ever compared: no 64-bit arithmetic on the AVR */
typedef struct { uint8_t b[8]; } wire_B8;
typedef struct { uint8_t b[12]; } wire_T12;

#define WIRE_ENUM_MESSAGE(name, value) MSG_##name = value,
enum { MESSAGE_TYPES(WIRE_ENUM_MESSAGE) };
#define WIRE_ENUM_RESULT(name, value) RESULT_##name = value,
enum { RESULTS(WIRE_ENUM_RESULT) };
#define WIRE_ENUM_RESPONSE(name, value) RESPONSE_##name = value,
enum { RESPONSES(WIRE_ENUM_RESPONSE) };
#define WIRE_ENUM_MATCH(name, value) MATCH_##name = value,
enum { MATCH_CLASSES(WIRE_ENUM_MATCH) };
#define WIRE_ENUM_ALERT_FLAG(name, value) ALERT_##name = value,
enum { ALERT_FLAGS(WIRE_ENUM_ALERT_FLAG) };
#define WIRE_ENUM_BUTTON(name, value) BUTTON_##name = value,
enum { BUTTONS(WIRE_ENUM_BUTTON) BUTTON_COUNT = 4 };
#define WIRE_ENUM_PRESS(name, value) PRESS_##name = value,
enum { PRESSES(WIRE_ENUM_PRESS) };
#define WIRE_ENUM_FAULT(name, value) FAULT_##name = value,
enum { UNIT_FAULTS(WIRE_ENUM_FAULT) };
#define WIRE_ENUM_LIST_AGE(name, value) LIST_##name = value,
enum { LIST_AGES(WIRE_ENUM_LIST_AGE) };
#define WIRE_ENUM_SIGNAL(name, value) SIGNAL_##name = value,
enum { SIGNALS(WIRE_ENUM_SIGNAL) };
#define WIRE_ENUM_TEST(name, value) TEST_##name = value,
enum { TEST_ITEMS(WIRE_ENUM_TEST) };
#define WIRE_ENUM_RESET(name, value) RESET_##name = value,
enum { RESET_CAUSES(WIRE_ENUM_RESET) };
#define WIRE_ENUM_STATUS(name, value) STATUS_##name = value,
enum { STATUS_FLAGS(WIRE_ENUM_STATUS) };

#define WIRE_MEMBER(type, name) wire_##type name;
#define WIRE_SIZE(type, name) +sizeof(wire_##type)
#define WIRE_MESSAGE(NAME, name) \
    typedef struct { LAYOUT_##NAME(WIRE_MEMBER) uint8_t end_; } name##_t; \
    enum { NAME##_SIZE = 0 LAYOUT_##NAME(WIRE_SIZE) };

WIRE_MESSAGE(HEADER, header)
WIRE_MESSAGE(HEARTBEAT, heartbeat)
WIRE_MESSAGE(ALERT, alert)
WIRE_MESSAGE(CLEAR, clear)
WIRE_MESSAGE(SETTINGS, settings)
WIRE_MESSAGE(SIGNAL, signal)
WIRE_MESSAGE(TEST, test)
WIRE_MESSAGE(PROVISION, provision)
WIRE_MESSAGE(HELLO, hello)
WIRE_MESSAGE(STATUS, status)
WIRE_MESSAGE(ACK, ack)
WIRE_MESSAGE(BUTTON, button)
WIRE_MESSAGE(SOUNDED, sounded)
WIRE_MESSAGE(FAULT, fault)
WIRE_MESSAGE(COUNTERS, counters)

_Static_assert(HELLO_SIZE == PROTOCOL_MAX_PAYLOAD || COUNTERS_SIZE == PROTOCOL_MAX_PAYLOAD,
               "PROTOCOL_MAX_PAYLOAD is the size of the longest message");
_Static_assert(HELLO_SIZE <= PROTOCOL_MAX_PAYLOAD && COUNTERS_SIZE <= PROTOCOL_MAX_PAYLOAD &&
                   STATUS_SIZE <= PROTOCOL_MAX_PAYLOAD,
               "a message is longer than PROTOCOL_MAX_PAYLOAD");

void put_U8(uint8_t **to, wire_U8 value);
void put_U16(uint8_t **to, wire_U16 value);
void put_U32(uint8_t **to, wire_U32 value);
void put_U64(uint8_t **to, wire_U64 value);
void put_B8(uint8_t **to, wire_B8 value);
void put_T12(uint8_t **to, wire_T12 value);
wire_U8 get_U8(const uint8_t **from);
wire_U16 get_U16(const uint8_t **from);
wire_U32 get_U32(const uint8_t **from);
wire_U64 get_U64(const uint8_t **from);
wire_B8 get_B8(const uint8_t **from);
wire_T12 get_T12(const uint8_t **from);

#define WIRE_PUT(type, name) put_##type(&to, message->name);
#define WIRE_GET(type, name) message->name = get_##type(&from);
#define WIRE_ENCODER(NAME, name) \
    static inline uint8_t encode_##name(const name##_t *message, uint8_t *to) { \
        LAYOUT_##NAME(WIRE_PUT) return NAME##_SIZE; \
    }
#define WIRE_DECODER(NAME, name) \
    static inline void decode_##name(name##_t *message, const uint8_t *from) { LAYOUT_##NAME(WIRE_GET) }

WIRE_ENCODER(HEADER, header)
WIRE_DECODER(HEADER, header)
WIRE_DECODER(HEARTBEAT, heartbeat)
WIRE_DECODER(ALERT, alert)
WIRE_DECODER(CLEAR, clear)
WIRE_DECODER(SETTINGS, settings)
WIRE_DECODER(SIGNAL, signal)
WIRE_DECODER(TEST, test)
WIRE_DECODER(PROVISION, provision)
WIRE_ENCODER(HELLO, hello)
WIRE_ENCODER(STATUS, status)
WIRE_ENCODER(ACK, ack)
WIRE_ENCODER(BUTTON, button)
WIRE_ENCODER(SOUNDED, sounded)
WIRE_ENCODER(FAULT, fault)
WIRE_ENCODER(COUNTERS, counters)

static inline uint8_t id_equal(wire_U64 a, wire_U64 b) { return memcmp(&a, &b, sizeof a) == 0; }
static inline uint8_t id_is_zero(wire_U64 a) { return id_equal(a, (wire_U64){{0}}); }

#endif
