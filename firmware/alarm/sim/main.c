/*
 * Runs the firmware's ELF as it is, under libsimavr, with its UART on a pseudo-terminal, its pins traced on
 * standard output, and its buttons, supply and misfortunes ordered on standard input (see README.md).
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <simavr/avr_adc.h>
#include <simavr/avr_ioport.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>

#include "line.h"
#include "tone.h"

#define CLOCK_HZ 16000000ULL
#define BYTE_CYCLES (CLOCK_HZ * 10 / 38400)
#define SLICE_CYCLES (CLOCK_HZ / 2000)

static avr_t *avr;
static line_t line = {.master = -1};
static tone_t tone = {.cycles_per_s = CLOCK_HZ};
static int lockstep, reset_on_open, stopping, was_reset, closed[4];
static double speed = 1.0;
static void (*core_reset)(struct avr_t *);

static const char *const LAMPS[] = {"red", "amber", "green"};
static const char *const BUTTONS[] = {"acknowledge", "misread", "dismiss", "test"};

static unsigned long long now_us(void) { return avr->cycle / (CLOCK_HZ / 1000000); }

static void on_lamp(struct avr_irq_t *irq, uint32_t value, void *name) {
    (void)irq;
    printf("pin %llu %s %u\n", now_us(), (const char *)name, value & 1);
}

static void on_sounder(struct avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq, (void)param;
    tone_edge(&tone, avr->cycle, value & 1);
}

static void on_byte_out(struct avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq, (void)param;
    if (lockstep) printf("tx %llu %02x\n", now_us(), value & 0xFF);
    line_send(&line, (uint8_t)value);
}

static void on_reset(struct avr_t *which) {
    if (core_reset) core_reset(which);
    printf("reset %llu\n", now_us());
    was_reset = 1;
}

/* Time is kept by pace(), not by the simulated sleep. */
static void on_sleep(struct avr_t *which, avr_cycle_count_t how_long) { (void)which, (void)how_long; }

/* A byte reaches the board each ten bit times, whether or not the program keeps up, as on a real line. */
static avr_cycle_count_t on_byte_time(struct avr_t *which, avr_cycle_count_t when, void *param) {
    uint8_t byte;
    (void)param;
    if (line_pull(&line, &byte)) avr_raise_irq(avr_io_getirq(which, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT), byte);
    return when + BYTE_CYCLES;
}

/* The contact pulls the pin down against the pull-up, whenever the program sets that. A change is needed: a reset
 * clears PIND behind the pin's back. */
static void set_contact(unsigned i) {
    avr_ioport_external_t level = {.name = 'D', .mask = 0x3C, .value = 0};
    for (unsigned k = 0; k < 4; k++) level.value |= !closed[k] << (2 + k);
    avr_ioctl(avr, AVR_IOCTL_IOPORT_SET_EXTERNAL('D'), &level);
    avr_irq_t *pin = avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ('D'), 2 + i);
    avr_raise_irq(pin, closed[i]);
    avr_raise_irq(pin, !closed[i]);
}

static void button(const char *name, int down) {
    for (unsigned i = 0; i < 4; i++) {
        if (strcmp(name, BUTTONS[i]) != 0) continue;
        closed[i] = down;
        set_contact(i);
    }
}

/* What lies outside the controller outlives its reset. */
static void after_reset(void) {
    was_reset = 0;
    for (unsigned i = 0; i < 4; i++) set_contact(i);
    avr_cycle_timer_register(avr, BYTE_CYCLES, on_byte_time, NULL);
}

static void reset_by(avr_regbit_t cause) {
    avr_reset(avr);
    avr_regbit_clear(avr, avr->reset_flags.porf);
    avr_regbit_set(avr, cause);
}

/* Replaces the program under the counter by an endless loop, as a runaway pointer might. */
static void hang(int interrupts) {
    avr_flashaddr_t at = avr->flashend - 7;
    const uint8_t loop[] = {0x00, 0x00, 0xFE, 0xCF}; /* nop; rjmp .-4 */
    memcpy(avr->flash + at, loop, sizeof loop);
    avr->pc = at;
    avr->state = cpu_Running;
    avr->sreg[S_I] = (uint8_t)(interrupts != 0);
}

static void push_hex(const char *hex) {
    unsigned value;
    for (; sscanf(hex, "%2x", &value) == 1; hex += 2) {
        line_push(&line, (uint8_t)value);
        if (!hex[1] || !hex[2]) break;
    }
}

static void run_until(avr_cycle_count_t end) {
    while (avr->cycle < end && !stopping) {
        if (was_reset) after_reset();
        int state = avr_run(avr);
        if (state == cpu_Done || state == cpu_Crashed) {
            printf("crashed %llu\n", now_us());
            stopping = 1;
        }
    }
    tone_quiet(&tone, avr->cycle);
}

static void run_lockstep(unsigned long long us) {
    avr_cycle_count_t end = avr->cycle + us * (CLOCK_HZ / 1000000);
    while (avr->cycle < end && !stopping) {
        avr_cycle_count_t slice = avr->cycle + SLICE_CYCLES;
        run_until(slice < end ? slice : end);
    }
    printf("at %llu\n", now_us());
    fflush(stdout);
}

