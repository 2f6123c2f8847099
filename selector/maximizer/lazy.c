/* Lazy greedy (Minoux 1978), for objectives whose gains only fall: an old gain bounds the gain now. The picks are those
 * of the plain greedy, ties to the lowest row. */
#include <winnow/mem.h>

#include "maximizer/maximizer.h"
#include "rank.h"

/* Stale rows refreshed together: few at first, so that small instances go by the heap, too; more the longer a step
 * lasts. The picks do not depend on it. */
enum { BATCH_FIRST = 4, BATCH = 512, ROWS_A_TICK = 1024 };

/* A row and the gain, or the bound of it, that it stands in the heap for; where costs tell, what that counts. */
typedef struct {
    double key;
    size_t id;
} lazy_row;

/* A heap of feasible rows, the next one to try on top. */
typedef struct {
    lazy_row *rows;
    size_t n;
} lazy_heap;

typedef struct {
    wn_search search;
    lazy_heap heap;
    double *bound; /* [n] the gain when last computed, or a bound of it */
    size_t *seen;  /* [n] 1 + picks when the gain was computed; 0: never */
    bool filled;   /* does the heap hold its rows? */
} lazy_search;

static inline bool heap_before(lazy_row a, lazy_row b) {
    return wn_rank_before(a.key, a.id, b.key, b.id);
}

static void heap_rise(lazy_heap *h, size_t i, lazy_row row) {
    for (; i > 0 && heap_before(row, h->rows[(i - 1) / 2]); i = (i - 1) / 2) h->rows[i] = h->rows[(i - 1) / 2];
    h->rows[i] = row;
}

static void heap_push(lazy_heap *h, lazy_row row) {
    heap_rise(h, h->n++, row);
}

/* The gap goes down to a leaf, by way of the child that goes first, and what stood last rises from there: it rarely
 * rises far, and the way down has no branch to guess. */
static size_t heap_pop(lazy_heap *h) {
    const size_t id = h->rows[0].id;
    const lazy_row last = h->rows[--h->n];
    size_t gap = 0, child = 1;
    for (; child + 1 < h->n; child = 2 * gap + 1) {
        child += heap_before(h->rows[child + 1], h->rows[child]);
        h->rows[gap] = h->rows[child];
        gap = child;
    }
    if (child < h->n) h->rows[gap] = h->rows[child], gap = child;
    heap_rise(h, gap, last);
    return id;
}

static size_t lazy_bytes(size_t n) {
    return n * (sizeof(lazy_row) + sizeof(double) + sizeof(size_t));
}

static wn_code lazy_first_bounds(lazy_search *s, wn_err *err) {
    const wn_search *q = &s->search;
    size_t n = q->constraint->g->n, ids[ROWS_A_TICK];
    bool given = false;
    wn_code code = WN_OK;
    if (q->objective->bounds && ((code = q->objective->bounds(q->f, s->bound, &given, err)) != WN_OK || given))
        return code;
    for (size_t first = 0; first < n; first += ROWS_A_TICK) {
        size_t m = n - first < ROWS_A_TICK ? n - first : ROWS_A_TICK;
        for (size_t i = 0; i < m; i++) ids[i] = first + i;
        if ((code = q->objective->gains(q->f, ids, m, s->bound + first, err)) != WN_OK) return code;
        if ((code = wn_tick(q->progress, "first gains", "rows", first + m, n, err)) != WN_OK) return code;
    }
    return WN_OK;
}

static wn_code lazy_open(void **m, const wn_search *search, wn_err *err) {
    lazy_search *s = wn_alloc(1, sizeof *s, err);
    if (!(*m = s)) return WN_EMEMORY;
    size_t n = search->constraint->g->n;
    s->search = *search;
    if (!(s->seen = wn_alloc(n, sizeof *s->seen, err))) return WN_EMEMORY;
    if (!(s->heap.rows = wn_alloc(n, sizeof *s->heap.rows, err))) return WN_EMEMORY;
    if (!(s->bound = wn_alloc(n, sizeof *s->bound, err))) return WN_EMEMORY;
    return lazy_first_bounds(s, err);
}

static void lazy_push(lazy_search *s, size_t row, double gain) {
    s->bound[row] = gain;
    heap_push(&s->heap, (lazy_row){wn_constraint_key(s->search.constraint, row, gain), row});
}

/* All rows that may be picked. */
static void lazy_fill(lazy_search *s) {
    const wn_constraint *c = s->search.constraint;
    for (size_t i = 0; i < c->g->n; i++) {
        if (wn_constraint_feasible(c, i)) lazy_push(s, i, s->bound[i]);
    }
    s->filled = true;
}

/* Rows that were closed since they were put there leave the top; it is stale, then. */
static bool lazy_stale(lazy_search *s, size_t now) {
    lazy_heap *h = &s->heap;
    while (h->n > 0 && !wn_constraint_feasible(s->search.constraint, h->rows[0].id)) (void)heap_pop(h);
    return h->n > 0 && s->seen[h->rows[0].id] != now;
}

/* Refreshes stale rows from the top of the heap until a fresh one stands there. */
static wn_code lazy_best(void *m, size_t *row, double *gain, wn_err *err) {
    lazy_search *s = m;
    const wn_search *q = &s->search;
    lazy_heap *h = &s->heap;
    size_t ids[BATCH], batch = BATCH_FIRST, now = 1 + q->constraint->picked;
    double gains[BATCH];
    if (!s->filled) lazy_fill(s);
    while (lazy_stale(s, now)) {
        size_t count = 0;
        while (count < batch && lazy_stale(s, now)) ids[count++] = heap_pop(h);
        wn_code code = q->objective->gains(q->f, ids, count, gains, err);
        if (code != WN_OK) return code;
        for (size_t i = 0; i < count; i++) {
            s->seen[ids[i]] = now;
            lazy_push(s, ids[i], gains[i]);
        }
        *q->refreshed += count;
        if (batch < BATCH) batch *= 2;
    }
    *row = heap_pop(h);
    *gain = s->bound[*row];
    return WN_OK;
}

/* Old gains: they only fall. */
static const double *lazy_gains_left(const void *m) {
    return ((const lazy_search *)m)->bound;
}

static void lazy_close(void *m) {
    lazy_search *s = m;
    if (!s) return;
    wn_free(s->seen);
    wn_free(s->heap.rows);
    wn_free(s->bound);
    wn_free(s);
}

const wn_maximizer_vt wn_maximizer_lazy = {.needs = WN_GAINS_FALL | WN_GAINS_FALL_NONNEGATIVE,
                                           .bytes = lazy_bytes,
                                           .open = lazy_open,
                                           .best = lazy_best,
                                           .gains_left = lazy_gains_left,
                                           .close = lazy_close};
