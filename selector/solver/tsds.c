/* Rows drawn by the mass that optimal transport from the queries leaves on them (Liu et al. 2024, TSDS).
 *
 *     lists    K nearest rows of each query; the union of all lists is what densities are counted over
 *     density  rho_i = sum over rows j of the union of max(0, 1 - |x_i - x_j|^2 / sigma^2): near copies share mass
 *     spread   transport.h; where a list is too short, all are made longer, up to LISTED_MOST, and it begins again
 *     draw     row i at -log(u_i) / mass_i, u_i uniform: the smallest first, which is drawing without repeats in
 *              proportion to mass (Efraimidis and Spirakis 2006)
 *
 * Rows that are wanted beyond those that have mass come by rounds over the queries (rds.c). */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/gemm.h>
#include <wn/rng.h>

#include "solver/query_lists.h"
#include "solver/solver.h"
#include "solver/transport.h"

enum { LISTED = 64, LISTED_MOST = 1024, LONGER = 4, ROW_PIECE = 168, STREAM = 0x74736473 };
static const double sigma_squared = .1; /* rows with a cosine above .95 are near copies */

typedef struct {
    double key; /* -log(u) / mass */
    size_t row;
} draw;

typedef struct {
    wn_greedy *g;
    wn_target target;
    size_t K;
    size_t *row, *count;        /* [live][K] lists; [live] how many rows each has */
    double *distance, *density; /* [live][K] */
    size_t *all, nall;          /* the union of the lists, rising */
    double *rho;                /* [nall] */
    size_t *place;              /* [n] a row's place in `all`, from 1; 0: in no list */
    draw *draws;                /* [ndraws] */
    size_t ndraws, next;
    size_t *query;  /* [<= k] of the draws, the query that each serves */
    double *cosine; /* [<= k] */
    void *rest;     /* rds, once the draws are used up */
} sampling;

/* ---- lists ---- */

static void free_lists(sampling *s) {
    wn_free(s->row);
    wn_free(s->distance);
    wn_free(s->density);
    wn_free(s->all);
    wn_free(s->rho);
    s->row = s->all = NULL;
    s->distance = s->density = s->rho = NULL;
}

static wn_code alloc_lists(sampling *s, wn_err *err) {
    const size_t q = s->target.nlive, n = s->g->ground.n, most = n / s->K < q ? n : q * s->K;
    free_lists(s);
    if (!(s->row = wn_alloc(q, s->K * sizeof *s->row, err))) return WN_EMEMORY;
    if (!(s->distance = wn_alloc(q, s->K * sizeof *s->distance, err))) return WN_EMEMORY;
    if (!(s->density = wn_alloc(q, s->K * sizeof *s->density, err))) return WN_EMEMORY;
    if (!(s->all = wn_alloc(most, sizeof *s->all, err))) return WN_EMEMORY;
    return (s->rho = wn_alloc(most, sizeof *s->rho, err)) ? WN_OK : WN_EMEMORY;
}

static void distance_task(void *ctx, size_t begin, size_t end, int worker) {
    const sampling *s = ctx;
    (void)worker;
    for (size_t j = begin; j < end; j++) {
        const float *q = wn_mat_row(s->target.q, s->target.live[j]);
        double norm = 0;
        for (size_t c = 0; c < s->target.g->d; c++) norm += (double)q[c] * (double)q[c];
        for (size_t k = 0; k < s->count[j]; k++) {
            const size_t row = s->row[j * s->K + k];
            const double dot = wn_target_cosine(&s->target, row, s->target.live[j]);
            const double sq = s->target.g->sq[row] > 0 ? s->target.g->sq[row] : 1; /* a zero row is across */
            s->distance[j * s->K + k] = sqrt(fmax(0, sq + norm - 2 * dot));
        }
    }
}

