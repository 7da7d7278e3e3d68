/* The lines that touch registers. Everything that decides is in core/. */
#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/pgmspace.h>
#include <avr/sleep.h>
#include <avr/wdt.h>
#include <util/atomic.h>

#include "pins.h"
#include "selftest.h"
#include "stamp.h"
#include "table.h"
#include "unit.h"

#define RING 64 /* a power of two; at 38400 baud 17 ms of input */

static unit_t unit;
static volatile uint8_t ticks;
static volatile uint8_t ring[RING], ring_in, ring_out, uart_errors;

ISR(TIMER0_COMPA_vect) { ticks++; }

ISR(USART_RX_vect) {
    uint8_t errors = UCSR0A & (1 << FE0 | 1 << DOR0), byte = UDR0;
    uint8_t next = (uint8_t)((ring_in + 1) % RING);
    if (errors || next == ring_out) {
        uart_errors++; /* the frame's CRC will miss it */
        return;
    }
    ring[ring_in] = byte;
    ring_in = next;
}

static void start_ports(void) {
    PORTD = BUTTON_PINS;
    DDRB = 1 << PIN_SOUNDER | 1 << PIN_RED | 1 << PIN_AMBER | 1 << PIN_GREEN | 1 << PIN_ALIVE;
}

static void start_uart(void) {
    UBRR0 = F_CPU / 16 / PROTOCOL_BAUD - 1;
    UCSR0C = 1 << UCSZ01 | 1 << UCSZ00;
    UCSR0B = 1 << RXEN0 | 1 << TXEN0 | 1 << RXCIE0;
}

static void start_timers(void) {
    OCR0A = F_CPU / 64 / 1000 - 1;
    TCCR0A = 1 << WGM01;
    TCCR0B = 1 << CS01 | 1 << CS00;
    TIMSK0 = 1 << OCIE0A;
    TCCR1B = 1 << WGM13 | 1 << WGM12; /* fast PWM up to ICR1, stopped */
}

static void start_adc(void) {
    ADMUX = 1 << REFS0 | 14; /* the bandgap, measured against the supply */
    ADCSRA = 1 << ADEN | 7;
}

/* Half power a step: the ear hears the steps as even. Sixty-fourths of the period. */
static const uint8_t DUTY[VOLUME_MAX + 1] TABLE = {0, 1, 2, 3, 5, 8, 13, 20, 32};

static void sound(uint16_t tone_hz, uint8_t volume) {
    static uint16_t tone_now;
    static uint8_t volume_now;
    if (tone_hz == tone_now && volume == volume_now) return;
    tone_now = tone_hz;
    volume_now = volume;
    TCCR1B = 1 << WGM13 | 1 << WGM12; /* stopped: ICR1 is not buffered */
    TCCR1A = 0;                       /* the pin falls back to PORTB, which holds it low */
    if (tone_hz == 0 || volume == 0) return;
    uint16_t period = (uint16_t)(F_CPU / 8 / tone_hz - 1);
    ICR1 = period;
    OCR1A = (uint16_t)((uint32_t)period * TABLE_U8(&DUTY[volume]) / 64);
    TCNT1 = 0;
    TCCR1A = 1 << COM1A1 | 1 << WGM11;
    TCCR1B = 1 << WGM13 | 1 << WGM12 | 1 << CS11;
}

static void apply(outputs_t outputs) {
    uint8_t lit = 0;
    if (outputs.lamps & LAMP_RED) lit |= 1 << PIN_RED;
    if (outputs.lamps & LAMP_AMBER) lit |= 1 << PIN_AMBER;
    if (outputs.lamps & LAMP_GREEN) lit |= 1 << PIN_GREEN;
    if (!(unit.now_ms & ALIVE_MS)) lit |= 1 << PIN_ALIVE;
    PORTB = lit;
    sound(outputs.tone_hz, outputs.volume);
}

static void measure_supply(void) {
    static uint8_t wait_ms = SUPPLY_MS;
    if (--wait_ms) return;
    wait_ms = SUPPLY_MS;
    uint16_t sample = ADC; /* of the conversion started last time: long finished */
    if (sample) unit_supply(&unit, (uint16_t)(BANDGAP_MV * 1024UL / sample));
    ADCSRA |= 1 << ADSC;
}

ISR(USART_UDRE_vect) { UCSR0B &= (uint8_t)~(1 << UDRIE0); } /* it only had to end the sleep */

static void send_waiting(void) {
    uint8_t byte;
    while (UCSR0A & 1 << UDRE0 && link_next(&unit.link, &byte)) UDR0 = byte;
    if (unit.link.out_count) UCSR0B |= 1 << UDRIE0;
}

static void take_waiting(void) {
    while (ring_in != ring_out) {
        uint8_t byte = ring[ring_out];
        ring_out = (uint8_t)((ring_out + 1) % RING);
        link_take(&unit, byte);
        send_waiting();
    }
}

static uint8_t take_ticks(void) {
    uint8_t due;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) {
        due = ticks;
        ticks = 0;
    }
    return due;
}

static void tick(void) {
    uint8_t closed = (uint8_t)(~PIND & BUTTON_PINS);
    apply(unit_tick(&unit, (uint8_t)(closed >> PIN_BUTTON_FIRST)));
    measure_supply();
}

static wire_T12 EEMEM serial_in_eeprom;

void board_store_serial(wire_T12 serial) { eeprom_update_block(&serial, &serial_in_eeprom, sizeof serial); }

static void start_unit(void) {
    board_info_t board = {.reset_cause = selftest_reset_cause()};
    if (selftest_ram_broken()) board.faults |= FAULT_RAM;
    if (selftest_flash_broken()) board.faults |= FAULT_FLASH;
    memcpy_P(&board.firmware_digest, STAMP.digest, sizeof board.firmware_digest);
    eeprom_read_block(&board.board_serial, &serial_in_eeprom, sizeof board.board_serial);
    if (board.board_serial.b[0] == 0xFF) memset(&board.board_serial, 0, sizeof board.board_serial);
    unit_start(&unit, &board);
}

static void run_once(void) {
    sleep_mode(); /* idle: any interrupt wakes, the tick at the latest */
    take_waiting();
    uint8_t due = take_ticks();
    uint16_t late_ms = due ? due - 1u : 0;
    if (late_ms > unit.counts.loop_late_max_ms) unit.counts.loop_late_max_ms = late_ms;
    unit.counts.uart_errors = uart_errors;
    for (uint8_t left = due; left; left--) tick();
    send_waiting();
    if (due) wdt_reset(); /* here only: a tick that stops, or a loop that hangs, ends in a reset */
}

int main(void) {
    start_ports();
    start_unit();
    start_uart();
    start_timers();
    start_adc();
    SMCR = 0; /* sleep means idle */
    sei();
    for (;;) run_once();
}
