/* Graph-cut over a kernel that is never negative, without W. gain(x|S) = T_x - scale C_x with C_x = sum over S of K_xj:
 * C only grows, so a gain computed earlier bounds the gain now from above, in floating point too (adding a value >= 0,
 * multiplying by scale >= 0 and subtracting from T are monotone under rounding). Rows are therefore refreshed only when
 * their old gain reaches the top, many at a time, against the picks since their last refresh.
 *
 * The rows with the largest gains form a pool whose mutual similarities are kept: a pick from the pool updates it with
 * one row of that small matrix. The pool serves until a row outside it might win. To fill it again without going
 * through all rows there is a shortlist of the largest old gains; it serves until a row outside that might win. C_x is
 * always added up in the order of the picks from the same f32 values, wherever they were computed, so its bits are
 * those of the dense maximizer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/pairwise.h>

#include "run.h"

enum { POOL_MIN = 8, POOL_MAX = 1024, ROWS_A_PLACE = 64, SHORTLIST = 16, BLOCK = 256, PICKS = 128 };

typedef struct {
    size_t version, id;
} stale;

typedef struct {
    wn_run *r;
    size_t stride;
    double *T, *C, *bound; /* [n]; bound: the gain when last computed, -INFINITY once taken */
    size_t *version;       /* [n] picks that C counts */
    size_t *order;         /* [n] the shortlist, pool first; behind it the other rows */
    size_t listed;         /* rows of the shortlist */
    double ceiling;        /* largest bound behind the shortlist, and its row */
    size_t ceiling_id;
    float *picks;               /* [k, stride] */
    size_t cap, size;           /* of the pool */
    size_t *ids;                /* [cap] rows in the pool; taken ones stay */
    double *pool_gain, *pool_c; /* [cap] */
    float *rows, *K;            /* [cap, stride], [cap, cap] */
    stale *todo;                /* [2 cap] */
    size_t ntodo;
    float *scratch; /* [threads] of rows [BLOCK, stride] and tile [PICKS, BLOCK] */
    size_t scratch_size;
    wn_failure failure;
} state;

static size_t pool_cap(size_t n) {
    size_t cap = n / ROWS_A_PLACE;
    cap = cap < POOL_MIN ? POOL_MIN : cap > POOL_MAX ? POOL_MAX : cap;
    return cap < n ? cap : n;
}
static size_t row_floats(size_t d) {
    return (d + 15) / 16 * 16;
}
static size_t scratch_floats(size_t d) {
    return BLOCK * row_floats(d) + PICKS * BLOCK;
}

size_t wn_graph_cut_rbf_bytes(const wn_select_opts *o, size_t n, size_t d) {
    size_t cap = pool_cap(n), threads = (size_t)wn_threads_get();
    size_t rows = n * (3 * sizeof(double) + 2 * sizeof(size_t)) + o->k * row_floats(d) * sizeof(float);
    size_t pool =
        cap * (sizeof(size_t) + 2 * sizeof(double) + 2 * sizeof(stale) + (row_floats(d) + cap) * sizeof(float));
    return rows + pool + threads * scratch_floats(d) * sizeof(float);
}

