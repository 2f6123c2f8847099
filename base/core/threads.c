#include <winnow/threads.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>
#include <wn/paged.h>

typedef struct {
    wn_task task;
    void *ctx;
    size_t n, grain;
    atomic_size_t next;
} job;

static struct {
    pthread_mutex_t lock; /* guards everything below */
    pthread_cond_t wake, idle;
    pthread_mutex_t turn; /* one loop at a time */
    job *job;
    atomic_ulong generation; /* written under the lock, watched without it */
    atomic_int active;
    int started, wanted;
    pid_t owner;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .wake = PTHREAD_COND_INITIALIZER,
          .idle = PTHREAD_COND_INITIALIZER,
          .turn = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local int inside = -1; /* worker number while a task runs on this thread */
static atomic_int configured;

static int processors(void) {
    static atomic_int known;
    int n = atomic_load_explicit(&known, memory_order_relaxed);
    if (n > 0) return n;
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) n = CPU_COUNT(&set);
    else n = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (n < 1) n = 1;
    atomic_store_explicit(&known, n, memory_order_relaxed);
    return n;
}

/* Short loops follow one another closely: a thread looks for some ten microseconds before it sleeps, since waking it
 * would cost as much. */
enum { LOOKS = 400 };

static void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Asked once: scratch memory is counted by workers, and the system may give the process more processors meanwhile. */
static int default_threads(void) {
    static atomic_int found;
    int n = atomic_load(&found);
    if (n == 0) atomic_store(&found, n = processors());
    return n;
}

void wn_threads_set(int n) { atomic_store(&configured, n < 0 ? 0 : n > WN_THREADS_MAX ? WN_THREADS_MAX : n); }

int wn_threads_get(void) {
    int n = atomic_load(&configured);
    if (n == 0) n = default_threads();
    return n > WN_THREADS_MAX ? WN_THREADS_MAX : n;
}

static void work(job *j, int worker) {
    inside = worker;
    for (;;) {
        size_t begin = atomic_fetch_add_explicit(&j->next, j->grain, memory_order_relaxed);
        if (begin >= j->n) break;
        size_t end = j->n - begin < j->grain ? j->n : begin + j->grain;
        j->task(j->ctx, begin, end, worker);
        wn_paged_look();
    }
    inside = -1;
}

static void *run(void *arg) {
    int worker = (int)(size_t)arg;
    unsigned long seen = 0;
    (void)pthread_mutex_lock(&pool.lock);
    for (;;) {
        if (atomic_load(&pool.generation) == seen) {
            (void)pthread_mutex_unlock(&pool.lock);
            for (int i = 0; i < LOOKS && atomic_load(&pool.generation) == seen; i++) pause_briefly();
            (void)pthread_mutex_lock(&pool.lock);
        }
        while (atomic_load(&pool.generation) == seen) (void)pthread_cond_wait(&pool.wake, &pool.lock);
        seen = atomic_load(&pool.generation);
        if (worker >= pool.wanted) continue;
        job *j = pool.job;
        (void)pthread_mutex_unlock(&pool.lock);
        work(j, worker);
        (void)pthread_mutex_lock(&pool.lock);
        if (atomic_fetch_sub(&pool.active, 1) == 1) (void)pthread_cond_signal(&pool.idle);
    }
    return NULL;
}

/* Starts threads up to `threads`; returns how many workers, the caller included, there are. Holds pool.lock. */
static int grow(int threads) {
    if (pool.owner != getpid()) { /* a forked child has no threads yet */
        pool.owner = getpid();
        pool.started = 0;
    }
    pthread_attr_t attr;
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    while (pool.started < threads - 1) {
        pthread_t id;
        if (pthread_create(&id, &attr, run, (void *)(size_t)(pool.started + 1)) != 0) break;
        pool.started++;
    }
    (void)pthread_attr_destroy(&attr);
    return pool.started + 1 < threads ? pool.started + 1 : threads;
}

void wn_parallel_for(size_t n, size_t grain, wn_task task, void *ctx) {
    if (n == 0) return;
    if (grain == 0) grain = 1;
    job j = {.task = task, .ctx = ctx, .n = n, .grain = grain};
    size_t pieces = (n - 1) / grain + 1;
    int threads = wn_threads_get();
    if ((size_t)threads > pieces) threads = (int)pieces;
    if (inside >= 0 || threads == 1) {
        int outer = inside;
        work(&j, outer < 0 ? 0 : outer);
        inside = outer;
        return;
    }
    (void)pthread_mutex_lock(&pool.turn);
    (void)pthread_mutex_lock(&pool.lock);
    threads = grow(threads);
    pool.job = &j;
    pool.wanted = threads;
    atomic_store(&pool.active, threads - 1);
    atomic_fetch_add(&pool.generation, 1);
    (void)pthread_cond_broadcast(&pool.wake);
    (void)pthread_mutex_unlock(&pool.lock);
    work(&j, 0);
    for (int i = 0; i < LOOKS && atomic_load(&pool.active) > 0; i++) pause_briefly();
    (void)pthread_mutex_lock(&pool.lock);
    while (atomic_load(&pool.active) > 0) (void)pthread_cond_wait(&pool.idle, &pool.lock);
    pool.job = NULL;
    (void)pthread_mutex_unlock(&pool.lock);
    (void)pthread_mutex_unlock(&pool.turn);
}
