/* Turns the edges of the sounder's pin into tones. */
#ifndef OUTRIDER_SIM_TONE_H
#define OUTRIDER_SIM_TONE_H

#include <stdint.h>

typedef struct {
    uint64_t cycles_per_s;
    uint64_t rise, fall, period; /* last edges, last distance between rising edges; 0: none */
    uint64_t candidate;          /* a period seen once */
    uint64_t candidate_rise;
    uint32_t hz;                 /* reported last; 0: silence */
} tone_t;

/* An edge of the pin at a cycle. Reports a tone as soon as two periods agree. */
void tone_edge(tone_t *tone, uint64_t cycle, int level);
/* Reports silence once no edge has come for longer than any tone's period. */
void tone_quiet(tone_t *tone, uint64_t cycle);

#endif
