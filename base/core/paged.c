#include <wn/paged.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <winnow/mem.h>

typedef struct paged_block {
    struct paged_block *next;
    char *at;
    size_t bytes;
    char folder[]; /* where its file is */
} paged_block;

static struct {
    pthread_mutex_t lock; /* guards the list, and pages from being let go of while a block is unmapped */
    paged_block *blocks;
    size_t bytes, held; /* of all blocks; what of them counts as memory */
    pthread_t watcher;
    atomic_bool stop;
} paged = {.lock = PTHREAD_MUTEX_INITIALIZER};

static atomic_size_t paged_limit;

void wn_paged_limit(size_t bytes) {
    atomic_store(&paged_limit, bytes);
}

size_t wn_paged_resident(void) {
    const size_t limit = atomic_load(&paged_limit);
    return limit > WN_PAGED_LEAST ? limit : WN_PAGED_LEAST;
}

/* ---- what is in memory ---- */

/* Pages of files that the process holds, bytes; SIZE_MAX where the system does not say. */
static size_t resident_bytes(int statm) {
    char text[128];
    const ssize_t n = statm < 0 ? -1 : pread(statm, text, sizeof text - 1, 0);
    if (n <= 0) return SIZE_MAX;
    text[n] = 0;
    char *at = text;
    for (int field = 0; field < 2; field++) (void)strtoull(at, &at, 10);
    return (size_t)strtoull(at, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

/* The pages stay in the system's cache; those written to, too. */
static void let_go(void) {
    (void)pthread_mutex_lock(&paged.lock);
    for (const paged_block *b = paged.blocks; b; b = b->next) (void)madvise(b->at, b->bytes, MADV_DONTNEED);
    (void)pthread_mutex_unlock(&paged.lock);
}

enum { NANOSECONDS_A_LOOK = 100000 };

static struct {
    pthread_mutex_t lock; /* of the fields below it */
    int statm;
    size_t others;      /* resident pages that are no block's: what was there before the first of them, at the most */
    atomic_ullong last; /* when somebody looked last, nanoseconds */
    atomic_bool on;
} looking = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Half of what is allowed is left for what is touched between two looks. */
static void look(void) {
    (void)pthread_mutex_lock(&looking.lock); /* while another one lets go of pages nobody goes on to touch more */
    const size_t now = resident_bytes(looking.statm);
    if (now < looking.others) looking.others = now;
    if (now == SIZE_MAX || now - looking.others > wn_paged_resident() / 2) let_go();
    (void)pthread_mutex_unlock(&looking.lock);
}

void wn_paged_look(void) {
    struct timespec now;
    if (!atomic_load_explicit(&looking.on, memory_order_relaxed)) return;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    const unsigned long long at = (unsigned long long)now.tv_sec * 1000000000u + (unsigned long long)now.tv_nsec;
    unsigned long long last = atomic_load_explicit(&looking.last, memory_order_relaxed);
    if (at - last < NANOSECONDS_A_LOOK || !atomic_compare_exchange_strong(&looking.last, &last, at)) return;
    look();
}

/* For what runs between two loops. */
static void *watch(void *arg) {
    const struct timespec pause = {.tv_nsec = 500000};
    (void)arg;
    while (!atomic_load(&paged.stop)) {
        (void)nanosleep(&pause, NULL);
        look();
    }
    return NULL;
}

static int start_looking(void) {
    looking.statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    looking.others = resident_bytes(looking.statm);
    atomic_store(&paged.stop, false);
    const int failed = pthread_create(&paged.watcher, NULL, watch, NULL);
    if (failed && looking.statm >= 0) (void)close(looking.statm);
    atomic_store(&looking.on, !failed);
    return failed;
}

static void stop_looking(void) {
    atomic_store(&looking.on, false);
    atomic_store(&paged.stop, true);
    (void)pthread_join(paged.watcher, NULL);
    if (looking.statm >= 0) (void)close(looking.statm);
}

/* ---- blocks ---- */

/* A file without a name; where the file system has none, one whose name is gone before anything is in it. */
static int open_nameless(const char *folder, wn_err *err) {
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) return fd;
    const size_t size = strlen(folder) + 32;
    char *path = wn_alloc(size, 1, err);
    if (!path) return -1;
    (void)snprintf(path, size, "%s/.winnow-rows-XXXXXX", folder);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(path);
    else
        (void)wn_err_errno(err, "%s: no temporary file can be made there", folder);
    wn_free(path);
    return fd;
}

/* The room on the disk is taken at once: a write to a mapped page could not report that there is none. */
static void *map_file(const char *folder, size_t bytes, wn_err *err) {
    char text[32];
    const int fd = open_nameless(folder, err);
    if (fd < 0) return NULL;
    void *at = NULL;
    int failed;
    do failed = posix_fallocate(fd, 0, (off_t)bytes);
    while (failed == EINTR);
    if (failed) {
        errno = failed;
        (void)wn_err_errno(err, "%s: no room for a temporary file of %s, which vectors beyond --memory need", folder,
                           wn_bytes_text(bytes, text));
    } else if ((at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) == MAP_FAILED) {
        at = NULL;
        (void)wn_err_errno(err, "%s: a temporary file of %s cannot be mapped", folder, wn_bytes_text(bytes, text));
    }
    (void)close(fd);
    return at;
}

/* Counts what of `bytes` in all blocks may be in memory. With the lock. */
static wn_code count_bytes(size_t bytes, wn_err *err) {
    const size_t resident = wn_paged_resident(), held = bytes < resident ? bytes : resident;
    if (held > paged.held) {
        const wn_code code = wn_mem_hold(held - paged.held, err);
        if (code != WN_OK) return code;
    } else {
        wn_mem_unhold(paged.held - held);
    }
    paged.bytes = bytes;
    paged.held = held;
    return WN_OK;
}

/* Puts a block on the list; the first one starts the watch. With the lock. */
static wn_code begin_watch(paged_block *b, wn_err *err) {
    if (!paged.blocks) {
        const int failed = start_looking();
        if (failed) return wn_err_set(err, WN_EMEMORY, "no thread can be started: %s", strerror(failed));
    }
    b->next = paged.blocks;
    paged.blocks = b;
    return WN_OK;
}

void *wn_paged_alloc(size_t n, size_t size, const char *folder, wn_err *err) {
    size_t bytes = 0;
    if (__builtin_mul_overflow(n, size, &bytes) || bytes > INT64_MAX / 2) {
        (void)wn_err_set(err, WN_EMEMORY, "an array of %zu elements of %zu bytes exceeds the address space", n, size);
        return NULL;
    }
    paged_block *b = wn_alloc(1, sizeof *b + strlen(folder) + 1, err);
    if (!b) return NULL;
    b->bytes = bytes ? bytes : 1;
    memcpy(b->folder, folder, strlen(folder) + 1);
    (void)pthread_mutex_lock(&paged.lock);
    wn_code code = count_bytes(paged.bytes + b->bytes, err);
    const bool counted = code == WN_OK;
    if (code == WN_OK && !(b->at = map_file(folder, b->bytes, err))) code = WN_EIO;
    if (code == WN_OK) code = begin_watch(b, err);
    if (code != WN_OK && counted) (void)count_bytes(paged.bytes - b->bytes, &(wn_err){0});
    (void)pthread_mutex_unlock(&paged.lock);
    if (code == WN_OK) return b->at;
    if (b->at) (void)munmap(b->at, b->bytes);
    wn_free(b);
    return NULL;
}

static paged_block **find_block(const void *p) {
    paged_block **at = &paged.blocks;
    while (*at && (*at)->at != p) at = &(*at)->next;
    return at;
}

bool wn_paged_free(void *p) {
    (void)pthread_mutex_lock(&paged.lock);
    paged_block **at = p ? find_block(p) : NULL, *b = at ? *at : NULL;
    if (b) {
        *at = b->next;
        (void)count_bytes(paged.bytes - b->bytes, &(wn_err){0});
    }
    const bool last = b && !paged.blocks;
    (void)pthread_mutex_unlock(&paged.lock);
    if (!b) return false;
    if (last) stop_looking();
    (void)munmap(b->at, b->bytes);
    wn_free(b);
    return true;
}

const char *wn_paged_folder(const void *p) {
    (void)pthread_mutex_lock(&paged.lock);
    const paged_block *b = p ? *find_block(p) : NULL;
    (void)pthread_mutex_unlock(&paged.lock);
    return b ? b->folder : NULL;
}
