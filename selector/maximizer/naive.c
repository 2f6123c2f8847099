/* The plain greedy: every gain at every step. Right for every objective; n gains a pick. */
#include <winnow/mem.h>

#include "maximizer/maximizer.h"

typedef struct {
    wn_search search;
    size_t *rows; /* [n] scratch: the feasible rows */
    double *gain; /* [n] theirs */
    bool counts;  /* false until the first gains are known */
} naive_search;

static size_t naive_bytes(size_t n) {
    return n * (sizeof(size_t) + sizeof(double));
}

static wn_code naive_open(void **m, const wn_search *search, wn_err *err) {
    naive_search *s = wn_alloc(1, sizeof *s, err);
    if (!(*m = s)) return WN_EMEMORY;
    size_t n = search->constraint->g->n;
    s->search = *search;
    if (!(s->rows = wn_alloc(n, sizeof *s->rows, err))) return WN_EMEMORY;
    if (!(s->gain = wn_alloc(n, sizeof *s->gain, err))) return WN_EMEMORY;
    return WN_OK;
}

static wn_code naive_best(void *m, size_t *row, double *gain, wn_err *err) {
    naive_search *s = m;
    const wn_search *q = &s->search;
    size_t count = 0, best = 0;
    for (size_t i = 0; i < q->constraint->g->n; i++)
        if (wn_constraint_feasible(q->constraint, i)) s->rows[count++] = i;
    wn_code code = q->objective->gains(q->f, s->rows, count, s->gain, err);
    if (code != WN_OK) return code;
    for (size_t i = 1; i < count; i++)
        if (wn_constraint_key(q->constraint, s->rows[i], s->gain[i]) >
            wn_constraint_key(q->constraint, s->rows[best], s->gain[best]))
            best = i;
    if (s->counts) *q->refreshed += count;
    s->counts = true;
    *row = s->rows[best];
    *gain = s->gain[best];
    return WN_OK;
}

static void naive_close(void *m) {
    naive_search *s = m;
    if (!s) return;
    wn_free(s->rows);
    wn_free(s->gain);
    wn_free(s);
}

const wn_maximizer_vt wn_maximizer_naive = {
    .bytes = naive_bytes, .open = naive_open, .best = naive_best, .close = naive_close};
