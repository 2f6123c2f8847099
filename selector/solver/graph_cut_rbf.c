/* Graph-cut over a kernel that is never negative, without W. gain(x|S) = T_x - scale C_x with C_x = sum over S of K_xj:
 * C only grows, so a gain computed earlier bounds the gain now from above, in floating point too (adding a value >= 0,
 * multiplying by scale >= 0 and subtracting from T are monotone under rounding). Rows are therefore refreshed only when
 * their old gain reaches the top, many at a time, against the picks since their last refresh.
 *
 * The rows with the largest gains form a pool, packed close together: a pick from the pool updates it by its
 * similarities with the others. The pool serves until a row outside it might win. To fill it again without going
 * through all rows there is a shortlist of the largest old gains; it serves until a row outside that might win. C_x is
 * always added up in the order of the picks from the same f32 values, wherever they were computed, so its bits are
 * those of the dense solver. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <wn/keys.h>
#include <wn/pairwise.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "rank.h"
#include "solver/solver.h"

enum { POOL_MIN = 8, POOL_MAX = 1024, ROWS_A_PLACE = 64, SHORTLIST = 48, LOOK = 8, PICKS = 256 };

typedef struct {
    wn_greedy *g;
    double scale;          /* 2 + lambda */
    double *T, *C, *bound; /* [n]; bound: the gain when last computed, -INFINITY once taken */
    size_t *version;       /* [n] picks that C counts */
    size_t *order;         /* [n] the shortlist, pool first; behind it the other rows */
    size_t listed;         /* rows of the shortlist */
    double ceiling;        /* largest bound behind the shortlist, and its row */
    size_t ceiling_id;
    float *picks;     /* [k] packed, in whole panels (wn/gemm.h) */
    size_t cap, size; /* of the pool */
    bool pooled;      /* are picks made from it? Then it knows their sums better than C */
    size_t picked;    /* place in the pool of the row that was named last */
    double rival;     /* largest bound outside the pool, and its row */
    size_t rival_id;
    size_t *ids;                /* [cap] rows in the pool; taken ones stay */
    double *pool_gain, *pool_c; /* [cap] */
    wn_packed pool;             /* their vectors */
    const float **rows;         /* [cap] the same, where they stand */
    float *w;                   /* [cap, in whole panels] similarities of a pick with them */
    uint64_t *todo;             /* [LOOK cap] rows to refresh (rbf_stale) */
    size_t ntodo;
} rbf_solver;

static size_t rbf_pool_cap(size_t n) {
    size_t cap = n / ROWS_A_PLACE;
    cap = cap < POOL_MIN ? POOL_MIN : cap > POOL_MAX ? POOL_MAX : cap;
    return cap < n ? cap : n;
}
static size_t rbf_packed_rows(size_t k) {
    return (k + WN_GEMM_PANEL - 1) / WN_GEMM_PANEL * WN_GEMM_PANEL;
}

static size_t rbf_bytes(const wn_select_opts *o, size_t n, size_t d) {
    size_t cap = rbf_pool_cap(n);
    size_t rows = n * (3 * sizeof(double) + 2 * sizeof(size_t)) + rbf_packed_rows(o->k) * d * sizeof(float);
    size_t pool = cap * (2 * sizeof(size_t) + 2 * sizeof(double) + LOOK * sizeof(uint64_t)) +
                  rbf_packed_rows(cap) * (d + 1) * sizeof(float);
    return rows + pool;
}

