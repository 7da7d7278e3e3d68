#include "wire.h"

void put_U8(uint8_t **to, wire_U8 value) { *(*to)++ = value; }

void put_U16(uint8_t **to, wire_U16 value) {
    put_U8(to, (uint8_t)value);
    put_U8(to, (uint8_t)(value >> 8));
}

void put_U32(uint8_t **to, wire_U32 value) {
    put_U16(to, (uint16_t)value);
    put_U16(to, (uint16_t)(value >> 16));
}

static void put_raw(uint8_t **to, const uint8_t *bytes, uint8_t count) {
    memcpy(*to, bytes, count);
    *to += count;
}

static void get_raw(const uint8_t **from, uint8_t *bytes, uint8_t count) {
    memcpy(bytes, *from, count);
    *from += count;
}

void put_U64(uint8_t **to, wire_U64 value) { put_raw(to, value.b, sizeof value.b); }
void put_B8(uint8_t **to, wire_B8 value) { put_raw(to, value.b, sizeof value.b); }
void put_T12(uint8_t **to, wire_T12 value) { put_raw(to, value.b, sizeof value.b); }

wire_U8 get_U8(const uint8_t **from) { return *(*from)++; }

wire_U16 get_U16(const uint8_t **from) {
    uint16_t low = get_U8(from);
    return (uint16_t)(low | (uint16_t)get_U8(from) << 8);
}

wire_U32 get_U32(const uint8_t **from) {
    uint32_t low = get_U16(from);
    return low | (uint32_t)get_U16(from) << 16;
}

wire_U64 get_U64(const uint8_t **from) {
    wire_U64 value;
    get_raw(from, value.b, sizeof value.b);
    return value;
}

wire_B8 get_B8(const uint8_t **from) {
    wire_B8 value;
    get_raw(from, value.b, sizeof value.b);
    return value;
}

wire_T12 get_T12(const uint8_t **from) {
    wire_T12 value;
    get_raw(from, value.b, sizeof value.b);
    return value;
}
