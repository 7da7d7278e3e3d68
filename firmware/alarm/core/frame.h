/* Frames: COBS, CRC-32, header. Bytes in, whole frames out; nothing here knows what a frame means. */
#ifndef OUTRIDER_FRAME_H
#define OUTRIDER_FRAME_H

#include <stdint.h>

#include "wire.h"

#define FRAME_BODY_MAX (HEADER_SIZE + PROTOCOL_MAX_PAYLOAD + 4)
#define FRAME_WIRE_MAX (FRAME_BODY_MAX + 2) /* one COBS code byte (body < 254), one delimiter */

typedef struct {
    header_t header;
    uint8_t length;
    uint8_t payload[PROTOCOL_MAX_PAYLOAD];
} frame_t;

typedef enum { FRAME_NONE, FRAME_GOOD, FRAME_BAD } frame_status_t;

typedef struct {
    uint8_t count;
    uint8_t overrun; /* too long: the rest, up to the next delimiter, is skipped */
    uint8_t bytes[FRAME_BODY_MAX + 1];
} frame_reader_t;

/* Takes one byte from the line. FRAME_GOOD: *frame is filled. An empty frame (two delimiters) is not an error. */
frame_status_t frame_take(frame_reader_t *reader, uint8_t byte, frame_t *frame);

/* Writes a frame for the line to `wire` (FRAME_WIRE_MAX bytes) and returns how long it is. */
uint8_t frame_make(const frame_t *frame, uint8_t *wire);

#endif
