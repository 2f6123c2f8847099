#ifndef WN_FAILURE_H
#define WN_FAILURE_H
/* The first failure among the pieces of a parallel loop, which cannot return one. Start from WN_FAILURE_INIT. */
#include <pthread.h>
#include <winnow/err.h>

typedef struct {
    pthread_mutex_t lock;
    wn_err err;
} wn_failure;
#define WN_FAILURE_INIT ((wn_failure){.lock = PTHREAD_MUTEX_INITIALIZER})

void wn_failure_note(wn_failure *f, const wn_err *err); /* any thread; later ones are dropped */
/* After the loop: WN_OK, or the failure, copied to *err. */
wn_code wn_failure_take(const wn_failure *f, wn_err *err);

#endif
