#include "sections.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/report.h>
#include <wn/rng.h>

/* Random streams of the page; the seed is the run's. */
enum { STREAM_FIT = 0x52455031, STREAM_POOL, STREAM_CHOSEN, STREAM_DROPPED };
enum { FIT_ROWS = 4096, POOL_POINTS = 8000, CHOSEN_POINTS = 1000, DROPPED_POINTS = 2000, MARKED = 10 };
enum { MOST_COLS = 8192 }; /* of a map: its covariance has their square */
enum { WIDTH = 960, HEIGHT = 560, PAD = 26 };

/* The two main directions of the vectors and where the picture stands in them. */
typedef struct {
    size_t d;
    double *mean, *axis[2]; /* [d] each */
    double share[2];        /* of the variance */
    double low[2], high[2];
} plane;

static const float *map_vector(const wn_outcome *r, size_t row) {
    return wn_mat_row(r->x, r->x_row ? r->x_row[row] : row);
}

/* `want` of the rows of `from` (NULL: 0 .. n-1) in their order, each equally likely (selection sampling, Knuth 3.4.2
 * S). */
static size_t map_sample(const size_t *from, size_t n, size_t want, uint64_t seed, uint64_t stream, size_t *out) {
    wn_rng g = wn_rng_init(seed, stream);
    size_t m = 0;
    for (size_t i = 0; i < n && m < want; i++)
        if (n - i <= want - m || wn_rng_below(&g, n - i) < want - m) out[m++] = from ? from[i] : i;
    return m;
}

/* Covariance of the sampled vectors, upper half of [d, d]; the mean is left in f->mean; `c` is [m, d] scratch. */
static void map_covariance(const wn_outcome *r, const size_t *rows, size_t m, plane *f, double *c, double *cov) {
    for (size_t i = 0; i < m; i++) {
        const float *v = map_vector(r, rows[i]);
        for (size_t j = 0; j < f->d; j++) f->mean[j] += c[i * f->d + j] = (double)v[j];
    }
    for (size_t j = 0; j < f->d; j++) f->mean[j] /= (double)m;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < f->d; j++) c[i * f->d + j] -= f->mean[j];
    int d = (int)f->d;
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, d, (int)m, 1.0 / (double)m, c, d, 0, cov, d);
}

/* The two leading eigenvectors of cov, each signed so that its largest component is positive. */
static wn_code map_directions(plane *f, double *cov, wn_err *err) {
    int d = (int)f->d, found = 0, support[4] = {0};
    double trace = 0, *w = wn_alloc(f->d, sizeof *w, err), *z = wn_alloc(2 * f->d, sizeof *z, err);
    wn_code code = w && z ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t j = 0; j < f->d; j++) trace += cov[j * f->d + j];
    int first = d > 1 ? d - 1 : 1, info = 0;
    /* Row-major upper is column-major lower: passed so, nothing is copied. */
    info = LAPACKE_dsyevr(LAPACK_COL_MAJOR, 'V', 'I', 'L', d, cov, d, 0, 0, first, d, 0, &found, w, z, d, support);
    if (info != 0) {
        code = wn_err_set(err, WN_EINTERNAL, "report: the main directions were not found (dsyevr returned %d)", info);
        goto out;
    }
    for (int a = 0; a < 2 && a < found; a++) {
        const double *v = z + (size_t)(found - 1 - a) * f->d;
        size_t top = 0;
        for (size_t j = 1; j < f->d; j++)
            if (fabs(v[j]) > fabs(v[top]) * (1 + 1e-9)) top = j;
        for (size_t j = 0; j < f->d; j++) f->axis[a][j] = v[top] < 0 ? -v[j] : v[j];
        f->share[a] = trace > 0 ? w[found - 1 - a] / trace : 0;
    }
out:
    wn_free(w);
    wn_free(z);
    return code;
}

