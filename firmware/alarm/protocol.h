/*
 * The one truth for the wire between the Outrider host and the alarm unit.
 *
 * A frame is COBS(header | payload | crc) followed by one zero byte. The header is the four bytes of
 * LAYOUT_HEADER, the payload is the layout of the message's type, the CRC is CRC-32 (IEEE 802.3, as zlib
 * computes it) over header and payload. All integers are little-endian and unsigned.
 *
 * The host parses this file, so the form of its lines matters: NAME(X) lists of X(NAME, value) for
 * enumerations, LAYOUT_NAME(F) lists of F(TYPE, field) for payloads, #define NAME number for constants.
 * Field types: U8, U16, U32, U64, B8 (eight raw bytes), T12 (text, padded with zero bytes).
 * Any change of meaning, even one that leaves the bytes alone, needs a new PROTOCOL_VERSION.
 */
#ifndef OUTRIDER_PROTOCOL_H
#define OUTRIDER_PROTOCOL_H

#define PROTOCOL_VERSION 1
#define PROTOCOL_BAUD 38400      /* 0.2 % off at 16 MHz; 115200 would be 2.1 % off */
#define PROTOCOL_MAX_PAYLOAD 31
#define HOST_HEARTBEAT_MS 250    /* the host sends HEARTBEAT this often */
#define HOST_SILENT_MS 2000      /* no HEARTBEAT for this long: the unit shows and sounds fault */
#define UNIT_STATUS_MS 250       /* the unit sends STATUS this often */
#define UNIT_SILENT_MS 1500      /* no valid frame for this long: the host calls the unit silent */
#define RETRY_FIRST_MS 60        /* first repeat of a frame that waits for its acknowledgement */
#define RETRY_LATER_MS 250       /* later repeats */
#define VOLUME_MAX 8
#define NEVER_HEARD 0xFFFFFFFF
#define ALERT_SLOTS 8            /* unacknowledged alerts that the unit holds */
#define ALERT_LATE_S 5           /* older than this when it reaches the unit: marked late */

/* Messages below 0x80 go to the unit, the others to the host. */
#define MESSAGE_TYPES(X) \
    X(HELLO_REQUEST, 0x01)    /* opens a session; answered by HELLO */ \
    X(HEARTBEAT, 0x02)        /* not acknowledged */ \
    X(ALERT, 0x03)            /* acknowledged, as all that follow */ \
    X(CLEAR, 0x04) \
    X(SETTINGS, 0x05) \
    X(SIGNAL, 0x06) \
    X(TEST, 0x07) \
    X(COUNTERS_REQUEST, 0x08) /* answered by COUNTERS */ \
    X(PROVISION, 0x09) \
    X(EVENT_ACK, 0x0A)        /* answers BUTTON, SOUNDED and FAULT; its seq is theirs */ \
    X(HELLO, 0x81) \
    X(STATUS, 0x82) \
    X(ACK, 0x83)              /* answers a command; its seq is the command's */ \
    X(BUTTON, 0x84)           /* repeated until EVENT_ACK */ \
    X(SOUNDED, 0x85)          /* repeated until EVENT_ACK */ \
    X(FAULT, 0x86)            /* repeated until EVENT_ACK */ \
    X(COUNTERS, 0x87)

#define RESULTS(X) \
    X(ACCEPTED, 0) \
    X(DUPLICATE, 1)        /* this alert is held already */ \
    X(CLOSED, 2)           /* the officer has dealt with it; the BUTTON is on its way */ \
    X(FULL, 3)             /* no slot: clear a lesser alert first */ \
    X(BAD_LENGTH, 4) \
    X(BAD_VALUE, 5) \
    X(BAD_TYPE, 6) \
    X(BAD_VERSION, 7) \
    X(NO_SESSION, 8)       /* say HELLO_REQUEST first */ \
    X(BUSY, 9)

#define RESPONSES(X) \
    X(STOP, 1) \
    X(ASSESS, 2) \
    X(OBSERVE, 3)          /* there is no value for a silent entry: it never comes here */

#define MATCH_CLASSES(X) \
    X(EXACT, 1) \
    X(WILDCARD, 2) \
    X(LOOK_ALIKE, 3)       /* sounds POSSIBLE, whatever the response */

#define ALERT_FLAGS(X) \
    X(LATE, 0x01) \
    X(LOOK_BACK, 0x02)     /* a past read that matches a list entry which came later */

#define BUTTONS(X) \
    X(ACKNOWLEDGE, 1) \
    X(MISREAD, 2) \
    X(DISMISS, 3) \
    X(TEST_VOLUME, 4)

#define PRESSES(X) \
    X(SHORT, 1) \
    X(HELD, 2)

#define UNIT_FAULTS(X) \
    X(HOST_SILENT, 0x0001) \
    X(HOST_REPORTS, 0x0002)    /* the host's own faults, by heartbeat */ \
    X(VERSION, 0x0004) \
    X(FLASH, 0x0008) \
    X(RAM, 0x0010) \
    X(STUCK_BUTTON, 0x0020)    /* detail: bit mask of buttons */ \
    X(WATCHDOG_RESET, 0x0040) \
    X(BROWN_OUT, 0x0080) \
    X(SUPPLY_LOW, 0x0100)      /* detail: millivolts */ \
    X(EVENTS_FULL, 0x0200)     /* presses refused because the host does not take them */

