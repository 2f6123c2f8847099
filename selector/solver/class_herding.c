/* The picks of class herding, class by class.
 *
 * A class picks alone: after j rows the next is the one with the largest x . v, v = t - P / (j + 1). Quotas are known
 * beforehand, so all classes pick at once, each on one thread, and the picks are then put in one order: the j-th of a
 * class with quota q at (j + 1/2) / q, so that a prefix has each class in about its share.
 *
 *     rows by class     class 0           | class 1       | class 2  ...
 *     parts             a    | b    | c   | a             | a             so many rows at most, drawn by the seed
 *     quota             12   | 12   | 11  | 9             | 4
 *     order             by (j + 1/2) / quota, then class, then part
 *
 * A class of more rows than a part may have (wn_herding_part_rows) is cut into parts, each of which follows the class's
 * target by itself: the cost is then O(k part d) at most. For a pick all rows of a part are scored in f32; those whose
 * score is within rounding of the largest are computed in double, and decide. So the picks are those of a plain loop in
 * double. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/quota.h>
#include <winnow/threads.h>
#include <wn/gemm.h>
#include <wn/rng.h>

#include "objective/herding.h"
#include "rank.h"
#include "solver/herding_bound.h"
#include "solver/solver.h"

enum { PARTS_A_TICK = 8, STREAM = 0x68657264 };

typedef struct {
    size_t begin, n; /* its rows: members[begin .. begin + n), rising */
    size_t label;
    size_t kept, quota; /* must-keep rows among them; rows it gives, those included */
    size_t at;          /* its first pick */
} herd_part;

typedef struct {
    double key;
    size_t row, part;
} herd_pick;

/* Scratch of a thread. */
typedef struct {
    wn_packed packed;   /* the part's rows */
    const float **rows; /* [rows of a part] */
    float *score;       /* [rows of a part] */
    bool *taken;        /* [rows of a part] */
    double *sum, *v;    /* [d] P; t - P / (j + 1) */
    float *v32;         /* [d] */
} herd_worker;

typedef struct {
    wn_greedy *g;
    wn_herding herding;
    size_t *members; /* [n] rows that may be chosen, by class, then rising */
    bool *keep;      /* [n] must-keep rows */
    herd_part *parts;
    size_t nparts;
    herd_pick *picks; /* [k - nkeep] */
    size_t npicks, next;
    size_t first_part; /* of those at hand */
    herd_worker *workers;
    int nworkers;
} herd;

/* ---- members and parts ---- */

/* Rows that may be chosen by class; `end` [classes] gets where each class ends. */
static void sort_members(herd *s, size_t *end) {
    const wn_greedy *g = s->g;
    const uint32_t *label = s->herding.label;
    for (size_t i = 0; i < g->ground.n; i++)
        if (wn_constraint_feasible(&g->constraint, i)) end[label[i]]++;
    for (size_t c = 0, at = 0; c < s->herding.classes; c++) {
        const size_t rows = end[c];
        end[c] = at;
        at += rows;
    }
    for (size_t i = 0; i < g->ground.n; i++)
        if (wn_constraint_feasible(&g->constraint, i)) s->members[end[label[i]]++] = i;
    for (size_t i = 0; i < g->o.nkeep; i++) s->keep[g->o.keep[i] - g->ground.first] = true;
}

/* Cuts a class into parts of the same size, and its quota among them. */
static wn_code cut_class(herd *s, size_t label, size_t begin, size_t n, size_t quota, wn_err *err) {
    const size_t count = (n - 1) / wn_herding_part_rows(&s->g->o) + 1;
    wn_quota_class *c = wn_alloc(count, sizeof *c, err);
    size_t *quotas = wn_alloc(count, sizeof *quotas, err);
    wn_code code = c && quotas ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if (count > 1) {
        wn_rng rng = wn_rng_init(s->g->o.seed, (uint64_t)label << 32 | STREAM);
        wn_rng_shuffle(&rng, s->members + begin, n);
    }
    for (size_t i = 0; i < count; i++) {
        herd_part *p = &s->parts[s->nparts + i];
        const size_t from = n / count * i + (i < n % count ? i : n % count), rows = n / count + (i < n % count);
        *p = (herd_part){.begin = begin + from, .n = rows, .label = label};
        if (count > 1) qsort(s->members + p->begin, rows, sizeof *s->members, wn_rank_rising);
        for (size_t j = 0; j < rows; j++) p->kept += s->keep[s->members[p->begin + j]];
        c[i] = (wn_quota_class){.weight = (double)rows, .least = p->kept, .most = rows};
    }
    if ((code = wn_quotas(quotas, c, count, quota, err)) != WN_OK) goto out;
    for (size_t i = 0; i < count; i++) {
        herd_part *p = &s->parts[s->nparts++];
        p->quota = quotas[i];
        p->at = s->npicks;
        s->npicks += p->quota - p->kept;
    }
out:
    wn_free(c);
    wn_free(quotas);
    return code;
}

