#include "tone.h"

#include <stdio.h>

static void report(const tone_t *tone, uint64_t cycle, uint32_t hz, uint32_t duty_percent) {
    printf("tone %llu %u %u\n", (unsigned long long)(cycle * 1000000 / tone->cycles_per_s), hz, duty_percent);
}

static int alike(uint64_t a, uint64_t b) { return a > b ? a - b < b / 100 : b - a < a / 100; }

static void period_seen(tone_t *tone, uint64_t period, uint64_t began) {
    if (tone->hz && alike(period, tone->period)) return;
    if (!tone->candidate || !alike(period, tone->candidate)) {
        tone->candidate = period;
        tone->candidate_rise = began;
        return;
    }
    tone->period = period;
    tone->hz = (uint32_t)((tone->cycles_per_s + period / 2) / period);
    uint64_t high = tone->fall > began ? tone->fall - began : 0;
    report(tone, tone->candidate_rise, tone->hz, (uint32_t)(high * 100 / period));
    tone->candidate = 0;
}

void tone_edge(tone_t *tone, uint64_t cycle, int level) {
    if (!level) {
        tone->fall = cycle;
        return;
    }
    if (tone->rise) period_seen(tone, cycle - tone->rise, tone->rise);
    tone->rise = cycle;
}

void tone_quiet(tone_t *tone, uint64_t cycle) {
    if (!tone->rise || cycle - tone->rise < tone->cycles_per_s / 200) return;
    if (tone->hz) report(tone, tone->rise, 0, 0);
    tone->hz = 0;
    tone->rise = tone->fall = tone->candidate = 0;
}
