/*
 * The alarm unit without its board: bytes, buttons and milliseconds in; bytes, lamps and a tone out.
 *
 *   link.c   frames, session, acknowledgement      show.c   what is heard and seen
 *   alerts.c the unacknowledged alerts             unit.c   time, buttons, faults
 */
#ifndef OUTRIDER_UNIT_H
#define OUTRIDER_UNIT_H

#include <stdint.h>

#include "alerts.h"
#include "board.h"
#include "buttons.h"
#include "events.h"
#include "frame.h"
#include "player.h"

#define FIRMWARE_MAJOR 1
#define FIRMWARE_MINOR 0
#define FIRMWARE_PATCH 0

#define REACTION_MS 350    /* a press this soon after the shown alert changed was not meant for it */
#define SUPPLY_LOW_MV 4500
#define SUPPLY_GOOD_MV 4600

/* Why a pattern sounds, from the least to the one that nothing interrupts. */
typedef enum {
    PLAYING_NOTHING,
    PLAYING_POWER_ON,
    PLAYING_SIGNAL,
    PLAYING_REMINDER,
    PLAYING_FAULT,
    PLAYING_TEST,
    PLAYING_KEY,
    PLAYING_ALERT,
} playing_t;

typedef struct {
    frame_reader_t reader;
    uint8_t session;
    uint8_t command_known; /* seq and result hold the last command of this session */
    uint8_t seq;
    uint8_t result;
    uint32_t host_ms;
    uint32_t status_ms;
    uint8_t out_first, out_count;
    uint8_t out[128];
} link_t;

typedef struct {
    player_t player;
    playing_t playing;
    uint8_t slot;              /* of the alert that sounds */
    uint8_t late_mark;         /* the alert has been heard; its late mark sounds now */
    wire_U64 shown, shown_before;
    uint32_t shown_ms;         /* when `shown` changed */
    uint32_t heard_ms;         /* when an alert last sounded: reminders count from here */
    uint32_t fault_ms;
    uint16_t faults_heard;     /* faults that have sounded or were silenced */
    uint8_t fault_silenced;
    uint8_t test_lamps;
    uint32_t test_ms;          /* how long the lamps of the test still have */
} show_t;

typedef struct {
    uint32_t frames_good, frames_bad;
    uint16_t frames_refused, frames_repeated, frames_unsent, uart_errors;
    uint16_t events_repeated, events_dropped, alerts_taken, presses_refused, loop_late_max_ms;
} counts_t;

typedef struct {
    board_info_t board;
    uint32_t now_ms;
    uint16_t faults, host_faults;
    uint8_t list_age;
    uint8_t volume, night, officer_steps; /* officer_steps: how far the officer turned it down */
    uint16_t supply_mv;
    link_t link;
    show_t show;
    alerts_t alerts;
    events_t events;
    buttons_t buttons;
    counts_t counts;
} unit_t;

typedef struct {
    uint16_t tone_hz; /* 0: silent */
    uint8_t volume;   /* 0 to VOLUME_MAX */
    uint8_t lamps;    /* LAMP_RED | LAMP_AMBER | LAMP_GREEN, dimmed already */
} outputs_t;

void unit_start(unit_t *unit, const board_info_t *board);
/* One millisecond on, with the raw button contacts (bit 0: acknowledge ... bit 3: test/volume). */
outputs_t unit_tick(unit_t *unit, uint8_t raw_buttons);
void unit_supply(unit_t *unit, uint16_t millivolts);
/* Sets or clears a fault, and tells the host of a change. */
void unit_fault(unit_t *unit, uint16_t fault, uint8_t active, uint16_t detail);
/* Keeps an event for the host. Returns 0, and counts it, when there is no place. */
uint8_t unit_event(unit_t *unit, const event_t *event);
void count_up(uint16_t *counter);

void link_take(unit_t *unit, uint8_t byte);
void link_tick(unit_t *unit);
/* Takes the next byte for the line. Returns 0 if there is none. */
uint8_t link_next(link_t *link, uint8_t *byte);

void show_start(unit_t *unit);
outputs_t show_tick(unit_t *unit);
void show_press(unit_t *unit, press_t press);
void show_test(unit_t *unit, const test_t *test);
void show_signal(unit_t *unit, uint8_t pattern);
uint8_t show_volume(const unit_t *unit);
/* The alert is gone from its slot: stop its sound. */
void show_cleared(unit_t *unit, uint8_t slot);

#endif
