/* Graph-cut over a kernel that is never negative, without W. gain(x|S) = T_x - scale C_x with C_x = sum over S of K_xj:
 * C only grows, so a gain computed earlier bounds the gain now from above, in floating point too (adding a value >= 0,
 * multiplying by scale >= 0 and subtracting from T are monotone under rounding). Rows are therefore refreshed only when
 * their old gain reaches the top, many at a time, against the picks since their last refresh.
 *
 * The rows with the largest gains form a pool whose mutual similarities are kept: a pick from the pool updates it with
 * one row of that small matrix. The pool serves until a row outside it might win. To fill it again without going
 * through all rows there is a shortlist of the largest old gains; it serves until a row outside that might win. C_x is
 * always added up in the order of the picks from the same f32 values, wherever they were computed, so its bits are
 * those of the dense solver. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <wn/failure.h>
#include <wn/pairwise.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "rank.h"
#include "solver/solver.h"

enum { POOL_MIN = 8, POOL_MAX = 1024, ROWS_A_PLACE = 64, SHORTLIST = 16, BLOCK = 256, PICKS = 128 };

typedef struct {
    size_t version, id;
} rbf_stale;

typedef struct {
    wn_greedy *g;
    double scale; /* 2 + lambda */
    size_t stride;
    double *T, *C, *bound; /* [n]; bound: the gain when last computed, -INFINITY once taken */
    size_t *version;       /* [n] picks that C counts */
    size_t *order;         /* [n] the shortlist, pool first; behind it the other rows */
    size_t listed;         /* rows of the shortlist */
    double ceiling;        /* largest bound behind the shortlist, and its row */
    size_t ceiling_id;
    float *picks;     /* [k, stride] */
    size_t cap, size; /* of the pool */
    bool pooled;      /* are picks made from it? Then it knows their sums better than C */
    size_t picked;    /* place in the pool of the row that was named last */
    double rival;     /* largest bound outside the pool, and its row */
    size_t rival_id;
    size_t *ids;                /* [cap] rows in the pool; taken ones stay */
    double *pool_gain, *pool_c; /* [cap] */
    float *rows, *K;            /* [cap, stride], [cap, cap] */
    rbf_stale *todo;            /* [2 cap] */
    size_t ntodo;
    float *scratch; /* [threads] of rows [BLOCK, stride] and tile [PICKS, BLOCK] */
    size_t scratch_size;
    wn_failure failure;
} rbf_solver;

static size_t rbf_pool_cap(size_t n) {
    size_t cap = n / ROWS_A_PLACE;
    cap = cap < POOL_MIN ? POOL_MIN : cap > POOL_MAX ? POOL_MAX : cap;
    return cap < n ? cap : n;
}
static size_t rbf_row_floats(size_t d) {
    return (d + 15) / 16 * 16;
}
static size_t rbf_scratch_floats(size_t d) {
    return BLOCK * rbf_row_floats(d) + PICKS * BLOCK;
}

static size_t rbf_bytes(const wn_select_opts *o, size_t n, size_t d) {
    size_t cap = rbf_pool_cap(n), threads = (size_t)wn_threads_get();
    size_t rows = n * (3 * sizeof(double) + 2 * sizeof(size_t)) + o->k * rbf_row_floats(d) * sizeof(float);
    size_t pool =
        cap * (sizeof(size_t) + 2 * sizeof(double) + 2 * sizeof(rbf_stale) + (rbf_row_floats(d) + cap) * sizeof(float));
    return rows + pool + threads * rbf_scratch_floats(d) * sizeof(float);
}