static wn_code make_parts(herd *s, wn_err *err) {
    const wn_greedy *g = s->g;
    const size_t classes = s->herding.classes, n = g->ground.n;
    size_t *end = wn_alloc(classes, sizeof *end, err), *quota = wn_alloc(classes, sizeof *quota, err);
    wn_code code = end && quota ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    quota[0] = g->o.k;
    if (g->o.label && (code = wn_select_quotas(&g->o, n, quota, err)) != WN_OK) goto out;
    code = WN_EMEMORY;
    if (!(s->members = wn_alloc(n, sizeof *s->members, err))) goto out;
    if (!(s->keep = wn_alloc(n, sizeof *s->keep, err))) goto out;
    if (!(s->parts = wn_alloc(classes + n / wn_herding_part_rows(&g->o), sizeof *s->parts, err))) goto out;
    sort_members(s, end);
    code = WN_OK;
    for (size_t c = 0, begin = 0; c < classes && code == WN_OK; begin = end[c++])
        if (quota[c] > 0) code = cut_class(s, c, begin, end[c] - begin, quota[c], err);
    if (code == WN_OK && !(s->picks = wn_alloc(s->npicks, sizeof *s->picks, err))) code = WN_EMEMORY;
out:
    wn_free(end);
    wn_free(quota);
    return code;
}

/* ---- the picks of a part ---- */

static size_t worker_rows(const wn_select_opts *o, size_t n) {
    return n < wn_herding_part_rows(o) ? n : wn_herding_part_rows(o);
}

static size_t worker_bytes(const wn_select_opts *o, size_t n, size_t d) {
    const size_t rows = worker_rows(o, n), panels = (rows + WN_GEMM_PANEL - 1) / WN_GEMM_PANEL * WN_GEMM_PANEL;
    return panels * d * sizeof(float) + rows * (sizeof(float *) + sizeof(float) + sizeof(bool)) +
           d * (2 * sizeof(double) + sizeof(float)) + sizeof(herd_worker);
}

static void free_worker(herd_worker *w) {
    wn_packed_free(&w->packed);
    wn_free(w->rows);
    wn_free(w->score);
    wn_free(w->taken);
    wn_free(w->sum);
    wn_free(w->v32);
}

static wn_code make_workers(herd *s, wn_err *err) {
    const size_t n = worker_rows(&s->g->o, s->g->ground.n), d = s->g->ground.d;
    const int threads = wn_threads_get();
    if (!(s->workers = wn_alloc((size_t)threads, sizeof *s->workers, err))) return WN_EMEMORY;
    while (s->nworkers < threads) {
        herd_worker *w = &s->workers[s->nworkers++];
        if (wn_packed_reserve(&w->packed, n, d, err) != WN_OK) return WN_EMEMORY;
        w->rows = wn_alloc(n, sizeof *w->rows, err);
        w->score = wn_alloc(n, sizeof *w->score, err);
        w->taken = wn_alloc(n, sizeof *w->taken, err);
        w->sum = wn_alloc(2 * d, sizeof *w->sum, err);
        w->v32 = wn_alloc(d, sizeof *w->v32, err);
        if (!w->rows || !w->score || !w->taken || !w->sum || !w->v32) return WN_EMEMORY;
        w->v = w->sum + d;
    }
    return WN_OK;
}

static void take(const herd *s, herd_worker *w, const herd_part *p, size_t i) {
    const float *x = wn_mat_row(s->g->ground.x, s->members[p->begin + i]);
    w->taken[i] = true;
    for (size_t c = 0; c < s->g->ground.d; c++) w->sum[c] += (double)x[c];
}

/* A row without a direction stands for nothing: it comes when no other is left. */
static size_t first_zero_row(const herd *s, const herd_worker *w, const herd_part *p) {
    size_t i = 0;
    while (w->taken[i] || s->g->ground.sq[s->members[p->begin + i]] > 0) i++;
    return i;
}

/* Of the part's rows that are left the one with the largest x . v, ties to the lowest. */
static size_t best_of_part(const herd *s, herd_worker *w, const herd_part *p, size_t picked) {
    const wn_ground *g = &s->g->ground;
    const double *target = s->herding.target + p->label * g->d;
    double norm = 0, best = 0;
    float most = -INFINITY;
    for (size_t c = 0; c < g->d; c++) {
        w->v[c] = target[c] - w->sum[c] / (double)(picked + 1);
        w->v32[c] = (float)w->v[c];
        norm += w->v[c] * w->v[c];
    }
    /* what rounding v, the products and their sum may do to a score; the last term where floats underflow */
    const double off = ((double)g->d + 8) * 0x1.01p-24 * sqrt(norm * g->sq_max) + (double)g->d * 0x1p-125;
    wn_gemm_packed(w->v32, g->d, 1, &w->packed, w->score, p->n, 0);
    for (size_t i = 0; i < p->n; i++) {
        if (w->taken[i] || !(g->sq[s->members[p->begin + i]] > 0)) w->score[i] = -INFINITY;
        if (w->score[i] > most) most = w->score[i];
    }
    if (most == -INFINITY) return first_zero_row(s, w, p);
    size_t row = p->n;
    for (size_t i = 0; i < p->n; i++) {
        if ((double)w->score[i] < (double)most - 2 * off) continue;
        const double exact = wn_ground_dot(wn_mat_row(g->x, s->members[p->begin + i]), w->v, g->d);
        if (row < p->n && exact <= best) continue;
        row = i;
        best = exact;
    }
    return row;
}