static wn_code init(state *s, wn_run *r, wn_err *err) {
    size_t n = r->n;
    *s = (state){.r = r, .stride = row_floats(r->d), .cap = pool_cap(n), .failure = WN_FAILURE_INIT};
    s->scratch_size = scratch_floats(r->d);
    if (!(s->T = wn_alloc(n, sizeof *s->T, err)) || !(s->C = wn_alloc(n, sizeof *s->C, err)) ||
        !(s->bound = wn_alloc(n, sizeof *s->bound, err)) || !(s->version = wn_alloc(n, sizeof *s->version, err)) ||
        !(s->order = wn_alloc(n, sizeof *s->order, err)) ||
        !(s->picks = wn_alloc(r->o->k, s->stride * sizeof *s->picks, err)) ||
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

static void fini(state *s) {
    void *all[] = {s->T,         s->C,      s->bound, s->version, s->order, s->picks,  s->ids,
                   s->pool_gain, s->pool_c, s->rows,  s->K,       s->todo,  s->scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) wn_free(all[i]);
}

static int by_version(const void *a, const void *b) {
    const stale *x = a, *y = b;
    if (x->version != y->version) return x->version < y->version ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* Brings rows todo[begin .. end), sorted by version, up to date. */
static void refresh_task(void *ctx, size_t begin, size_t end, int worker) {
    state *s = ctx;
    const wn_run *r = s->r;
    size_t m = end - begin;
    float *rows = s->scratch + (size_t)worker * s->scratch_size, *tile = rows + BLOCK * s->stride;
    double c[BLOCK];
    for (size_t i = 0; i < m; i++) {
        size_t id = s->todo[begin + i].id;
        memcpy(rows + i * s->stride, wn_mat_row(r->x, id), r->d * sizeof *rows);
        c[i] = s->C[id];
    }
    size_t behind = 0; /* rows of this block that do not count pick p yet: a prefix, by the order */
    for (size_t first = s->todo[begin].version; first < r->t; first += PICKS) {
        size_t np = r->t - first < PICKS ? r->t - first : PICKS;
        wn_err err = {0};
        if (wn_pair_tile(&r->o->kernel, s->picks + first * s->stride, s->stride, np, rows, s->stride, m, r->d, tile,
                         BLOCK, &err) != WN_OK) {
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
        s->version[id] = r->t;
        s->bound[id] = s->T[id] - r->scale * c[i];
    }
}

static wn_code refresh(state *s, wn_err *err) {
    qsort(s->todo, s->ntodo, sizeof *s->todo, by_version);
    wn_parallel_for(s->ntodo, BLOCK, refresh_task, s);
    s->r->out->refreshed += s->ntodo;
    s->ntodo = 0;
    return wn_failure_take(&s->failure, err);
}

static void take(state *s, size_t id, double gain) {
    wn_run *r = s->r;
    memcpy(s->picks + r->t * s->stride, wn_mat_row(r->x, id), r->d * sizeof *s->picks);
    wn_run_take(r, id, gain);
    s->bound[id] = -INFINITY;
}

static void pool_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    state *s = ctx;
    wn_err err = {0};
    if (wn_pair_tile(&s->r->o->kernel, s->rows + begin * s->stride, s->stride, end - begin, s->rows, s->stride, s->size,
                     s->r->d, s->K + begin * s->cap, s->cap, &err) != WN_OK)
        wn_failure_note(&s->failure, &err);
}

/* The shortlist anew, from the bounds of all rows. */
static void make_shortlist(state *s) {
    const wn_run *r = s->r;
    size_t m = 0;
    for (size_t i = 0; i < r->n; i++)
        if (!r->taken[i]) s->order[m++] = i;
    s->listed = m < SHORTLIST * s->cap ? m : SHORTLIST * s->cap;
    wn_top(s->order, m, s->listed, s->bound);
    s->ceiling = -INFINITY;
    s->ceiling_id = r->n;
    for (size_t i = s->listed; i < m; i++) {
        size_t id = s->order[i];
        if (wn_before(s->bound[id], id, s->ceiling, s->ceiling_id)) s->ceiling = s->bound[id], s->ceiling_id = id;
    }
}

/* Puts the rows of largest gain on the shortlist first, all of them up to date; s->size of them. */
static wn_code rank_shortlist(state *s, wn_err *err) {
    wn_run *r = s->r;
    size_t look = s->listed < 2 * s->cap ? s->listed : 2 * s->cap; /* refreshing beyond the pool saves rounds */
    s->size = s->listed < s->cap ? s->listed : s->cap;
    for (;;) {
        wn_top(s->order, s->listed, look, s->bound);
        wn_top(s->order, look, s->size, s->bound);
        bool fresh = true;
        for (size_t i = 0; i < s->size; i++) fresh = fresh && s->version[s->order[i]] == r->t;
        if (fresh) return WN_OK;
        for (size_t i = 0; i < look; i++)
            if (s->version[s->order[i]] < r->t) s->todo[s->ntodo++] = (stale){s->version[s->order[i]], s->order[i]};
        wn_code code = refresh(s, err);
        if (code == WN_OK) code = wn_run_tick(r, err);
        if (code != WN_OK) return code;
    }
}

/* How many of the pool's rows go before every row behind the shortlist. */
static size_t above_ceiling(const state *s) {
    size_t count = 0;
    for (size_t i = 0; i < s->size; i++)
        count += wn_before(s->bound[s->order[i]], s->order[i], s->ceiling, s->ceiling_id);
    return count;
}

/* Fills the pool with the rows of largest gain, all of them up to date. */
static wn_code fill_pool(state *s, wn_err *err) {
    wn_run *r = s->r;
    size_t kept = 0;
    for (size_t i = 0; i < s->listed; i++)
        if (!r->taken[s->order[i]]) s->order[kept++] = s->order[i];
    s->listed = kept;
    wn_code code = rank_shortlist(s, err);
    /* A list that lets through only a small part of a pool costs more than a new one. */
    for (bool made = false; code == WN_OK && above_ceiling(s) < (made ? 1 : 1 + s->cap / 4); made = true) {
        make_shortlist(s);
        code = rank_shortlist(s, err);
    }
    if (code != WN_OK) return code;
    for (size_t i = 0; i < s->size; i++) {
        size_t id = s->ids[i] = s->order[i];
        s->pool_c[i] = s->C[id];
        s->pool_gain[i] = s->bound[id];
        memcpy(s->rows + i * s->stride, wn_mat_row(r->x, id), r->d * sizeof *s->rows);
    }
    wn_parallel_for(s->size, 64, pool_task, s);
    r->out->passes++;
    return wn_failure_take(&s->failure, err);
}

/* Picks from the pool while no row outside can win, then hands the pool's sums back. */
static wn_code drain_pool(state *s, wn_err *err) {
    wn_run *r = s->r;
    wn_code code = WN_OK;
    double rival = s->ceiling;
    size_t rival_id = s->ceiling_id;
    for (size_t i = s->size; i < s->listed; i++) {
        size_t id = s->order[i];
        if (wn_before(s->bound[id], id, rival, rival_id)) rival = s->bound[id], rival_id = id;
    }
    while (r->t < r->o->k && code == WN_OK) {
        size_t best = s->size;
        for (size_t i = 0; i < s->size; i++)
            if (s->pool_gain[i] > -INFINITY &&
                (best == s->size || wn_before(s->pool_gain[i], s->ids[i], s->pool_gain[best], s->ids[best])))
                best = i;
        if (best == s->size || wn_before(rival, rival_id, s->pool_gain[best], s->ids[best])) break;
        take(s, s->ids[best], s->pool_gain[best]);
        s->pool_gain[best] = -INFINITY;
        const float *w = s->K + best * s->cap;
        for (size_t i = 0; i < s->size; i++) {
            s->pool_c[i] += (double)w[i];
            if (s->pool_gain[i] > -INFINITY) s->pool_gain[i] = s->T[s->ids[i]] - r->scale * s->pool_c[i];
        }
        code = wn_run_tick(r, err);
    }
    for (size_t i = 0; i < s->size; i++) {
        size_t id = s->ids[i];
        s->C[id] = s->pool_c[i];
        s->version[id] = r->t;
        s->bound[id] = s->pool_gain[i];
    }
    return code;
}

wn_code wn_graph_cut_rbf(wn_run *r, wn_err *err) {
    state s;
    wn_code code = init(&s, r, err);
    if (code == WN_OK) code = wn_rbf_sums(r, s.T, err);
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < r->n; i++) s.bound[i] = s.T[i];
    s.ceiling = INFINITY; /* no shortlist yet */
    while (wn_run_forced(r) && code == WN_OK) {
        size_t id = r->o->keep[r->t];
        s.todo[s.ntodo++] = (stale){s.version[id], id};
        code = refresh(&s, err);
        if (code == WN_OK) take(&s, id, s.bound[id]);
        if (code == WN_OK) code = wn_run_tick(r, err);
    }
    while (r->t < r->o->k && code == WN_OK) {
        code = fill_pool(&s, err);
        if (code == WN_OK) code = drain_pool(&s, err);
    }
out:
    fini(&s);
    return code;
}
