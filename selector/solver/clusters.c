/* Rows by cluster: every cluster in turn gives its best row, those with fewest picks first (must-keep rows count), then
 * the larger, then the first.
 *
 *     kmeans      k clusters, each of which gives the row nearest to its centre
 *     typiclust   min(k, 500) clusters, each of which gives its most typical row (Hacohen, Dekel and Weinshall 2022);
 *                 clusters of 5 rows or fewer come after all others
 *
 * Typicality is that within the whole cluster, also where it has given rows. Rows without a direction are in no
 * cluster, and come last. */
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/kmeans.h>

#include "solver/solver.h"
#include "solver/typicality.h"

enum { MOST_CLUSTERS = 500, SMALL = 5 };
typedef enum { LARGE_ONES, SMALL_ONES, DIRECTIONLESS } cluster_tier;

typedef struct {
    double score;
    size_t row;
} scored_row;

/* A cluster, and what is left of it. */
typedef struct {
    cluster_tier tier;
    size_t size, number;
    size_t next, end; /* rows[next .. end), best first */
    size_t picks;
} turn;

typedef struct {
    const wn_greedy *g;
    scored_row *rows; /* [n] by cluster */
    turn *turns;      /* [nturns] in order of their turns */
    size_t *turn_of;  /* [n] */
    size_t nturns;
    size_t begin, end; /* turns of the tier at hand */
    size_t at, picks;  /* whose turn it is, among those with so many picks */
} cluster_turns;

static size_t clusters_of(const wn_select_opts *o, bool typical) {
    return typical && o->k > MOST_CLUSTERS ? MOST_CLUSTERS : o->k;
}

static size_t turns_bytes(const wn_select_opts *o, size_t n, size_t d, bool typical) {
    const size_t clusters = clusters_of(o, typical), more = typical ? wn_typicality_bytes(n, d) : 0;
    size_t sum = wn_kmeans_bytes(n, d, clusters);
    if (__builtin_add_overflow(sum, n * (sizeof(scored_row) + sizeof(size_t) + sizeof(double)), &sum) ||
        __builtin_add_overflow(sum, (clusters + 1) * sizeof(turn) + more, &sum))
        return SIZE_MAX;
    return sum;
}

static size_t kmeans_bytes(const wn_select_opts *o, size_t n, size_t d) {
    return turns_bytes(o, n, d, false);
}
static size_t typiclust_bytes(const wn_select_opts *o, size_t n, size_t d) {
    return turns_bytes(o, n, d, true);
}

