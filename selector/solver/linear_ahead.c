/* gain = x.v - |x|^2 before every pick is a product of all rows with as many vectors v. Most of v lies along one axis
 * u, whose share alpha (x.u) is known in double; the rest, v - alpha u, is short where rows have much in common, and
 * f32 does for it: |x.w in f32 - x.w| <= 2 (d + 8) 2^-24 |x| |w|, two roundings a step (Higham, Accuracy and Stability
 * of Numerical Algorithms, 3.1). A row whose gain may reach that of the pick is computed in double, as the pick was.
 * Before all that codes of the rows, where there are any, show that most are far below (linear_codes.h). */
#include "solver/linear_ahead.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/gemm.h>

#include "rank.h"

enum { COLUMNS = WN_AHEAD_MOST + 1, PIECE = 4 * WN_GEMM_ROWS };

static size_t ahead_most(size_t d) {
    const size_t columns = wn_packed_columns(d);
    return columns < COLUMNS ? columns - 1 : WN_AHEAD_MOST;
}

size_t wn_ahead_bytes(size_t d, bool codes) {
    const size_t columns = ahead_most(d) + 1;
    return (codes ? wn_code_pass_bytes(columns, d) : 0) +
           columns * (sizeof(size_t) + (d + 1) * sizeof(double) + (d + 1) * sizeof(float)) + 2 * d * sizeof(double);
}

wn_code wn_ahead_init(wn_ahead *a, size_t d, wn_err *err) {
    a->most = ahead_most(d);
    if (!(a->id = wn_alloc(a->most, sizeof *a->id, err)) || !(a->gain = wn_alloc(a->most, sizeof *a->gain, err)) ||
        !(a->v = wn_alloc((a->most + 1) * d, sizeof *a->v, err)))
        return WN_EMEMORY;
    return WN_OK;
}

void wn_ahead_free(wn_ahead *a) {
    wn_free(a->id);
    wn_free(a->gain);
    wn_free(a->v);
}

/* Column 0 is v after the last pick, column 1 + t that before pick t. */
typedef struct {
    wn_ahead *a;
    const wn_ahead_rows *r;
    double *base, *begin;
    wn_packed columns;
    wn_code_pass codes;                                     /* the same ones */
    double axial[COLUMNS], length[COLUMNS], loose[COLUMNS]; /* alpha, |w|, what roundings may have done to a gain */
    atomic_size_t first;                                    /* picks before the first that does not stand; only falls */
    pthread_mutex_t lock;
    atomic_size_t close;
    size_t id;   /* the best row in place of pick `first` */
    double gain; /* its gain */
} ahead_pass;

static void note_rival(ahead_pass *p, size_t t, size_t id, double gain) {
    (void)pthread_mutex_lock(&p->lock);
    const size_t first = atomic_load(&p->first);
    if (t < first || (t == first && wn_rank_before(gain, id, p->gain, p->id))) {
        p->id = id, p->gain = gain;
        atomic_store(&p->first, t);
    }
    (void)pthread_mutex_unlock(&p->lock);
}

static void check_row(ahead_pass *p, size_t i, const float *y) {
    const wn_ground *g = &p->r->g->ground;
    const wn_ahead *a = p->a;
    const double along = p->r->along[i], sq = g->sq[i];
    if (!p->r->codes->q) {
        p->base[i] = p->axial[0] * along + p->length[0] * (double)y[0] - sq;
        if (a->n) p->begin[i] = p->axial[1] * along + p->length[1] * (double)y[1] - sq;
    }
    for (size_t t = 0; t < a->n && t <= atomic_load_explicit(&p->first, memory_order_relaxed); t++) {
        const size_t c = t + 1;
        if (p->axial[c] * along + p->length[c] * (double)y[c] - sq + p->loose[c] < a->gain[t]) continue;
        const double gain = wn_ground_dot(wn_mat_row(g->x, i), a->v + t * g->d, g->d) - sq;
        if (!wn_rank_before(gain, i, a->gain[t], a->id[t])) continue;
        note_rival(p, t, i, gain);
        return;
    }
}

/* Columns that matter still: later picks do not any more. */
static size_t columns_left(const ahead_pass *p) {
    const size_t first = atomic_load_explicit(&p->first, memory_order_relaxed);
    return first < p->a->n ? first + 2 : p->a->n + 1;
}

/* Up to WN_GEMM_ROWS rows. */
static void check_some(ahead_pass *p, const size_t *ids, size_t m) {
    _Alignas(64) float y[WN_GEMM_ROWS * COLUMNS];
    const float *rows[WN_GEMM_ROWS] = {0};
    wn_packed columns = p->columns;
    columns.n = columns_left(p);
    for (size_t j = 0; j < m; j++) rows[j] = wn_mat_row(p->r->g->ground.x, ids[j]);
    wn_gemm_rows(rows, m, &columns, y, wn_packed_width(&columns));
    for (size_t j = 0; j < m; j++) check_row(p, ids[j], y + j * wn_packed_width(&columns));
}