static void map_project(const wn_outcome *r, const plane *f, size_t row, double at[2]) {
    const float *v = map_vector(r, row);
    at[0] = at[1] = 0;
    for (size_t j = 0; j < f->d; j++) {
        double x = (double)v[j] - f->mean[j];
        at[0] += x * f->axis[0][j];
        at[1] += x * f->axis[1][j];
    }
}

static void map_extend(const wn_outcome *r, plane *f, const size_t *rows, size_t m) {
    for (size_t i = 0; i < m; i++) {
        double at[2];
        map_project(r, f, rows[i], at);
        for (int a = 0; a < 2; a++) f->low[a] = fmin(f->low[a], at[a]), f->high[a] = fmax(f->high[a], at[a]);
    }
}

static void map_place(const wn_outcome *r, const plane *f, size_t row, double *x, double *y) {
    double at[2], range[2];
    map_project(r, f, row, at);
    for (int a = 0; a < 2; a++) range[a] = f->high[a] > f->low[a] ? f->high[a] - f->low[a] : 1;
    *x = PAD + (WIDTH - 2 * PAD) * (at[0] - f->low[0]) / range[0];
    *y = HEIGHT - PAD - (HEIGHT - 2 * PAD) * (at[1] - f->low[1]) / range[1];
}

static void map_layer(wn_page *p, const wn_outcome *r, const plane *f, const char *cls, const size_t *rows, size_t m) {
    if (m == 0) return;
    wn_page_printf(p, "<path class=\"%s\" d=\"", cls);
    for (size_t i = 0; i < m; i++) {
        double x, y;
        map_place(r, f, rows[i], &x, &y);
        wn_page_printf(p, "M%.1f %.1fh0", x, y);
    }
    wn_page_put(p, "\"/>\n");
}

static void map_marks(wn_page *p, const wn_outcome *r, const plane *f) {
    for (size_t i = r->k < MARKED ? r->k : MARKED; i-- > 0;) {
        double x, y;
        map_place(r, f, r->chosen[i], &x, &y);
        wn_page_printf(p,
                       "<circle class=\"p3\" cx=\"%.1f\" cy=\"%.1f\" r=\"9\"/><text class=\"pn\" x=\"%.1f\" y=\"%.1f\">"
                       "%zu</text>\n",
                       x, y, x, y + 4, i + 1);
    }
}

static void map_legend(wn_page *p, const char *cls, const char *name, size_t shown, size_t of) {
    if (of == 0) return;
    wn_page_printf(p, "<li><i class=\"%s\"></i>%s ", cls, name);
    if (shown < of) {
        wn_page_count(p, shown);
        wn_page_put(p, " of ");
    }
    wn_page_count(p, of);
    wn_page_put(p, "</li>\n");
}

/* Rows of each layer: neither chosen nor dropped; chosen; dropped as copies. */
typedef struct {
    size_t *pool, *chosen, *dropped;
    size_t npool, nchosen, ndropped, all_pool, all_dropped;
} layers;

static wn_code map_split(const wn_outcome *r, layers *l, size_t *rows, wn_err *err) {
    bool *taken = wn_alloc(r->n, sizeof *taken, err);
    if (!taken) return WN_EMEMORY;
    for (size_t i = 0; i < r->k; i++) taken[r->chosen[i]] = true;
    for (int dropped = 0; dropped < 2; dropped++) {
        size_t m = 0;
        for (size_t i = 0; i < r->n; i++)
            if (!taken[i] && (r->column.copy_of && r->column.copy_of[i] != i) == dropped) rows[m++] = i;
        if (dropped)
            l->all_dropped = m, l->ndropped = map_sample(rows, m, DROPPED_POINTS, r->seed, STREAM_DROPPED, l->dropped);
        else
            l->all_pool = m, l->npool = map_sample(rows, m, POOL_POINTS, r->seed, STREAM_POOL, l->pool);
    }
    l->nchosen = map_sample(r->chosen, r->k, CHOSEN_POINTS, r->seed, STREAM_CHOSEN, l->chosen);
    wn_free(taken);
    return WN_OK;
}

