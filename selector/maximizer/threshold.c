/* Descending thresholds (Badanidiyuru and Vondrak, "Fast algorithms for maximizing submodular functions", 2014,
 * algorithm 1): rows in their order, each one taken that gains the threshold; then again with 1 - epsilon of it, from
 * the largest gain down to epsilon / k of that. For a monotone submodular f at least 1 - 1/e - epsilon of the best k
 * rows. The rest, which can add no more than epsilon, comes by its last gains.
 *
 * Old gains are bounds, as gains only fall: a row is looked at again only where its own reaches the threshold. */
#include <math.h>
#include <stdlib.h>
#include <winnow/mem.h>

#include "maximizer/maximizer.h"
#include "rank.h"

enum { BATCH = 64, ROWS_A_TICK = 1024 };

typedef struct {
    double key;
    size_t row;
} rest_row;

typedef struct {
    wn_search search;
    double *bound; /* [n] the gain when last computed */
    size_t next;   /* row to look at */
    double most, threshold, floor;
    double fallen; /* how many times the threshold has */
    rest_row *rest; /* [nrest] what no threshold took, the largest key first */
    size_t nrest, taken;
    bool begun, resting;
} threshold_search;

/* What thresholds are of: the gain, as it counts beside others. */
static double key_of(const threshold_search *s, size_t row, double gain) {
    return wn_constraint_key(s->search.constraint, row, gain);
}

static size_t threshold_bytes(size_t n) {
    return n * (sizeof(double) + sizeof(rest_row));
}

static wn_code threshold_open(void **m, const wn_search *search, wn_err *err) {
    threshold_search *s = wn_alloc(1, sizeof *s, err);
    if (!(*m = s)) return WN_EMEMORY;
    const size_t n = search->constraint->g->n;
    s->search = *search;
    if (!(s->bound = wn_alloc(n, sizeof *s->bound, err))) return WN_EMEMORY;
    return (s->rest = wn_alloc(n, sizeof *s->rest, err)) ? WN_OK : WN_EMEMORY;
}

/* The gains of all feasible rows; those of others are 0 and never looked at. */
static wn_code all_gains(threshold_search *s, const char *stage, wn_err *err) {
    const wn_search *q = &s->search;
    const size_t n = q->constraint->g->n;
    double gain[ROWS_A_TICK];
    size_t ids[ROWS_A_TICK];
    for (size_t first = 0; first < n; first += ROWS_A_TICK) {
        size_t m = 0;
        for (size_t i = first; i < n && i < first + ROWS_A_TICK; i++)
            if (wn_constraint_feasible(q->constraint, i)) ids[m++] = i;
        wn_code code = q->objective->gains(q->f, ids, m, gain, err);
        for (size_t i = 0; i < m && code == WN_OK; i++) s->bound[ids[i]] = gain[i];
        const size_t done = n - first < ROWS_A_TICK ? n : first + ROWS_A_TICK;
        if (code != WN_OK || (code = wn_tick(q->progress, stage, "rows", done, n, err)) != WN_OK) return code;
    }
    return WN_OK;
}

static wn_code begin(threshold_search *s, wn_err *err) {
    const wn_constraint *c = s->search.constraint;
    double most = 0;
    wn_code code = all_gains(s, "first gains", err);
    for (size_t i = 0; i < c->g->n && code == WN_OK; i++)
        if (wn_constraint_feasible(c, i)) most = fmax(most, key_of(s, i, s->bound[i]));
    s->begun = true;
    s->most = s->threshold = most;
    s->floor = s->search.epsilon / (double)c->k * most;
    s->resting = !(most > 0);
    return code;
}

/* The next threshold that a row may reach by its last gain: passes before it would take none, and a small epsilon has
 * billions of them. */
static void lower(threshold_search *s) {
    const wn_constraint *c = s->search.constraint;
    const double rate = log1p(-s->search.epsilon);
    double left = 0;
    for (size_t i = 0; i < c->g->n; i++)
        if (wn_constraint_feasible(c, i)) left = fmax(left, key_of(s, i, s->bound[i]));
    s->fallen++;
    if (left > 0) s->fallen = fmax(s->fallen, floor(log(left / s->most) / rate));
    s->threshold = left > 0 ? s->most * exp(s->fallen * rate) : 0;
}

