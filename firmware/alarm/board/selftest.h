#ifndef OUTRIDER_SELFTEST_H
#define OUTRIDER_SELFTEST_H

#include <stdint.h>

uint8_t selftest_reset_cause(void);
uint8_t selftest_ram_broken(void);
/* Compares the program in flash with its stamp (about 100 ms). */
uint8_t selftest_flash_broken(void);

#endif
