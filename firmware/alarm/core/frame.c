#include "frame.h"

#include "crc32.h"

/* Undoes COBS in place. Returns the length, or 0 where the code bytes do not add up. */
static uint8_t cobs_undo(uint8_t *bytes, uint8_t count) {
    uint8_t in = 0, out = 0;
    while (in < count) {
        uint8_t code = bytes[in++];
        if (code - 1 > count - in) return 0;
        for (uint8_t i = 1; i < code; i++) bytes[out++] = bytes[in++];
        if (in < count) bytes[out++] = 0;
    }
    return out;
}

static frame_status_t open_body(uint8_t *body, uint8_t length, frame_t *frame) {
    if (length < HEADER_SIZE + 4) return FRAME_BAD;
    const uint8_t *tail = body + length - 4;
    if (crc32_of(body, length - 4u) != get_U32(&tail)) return FRAME_BAD;
    decode_header(&frame->header, body);
    frame->length = (uint8_t)(length - HEADER_SIZE - 4);
    memcpy(frame->payload, body + HEADER_SIZE, frame->length);
    return FRAME_GOOD;
}

frame_status_t frame_take(frame_reader_t *reader, uint8_t byte, frame_t *frame) {
    if (byte != 0) {
        if (reader->count < sizeof reader->bytes) {
            reader->bytes[reader->count++] = byte;
        } else {
            reader->overrun = 1;
        }
        return FRAME_NONE;
    }
    uint8_t count = reader->count, overrun = reader->overrun;
    reader->count = 0;
    reader->overrun = 0;
    if (overrun) return FRAME_BAD;
    if (count == 0) return FRAME_NONE;
    return open_body(reader->bytes, cobs_undo(reader->bytes, count), frame);
}

static uint8_t cobs_do(const uint8_t *body, uint8_t length, uint8_t *wire) {
    uint8_t code_at = 0, out = 1;
    for (uint8_t i = 0; i < length; i++) {
        if (body[i] != 0) {
            wire[out++] = body[i];
        } else {
            wire[code_at] = (uint8_t)(out - code_at);
            code_at = out++;
        }
    }
    wire[code_at] = (uint8_t)(out - code_at);
    wire[out++] = 0;
    return out;
}

uint8_t frame_make(const frame_t *frame, uint8_t *wire) {
    uint8_t body[FRAME_BODY_MAX];
    uint8_t length = (uint8_t)(encode_header(&frame->header, body) + frame->length);
    memcpy(body + HEADER_SIZE, frame->payload, frame->length);
    uint8_t *tail = body + length;
    put_U32(&tail, crc32_of(body, length));
    return cobs_do(body, (uint8_t)(length + 4), wire);
}
