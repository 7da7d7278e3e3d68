// Stands in for /dev/dma_heap where the kernel has none (a container, a test machine), so that
// libcamera's virtual pipeline and picamera2 run unchanged: a buffer is a memfd, and its cache
// synchronisation does nothing. The virtual pipeline maps a buffer for writing alone, and nobody
// else does, each time it serves a picture: there the shim gives the camera a frame rate, which
// it has not by itself, and a way to hold it up.
//
//   HARNESS_STREAMS        streams that the camera serves (one mapping each a frame); 1
//   HARNESS_FRAME_RATE_HZ  frame rate; 0 or unset: as fast as buffers come back
//   HARNESS_STALL_FILE     once this file exists, nothing is served for HARNESS_STALL_S seconds (3);
//                          then it is removed. The hold ends by itself because a driver that
//                          hangs in a call from Python may keep the whole of Python waiting.
//
// Preload it: LD_PRELOAD=dma_heap_shim.so
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char heap_folder[] = "/dev/dma_heap/";

static double setting(const char *name, double otherwise) {
    const char *text = getenv(name);
    return text ? atof(text) : otherwise;
}

static int open_heap(void) { return memfd_create("dma_heap", MFD_CLOEXEC); }

static int is_heap(const char *path) {
    return strncmp(path, heap_folder, sizeof heap_folder - 1) == 0;
}

static void pause_ns(long ns) {
    const struct timespec pause = {ns / 1000000000L, ns % 1000000000L};
    nanosleep(&pause, NULL);
}

static void hold_if_stalled(void) {
    const char *stall_file = getenv("HARNESS_STALL_FILE");
    if (!stall_file || access(stall_file, F_OK) != 0) return;
    pause_ns((long)(setting("HARNESS_STALL_S", 3) * 1e9));
    unlink(stall_file);
}

// One mapping comes for each stream of a frame, all from the camera's one thread.
static void pace(void) {
    static unsigned long calls;
    static struct timespec due;
    const double rate_hz = setting("HARNESS_FRAME_RATE_HZ", 0);
    const unsigned long streams = (unsigned long)setting("HARNESS_STREAMS", 1);
    if (rate_hz <= 0 || calls++ % streams != 0) return;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const long late_ns = (now.tv_sec - due.tv_sec) * 1000000000L + now.tv_nsec - due.tv_nsec;
    if (due.tv_sec == 0 || late_ns > 1000000000L) due = now;
    else clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    due.tv_nsec += (long)(1e9 / rate_hz);
    due.tv_sec += due.tv_nsec / 1000000000L;
    due.tv_nsec %= 1000000000L;
}

static int takes_mode(int flags) {
    return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = takes_mode(flags) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return is_heap(path) ? open_heap() : openat(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = takes_mode(flags) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return is_heap(path) ? open_heap() : openat(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

static int allocate(struct dma_heap_allocation_data *wanted) {
    const int buffer = memfd_create("dma_buffer", MFD_CLOEXEC);
    if (buffer < 0) return -1;
    if (ftruncate(buffer, (off_t)wanted->len) < 0) {
        close(buffer);
        return -1;
    }
    wanted->fd = (__u32)buffer;
    return 0;
}

void *mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
    if (fd >= 0 && protection == PROT_WRITE) {
        hold_if_stalled();
        pace();
    }
    return (void *)syscall(SYS_mmap, at, length, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
    return mmap(at, length, protection, flags, fd, offset);
}

int ioctl(int fd, unsigned long request, ...) {
    static int (*real)(int, unsigned long, ...);
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    // The request reaches here sign-extended where the caller held it in an int.
    switch ((unsigned int)request) {
    case (unsigned int)DMA_HEAP_IOCTL_ALLOC:
        return allocate(argument);
    case (unsigned int)DMA_BUF_IOCTL_SYNC:
    case (unsigned int)DMA_BUF_SET_NAME_A:
    case (unsigned int)DMA_BUF_SET_NAME_B:
        return 0;
    default:
        if (!real) real = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
        return real(fd, request, argument);
    }
}