static wn_code make_lists(sampling *s, wn_err *err) {
    wn_best lists = {0};
    wn_code code = alloc_lists(s, err);
    if (code != WN_OK) return code;
    code = wn_query_lists(&lists, &s->target, &s->g->constraint, NULL, s->target.nlive, s->K, s->g->o.progress, err);
    if (code != WN_OK) goto out;
    memset(s->place, 0, s->g->ground.n * sizeof *s->place);
    for (size_t j = 0; j < s->target.nlive; j++) {
        const uint64_t *keys = wn_best_sorted(&lists, j, &s->count[j]);
        for (size_t k = 0; k < s->count[j]; k++) s->place[s->row[j * s->K + k] = wn_key_row(keys[k])] = 1;
    }
    s->nall = 0;
    for (size_t i = 0; i < s->g->ground.n; i++)
        if (s->place[i]) s->all[s->nall++] = i, s->place[i] = s->nall;
    wn_parallel_for(s->target.nlive, 1, distance_task, s);
out:
    wn_best_free(&lists);
    return code;
}

/* ---- density ---- */

typedef struct {
    const sampling *s;
    const wn_packed *to; /* a block of the union, from place `first` on */
    size_t first;
    float bar; /* no cosine below it is a near copy's */
} density_job;

/* How far row b is a copy of row a: 1 where they are equal. */
static double nearness(const sampling *s, size_t a, size_t b) {
    const wn_ground *g = &s->g->ground;
    const float *x = wn_mat_row(g->x, a), *y = wn_mat_row(g->x, b);
    double dot = 0;
    for (size_t c = 0; c < g->d; c++) dot += (double)x[c] * (double)y[c];
    return fmin(1, fmax(0, 1 - (g->sq[a] + g->sq[b] - 2 * dot) / sigma_squared));
}

static void density_task(void *ctx, size_t begin, size_t end, int worker) {
    const density_job *t = ctx;
    const sampling *s = t->s;
    const size_t width = wn_packed_width(t->to);
    _Alignas(64) float c[WN_GEMM_ROWS * WN_GEMM_COLUMNS];
    const float *rows[WN_GEMM_ROWS];
    uint32_t hits[WN_GEMM_COLUMNS];
    (void)worker;
    for (size_t i = begin; i < end; i += WN_GEMM_ROWS) {
        const size_t m = end - i < WN_GEMM_ROWS ? end - i : WN_GEMM_ROWS;
        for (size_t r = 0; r < m; r++) rows[r] = wn_mat_row(s->g->ground.x, s->all[i + r]);
        wn_gemm_rows(rows, m, t->to, c, width);
        for (size_t r = 0; r < m; r++) {
            const size_t count = wn_scan_above(c + r * width, width, t->bar, NULL, hits);
            for (size_t h = 0; h < count && hits[h] < t->to->n; h++) {
                const size_t other = t->first + hits[h];
                s->rho[i + r] += other == i + r ? 1 : nearness(s, s->all[i + r], s->all[other]);
            }
        }
    }
}

static wn_code count_density(sampling *s, wn_err *err) {
    const size_t d = s->g->ground.d, columns = wn_packed_columns(d), width = s->nall < columns ? s->nall : columns;
    const float *rows[WN_GEMM_COLUMNS];
    wn_packed panels = {0};
    /* norms are 1 to a thousandth, or 0: zero rows are near one another, and counted alone */
    density_job t = {.s = s, .to = &panels, .bar = (float)(1 - sigma_squared / 2 - 2e-3)};
    wn_code code = wn_packed_reserve(&panels, width, d, err);
    for (; t.first < s->nall && code == WN_OK; t.first += width) {
        const size_t n = s->nall - t.first < width ? s->nall - t.first : width;
        for (size_t j = 0; j < n; j++) rows[j] = wn_mat_row(s->g->ground.x, s->all[t.first + j]);
        wn_packed_fill(&panels, rows, n, d);
        wn_parallel_for(s->nall, ROW_PIECE, density_task, &t);
        code = wn_tick(s->g->o.progress, "find near copies", "rows", t.first + n, s->nall, err);
    }
    for (size_t i = 0; i < s->nall; i++) s->rho[i] = fmax(1, s->rho[i]);
    for (size_t j = 0; j < s->target.nlive; j++)
        for (size_t k = 0; k < s->count[j]; k++)
            s->density[j * s->K + k] = s->rho[s->place[s->row[j * s->K + k]] - 1];
    wn_packed_free(&panels);
    return code;
}

