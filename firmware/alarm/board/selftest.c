/* Power-on self-test. */
#include <avr/io.h>
#include <avr/pgmspace.h>
#include <avr/wdt.h>

#include "crc32.h"
#include "paint.h"
#include "selftest.h"
#include "stamp.h"

const stamp_t STAMP PROGMEM __attribute__((used)) = {STAMP_MAGIC, 0xFFFFFFFFUL, 0xFFFFFFFFUL, {0xFF}};

extern uint8_t __heap_start; /* from the linker: RAM from here on is stack */

/* Both are left by before_ram.S. */
uint8_t selftest_reset_cause(void) { return GPIOR0; }

uint8_t selftest_ram_broken(void) { return GPIOR1; }

uint16_t board_stack_free_b(void) {
    const uint8_t *p = &__heap_start;
    while (*p == PAINT && p < (const uint8_t *)RAMEND) p++;
    return (uint16_t)(p - &__heap_start);
}

uint8_t selftest_flash_broken(void) {
    uint16_t crc_at = (uint16_t)&STAMP.crc32, end = (uint16_t)pgm_read_dword(&STAMP.length);
    uint16_t stamp_end = (uint16_t)(&STAMP + 1);
    uint32_t crc = CRC32_START;
    for (uint16_t at = 0; at < end; at++) {
        if ((at & 0xFF) == 0) wdt_reset();
        crc = crc32_add(crc, at >= crc_at && at < stamp_end ? 0xFF : pgm_read_byte(at));
    }
    return ~crc != pgm_read_dword(&STAMP.crc32);
}