static void part_task(void *ctx, size_t begin, size_t end, int worker) {
    herd *s = ctx;
    herd_worker *w = &s->workers[worker];
    const wn_ground *g = &s->g->ground;
    for (size_t at = s->first_part + begin; at < s->first_part + end; at++) {
        const herd_part *p = &s->parts[at];
        memset(w->sum, 0, g->d * sizeof *w->sum);
        for (size_t i = 0; i < p->n; i++) {
            w->rows[i] = wn_mat_row(g->x, s->members[p->begin + i]);
            w->taken[i] = false;
        }
        wn_packed_fill(&w->packed, w->rows, p->n, g->d);
        for (size_t i = 0; i < p->n; i++)
            if (s->keep[s->members[p->begin + i]]) take(s, w, p, i);
        for (size_t j = p->kept; j < p->quota && !wn_interrupted(); j++) {
            const size_t i = best_of_part(s, w, p, j);
            take(s, w, p, i);
            s->picks[p->at + j - p->kept] =
                (herd_pick){.key = ((double)j + .5) / (double)p->quota, .row = s->members[p->begin + i], .part = at};
        }
    }
}

/* ---- the solver ---- */

static int by_key(const void *a, const void *b) {
    const herd_pick *x = a, *y = b;
    if (x->key < y->key || x->key > y->key) return x->key < y->key ? -1 : 1;
    return x->part < y->part ? -1 : x->part > y->part;
}

static wn_code pick_all(herd *s, wn_err *err) {
    wn_code code = make_workers(s, err);
    for (; code == WN_OK && s->first_part < s->nparts; s->first_part += PARTS_A_TICK) {
        const size_t left = s->nparts - s->first_part, some = left < PARTS_A_TICK ? left : PARTS_A_TICK;
        wn_parallel_for(some, 1, part_task, s);
        const herd_part *last = &s->parts[s->first_part + some - 1];
        code = wn_tick(s->g->o.progress, "select", "picks", last->at + last->quota - last->kept, s->npicks, err);
    }
    if (code == WN_OK) qsort(s->picks, s->npicks, sizeof *s->picks, by_key);
    return code;
}

static wn_code herd_open(void **solver, wn_greedy *g, wn_err *err) {
    herd *s = wn_alloc(1, sizeof *s, err);
    if (!(*solver = s)) return WN_EMEMORY;
    s->g = g;
    wn_code code = wn_herding_init(&s->herding, &g->ground, &g->o, err);
    if (code != WN_OK) return code;
    if ((code = make_parts(s, err)) != WN_OK) return code;
    return pick_all(s, err);
}

static wn_code herd_gain(void *solver, size_t row, double *gain, wn_err *err) {
    const herd *s = solver;
    (void)err;
    *gain = wn_herding_gain(&s->herding, row);
    return WN_OK;
}

static wn_code herd_best(void *solver, size_t *row, double *gain, wn_err *err) {
    herd *s = solver;
    *row = s->picks[s->next++].row;
    return herd_gain(s, *row, gain, err);
}

static wn_code herd_add(void *solver, size_t row, wn_err *err) {
    herd *s = solver;
    (void)err;
    wn_herding_add(&s->herding, row);
    return WN_OK;
}

static wn_code herd_bound(void *solver, wn_finished *g, wn_err *err) {
    return wn_herding_bound(g, &((herd *)solver)->herding, err);
}

static void herd_close(void *solver) {
    herd *s = solver;
    if (!s) return;
    for (int i = 0; i < s->nworkers; i++) free_worker(&s->workers[i]);
    wn_free(s->workers);
    wn_free(s->members);
    wn_free(s->keep);
    wn_free(s->parts);
    wn_free(s->picks);
    wn_herding_free(&s->herding);
    wn_free(s);
}

static size_t herd_bytes(const wn_select_opts *o, size_t n, size_t d) {
    const size_t classes = wn_herding_classes(o), parts = classes + n / wn_herding_part_rows(o);
    return wn_herding_bytes(o, n, d) + 2 * classes * sizeof(size_t) + n * (sizeof(size_t) + sizeof(bool)) +
           parts * sizeof(herd_part) + o->k * sizeof(herd_pick) + (size_t)wn_threads_get() * worker_bytes(o, n, d);
}

const wn_solver_vt wn_solver_class_herding = {.bytes = herd_bytes,
                                              .open = herd_open,
                                              .gain = herd_gain,
                                              .best = herd_best,
                                              .add = herd_add,
                                              .bound = herd_bound,
                                              .close = herd_close};