static wn_code rbf_alloc(rbf_solver *s, size_t n, size_t k, size_t d, wn_err *err) {
    if (!(s->T = wn_alloc(n, sizeof *s->T, err)) || !(s->C = wn_alloc(n, sizeof *s->C, err)) ||
        !(s->bound = wn_alloc(n, sizeof *s->bound, err)) || !(s->version = wn_alloc(n, sizeof *s->version, err)) ||
        !(s->order = wn_alloc(n, sizeof *s->order, err)) ||
        !(s->picks = wn_alloc(rbf_packed_rows(k), d * sizeof *s->picks, err)) ||
        !(s->ids = wn_alloc(s->cap, sizeof *s->ids, err)) ||
        !(s->pool_gain = wn_alloc(s->cap, sizeof *s->pool_gain, err)) ||
        !(s->pool_c = wn_alloc(s->cap, sizeof *s->pool_c, err)) ||
        !(s->rows = wn_alloc(s->cap, sizeof *s->rows, err)) ||
        !(s->w = wn_alloc(rbf_packed_rows(s->cap), sizeof *s->w, err)) ||
        !(s->todo = wn_alloc(LOOK * s->cap, sizeof *s->todo, err)))
        return WN_EMEMORY;
    return wn_packed_reserve(&s->pool, s->cap, d, err);
}

static wn_code rbf_open(void **solver, wn_greedy *g, wn_err *err) {
    size_t n = g->ground.n, d = g->ground.d;
    if (n > UINT32_MAX) /* rbf_stale has 32 bits for a row */
        return wn_err_set(err, WN_EUSAGE, "select: %zu rows; at most 2^32 - 1 can be handled over rbf", n);
    rbf_solver *s = wn_alloc(1, sizeof *s, err);
    if (!(*solver = s)) return WN_EMEMORY;
    *s = (rbf_solver){.g = g, .scale = 2 + g->o.lambda, .cap = rbf_pool_cap(n)};
    s->ceiling = INFINITY; /* no shortlist yet */
    wn_code code = rbf_alloc(s, n, g->o.k, d, err);
    if (code != WN_OK) return code;
    if ((code = wn_ground_rbf_sums(&g->ground, &g->o.kernel, g->o.progress, s->T, err)) != WN_OK) return code;
    for (size_t i = 0; i < n; i++) s->bound[i] = s->T[i];
    return WN_OK;
}

static void rbf_close(void *solver) {
    rbf_solver *s = solver;
    if (!s) return;
    void *all[] = {s->T,   s->C,         s->bound,  s->version, s->order, s->picks,
                   s->ids, s->pool_gain, s->pool_c, s->rows,    s->w,     s->todo};
    wn_packed_free(&s->pool);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) wn_free(all[i]);
    wn_free(s);
}

/* A row and its version in one number, the larger the earlier the version. */
static uint64_t rbf_stale(const rbf_solver *s, size_t id) {
    return ~((uint64_t)s->version[id] << 32 | id);
}
static size_t rbf_stale_row(uint64_t stale) {
    return ~stale & UINT32_MAX;
}

/* Brings rows todo[begin .. end), sorted by version, up to date; WN_GEMM_ROWS at most. */
static void rbf_refresh_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    rbf_solver *s = ctx;
    const wn_ground *g = &s->g->ground;
    const uint64_t *todo = s->todo + begin;
    const size_t m = end - begin, picked = s->g->constraint.picked;
    size_t ids[WN_GEMM_ROWS];
    const float *rows[WN_GEMM_ROWS];
    _Alignas(64) float tile[WN_GEMM_ROWS * PICKS];
    for (size_t i = 0; i < m; i++) ids[i] = rbf_stale_row(todo[i]), rows[i] = wn_mat_row(g->x, ids[i]);
    for (size_t first = s->version[ids[0]] / WN_GEMM_PANEL * WN_GEMM_PANEL; first < picked; first += PICKS) {
        const size_t np = picked - first < PICKS ? picked - first : PICKS;
        const wn_packed picks = {.n = np, .k = g->d, .data = s->picks + first * g->d};
        size_t behind = m; /* rows that do not count all of these picks yet: a prefix, by the order */
        while (behind > 0 && s->version[ids[behind - 1]] >= first + np) behind--;
        wn_pair_rows(&s->g->o.kernel, rows, behind, &picks, tile, PICKS);
        for (size_t i = 0; i < behind; i++) {
            const size_t version = s->version[ids[i]];
            double c = s->C[ids[i]];
            for (size_t p = version > first ? version - first : 0; p < np; p++) c += (double)tile[i * PICKS + p];
            s->C[ids[i]] = c;
        }
    }
    for (size_t i = 0; i < m; i++) {
        s->version[ids[i]] = picked;
        s->bound[ids[i]] = s->T[ids[i]] - s->scale * s->C[ids[i]];
    }
}

