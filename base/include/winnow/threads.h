#ifndef WINNOW_THREADS_H
#define WINNOW_THREADS_H
/* One pool of threads in the process. BLAS is called with one thread, inside tasks (see docs/architecture.md). */
#include <stddef.h>
#include <winnow/err.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

enum { WN_THREADS_MAX = 256 };

/* Number of threads that parallel loops use. Default: the processors this process may run on. 0 = default again. */
void wn_threads_set(int n);
int wn_threads_get(void);

/* Calls task(ctx, begin, end, worker) over [0, n) in pieces of `grain` (the last may be short); returns when all
 * are done. Pieces start at multiples of grain whatever the number of threads, so a result that depends only on
 * its piece is the same for any number of threads. `worker` is in [0, wn_threads_get()), for scratch memory.
 * Inside a task a nested call runs on its own thread alone, with the same worker number. */
typedef void (*wn_task)(void *ctx, size_t begin, size_t end, int worker);
void wn_parallel_for(size_t n, size_t grain, wn_task task, void *ctx);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
