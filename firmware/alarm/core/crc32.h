/* CRC-32 as in IEEE 802.3 and zlib: reflected polynomial 0xEDB88320, start and final value inverted. */
#ifndef OUTRIDER_CRC32_H
#define OUTRIDER_CRC32_H

#include <stddef.h>
#include <stdint.h>

#define CRC32_START 0xFFFFFFFFUL

uint32_t crc32_add(uint32_t crc, uint8_t byte);
uint32_t crc32_of(const uint8_t *bytes, size_t length);

#endif
