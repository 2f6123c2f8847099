#include <winnow/mem.h>

#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

static atomic_long alloc_count;
static atomic_long fail_at = -1;
static atomic_bool fail_forever;

void wn_mem_fail_after(long after, bool forever) {
    atomic_store(&alloc_count, 0);
    atomic_store(&fail_forever, forever);
    atomic_store(&fail_at, after);
}

long wn_mem_count(void) { return atomic_load(&alloc_count); }

static bool should_fail(void) {
    long now = atomic_fetch_add_explicit(&alloc_count, 1, memory_order_relaxed);
    long at = atomic_load_explicit(&fail_at, memory_order_relaxed);
    return at >= 0 && (now == at || (now > at && atomic_load(&fail_forever)));
}

/* ---- what is held ---- */

static atomic_size_t mem_held;
static atomic_size_t mem_limit;

/* A block that the library keeps for itself is given back to the system, whatever the sizes before it were. */
void wn_mem_limit(size_t bytes) {
    atomic_store(&mem_limit, bytes);
    if (!bytes) return;
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 20);
    (void)mallopt(M_ARENA_MAX, 4);
}

size_t wn_mem_held(void) { return atomic_load_explicit(&mem_held, memory_order_relaxed); }

const char *wn_bytes_text(size_t bytes, char out[32]) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double v = (double)bytes;
    size_t u = 0;
    for (; v >= 1024 && u < 6; u++) v /= 1024;
    (void)snprintf(out, 32, u == 0 || v >= 100 ? "%.0f %s" : "%.1f %s", v, units[u]);
    return out;
}

wn_code wn_mem_hold(size_t bytes, wn_err *err) {
    char a[32], b[32], c[32];
    size_t limit = atomic_load_explicit(&mem_limit, memory_order_relaxed);
    size_t before = atomic_fetch_add_explicit(&mem_held, bytes, memory_order_relaxed);
    if (!limit || (before <= limit && bytes <= limit - before)) return WN_OK;
    wn_mem_unhold(bytes);
    return wn_err_set(err, WN_EMEMORY,
                      "%s more of memory are needed, beside %s in use, and --memory allows %s. Try a larger --memory, "
                      "or fewer rows",
                      wn_bytes_text(bytes, a), wn_bytes_text(before, b), wn_bytes_text(limit, c));
}

void wn_mem_unhold(size_t bytes) { (void)atomic_fetch_sub_explicit(&mem_held, bytes, memory_order_relaxed); }

wn_code wn_mem_require(size_t need, const char *what, const char *remedy, wn_err *err) {
    char a[32], b[32], c[32];
    size_t limit = atomic_load(&mem_limit), held = wn_mem_held();
    size_t room = !limit ? wn_mem_available() : limit > held ? limit - held : 0;
    if (need <= room) return WN_OK;
    return wn_err_set(err, WN_EMEMORY, "%s takes about %s of memory beside %s in use, and %s %s. Try %s%s", what,
                      wn_bytes_text(need, a), wn_bytes_text(held, b), limit ? "--memory allows" : "this machine has",
                      wn_bytes_text(limit ? limit : room, c), limit ? "a larger --memory, or " : "", remedy);
}

/* What the C library spends on a block beside what can be used: its header, and a piece lost to alignment. */
enum { BLOCK_OVERHEAD = 16 };

/* From this size on a block is asked for in huge pages: it is filled whole at once, and a fault for each 4 KiB of it
 * takes as long as reading a file into it. */
enum { HUGE_FROM = 4 << 20, SMALL_PAGE = 4096 };

static void *huge_pages(void *p, size_t bytes) {
    const size_t skip = -(uintptr_t)p % SMALL_PAGE;
    if (p && bytes >= HUGE_FROM) (void)madvise((char *)p + skip, bytes - skip, MADV_HUGEPAGE); /* a wish */
    return p;
}

static size_t block_bytes(void *p) { return malloc_usable_size(p) + BLOCK_OVERHEAD; }