static int best_first(const void *a, const void *b) {
    const scored_row *x = a, *y = b;
    if (x->score > y->score || x->score < y->score) return x->score < y->score ? 1 : -1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static int by_turn(const void *a, const void *b) {
    const turn *x = a, *y = b;
    if (x->tier != y->tier) return x->tier < y->tier ? -1 : 1;
    if (x->size != y->size) return x->size > y->size ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* The clusters' rows, best first, and the order of their turns. */
static void make_turns(cluster_turns *s, const wn_clusters *c, const double *score, bool typical) {
    const size_t n = s->g->ground.n;
    size_t at = c->n ? c->start[c->n] : 0;
    for (size_t j = 0; j < c->n; j++) {
        const cluster_tier tier = typical && c->size[j] <= SMALL ? SMALL_ONES : LARGE_ONES;
        s->turns[j] = (turn){
            .tier = tier, .size = c->size[j], .number = j, .next = c->start[j], .end = c->start[j + 1]};
        for (size_t i = c->start[j]; i < c->start[j + 1]; i++)
            s->rows[i] = (scored_row){score ? score[c->members[i]] : (double)c->near[c->members[i]], c->members[i]};
        qsort(s->rows + c->start[j], c->size[j], sizeof *s->rows, best_first);
    }
    s->turns[c->n] = (turn){.tier = DIRECTIONLESS, .size = n - at, .number = c->n, .next = at, .end = n};
    for (size_t i = 0; i < n; i++)
        if (c->cluster[i] == WN_NO_CLUSTER) s->rows[at++] = (scored_row){0, i};
    s->nturns = c->n + 1;
    qsort(s->turns, s->nturns, sizeof *s->turns, by_turn);
    for (size_t t = 0; t < s->nturns; t++)
        for (size_t i = s->turns[t].next; i < s->turns[t].end; i++) s->turn_of[s->rows[i].row] = t;
}

static void start_tier(cluster_turns *s) {
    s->begin = s->at = s->end;
    s->picks = 0;
    while (s->end < s->nturns && s->turns[s->end].tier == s->turns[s->begin].tier) s->end++;
}

static wn_code turns_open(void **solver, wn_greedy *g, bool typical, wn_err *err) {
    cluster_turns *s = wn_alloc(1, sizeof *s, err);
    const wn_kmeans_opts o = {.clusters = clusters_of(&g->o, typical),
                              .seed = g->o.seed,
                              .weight = g->ground.weight,
                              .progress = g->o.progress};
    const size_t n = g->ground.n;
    wn_clusters c = {0};
    double *score = NULL;
    if (!(*solver = s)) return WN_EMEMORY;
    s->g = g;
    wn_code code = wn_kmeans(&c, g->ground.x, &o, err);
    if (code != WN_OK) return code;
    code = WN_EMEMORY;
    if (!(s->rows = wn_alloc(n, sizeof *s->rows, err))) goto out;
    if (!(s->turns = wn_alloc(c.n + 1, sizeof *s->turns, err))) goto out;
    if (!(s->turn_of = wn_alloc(n, sizeof *s->turn_of, err))) goto out;
    if (typical && !(score = wn_alloc(n, sizeof *score, err))) goto out;
    if (typical && (code = wn_typicality(&g->ground, &c, score, g->o.progress, err)) != WN_OK) goto out;
    make_turns(s, &c, score, typical);
    start_tier(s);
    code = WN_OK;
out:
    wn_clusters_free(&c);
    wn_free(score);
    return code;
}

static wn_code kmeans_open(void **solver, wn_greedy *g, wn_err *err) {
    return turns_open(solver, g, false, err);
}
static wn_code typiclust_open(void **solver, wn_greedy *g, wn_err *err) {
    return turns_open(solver, g, true, err);
}

static wn_code turns_gain(void *solver, size_t row, double *gain, wn_err *err) {
    (void)solver;
    (void)row;
    (void)err;
    *gain = 0;
    return WN_OK;
}

/* Has the tier rows left that may be chosen? */
static bool has_more(cluster_turns *s) {
    bool more = false;
    for (size_t t = s->begin; t < s->end; t++) {
        turn *c = &s->turns[t];
        while (c->next < c->end && !wn_constraint_feasible(&s->g->constraint, s->rows[c->next].row)) c->next++;
        more = more || c->next < c->end;
    }
    return more;
}

static wn_code turns_best(void *solver, size_t *row, double *gain, wn_err *err) {
    cluster_turns *s = solver;
    for (;; s->at++) {
        while (s->at == s->end) {
            const bool more = has_more(s);
            s->picks++, s->at = s->begin;
            if (!more) start_tier(s);
        }
        turn *c = &s->turns[s->at];
        if (c->picks > s->picks) continue;
        while (c->next < c->end && !wn_constraint_feasible(&s->g->constraint, s->rows[c->next].row)) c->next++;
        if (c->next == c->end) continue;
        *row = s->rows[c->next].row;
        return turns_gain(s, *row, gain, err);
    }
}

static wn_code turns_add(void *solver, size_t row, wn_err *err) {
    const cluster_turns *s = solver;
    (void)err;
    s->turns[s->turn_of[row]].picks++;
    return WN_OK;
}

static void turns_close(void *solver) {
    cluster_turns *s = solver;
    if (!s) return;
    wn_free(s->rows);
    wn_free(s->turns);
    wn_free(s->turn_of);
    wn_free(s);
}

const wn_solver_vt wn_solver_kmeans = {.bytes = kmeans_bytes,
                                       .open = kmeans_open,
                                       .gain = turns_gain,
                                       .best = turns_best,
                                       .add = turns_add,
                                       .close = turns_close};
const wn_solver_vt wn_solver_typiclust = {.bytes = typiclust_bytes,
                                          .open = typiclust_open,
                                          .gain = turns_gain,
                                          .best = turns_best,
                                          .add = turns_add,
                                          .close = turns_close};