/* Goes through [*at, end) for up to `most` feasible rows outside the pool. */
static size_t next_rows(const ahead_pass *p, size_t *at, size_t end, size_t most, size_t *ids) {
    size_t m = 0;
    for (; *at < end && m < most; ++*at)
        if (!p->r->inside[*at] && wn_constraint_feasible(&p->r->g->constraint, *at)) ids[m++] = *at;
    return m;
}

static void check_rows(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    ahead_pass *p = ctx;
    size_t ids[WN_GEMM_ROWS], m;
    while ((m = next_rows(p, &begin, end, WN_GEMM_ROWS, ids)) > 0) check_some(p, ids, m);
}

/* The same of those alone that their codes do not tell to be below every pick. */
static void check_codes(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    ahead_pass *p = ctx;
    size_t ids[WN_CODES_STRIP], near[PIECE], m, found = 0, close = 0;
    double about[WN_CODES_STRIP][2];
    while ((m = next_rows(p, &begin, end, WN_CODES_STRIP, ids)) > 0) {
        const unsigned reach = wn_code_pass_strip(&p->codes, ids, m, columns_left(p), about, &close);
        for (size_t r = 0; r < m; r++) {
            p->base[ids[r]] = about[r][0];
            if (p->a->n) p->begin[ids[r]] = about[r][1];
            if (reach >> r & 1) near[found++] = ids[r];
        }
    }
    atomic_fetch_add_explicit(&p->close, close, memory_order_relaxed);
    for (size_t j = 0; j < found; j += WN_GEMM_ROWS)
        check_some(p, near + j, found - j < WN_GEMM_ROWS ? found - j : WN_GEMM_ROWS);
}

/* Column c for v. */
static void set_column(ahead_pass *p, size_t c, const double *v, float *out) {
    const wn_ground *g = &p->r->g->ground;
    const double *u = p->r->u, x = sqrt(g->sq_max), d = (double)g->d;
    double alpha = 0, sq = 0;
    for (size_t i = 0; i < g->d; i++) alpha += v[i] * u[i];
    for (size_t i = 0; i < g->d; i++) sq += (v[i] - alpha * u[i]) * (v[i] - alpha * u[i]);
    const double length = sqrt(sq), picks = (double)p->r->g->constraint.picked + (double)p->a->n;
    for (size_t i = 0; i < g->d; i++) out[i] = length > 0 ? (float)((v[i] - alpha * u[i]) / length) : 0;
    p->axial[c] = alpha;
    p->length[c] = length;
    p->loose[c] = 2 * (d + 8) * length * (0x1p-24 * x + 0x1p-140) + wn_linear_cut_slack(p->r->cut, (size_t)picks);
}

static wn_code set_codes(ahead_pass *p, wn_err *err) {
    const wn_ahead *a = p->a;
    const double loose = wn_linear_cut_slack(p->r->cut, p->r->g->constraint.picked + a->n);
    const wn_code code = wn_code_pass_init(&p->codes, p->r->codes, a->n + 1, loose, err);
    for (size_t c = 0; c <= a->n && code == WN_OK; c++)
        wn_code_pass_column(&p->codes, c, a->v + (c ? c - 1 : a->n) * p->r->g->ground.d, c ? a->gain[c - 1] : INFINITY);
    return code;
}

wn_code wn_ahead_check(wn_ahead *a, const wn_ahead_rows *r, double *base, double *begin, wn_err *err) {
    const wn_ground *g = &r->g->ground;
    ahead_pass p = {.a = a, .r = r, .base = base, .begin = begin, .lock = PTHREAD_MUTEX_INITIALIZER};
    float *columns = wn_alloc((a->n + 1) * g->d, sizeof *columns, err);
    wn_code code = WN_EMEMORY;
    if (!columns) goto out;
    atomic_store(&p.first, a->n);
    for (size_t c = 0; c <= a->n; c++) set_column(&p, c, a->v + (c ? c - 1 : a->n) * g->d, columns + c * g->d);
    if ((code = wn_packed_init(&p.columns, columns, g->d, a->n + 1, g->d, err)) != WN_OK) goto out;
    if (r->codes->q && (code = set_codes(&p, err)) != WN_OK) goto out;
    wn_parallel_for(g->n, PIECE, r->codes->q ? check_codes : check_rows, &p);
    a->close = atomic_load(&p.close);
    const size_t first = atomic_load(&p.first);
    if (first < a->n) {
        a->id[first] = p.id, a->gain[first] = p.gain;
        a->n = first + 1;
    }
out:
    wn_code_pass_free(&p.codes);
    wn_packed_free(&p.columns);
    wn_free(columns);
    return code;
}
