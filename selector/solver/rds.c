/* Rounds over the queries: each takes the nearest row that none has taken (Ivison et al. 2025, RDS+).
 *
 * Every query has a list of its nearest rows that were free when it was made. Rows are never freed again, so the first
 * of a list that still is free is the nearest of all; a list that runs out is made anew from what is left, together
 * with those that are about to. Memory O(q K) for lists of K, whatever n and k. */
#include <string.h>
#include <winnow/mem.h>

#include "solver/query_lists.h"
#include "solver/solver.h"

enum { LISTED_LEAST = 32, LISTED_MOST = 1024, KEYS_OF_FEW = 1 << 22, TURNS_LISTED = 4 };

typedef struct {
    wn_greedy *g;
    wn_target target;
    size_t K, turn;
    uint64_t *keys;     /* [live][K] falling */
    size_t *count, *at; /* [live] keys that a list has; how many of them are passed */
    size_t *which;      /* [live] scratch */
} rounds;

/* Neighbours that a list holds: some turns' worth; more than LISTED_MOST only where few queries have lists. */
static size_t listed(const wn_select_opts *o, size_t n, size_t queries) {
    const size_t q = queries ? queries : 1, few = KEYS_OF_FEW / q, most = few > LISTED_MOST ? few : LISTED_MOST;
    size_t K = TURNS_LISTED * (o->k / q + 1);
    if (K < LISTED_LEAST) K = LISTED_LEAST;
    if (K > most) K = most;
    if (o->listed) K = o->listed;
    return K < n ? K : n;
}

/* Makes the list of `query` anew, and every other of which less than a quarter is left. */
static wn_code fill_lists(rounds *s, size_t query, wn_err *err) {
    wn_best lists = {0};
    size_t m = 0;
    for (size_t i = 0; i < s->target.nlive; i++)
        if (i == query || s->count[i] - s->at[i] < s->K / 4 || s->count[i] == 0) s->which[m++] = i;
    wn_code code = wn_query_lists(&lists, &s->target, &s->g->constraint, s->which, m, s->K, s->g->o.progress, err);
    for (size_t i = 0; i < m && code == WN_OK; i++) {
        const uint64_t *best = wn_best_sorted(&lists, i, &s->count[s->which[i]]);
        memcpy(s->keys + s->which[i] * s->K, best, s->count[s->which[i]] * sizeof *best);
        s->at[s->which[i]] = 0;
    }
    wn_best_free(&lists);
    return code;
}

static wn_code rounds_open(void **solver, wn_greedy *g, wn_err *err) {
    rounds *s = wn_alloc(1, sizeof *s, err);
    if (!(*solver = s)) return WN_EMEMORY;
    s->g = g;
    wn_code code = wn_target_init(&s->target, &g->ground, &g->o, err);
    if (code != WN_OK) return code;
    const size_t q = s->target.nlive;
    s->K = listed(&g->o, g->ground.n, q);
    if (!g->out->query && !(g->out->query = wn_alloc(g->o.k, sizeof *g->out->query, err))) return WN_EMEMORY;
    if (!(s->keys = wn_alloc(q, s->K * sizeof *s->keys, err))) return WN_EMEMORY;
    if (!(s->count = wn_alloc(q, sizeof *s->count, err))) return WN_EMEMORY;
    if (!(s->at = wn_alloc(q, sizeof *s->at, err))) return WN_EMEMORY;
    return (s->which = wn_alloc(q, sizeof *s->which, err)) ? WN_OK : WN_EMEMORY;
}

/* A must-keep row serves the query that it is nearest to, and takes nobody's turn. */
static wn_code rounds_gain(void *solver, size_t row, double *gain, wn_err *err) {
    rounds *s = solver;
    return wn_target_nearest(&s->target, &row, 1, &s->g->out->query[s->g->constraint.picked], gain, NULL, err);
}

static wn_code rounds_best(void *solver, size_t *row, double *gain, wn_err *err) {
    rounds *s = solver;
    const size_t q = s->turn;
    const uint64_t *keys = s->keys + q * s->K;
    for (bool found = false; !found;) {
        for (; s->at[q] < s->count[q] && !found; s->at[q] += !found) {
            *row = wn_key_row(keys[s->at[q]]);
            found = wn_constraint_feasible(&s->g->constraint, *row);
        }
        wn_code code = found ? WN_OK : fill_lists(s, q, err);
        if (code != WN_OK) return code;
    }
    s->g->out->query[s->g->constraint.picked] = s->target.live[q];
    *gain = wn_target_cosine(&s->target, *row, s->target.live[q]);
    s->turn = (q + 1) % s->target.nlive;
    return WN_OK;
}

static wn_code rounds_add(void *solver, size_t row, wn_err *err) {
    (void)solver;
    (void)row;
    (void)err;
    return WN_OK;
}

static void rounds_close(void *solver) {
    rounds *s = solver;
    if (!s) return;
    wn_target_free(&s->target);
    wn_free(s->keys);
    wn_free(s->count);
    wn_free(s->at);
    wn_free(s->which);
    wn_free(s);
}

static size_t rounds_bytes(const wn_select_opts *o, size_t n, size_t d) {
    const size_t q = o->query ? o->query->rows : 0, K = listed(o, n, q);
    size_t kept = 0, all = 0;
    if (__builtin_mul_overflow(q, K * sizeof(uint64_t) + 4 * sizeof(size_t), &kept)) return SIZE_MAX;
    if (__builtin_add_overflow(kept + o->k * sizeof(size_t), wn_query_lists_bytes(q, d, K), &all)) return SIZE_MAX;
    return all;
}

const wn_solver_vt wn_solver_rds = {.bytes = rounds_bytes,
                                    .open = rounds_open,
                                    .gain = rounds_gain,
                                    .best = rounds_best,
                                    .add = rounds_add,
                                    .close = rounds_close};
