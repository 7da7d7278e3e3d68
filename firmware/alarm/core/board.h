/* What the pure logic asks of the board. Implemented over registers in board/ and over memory in host/. */
#ifndef OUTRIDER_BOARD_H
#define OUTRIDER_BOARD_H

#include <stdint.h>

#include "wire.h"

typedef struct {
    uint8_t reset_cause;      /* RESET_CAUSES */
    uint16_t faults;          /* found by the power-on self-test: UNIT_FAULTS */
    wire_B8 firmware_digest;
    wire_T12 board_serial;
} board_info_t;

void board_store_serial(wire_T12 serial);
uint16_t board_stack_free_b(void);

#endif
