/*
 * What the officer hears and sees: the one table of patterns. The firmware plays it; the host draws it,
 * renders it to WAV and plays it on its own sounder when the unit is away, all from this file.
 *
 * PATTERN_NAME(S) is a list of S(tone_hz, duration_ms, lamps); 0 Hz is silence. Durations are multiples of
 * 10 ms. R, A and G are the red, amber and green lamps; several are added with |. The order and the numbers of
 * PATTERNS match TEST_ITEMS in protocol.h (number = test item - 15).
 *
 * Chosen to differ at once in tempo, contour and pitch, not in pitch alone: many people cannot name a pitch,
 * a cabin at speed masks below 400 Hz, and hearing falls off above 4 kHz.
 */
#ifndef OUTRIDER_PATTERNS_H
#define OUTRIDER_PATTERNS_H

/* Fast high warble without a gap. */
#define PATTERN_STOP(S) \
    S(2900, 60, R) S(2000, 60, 0) S(2900, 60, R) S(2000, 60, 0) S(2900, 60, R) S(2000, 60, 0) \
    S(2900, 60, R) S(2000, 60, 0) S(2900, 60, R) S(2000, 60, 0) S(2900, 60, R) S(2000, 60, 0)

/* Level beeps, three and a rest. */
#define PATTERN_ASSESS(S) \
    S(2300, 100, R | A) S(0, 60, 0) S(2300, 100, R | A) S(0, 60, 0) S(2300, 100, R | A) S(0, 300, 0)

/* One long low note. */
#define PATTERN_OBSERVE(S) \
    S(1000, 450, A) S(0, 350, 0)

/* Sparse: a short low pip, a long gap, a short higher pip: a question. */
#define PATTERN_POSSIBLE(S) \
    S(1400, 50, A | G) S(0, 270, 0) S(1800, 50, A | G) S(0, 430, 0)

/* A glide down. */
#define PATTERN_LOOK_BACK(S) \
    S(2700, 40, A) S(2540, 40, A) S(2380, 40, A) S(2220, 40, A) S(2060, 40, A) S(1900, 40, A) \
    S(1740, 40, A) S(1580, 40, A) S(1420, 40, A) S(1260, 40, A) S(0, 300, 0)

/* A low rasp. */
#define PATTERN_FAULT(S) \
    S(480, 30, A) S(0, 20, A) S(480, 30, A) S(0, 20, A) S(480, 30, A) S(0, 20, A) S(480, 30, A) S(0, 20, A) \
    S(480, 30, A) S(0, 20, A) S(480, 30, A) S(0, 20, A) S(480, 30, A) S(0, 20, A) S(480, 30, A) S(0, 20, A) \
    S(0, 400, 0)

/* A slow rising triad. */
#define PATTERN_DOCK_DONE(S) \
    S(1050, 90, G) S(1320, 90, G) S(1570, 90, G) S(2090, 240, G) S(0, 100, 0)

/* The same triad falling, and a long low note: not all of it got through. */
#define PATTERN_DOCK_FAILED(S) \
    S(1570, 90, A) S(1320, 90, A) S(1050, 90, A) S(0, 60, A) S(700, 400, A) S(0, 200, 0)

/* The unit's answers to a button: taken, not taken. */
#define PATTERN_KEY_TAKEN(S) \
    S(3200, 30, 0)

#define PATTERN_KEY_REFUSED(S) \
    S(600, 80, 0) S(0, 40, 0) S(600, 80, 0)

/* Follows the pattern of an alert that is late: two low pips. */
#define PATTERN_LATE_MARK(S) \
    S(0, 100, 0) S(700, 60, 0) S(0, 60, 0) S(700, 60, 0) S(0, 100, 0)

/* Played at power-on: every lamp and two notes, so that a dead one is noticed at the start of a shift. */
#define PATTERN_POWER_ON(S) \
    S(0, 100, R) S(0, 100, A) S(0, 100, G) S(1570, 60, R | A | G) S(0, 100, R | A | G) S(2090, 60, R | A | G)

/* P(name, number, repeats, seconds between reminders (0: none), lamps that stay while it is unacknowledged) */
#define PATTERNS(P) \
    P(STOP, 1, 3, 8, R) \
    P(ASSESS, 2, 2, 15, R | A) \
    P(OBSERVE, 3, 1, 30, A) \
    P(POSSIBLE, 4, 2, 20, A | G) \
    P(LOOK_BACK, 5, 2, 30, A) \
    P(FAULT, 6, 2, 30, A) \
    P(DOCK_DONE, 7, 1, 0, 0) \
    P(KEY_TAKEN, 8, 1, 0, 0) \
    P(KEY_REFUSED, 9, 1, 0, 0) \
    P(LATE_MARK, 10, 1, 0, 0) \
    P(POWER_ON, 11, 1, 0, 0) \
    P(DOCK_FAILED, 12, 2, 0, 0)

#endif