/* The next rows from s->next on that may gain the threshold; none at the end of the pass. */
static size_t next_rows(threshold_search *s, size_t *ids, size_t most) {
    const wn_constraint *c = s->search.constraint;
    size_t m = 0;
    for (; s->next < c->g->n && m < most; s->next++)
        if (wn_constraint_feasible(c, s->next) && key_of(s, s->next, s->bound[s->next]) >= s->threshold)
            ids[m++] = s->next;
    return m;
}

/* Few are looked at together after a pick, more the longer none is found. *found is false below the floor. */
static wn_code next_above(threshold_search *s, size_t *row, bool *found, wn_err *err) {
    const wn_search *q = &s->search;
    size_t ids[BATCH], batch = 4;
    double gain[BATCH];
    while (s->threshold >= s->floor) {
        const size_t m = next_rows(s, ids, batch);
        wn_code code = q->objective->gains(q->f, ids, m, gain, err);
        if (code != WN_OK) return code;
        *q->refreshed += m;
        for (size_t i = 0; i < m; i++) s->bound[ids[i]] = gain[i];
        for (size_t i = 0; i < m; i++) {
            if (key_of(s, ids[i], gain[i]) < s->threshold) continue;
            s->next = ids[i] + 1;
            *row = ids[i];
            *found = true;
            return WN_OK;
        }
        if (batch < BATCH) batch *= 2;
        if (s->next < q->constraint->g->n) continue;
        s->next = 0;
        lower(s);
        if ((code = wn_tick(q->progress, "select", "picks", q->constraint->picked, q->constraint->k, err)) != WN_OK)
            return code;
    }
    s->resting = true;
    return WN_OK;
}

static int larger_first(const void *a, const void *b) {
    const rest_row *x = a, *y = b;
    return wn_rank_before(x->key, x->row, y->key, y->row) ? -1 : 1;
}

static wn_code sort_rest(threshold_search *s, wn_err *err) {
    const wn_constraint *c = s->search.constraint;
    wn_code code = all_gains(s, "last gains", err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < c->g->n; i++)
        if (wn_constraint_feasible(c, i)) s->rest[s->nrest++] = (rest_row){key_of(s, i, s->bound[i]), i};
    qsort(s->rest, s->nrest, sizeof *s->rest, larger_first);
    return WN_OK;
}

static wn_code threshold_best(void *m, size_t *row, double *gain, wn_err *err) {
    threshold_search *s = m;
    const wn_search *q = &s->search;
    bool found = false;
    wn_code code = s->begun ? WN_OK : begin(s, err);
    if (code == WN_OK && !s->resting) code = next_above(s, row, &found, err);
    if (code != WN_OK) return code;
    if (!found) {
        if (s->nrest == 0 && (code = sort_rest(s, err)) != WN_OK) return code;
        while (!wn_constraint_feasible(q->constraint, s->rest[s->taken].row)) s->taken++; /* closed by picks since */
        *row = s->rest[s->taken++].row;
        if ((code = q->objective->gains(q->f, row, 1, &s->bound[*row], err)) != WN_OK) return code;
        ++*q->refreshed;
    }
    *gain = s->bound[*row];
    return WN_OK;
}

/* Old gains: they only fall. */
static const double *threshold_gains_left(const void *m) {
    const threshold_search *s = m;
    return s->begun ? s->bound : NULL;
}

static void threshold_close(void *m) {
    threshold_search *s = m;
    if (!s) return;
    wn_free(s->bound);
    wn_free(s->rest);
    wn_free(s);
}

const wn_maximizer_vt wn_maximizer_threshold = {.needs = WN_GAINS_FALL | WN_GAINS_FALL_NONNEGATIVE,
                                                .bytes = threshold_bytes,
                                                .open = threshold_open,
                                                .best = threshold_best,
                                                .gains_left = threshold_gains_left,
                                                .close = threshold_close};