static wn_code map_fit(const wn_outcome *r, plane *f, const layers *l, size_t *rows, wn_err *err) {
    size_t m = map_sample(NULL, r->n, FIT_ROWS, r->seed, STREAM_FIT, rows), d = f->d;
    double *c = wn_alloc(m * d, sizeof *c, err), *cov = wn_alloc(d * d, sizeof *cov, err);
    wn_code code = c && cov ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    int threads = openblas_get_num_threads(); /* so that the bits do not depend on how many it would take */
    openblas_set_num_threads(1);
    map_covariance(r, rows, m, f, c, cov);
    code = map_directions(f, cov, err);
    openblas_set_num_threads(threads);
    if (code != WN_OK) goto out;
    for (int a = 0; a < 2; a++) f->low[a] = INFINITY, f->high[a] = -INFINITY;
    map_extend(r, f, l->pool, l->npool);
    map_extend(r, f, l->chosen, l->nchosen);
    map_extend(r, f, l->dropped, l->ndropped);
    map_extend(r, f, r->chosen, r->k < MARKED ? r->k : MARKED);
out:
    wn_free(c);
    wn_free(cov);
    return code;
}

static void map_picture(wn_page *p, const wn_outcome *r, const plane *f, const layers *l) {
    wn_page_printf(p,
                   "<section><h2>Map</h2>\n<p class=\"m\">Each dot is a text, placed by the two main directions of the "
                   "vectors (%.1f%% and %.1f%% of their variance): near means similar, far may still be similar in "
                   "the directions that a page cannot show. Numbers mark the first choices.</p>\n",
                   100 * f->share[0], 100 * f->share[1]);
    wn_page_printf(p,
                   "<div class=\"map\"><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Map of the pool, the "
                   "dropped copies and the chosen texts\">\n",
                   WIDTH, HEIGHT);
    map_layer(p, r, f, "p0", l->pool, l->npool);
    map_layer(p, r, f, "p1", l->dropped, l->ndropped);
    map_layer(p, r, f, "p2", l->chosen, l->nchosen);
    map_marks(p, r, f);
    wn_page_put(p, "</svg></div>\n<ul class=\"leg\">\n");
    map_legend(p, "", "not chosen", l->npool, l->all_pool);
    map_legend(p, "d", "dropped copies", l->ndropped, l->all_dropped);
    map_legend(p, "a", "chosen", l->nchosen, r->k);
    wn_page_put(p, "<li><i class=\"n\"></i>first choices, numbered</li>\n</ul></section>\n");
}

size_t wn_report_memory(size_t rows, size_t cols) {
    if (cols < 2 || cols > MOST_COLS) return 0;
    return ((rows < FIT_ROWS ? rows : FIT_ROWS) + cols) * cols * sizeof(double) + rows * (sizeof(size_t) + 1);
}

void wn_section_map(wn_page *p, const wn_outcome *r) {
    if (!r->x || r->n < 3 || r->k == 0 || r->x->cols < 2 || r->x->cols > MOST_COLS || p->code != WN_OK) return;
    plane f = {.d = r->x->cols};
    layers l = {0};
    double *room = wn_alloc(3 * f.d, sizeof *room, p->err);
    size_t *rows = wn_alloc(r->n, sizeof *rows, p->err);
    size_t *points = wn_alloc(POOL_POINTS + CHOSEN_POINTS + DROPPED_POINTS, sizeof *points, p->err);
    p->code = room && rows && points ? WN_OK : WN_EMEMORY;
    if (p->code != WN_OK) goto out;
    f.mean = room, f.axis[0] = room + f.d, f.axis[1] = room + 2 * f.d;
    l.pool = points, l.chosen = points + POOL_POINTS, l.dropped = points + POOL_POINTS + CHOSEN_POINTS;
    if ((p->code = map_split(r, &l, rows, p->err)) != WN_OK) goto out;
    if ((p->code = map_fit(r, &f, &l, rows, p->err)) != WN_OK) goto out;
    map_picture(p, r, &f, &l);
out:
    wn_free(room);
    wn_free(rows);
    wn_free(points);
}