static void rbf_refresh(rbf_solver *s) {
    wn_keys_sort(s->todo, s->ntodo);
    wn_parallel_for(s->ntodo, WN_GEMM_ROWS, rbf_refresh_task, s);
    s->g->out->refreshed += s->ntodo;
    s->ntodo = 0;
}

/* The shortlist anew, from the bounds of all rows. */
static void rbf_make_shortlist(rbf_solver *s) {
    size_t n = s->g->ground.n, m = 0;
    for (size_t i = 0; i < n; i++)
        if (wn_constraint_feasible(&s->g->constraint, i)) s->order[m++] = i;
    s->listed = m < SHORTLIST * s->cap ? m : SHORTLIST * s->cap;
    wn_rank_top(s->order, m, s->listed, s->bound);
    s->ceiling = -INFINITY;
    s->ceiling_id = n;
    for (size_t i = s->listed; i < m; i++) {
        size_t id = s->order[i];
        if (wn_rank_before(s->bound[id], id, s->ceiling, s->ceiling_id)) s->ceiling = s->bound[id], s->ceiling_id = id;
    }
}

/* Puts the rows of largest gain on the shortlist first, all of them up to date; s->size of them. */
static wn_code rbf_rank_shortlist(rbf_solver *s, wn_err *err) {
    size_t picked = s->g->constraint.picked;
    size_t look = s->listed < LOOK * s->cap ? s->listed : LOOK * s->cap; /* refreshing beyond the pool saves rounds */
    s->size = s->listed < s->cap ? s->listed : s->cap;
    for (;;) {
        wn_rank_top(s->order, s->listed, look, s->bound);
        wn_rank_top(s->order, look, s->size, s->bound);
        bool fresh = true;
        for (size_t i = 0; i < s->size; i++) fresh = fresh && s->version[s->order[i]] == picked;
        if (fresh) return WN_OK;
        for (size_t i = 0; i < look; i++)
            if (s->version[s->order[i]] < picked) s->todo[s->ntodo++] = rbf_stale(s, s->order[i]);
        rbf_refresh(s);
        const wn_code code = wn_greedy_tick(s->g, err);
        if (code != WN_OK) return code;
    }
}

/* How many of the pool's rows go before every row behind the shortlist. */
static size_t rbf_above_ceiling(const rbf_solver *s) {
    size_t count = 0;
    for (size_t i = 0; i < s->size; i++)
        count += wn_rank_before(s->bound[s->order[i]], s->order[i], s->ceiling, s->ceiling_id);
    return count;
}

/* Fills the pool with the rows of largest gain, all of them up to date. */
static wn_code rbf_fill_pool(rbf_solver *s, wn_err *err) {
    const wn_ground *g = &s->g->ground;
    size_t kept = 0;
    for (size_t i = 0; i < s->listed; i++)
        if (wn_constraint_feasible(&s->g->constraint, s->order[i])) s->order[kept++] = s->order[i];
    s->listed = kept;
    wn_code code = rbf_rank_shortlist(s, err);
    if (code != WN_OK) return code;
    /* A list that lets through only a small part of a pool costs more than a new one. */
    for (bool made = false; rbf_above_ceiling(s) < (made ? 1 : 1 + s->cap / 4); made = true) {
        rbf_make_shortlist(s);
        if ((code = rbf_rank_shortlist(s, err)) != WN_OK) return code;
    }
    for (size_t i = 0; i < s->size; i++) {
        size_t id = s->ids[i] = s->order[i];
        s->pool_c[i] = s->C[id];
        s->pool_gain[i] = s->bound[id];
        s->rows[i] = wn_mat_row(g->x, id);
    }
    wn_packed_fill(&s->pool, s->rows, s->size, g->d);
    s->rival = s->ceiling;
    s->rival_id = s->ceiling_id;
    for (size_t i = s->size; i < s->listed; i++) {
        size_t id = s->order[i];
        if (wn_rank_before(s->bound[id], id, s->rival, s->rival_id)) s->rival = s->bound[id], s->rival_id = id;
    }
    s->pooled = true;
    s->g->out->passes++;
    return WN_OK;
}

