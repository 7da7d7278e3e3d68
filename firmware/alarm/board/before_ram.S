/*
 * Runs between reset and the set-up of RAM for C, so it keeps everything in registers.
 *
 * Keeps the reset cause in GPIOR0: a boot loader clears MCUSR and hands the cause over in r2. Starts the
 * watchdog. Tests every byte of RAM with 0x55 and 0xAA, then, to find address lines that stick, writes a different
 * value everywhere and reads all of it back; GPIOR1 is 1 where RAM is broken. Leaves RAM painted, so that the
 * depth of the stack can be read from it later (board_stack_free_b).
 */
#include <avr/io.h>

#include "paint.h"

    .section .init3, "ax", @progbits
before_ram:
    in r24, _SFR_IO_ADDR(MCUSR)
    tst r24
    brne 1f
    mov r24, r2
    andi r24, 0x0F
1:  out _SFR_IO_ADDR(GPIOR0), r24
    out _SFR_IO_ADDR(MCUSR), r1
    wdr
    ldi r24, (1 << WDCE) | (1 << WDE)
    sts _SFR_MEM_ADDR(WDTCSR), r24
    ldi r24, (1 << WDE) | (1 << WDP2) /* 250 ms */
    sts _SFR_MEM_ADDR(WDTCSR), r24

    clr r18                         /* findings */
    ldi r26, lo8(RAMSTART)
    ldi r27, hi8(RAMSTART)
2:  ldi r24, 0x55
    st X, r24
    ld r25, X
    cpse r25, r24
    ldi r18, 1
    ldi r24, 0xAA
    st X, r24
    ld r25, X
    cpse r25, r24
    ldi r18, 1
    mov r24, r26                    /* own address, folded: differs between neighbours and pages */
    eor r24, r27
    st X+, r24
    cpi r26, lo8(RAMEND + 1)
    ldi r24, hi8(RAMEND + 1)
    cpc r27, r24
    brne 2b

    ldi r26, lo8(RAMSTART)
    ldi r27, hi8(RAMSTART)
3:  mov r24, r26
    eor r24, r27
    ld r25, X
    cpse r25, r24
    ldi r18, 1
    ldi r24, PAINT
    st X+, r24
    cpi r26, lo8(RAMEND + 1)
    ldi r24, hi8(RAMEND + 1)
    cpc r27, r24
    brne 3b
    out _SFR_IO_ADDR(GPIOR1), r18
    wdr