static void *raw_alloc(size_t n, size_t size, wn_err *err) {
    size_t bytes = 0;
    if (__builtin_mul_overflow(n, size, &bytes) || bytes > PTRDIFF_MAX - 64) {
        (void)wn_err_set(err, WN_EMEMORY, "an array of %zu elements of %zu bytes exceeds the address space", n, size);
        return NULL;
    }
    void *p = NULL;
    size_t rounded = (bytes + 63) / 64 * 64;
    if (!rounded) rounded = 64;
    size_t asked = rounded + BLOCK_OVERHEAD;
    if (wn_mem_hold(asked, err) != WN_OK) return NULL;
    if (!should_fail()) p = huge_pages(aligned_alloc(64, rounded), rounded);
    wn_mem_unhold(p ? asked - block_bytes(p) : asked); /* what was given may be a little more: the sum wraps back */
    if (!p) (void)wn_err_set(err, WN_EMEMORY, "out of memory: %zu bytes more are needed", bytes);
    return p;
}

void *wn_alloc(size_t n, size_t size, wn_err *err) {
    void *p = raw_alloc(n, size, err);
    if (p) memset(p, 0, n * size);
    return p;
}

/* Pages that the system takes back come again as zeros, and only once somebody writes to them. */
void wn_zero_sparse(void *p, size_t bytes) {
    char *at = p;
    const size_t skip = -(uintptr_t)p % SMALL_PAGE;
    size_t whole = bytes > skip ? (bytes - skip) / SMALL_PAGE * SMALL_PAGE : 0;
    if (whole) (void)madvise(at + skip, whole, MADV_NOHUGEPAGE); /* a huge page would be filled by its first value */
    if (whole && madvise(at + skip, whole, MADV_DONTNEED) != 0) whole = 0;
    if (!whole) memset(at, 0, bytes);
    else {
        memset(at, 0, skip);
        memset(at + skip + whole, 0, bytes - skip - whole);
    }
}

void *wn_alloc_sparse(size_t n, size_t size, wn_err *err) {
    void *p = raw_alloc(n, size, err);
    if (p) wn_zero_sparse(p, n * size);
    return p;
}

void *wn_realloc(void *p, size_t old_n, size_t n, size_t size, wn_err *err) {
    char *q = raw_alloc(n, size, err);
    if (!q) return NULL;
    size_t keep = (old_n < n ? old_n : n) * size;
    if (p) memcpy(q, p, keep);
    else keep = 0;
    memset(q + keep, 0, n * size - keep);
    wn_free(p);
    return q;
}

wn_code wn_reserve(void **p, size_t *cap, size_t want, size_t size, wn_err *err) {
    if (want <= *cap && *p) return WN_OK;
    size_t grown = *cap + *cap / 2 + 16;
    if (grown < want) grown = want;
    void *q = wn_realloc(*p, *cap, grown, size, err);
    if (!q) return WN_EMEMORY;
    *p = q;
    *cap = grown;
    return WN_OK;
}

void wn_free(void *p) {
    if (p) wn_mem_unhold(block_bytes(p));
    free(p);
}

char *wn_strndup(const char *s, size_t n, wn_err *err) {
    char *p = n == SIZE_MAX ? NULL : wn_alloc(n + 1, 1, err);
    if (p) memcpy(p, s, n);
    return p;
}

/* What rusage says counts the process that started this one, too. */
size_t wn_mem_peak(void) {
    char line[128];
    size_t kib = 0;
    FILE *f = fopen("/proc/self/status", "re");
    while (f && kib == 0 && fgets(line, sizeof line, f))
        if (strncmp(line, "VmHWM:", 6) == 0) kib = (size_t)strtoull(line + 6, NULL, 10);
    if (f) (void)fclose(f);
    if (kib) return kib * 1024;
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) == 0 ? (size_t)u.ru_maxrss * 1024 : 0;
}

static size_t read_number(const char *path) {
    FILE *f = fopen(path, "re");
    unsigned long long v = 0;
    if (!f) return SIZE_MAX;
    int got = fscanf(f, "%llu", &v);
    (void)fclose(f);
    return got == 1 ? (size_t)v : SIZE_MAX;
}

static size_t meminfo_available(void) {
    FILE *f = fopen("/proc/meminfo", "re");
    if (!f) return SIZE_MAX;
    char line[128];
    unsigned long long kb = 0;
    size_t bytes = SIZE_MAX;
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %llu kB", &kb) == 1) bytes = (size_t)kb * 1024;
    (void)fclose(f);
    return bytes;
}

size_t wn_mem_available(void) {
    size_t limit = read_number("/sys/fs/cgroup/memory.max"), used = read_number("/sys/fs/cgroup/memory.current");
    size_t group = limit != SIZE_MAX && used != SIZE_MAX && limit > used ? limit - used : SIZE_MAX;
    size_t machine = meminfo_available();
    return group < machine ? group : machine;
}