/* The pool's row of largest gain. False where a row outside might be better. */
static bool rbf_pool_wins(rbf_solver *s) {
    size_t best = s->size;
    for (size_t i = 0; i < s->size; i++)
        if (wn_constraint_feasible(&s->g->constraint, s->ids[i]) &&
            (best == s->size || wn_rank_before(s->pool_gain[i], s->ids[i], s->pool_gain[best], s->ids[best])))
            best = i;
    s->picked = best;
    return best < s->size && !wn_rank_before(s->rival, s->rival_id, s->pool_gain[best], s->ids[best]);
}

/* Hands the pool's sums back. */
static void rbf_drain_pool(rbf_solver *s) {
    for (size_t i = 0; i < s->size; i++) {
        size_t id = s->ids[i];
        s->C[id] = s->pool_c[i];
        s->version[id] = s->g->constraint.picked;
        s->bound[id] = s->pool_gain[i];
    }
    s->pooled = false;
}

static wn_code rbf_gain(void *solver, size_t row, double *gain, wn_err *err) {
    rbf_solver *s = solver;
    s->todo[s->ntodo++] = rbf_stale(s, row);
    (void)err;
    rbf_refresh(s);
    *gain = s->bound[row];
    return WN_OK;
}

static wn_code rbf_best(void *solver, size_t *row, double *gain, wn_err *err) {
    rbf_solver *s = solver;
    while (!s->pooled || !rbf_pool_wins(s)) {
        if (s->pooled) rbf_drain_pool(s);
        wn_code code = rbf_fill_pool(s, err);
        if (code != WN_OK) return code;
    }
    *row = s->ids[s->picked];
    *gain = s->pool_gain[s->picked];
    return WN_OK;
}

static void rbf_keep_pick(rbf_solver *s, const float *x) {
    const size_t d = s->g->ground.d, at = s->g->constraint.picked - 1, column = at % WN_GEMM_PANEL;
    float *panel = s->picks + (at - column) * d;
    for (size_t c = 0; c < d; c++) panel[c * WN_GEMM_PANEL + column] = x[c];
}

/* The pool counts the pick x. */
static void rbf_pool_add(rbf_solver *s, const float *x) {
    wn_pair_rows(&s->g->o.kernel, &x, 1, &s->pool, s->w, rbf_packed_rows(s->size));
    for (size_t i = 0; i < s->size; i++) {
        s->pool_c[i] += (double)s->w[i];
        if (s->pool_gain[i] > -INFINITY) s->pool_gain[i] = s->T[s->ids[i]] - s->scale * s->pool_c[i];
    }
}

static wn_code rbf_add(void *solver, size_t row, wn_err *err) {
    (void)err;
    rbf_solver *s = solver;
    const float *x = wn_mat_row(s->g->ground.x, row);
    rbf_keep_pick(s, x);
    s->bound[row] = -INFINITY;
    if (!s->pooled) return WN_OK;
    s->pool_gain[s->picked] = -INFINITY;
    rbf_pool_add(s, x);
    return WN_OK;
}

static wn_code rbf_take(void *solver, const float *x, wn_err *err) {
    (void)err;
    rbf_solver *s = solver;
    rbf_keep_pick(s, x);
    if (s->pooled) rbf_pool_add(s, x);
    return WN_OK;
}

static wn_code rbf_bound(void *solver, wn_finished *g, wn_err *err) {
    return wn_certificate_of_cut(g, ((rbf_solver *)solver)->T, err);
}

const wn_solver_vt wn_solver_graph_cut_rbf = {.under_limits = true,
                                              .bytes = rbf_bytes,
                                              .open = rbf_open,
                                              .gain = rbf_gain,
                                              .best = rbf_best,
                                              .add = rbf_add,
                                              .take = rbf_take,
                                              .bound = rbf_bound,
                                              .close = rbf_close};