/* ---- spread and draw ---- */

static wn_transport transport_of(const sampling *s) {
    return (wn_transport){.queries = s->target.nlive,
                          .K = s->K,
                          .count = s->count,
                          .distance = s->distance,
                          .density = s->density,
                          .alpha = s->g->o.alpha};
}

/* Lists that are long enough, and *spread over them. */
static wn_code spread_mass(sampling *s, double *spread, wn_err *err) {
    const size_t n = s->g->ground.n, most = n < LISTED_MOST ? n : LISTED_MOST;
    for (s->K = s->g->o.listed ? s->g->o.listed : LISTED;; s->K *= LONGER) {
        bool ended = false;
        if (s->K > most) s->K = most;
        wn_code code = make_lists(s, err);
        if (code != WN_OK) return code;
        if (s->nall == 0) return WN_OK; /* all are kept or excluded */
        if ((code = count_density(s, err)) != WN_OK) return code;
        const wn_transport t = transport_of(s);
        if ((code = wn_transport_spread(&t, spread, &ended, err)) != WN_OK) return code;
        if (!ended || s->K == most) return WN_OK;
    }
}

static int by_key(const void *a, const void *b) {
    const draw *x = a, *y = b;
    if (x->key < y->key || x->key > y->key) return x->key < y->key ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Uniform in (0, 1), of the row's number in the whole. */
static double uniform_of(const sampling *s, size_t row) {
    uint32_t u[4];
    wn_rng_block(s->g->o.seed, STREAM, s->g->ground.first + row, u);
    return ((double)(((uint64_t)u[0] << 32 | u[1]) >> 12) + .5) * 0x1p-52;
}

static wn_code draw_rows(sampling *s, double spread, wn_err *err) {
    const wn_transport t = transport_of(s);
    double *mass = wn_alloc(s->nall, sizeof *mass, err), *of_query = wn_alloc(s->K, sizeof *of_query, err);
    wn_code code = mass && of_query && (s->draws = wn_alloc(s->nall, sizeof *s->draws, err)) ? WN_OK : WN_EMEMORY;
    for (size_t j = 0; j < s->target.nlive && code == WN_OK; j++) {
        wn_transport_mass(&t, spread, j, of_query);
        for (size_t k = 0; k < s->count[j]; k++) mass[s->place[s->row[j * s->K + k]] - 1] += of_query[k];
    }
    for (size_t i = 0; i < s->nall && code == WN_OK; i++)
        if (mass[i] > 0) s->draws[s->ndraws++] = (draw){-log(uniform_of(s, s->all[i])) / mass[i], s->all[i]};
    if (code == WN_OK) qsort(s->draws, s->ndraws, sizeof *s->draws, by_key);
    wn_free(mass);
    wn_free(of_query);
    return code;
}

/* Which query each draw that will be taken serves. */
static wn_code serve_queries(sampling *s, wn_err *err) {
    const size_t wanted = s->g->o.k - s->g->o.nkeep;
    if (s->ndraws > wanted) s->ndraws = wanted;
    size_t *rows = wn_alloc(s->ndraws, sizeof *rows, err);
    wn_code code = WN_EMEMORY;
    if (!rows || !(s->query = wn_alloc(s->ndraws, sizeof *s->query, err))) goto out;
    if (!(s->cosine = wn_alloc(s->ndraws, sizeof *s->cosine, err))) goto out;
    for (size_t i = 0; i < s->ndraws; i++) rows[i] = s->draws[i].row;
    code = wn_target_nearest(&s->target, rows, s->ndraws, s->query, s->cosine, s->g->o.progress, err);
out:
    wn_free(rows);
    return code;
}

/* ---- the solver ---- */

static wn_code sampling_open(void **solver, wn_greedy *g, wn_err *err) {
    sampling *s = wn_alloc(1, sizeof *s, err);
    double spread = 1;
    if (!(*solver = s)) return WN_EMEMORY;
    s->g = g;
    wn_code code = wn_target_init(&s->target, &g->ground, &g->o, err);
    if (code != WN_OK) return code;
    if (!(g->out->query = wn_alloc(g->o.k, sizeof *g->out->query, err))) return WN_EMEMORY;
    if (!(s->count = wn_alloc(s->target.nlive, sizeof *s->count, err))) return WN_EMEMORY;
    if (!(s->place = wn_alloc(g->ground.n, sizeof *s->place, err))) return WN_EMEMORY;
    /* rows to keep are no candidates: what they stand for is there already */
    for (size_t i = 0; i < g->o.nkeep; i++) g->constraint.closed[g->o.keep[i] - g->ground.first] = true;
    code = spread_mass(s, &spread, err);
    for (size_t i = 0; i < g->o.nkeep; i++) g->constraint.closed[g->o.keep[i] - g->ground.first] = false;
    if (code != WN_OK || s->nall == 0) return code;
    if ((code = draw_rows(s, spread, err)) != WN_OK) return code;
    if ((code = serve_queries(s, err)) != WN_OK) return code;
    free_lists(s);
    return WN_OK;
}

static wn_code sampling_gain(void *solver, size_t row, double *gain, wn_err *err) {
    sampling *s = solver;
    return wn_target_nearest(&s->target, &row, 1, &s->g->out->query[s->g->constraint.picked], gain, NULL, err);
}

static wn_code sampling_best(void *solver, size_t *row, double *gain, wn_err *err) {
    sampling *s = solver;
    if (s->next < s->ndraws) {
        *row = s->draws[s->next].row;
        *gain = s->cosine[s->next];
        s->g->out->query[s->g->constraint.picked] = s->query[s->next++];
        return WN_OK;
    }
    wn_code code = s->rest ? WN_OK : wn_solver_rds.open(&s->rest, s->g, err);
    if (code == WN_OK) code = wn_solver_rds.best(s->rest, row, gain, err);
    return code == WN_OK ? sampling_gain(s, *row, gain, err) : code;
}

static wn_code sampling_add(void *solver, size_t row, wn_err *err) {
    (void)solver;
    (void)row;
    (void)err;
    return WN_OK;
}

static void sampling_close(void *solver) {
    sampling *s = solver;
    if (!s) return;
    wn_solver_rds.close(s->rest);
    free_lists(s);
    wn_target_free(&s->target);
    wn_free(s->count);
    wn_free(s->place);
    wn_free(s->draws);
    wn_free(s->query);
    wn_free(s->cosine);
    wn_free(s);
}

/* With lists as long as they may become. */
static size_t sampling_bytes(const wn_select_opts *o, size_t n, size_t d) {
    const size_t q = o->query ? o->query->rows : 0, K = n < LISTED_MOST ? n : LISTED_MOST;
    size_t lists = 0, all = wn_query_lists_bytes(q, d, K), rest = wn_solver_rds.bytes(o, n, d);
    const size_t a_list = K * (sizeof(size_t) + 2 * sizeof(double)), a_row = 3 * sizeof(size_t) + 4 * sizeof(double);
    if (__builtin_mul_overflow(q, a_list, &lists)) return SIZE_MAX;
    if (__builtin_add_overflow(all, lists + n * a_row + o->k * sizeof(draw), &all)) return SIZE_MAX;
    return all > rest ? all : rest;
}

const wn_solver_vt wn_solver_tsds = {.bytes = sampling_bytes,
                                     .open = sampling_open,
                                     .gain = sampling_gain,
                                     .best = sampling_best,
                                     .add = sampling_add,
                                     .close = sampling_close};
