#include "given.h"

#include <math.h>
#include <winnow/threads.h>
#include <wn/failure.h>

enum { BLOCK = 64 };
static const double most = 1e30, apart = 1e-5;

typedef struct {
    const wn_ground *g;
    wn_failure failure;
} given_check;

static wn_code check_pair(const wn_ground *g, size_t i, size_t j, wn_err *err) {
    const double a = wn_given(g, i, j), b = wn_given(g, j, i), size = fmax(fabs(a), fabs(b));
    if (!(fabs(a) <= most && fabs(b) <= most))
        return wn_err_set(err, WN_EINPUT,
                          "select: the similarity of rows %zu and %zu is %g; it must be finite, and at "
                          "most %g",
                          i, j, isfinite(a) && fabs(a) <= most ? b : a, most);
    if (fabs(a - b) <= apart * size) return WN_OK;
    return wn_err_set(err, WN_EINPUT,
                      "select: the similarity of rows %zu and %zu is %.9g, but that of %zu and %zu is "
                      "%.9g; the matrix must be symmetric: give (W + W^T) / 2",
                      i, j, a, j, i, b);
}

/* By blocks, so that both halves are read along their rows. */
static void given_task(void *ctx, size_t begin, size_t end, int worker) {
    given_check *c = ctx;
    wn_err err = {0};
    (void)worker;
    for (size_t at = 0; at < end; at += BLOCK)
        for (size_t i = begin; i < end; i++)
            for (size_t j = at; j < at + BLOCK && j <= i; j++)
                if (check_pair(c->g, i, j, &err) != WN_OK) {
                    wn_failure_note(&c->failure, &err);
                    return;
                }
}

wn_code wn_given_read(wn_ground *g, wn_err *err) {
    given_check c = {.g = g, .failure = WN_FAILURE_INIT};
    if (g->n != g->d)
        return wn_err_set(err, WN_EUSAGE, "select: given similarities are a square matrix, not %zu x %zu", g->n, g->d);
    wn_parallel_for(g->n, BLOCK, given_task, &c);
    for (size_t i = 0; i < g->n; i++) {
        g->sq[i] = wn_given(g, i, i);
        g->sq_max = fmax(g->sq_max, fabs(g->sq[i]));
    }
    return wn_failure_take(&c.failure, err);
}
