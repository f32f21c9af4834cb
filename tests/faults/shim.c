/* Preloaded into a gateway: makes its disk, its clock or its names fail while the test says so.
 *
 * The test maps the same file and changes the words; see shim.py. Nothing is changed while all are 0.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct words {
    int sync_error;  /* errno of fsync and fdatasync */
    int write_error; /* errno of whatever changes a file below `under` */
    int names;       /* 1: no name resolves for now, 2: the name does not exist */
    int unused;
    long clock_ms;   /* added to the time of day */
    char under[4096];
};

static struct words calm;
static volatile struct words *words = &calm;

#define REAL(result, name, ...)                                   \
    static result (*real)(__VA_ARGS__);                           \
    if (!real) real = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("GATEWAY_TEST_SHIM");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *mapped = mmap(NULL, sizeof(struct words), PROT_READ, MAP_SHARED, fd, 0);
    if (mapped != MAP_FAILED) words = mapped;
    close(fd);
}

static int below(const char *path) {
    const char *under = (const char *)words->under;
    return strncmp(path, under, strlen(under)) == 0;
}

static int fails(int fd) {
    char link[64], path[PATH_MAX];
    struct stat is;
    if (!words->write_error || fstat(fd, &is) || !S_ISREG(is.st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    if (!below(path)) return 0;
    errno = words->write_error;
    return 1;
}

static int refuses(const char *path) {
    char whole[PATH_MAX];
    if (!words->write_error) return 0;
    if (path[0] != '/') {
        if (!getcwd(whole, sizeof whole / 2)) return 0;
        strcat(whole, "/");
        strncat(whole, path, sizeof whole / 2 - 2);
        path = whole;
    }
    if (!below(path)) return 0;
    errno = words->write_error;
    return 1;
}

int fsync(int fd) {
    REAL(int, "fsync", int);
    if (words->sync_error) { errno = words->sync_error; return -1; }
    return real(fd);
}

int fdatasync(int fd) {
    REAL(int, "fdatasync", int);
    if (words->sync_error) { errno = words->sync_error; return -1; }
    return real(fd);
}

ssize_t write(int fd, const void *data, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    return fails(fd) ? -1 : real(fd, data, size);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    return fails(fd) ? -1 : real(fd, parts, count);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    return fails(fd) ? -1 : real(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    return fails(fd) ? -1 : real(fd, data, size, at);
}

int ftruncate(int fd, off_t size) {
    REAL(int, "ftruncate", int, off_t);
    return fails(fd) ? -1 : real(fd, size);
}

int ftruncate64(int fd, off64_t size) {
    REAL(int, "ftruncate64", int, off64_t);
    return fails(fd) ? -1 : real(fd, size);
}

#define CHANGES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

int open(const char *path, int flags, ...) {
    REAL(int, "open", const char *, int, ...);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return (flags & CHANGES) && refuses(path) ? -1 : real(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    REAL(int, "open64", const char *, int, ...);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    return (flags & CHANGES) && refuses(path) ? -1 : real(path, flags, mode);
}

int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    return refuses(path) ? -1 : real(path, mode);
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    return refuses(path) ? -1 : real(path);
}

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    return refuses(from) ? -1 : real(from, to);
}

int clock_gettime(clockid_t which, struct timespec *now) {
    REAL(int, "clock_gettime", clockid_t, struct timespec *);
    int result = real(which, now);
    if (result == 0 && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) {
        long ms = words->clock_ms, nanos = now->tv_nsec + ms % 1000 * 1000000;
        now->tv_sec += ms / 1000;
        if (nanos < 0) { nanos += 1000000000; now->tv_sec--; }
        if (nanos >= 1000000000) { nanos -= 1000000000; now->tv_sec++; }
        now->tv_nsec = nanos;
    }
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *into) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (into) *into = now.tv_sec;
    return now.tv_sec;
}

/* Names below .shim are ours: they lead to loopback, or fail as told. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    REAL(int, "getaddrinfo", const char *, const char *, const struct addrinfo *, struct addrinfo **);
    size_t size = node ? strlen(node) : 0;
    if (size < 5 || strcmp(node + size - 5, ".shim") != 0) return real(node, service, hints, found);
    if (words->names == 1) return EAI_AGAIN;
    if (words->names == 2) return EAI_NONAME;
    return real("127.0.0.1", service, hints, found);
}
