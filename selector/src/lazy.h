#ifndef WINNOW_SELECTOR_LAZY_H
#define WINNOW_SELECTOR_LAZY_H
/* Lazy greedy (Minoux 1978) for objectives whose gains only fall: an old gain bounds the gain now. */
#include "run.h"

typedef struct {
    /* out[i] = gain of ids[i] on top of the picks so far, in the same bits however the ids are grouped. */
    wn_code (*gains)(void *ctx, const size_t *ids, size_t m, double *out, wn_err *err);
    wn_code (*pick)(void *ctx, size_t id, wn_err *err);
    void *ctx;
} wn_lazy_ops;

/* Picks until r->t == k. bound[n]: upper bounds of the first gains, used as scratch. The k picks are those of the plain
 * greedy, ties to the lowest row. Memory: wn_lazy_bytes. */
wn_code wn_lazy_run(wn_run *r, const wn_lazy_ops *ops, double *bound, wn_err *err);
size_t wn_lazy_bytes(size_t n);

#endif