static wn_code rbf_alloc(rbf_solver *s, size_t n, size_t k, wn_err *err) {
    if (!(s->T = wn_alloc(n, sizeof *s->T, err)) || !(s->C = wn_alloc(n, sizeof *s->C, err)) ||
        !(s->bound = wn_alloc(n, sizeof *s->bound, err)) || !(s->version = wn_alloc(n, sizeof *s->version, err)) ||
        !(s->order = wn_alloc(n, sizeof *s->order, err)) ||
        !(s->picks = wn_alloc(k, s->stride * sizeof *s->picks, err)) ||
        !(s->ids = wn_alloc(s->cap, sizeof *s->ids, err)) ||
        !(s->pool_gain = wn_alloc(s->cap, sizeof *s->pool_gain, err)) ||
        !(s->pool_c = wn_alloc(s->cap, sizeof *s->pool_c, err)) ||
        !(s->rows = wn_alloc(s->cap, s->stride * sizeof *s->rows, err)) ||
        !(s->K = wn_alloc(s->cap, s->cap * sizeof *s->K, err)) ||
        !(s->todo = wn_alloc(2 * s->cap, sizeof *s->todo, err)) ||
        !(s->scratch = wn_alloc((size_t)wn_threads_get(), s->scratch_size * sizeof *s->scratch, err)))
        return WN_EMEMORY;
    return WN_OK;
}

static wn_code rbf_open(void **solver, wn_greedy *g, wn_err *err) {
    size_t n = g->ground.n, d = g->ground.d;
    rbf_solver *s = wn_alloc(1, sizeof *s, err);
    if (!(*solver = s)) return WN_EMEMORY;
    *s = (rbf_solver){.g = g, .scale = 2 + g->o.lambda, .cap = rbf_pool_cap(n), .failure = WN_FAILURE_INIT};
    s->stride = rbf_row_floats(d);
    s->scratch_size = rbf_scratch_floats(d);
    s->ceiling = INFINITY; /* no shortlist yet */
    wn_code code = rbf_alloc(s, n, g->o.k, err);
    if (code != WN_OK) return code;
    if ((code = wn_ground_rbf_sums(&g->ground, &g->o.kernel, g->o.progress, s->T, err)) != WN_OK) return code;
    for (size_t i = 0; i < n; i++) s->bound[i] = s->T[i];
    return WN_OK;
}

static void rbf_close(void *solver) {
    rbf_solver *s = solver;
    if (!s) return;
    void *all[] = {s->T,         s->C,      s->bound, s->version, s->order, s->picks,  s->ids,
                   s->pool_gain, s->pool_c, s->rows,  s->K,       s->todo,  s->scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) wn_free(all[i]);
    wn_free(s);
}

