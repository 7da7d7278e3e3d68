/* The serial line of the simulated board: a pseudo-terminal, or bytes by hand in lockstep. */
#ifndef OUTRIDER_SIM_LINE_H
#define OUTRIDER_SIM_LINE_H

#include <stdint.h>

#define LINE_WAITING 4096

typedef struct {
    int master;             /* -1: unplugged, or lockstep */
    int connected;          /* somebody holds the other end open */
    const char *link_path;  /* symbolic link to the pseudo-terminal, stays the same over plugging; may be null */
    uint8_t waiting[LINE_WAITING]; /* on its way to the board */
    unsigned first, count;
} line_t;

/* Makes a pseudo-terminal and prints "plugged PATH". Exits with a message where it cannot. */
void line_plug(line_t *line);
void line_unplug(line_t *line);
/* Reads what came from the host. Returns 1 when the port has just been opened. */
int line_poll(line_t *line);
void line_send(line_t *line, uint8_t byte);
void line_push(line_t *line, uint8_t byte);
int line_pull(line_t *line, uint8_t *byte);

#endif