static void misfortune(const char *word) {
    if (strcmp(word, "hang") == 0) hang(0);
    if (strcmp(word, "hang-main") == 0) hang(1);
    if (strcmp(word, "reset") == 0) reset_by(avr->reset_flags.extrf);
    if (strcmp(word, "power") == 0) reset_by(avr->reset_flags.porf);
    if (strcmp(word, "brown-out") == 0) reset_by(avr->reset_flags.borf);
    if (strcmp(word, "unplug") == 0) line_unplug(&line);
    if (strcmp(word, "plug") == 0) line_plug(&line);
    if (strcmp(word, "quit") == 0) stopping = 1;
}

static void obey(char *order) {
    char *word = strtok(order, " \n"), *rest = strtok(NULL, "\n");
    if (!word) return;
    if (!rest) {
        misfortune(word);
    } else if (strcmp(word, "press") == 0 || strcmp(word, "release") == 0) {
        button(rest, word[0] == 'p');
    } else if (strcmp(word, "supply") == 0) {
        avr->vcc = avr->avcc = (uint32_t)atoi(rest);
    } else if (strcmp(word, "flip") == 0) {
        avr->flash[strtoul(rest, NULL, 0) % avr->flashend] ^= 1;
    } else if (strcmp(word, "rx") == 0) {
        push_hex(rest);
    } else if (strcmp(word, "run") == 0) {
        run_lockstep(strtoull(rest, NULL, 10));
    }
}

static void wire_up(void) {
    for (unsigned i = 0; i < 3; i++) {
        avr_irq_t *pin = avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ('B'), 2 + i);
        pin->flags |= IRQ_FLAG_FILTERED;
        avr_irq_register_notify(pin, on_lamp, (void *)LAMPS[i]);
    }
    avr_irq_t *sounder = avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ('B'), 1);
    sounder->flags |= IRQ_FLAG_FILTERED;
    avr_irq_register_notify(sounder, on_sounder, NULL);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_byte_out, NULL);
    uint32_t flags = 0; /* neither echo to the console nor sleep while polled */
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
}

static void start(const char *elf) {
    elf_firmware_t firmware = {.frequency = CLOCK_HZ};
    if (elf_read_firmware(elf, &firmware) != 0) {
        fprintf(stderr, "alarm-sim: %s: not an ELF program for an AVR\n", elf);
        exit(1);
    }
    avr = avr_make_mcu_by_name("atmega328p");
    avr_init(avr);
    avr_load_firmware(avr, &firmware);
    avr->frequency = CLOCK_HZ;
    avr->vcc = avr->avcc = avr->aref = 5000;
    avr->log = LOG_ERROR;
    avr->sleep = on_sleep;
    core_reset = avr->reset;
    avr->reset = on_reset;
    wire_up();
    reset_by(avr->reset_flags.porf);
}

static double wall_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void take_orders(int timeout_ms) {
    char order[16384];
    struct pollfd poll_for = {.fd = STDIN_FILENO, .events = POLLIN};
    while (!stopping && poll(&poll_for, 1, timeout_ms) > 0) {
        if (!fgets(order, sizeof order, stdin)) stopping = 1;
        else obey(order);
        timeout_ms = 0;
    }
}

/* Keeps simulated time with the clock on the wall, `speed` times as fast; after a stall it goes on from where it
 * stopped, so that a busy machine does not make the firmware see a rush. */
static void pace(void) {
    double began_s = wall_s();
    avr_cycle_count_t base = avr->cycle;
    while (!stopping) {
        double due = (wall_s() - began_s) * speed * (double)CLOCK_HZ;
        double ahead = due - (double)(avr->cycle - base);
        if (ahead > (double)CLOCK_HZ * 0.1 * speed) base -= (avr_cycle_count_t)(ahead - SLICE_CYCLES);
        if (ahead > 0) run_until(avr->cycle + (ahead < SLICE_CYCLES ? (avr_cycle_count_t)ahead + 1 : SLICE_CYCLES));
        if (line_poll(&line) && reset_on_open) reset_by(avr->reset_flags.extrf);
        fflush(stdout);
        take_orders(ahead < SLICE_CYCLES ? 1 : 0);
    }
}

static void usage(void) {
    fprintf(stderr,
            "usage: alarm-sim [--link PATH] [--speed X] [--reset-on-open] ELF\n"
            "       alarm-sim --lockstep ELF\n");
    exit(2);
}

int main(int argc, char **argv) {
    static const struct option OPTIONS[] = {{"link", required_argument, NULL, 'l'},
                                            {"speed", required_argument, NULL, 's'},
                                            {"reset-on-open", no_argument, NULL, 'o'},
                                            {"lockstep", no_argument, NULL, 'k'},
                                            {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1;) {
        if (option == 'l') line.link_path = optarg;
        else if (option == 's') speed = atof(optarg);
        else if (option == 'o') reset_on_open = 1;
        else if (option == 'k') lockstep = 1;
        else usage();
    }
    if (optind + 1 != argc || speed <= 0) usage();
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdin, NULL, _IONBF, 0); /* poll() must see what fgets() has not read yet */
    start(argv[optind]);
    if (lockstep) {
        run_lockstep(0);
        while (!stopping) take_orders(-1);
    } else {
        line_plug(&line);
        pace();
    }
    line_unplug(&line);
    return 0;
}