#define HOST_FAULTS(X) \
    X(CAMERA, 0x0001) \
    X(POSITION, 0x0002) \
    X(RECOGNISER, 0x0004) \
    X(JOURNAL, 0x0008) \
    X(HOTLIST, 0x0010) \
    X(SYNC, 0x0020) \
    X(CLOCK, 0x0040) \
    X(OTHER, 0x8000)

#define LIST_AGES(X) \
    X(FRESH, 0) \
    X(AMBER, 1) \
    X(RED, 2) \
    X(UNKNOWN, 3)

#define SIGNALS(X) \
    X(DOCK_DONE, 1)        /* everything is at the centre */ \
    X(DOCK_FAILED, 2)      /* something is left on the unit */

#define TEST_ITEMS(X) \
    X(NONE, 0) \
    X(LAMP_RED, 1) \
    X(LAMP_AMBER, 2) \
    X(LAMP_GREEN, 3) \
    X(PATTERN_STOP, 16) \
    X(PATTERN_ASSESS, 17) \
    X(PATTERN_OBSERVE, 18) \
    X(PATTERN_POSSIBLE, 19) \
    X(PATTERN_LOOK_BACK, 20) \
    X(PATTERN_FAULT, 21) \
    X(PATTERN_DOCK_DONE, 22) \
    X(PATTERN_DOCK_FAILED, 27) /* patterns.h keeps these numbers, less 15; 23 to 26 are no test's */

#define RESET_CAUSES(X) \
    X(POWER_ON, 0x01) \
    X(EXTERNAL, 0x02) \
    X(BROWN_OUT, 0x04) \
    X(WATCHDOG, 0x08)

#define STATUS_FLAGS(X) \
    X(NIGHT, 0x01) \
    X(FAULT_SILENCED, 0x02) \
    X(SOUNDING, 0x04) \
    X(TESTING, 0x08)

#define LAYOUT_HEADER(F) \
    F(U8, version) \
    F(U8, type) \
    F(U8, session)      /* chosen by the host, never 0; 0 from a unit that was not greeted */ \
    F(U8, seq)

#define LAYOUT_HELLO_REQUEST(F)

#define LAYOUT_HEARTBEAT(F) \
    F(U16, host_faults) \
    F(U8, list_age)

#define LAYOUT_ALERT(F) \
    F(U64, alert_id)    /* never 0 */ \
    F(U8, priority)     /* 1 (highest) to 4 */ \
    F(U8, response) \
    F(U8, match_class) \
    F(U8, flags) \
    F(U16, list_age_min) \
    F(U32, age_ms)      /* since the hit, so that the unit can tell newer from older */

#define LAYOUT_CLEAR(F) \
    F(U64, alert_id)    /* 0: all */

#define LAYOUT_SETTINGS(F) \
    F(U8, volume)       /* 0 (mute) to VOLUME_MAX */ \
    F(U8, night)

#define LAYOUT_SIGNAL(F) \
    F(U8, signal)

#define LAYOUT_TEST(F) \
    F(U8, item) \
    F(U8, duration_ds)  /* tenths of a second, for lamps; a pattern plays once */

#define LAYOUT_COUNTERS_REQUEST(F)

#define LAYOUT_PROVISION(F) \
    F(T12, board_serial)

#define LAYOUT_EVENT_ACK(F)

#define LAYOUT_HELLO(F) \
    F(U8, firmware_major) \
    F(U8, firmware_minor) \
    F(U8, firmware_patch) \
    F(B8, firmware_digest) \
    F(U32, protocol_digest) \
    F(T12, board_serial) \
    F(U8, reset_cause) \
    F(U16, unit_faults) \
    F(U8, alert_slots)

#define LAYOUT_STATUS(F) \
    F(U16, unit_faults) \
    F(U64, shown_alert) \
    F(U8, alerts) \
    F(U8, unsounded) \
    F(U8, pattern)      /* what sounds now, 0 if nothing */ \
    F(U8, volume) \
    F(U8, flags) \
    F(U8, buttons)      /* bit 0: ACKNOWLEDGE is down, and so on */ \
    F(U16, supply_mv) \
    F(U32, uptime_s)

#define LAYOUT_ACK(F) \
    F(U8, acked_type) \
    F(U8, result)

#define LAYOUT_BUTTON(F) \
    F(U8, button) \
    F(U8, press) \
    F(U64, alert_id)    /* 0: no alert was shown */ \
    F(U32, age_ms)      /* since the press, when this frame was made */ \
    F(U32, heard_ms)    /* since the alert's pattern first began, NEVER_HEARD if it had not */

#define LAYOUT_SOUNDED(F) \
    F(U64, alert_id) \
    F(U32, age_ms)

#define LAYOUT_FAULT(F) \
    F(U16, fault) \
    F(U8, active) \
    F(U16, detail)

#define LAYOUT_COUNTERS(F) \
    F(U32, frames_good) \
    F(U32, frames_bad) \
    F(U16, frames_refused) \
    F(U16, frames_repeated) \
    F(U16, frames_unsent) \
    F(U16, uart_errors) \
    F(U16, events_repeated) \
    F(U16, events_dropped) \
    F(U16, alerts_taken) \
    F(U16, presses_refused) \
    F(U16, stack_free_b) \
    F(U16, loop_late_max_ms)

#endif
