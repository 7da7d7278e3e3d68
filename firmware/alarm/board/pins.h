/*
 * The one table of pins and timings. README.md and wiring.svg show the same.
 *
 *   Nano  AVR  what                                    Nano  AVR  what
 *   D0    PD0  serial in (USB bridge)                  D9    PB1  sounder (OC1A: timer 1 makes the tone)
 *   D1    PD1  serial out (USB bridge)                 D10   PB2  red lamp
 *   D2    PD2  button: acknowledge                     D11   PB3  amber lamp
 *   D3    PD3  button: misread                         D12   PB4  green lamp
 *   D4    PD4  button: dismiss                         D13   PB5  on-board LED: blinks while the program runs
 *   D5    PD5  button: test / volume
 *
 * Buttons close to ground (internal pull-ups). Lamps and sounder are driven high.
 */
#ifndef OUTRIDER_PINS_H
#define OUTRIDER_PINS_H

#define PIN_BUTTON_FIRST 2 /* PORTD: acknowledge, misread, dismiss, test/volume follow each other */
#define BUTTON_PINS 0x3C
#define PIN_SOUNDER 1      /* PORTB, as are the lamps */
#define PIN_RED 2
#define PIN_AMBER 3
#define PIN_GREEN 4
#define PIN_ALIVE 5

#define ALIVE_MS 512       /* half a period of the on-board LED */
#define SUPPLY_MS 100      /* how often the supply voltage is measured */
#define BANDGAP_MV 1100

#endif
