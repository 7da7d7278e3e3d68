#define _GNU_SOURCE
#include "line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void die(const char *what) {
    fprintf(stderr, "alarm-sim: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void make_link(const line_t *line, const char *path) {
    if (!line->link_path) return;
    if (unlink(line->link_path) != 0 && errno != ENOENT) die(line->link_path);
    if (symlink(path, line->link_path) != 0) die(line->link_path);
}

/* Raw before anybody opens it, so that nothing is echoed; opened and closed once, so that POLLHUP tells whether
 * the other end is open. */
static void prepare(const char *path) {
    struct termios mode;
    int slave = open(path, O_RDWR | O_NOCTTY);
    if (slave < 0 || tcgetattr(slave, &mode) != 0) die(path);
    cfmakeraw(&mode);
    if (tcsetattr(slave, TCSANOW, &mode) != 0) die(path);
    close(slave);
}

void line_plug(line_t *line) {
    char path[64];
    line->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (line->master < 0 || grantpt(line->master) != 0 || unlockpt(line->master) != 0) die("pseudo-terminal");
    if (ptsname_r(line->master, path, sizeof path) != 0) die("pseudo-terminal");
    prepare(path);
    make_link(line, path);
    printf("plugged %s\n", path);
}

void line_unplug(line_t *line) {
    if (line->master >= 0) close(line->master);
    if (line->link_path) unlink(line->link_path);
    line->master = -1;
    line->connected = 0;
    line->count = 0;
}

void line_push(line_t *line, uint8_t byte) {
    if (line->count == LINE_WAITING) return; /* callers look at count first */
    line->waiting[(line->first + line->count++) % LINE_WAITING] = byte;
}

int line_pull(line_t *line, uint8_t *byte) {
    if (line->count == 0) return 0;
    *byte = line->waiting[line->first];
    line->first = (line->first + 1) % LINE_WAITING;
    line->count--;
    return 1;
}

static void read_waiting(line_t *line) {
    uint8_t bytes[256];
    unsigned room = LINE_WAITING - line->count;
    ssize_t got = read(line->master, bytes, room < sizeof bytes ? room : sizeof bytes);
    for (ssize_t i = 0; i < got; i++) line_push(line, bytes[i]);
}

int line_poll(line_t *line) {
    if (line->master < 0) return 0;
    struct pollfd poll_for = {.fd = line->master, .events = POLLIN};
    if (poll(&poll_for, 1, 0) < 0) return 0;
    int connected = !(poll_for.revents & POLLHUP), opened = connected && !line->connected;
    line->connected = connected;
    if (poll_for.revents & POLLIN && line->count < LINE_WAITING) read_waiting(line);
    return opened;
}

void line_send(line_t *line, uint8_t byte) {
    if (line->master < 0 || !line->connected) return; /* a wire that nobody listens to */
    if (write(line->master, &byte, 1) != 1 && errno != EAGAIN && errno != EIO) die("write");
}
