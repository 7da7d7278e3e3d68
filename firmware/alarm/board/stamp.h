/* What tools/stamp.py writes into the linked program: its length, CRC-32 and digest. */
#ifndef OUTRIDER_STAMP_H
#define OUTRIDER_STAMP_H

#include <stdint.h>

#define STAMP_MAGIC "OutStamp"

typedef struct {
    char magic[8];
    uint32_t length;   /* of the program in flash */
    uint32_t crc32;    /* over the program, with this field and the next read as 0xFF */
    uint8_t digest[8]; /* first bytes of the SHA-256 over the same */
} stamp_t;

extern const stamp_t STAMP;

#endif