static int rbf_by_version(const void *a, const void *b) {
    const rbf_stale *x = a, *y = b;
    if (x->version != y->version) return x->version < y->version ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* Brings rows todo[begin .. end), sorted by version, up to date. */
static void rbf_refresh_task(void *ctx, size_t begin, size_t end, int worker) {
    rbf_solver *s = ctx;
    const wn_ground *g = &s->g->ground;
    size_t m = end - begin, picked = s->g->constraint.picked;
    float *rows = s->scratch + (size_t)worker * s->scratch_size, *tile = rows + BLOCK * s->stride;
    double c[BLOCK];
    for (size_t i = 0; i < m; i++) {
        size_t id = s->todo[begin + i].id;
        memcpy(rows + i * s->stride, wn_mat_row(g->x, id), g->d * sizeof *rows);
        c[i] = s->C[id];
    }
    size_t behind = 0; /* rows of this block that do not count pick p yet: a prefix, by the order */
    for (size_t first = s->todo[begin].version; first < picked; first += PICKS) {
        size_t np = picked - first < PICKS ? picked - first : PICKS;
        wn_err err = {0};
        if (wn_pair_tile(&s->g->o.kernel, (wn_row_block){s->picks + first * s->stride, s->stride, np},
                         (wn_row_block){rows, s->stride, m}, g->d, tile, BLOCK, &err) != WN_OK) {
            wn_failure_note(&s->failure, &err);
            return;
        }
        for (size_t p = 0; p < np; p++) {
            while (behind < m && s->todo[begin + behind].version <= first + p) behind++;
            for (size_t i = 0; i < behind; i++) c[i] += (double)tile[p * BLOCK + i];
        }
    }
    for (size_t i = 0; i < m; i++) {
        size_t id = s->todo[begin + i].id;
        s->C[id] = c[i];
        s->version[id] = picked;
        s->bound[id] = s->T[id] - s->scale * c[i];
    }
}

static wn_code rbf_refresh(rbf_solver *s, wn_err *err) {
    qsort(s->todo, s->ntodo, sizeof *s->todo, rbf_by_version);
    wn_parallel_for(s->ntodo, BLOCK, rbf_refresh_task, s);
    s->g->out->refreshed += s->ntodo;
    s->ntodo = 0;
    return wn_failure_take(&s->failure, err);
}

static void rbf_pool_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    rbf_solver *s = ctx;
    wn_err err = {0};
    if (wn_pair_tile(&s->g->o.kernel, (wn_row_block){s->rows + begin * s->stride, s->stride, end - begin},
                     (wn_row_block){s->rows, s->stride, s->size}, s->g->ground.d, s->K + begin * s->cap, s->cap,
                     &err) != WN_OK)
        wn_failure_note(&s->failure, &err);
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
    size_t look = s->listed < 2 * s->cap ? s->listed : 2 * s->cap; /* refreshing beyond the pool saves rounds */
    s->size = s->listed < s->cap ? s->listed : s->cap;
    for (;;) {
        wn_rank_top(s->order, s->listed, look, s->bound);
        wn_rank_top(s->order, look, s->size, s->bound);
        bool fresh = true;
        for (size_t i = 0; i < s->size; i++) fresh = fresh && s->version[s->order[i]] == picked;
        if (fresh) return WN_OK;
        for (size_t i = 0; i < look; i++)
            if (s->version[s->order[i]] < picked)
                s->todo[s->ntodo++] = (rbf_stale){s->version[s->order[i]], s->order[i]};
        wn_code code = rbf_refresh(s, err);
        if (code != WN_OK) return code;
        if ((code = wn_greedy_tick(s->g, err)) != WN_OK) return code;
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
        memcpy(s->rows + i * s->stride, wn_mat_row(g->x, id), g->d * sizeof *s->rows);
    }
    wn_parallel_for(s->size, 64, rbf_pool_task, s);
    if ((code = wn_failure_take(&s->failure, err)) != WN_OK) return code;
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
        if (s->pool_gain[i] > -INFINITY &&
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
    s->todo[s->ntodo++] = (rbf_stale){s->version[row], row};
    wn_code code = rbf_refresh(s, err);
    *gain = s->bound[row];
    return code;
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

/* The pool counts a pick whose similarities to its rows are w[size]. */
static void rbf_pool_add(rbf_solver *s, const float *w) {
    for (size_t i = 0; i < s->size; i++) {
        s->pool_c[i] += (double)w[i];
        if (s->pool_gain[i] > -INFINITY) s->pool_gain[i] = s->T[s->ids[i]] - s->scale * s->pool_c[i];
    }
}

static float *rbf_keep_pick(rbf_solver *s, const float *x) {
    float *pick = s->picks + (s->g->constraint.picked - 1) * s->stride;
    memcpy(pick, x, s->g->ground.d * sizeof *pick);
    return pick;
}

static wn_code rbf_add(void *solver, size_t row, wn_err *err) {
    (void)err;
    rbf_solver *s = solver;
    (void)rbf_keep_pick(s, wn_mat_row(s->g->ground.x, row));
    s->bound[row] = -INFINITY;
    if (!s->pooled) return WN_OK;
    s->pool_gain[s->picked] = -INFINITY;
    rbf_pool_add(s, s->K + s->picked * s->cap);
    return WN_OK;
}

static wn_code rbf_take(void *solver, const float *x, wn_err *err) {
    rbf_solver *s = solver;
    const float *pick = rbf_keep_pick(s, x);
    if (!s->pooled) return WN_OK;
    wn_code code = wn_pair_tile(&s->g->o.kernel, (wn_row_block){pick, s->stride, 1},
                                (wn_row_block){s->rows, s->stride, s->size}, s->g->ground.d, s->scratch, s->cap, err);
    if (code == WN_OK) rbf_pool_add(s, s->scratch);
    return code;
}

static wn_code rbf_bound(void *solver, wn_finished *g, wn_err *err) {
    return wn_certificate_of_cut(g, ((rbf_solver *)solver)->T, err);
}

const wn_solver_vt wn_solver_graph_cut_rbf = {.bytes = rbf_bytes,
                                              .open = rbf_open,
                                              .gain = rbf_gain,
                                              .best = rbf_best,
                                              .add = rbf_add,
                                              .take = rbf_take,
                                              .bound = rbf_bound,
                                              .close = rbf_close};
