/* Which rows the map shows, where they lie, and what lies in its regions. */
#include "map.h"

#include "near.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/paged.h>
#include <wn/report.h>
#include <wn/rng.h>

enum { STREAM_POINTS = 0x52455031, STREAM_CHOSEN, STREAM_COUNTED, STREAM_COUNTED_CHOSEN, PAD = 26 };

static size_t map_x_row(const wn_outcome *r, size_t row) {
    return r->x_row ? r->x_row[row] : row;
}

static bool map_has_direction(const wn_outcome *r, size_t row) {
    const float *v = wn_mat_row(r->x, map_x_row(r, row));
    wn_paged_look();
    for (size_t j = 0; j < r->x->cols; j++)
        if (v[j] < 0 || v[j] > 0) return true;
    return false;
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

/* Points: rows that are no copies and have a direction, not chosen, then chosen. rows [n] is scratch. */
static void map_points(wn_map *m, const wn_outcome *r, const bool *taken, size_t *rows) {
    size_t n = 0, chosen = 0, room;
    for (size_t i = 0; i < r->k; i++)
        if (map_has_direction(r, r->chosen[i])) rows[chosen++] = r->chosen[i];
    m->all_chosen = chosen;
    for (size_t i = 0; i < r->n; i++) n += !taken[i];
    room = n < WN_TSNE_MOST - WN_MAP_CHOSEN ? WN_TSNE_MOST - n : WN_MAP_CHOSEN;
    size_t *sampled = m->row + WN_TSNE_MOST - (chosen < room ? chosen : room);
    m->nchosen = map_sample(rows, chosen, room, r->seed, STREAM_CHOSEN, sampled);
    n = 0;
    for (size_t i = 0; i < r->n; i++)
        if (!taken[i] && !(r->column.copy_of && r->column.copy_of[i] != i) && map_has_direction(r, i)) rows[n++] = i;
    m->all = n;
    m->m = map_sample(rows, n, WN_TSNE_MOST - m->nchosen, r->seed, STREAM_POINTS, m->row);
    memmove(m->row + m->m, sampled, m->nchosen * sizeof *sampled);
    m->m += m->nchosen;
}

static void map_scale(const float *from, size_t m, double size, double *to) {
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < m; i++) low = fmin(low, (double)from[i]), high = fmax(high, (double)from[i]);
    double range = high > low ? high - low : 1;
    for (size_t i = 0; i < m; i++) to[i] = PAD + (size - 2 * PAD) * ((double)from[i] - low) / range;
}

static wn_code map_lay_out(wn_map *m, const wn_outcome *r, const wn_mat *points, wn_err *err) {
    wn_tsne t = {0};
    wn_code code = wn_tsne_make(&t, points, r->seed, err);
    if (code == WN_OK) {
        map_scale(t.at, m->m, WN_MAP_WIDTH, m->x);
        map_scale(t.at + m->m, m->m, WN_MAP_HEIGHT, m->y);
        m->kept = t.kept, m->flat = t.flat;
        wn_regions_make(&m->regions, m->region, m->x, m->y, m->m, r->seed);
    }
    wn_tsne_free(&t);
    return code;
}

/* Regions of some rows by the most similar point: of [n], and how many each has. */
static wn_code map_count(const wn_map *m, const wn_outcome *r, const wn_mat *points, const size_t *rows, size_t n,
                         size_t *count, uint8_t *of, wn_err *err) {
    uint32_t *near = wn_alloc(n, sizeof *near, err);
    size_t *x_row = wn_alloc(n, sizeof *x_row, err);
    wn_code code = near && x_row ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < n; i++) x_row[i] = map_x_row(r, rows[i]);
    const wn_near_opts o = {.x = r->x, .rows = x_row, .n = n, .among = points, .count = 1};
    if ((code = wn_near_find(near, NULL, &o, err)) != WN_OK) goto out;
    for (size_t i = 0; i < n; i++) of[i] = m->region[near[i]], count[of[i]]++;
out:
    wn_free(near);
    wn_free(x_row);
    return code;
}

/* As map_sample, of the rows that lie anywhere. */
static size_t map_sample_placed(const wn_outcome *r, const size_t *from, size_t n, uint64_t stream, size_t *out) {
    size_t drawn = map_sample(from, n, WN_MAP_COUNTED, r->seed, stream, out), m = 0;
    for (size_t i = 0; i < drawn; i++)
        if (map_has_direction(r, out[i])) out[m++] = out[i];
    return m;
}

static wn_code map_regions(wn_map *m, const wn_outcome *r, const wn_mat *points, size_t *rows, wn_err *err) {
    uint8_t *of = wn_alloc(WN_MAP_COUNTED, 1, err);
    wn_code code = of ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    m->counted_chosen = map_sample_placed(r, r->chosen, r->k, STREAM_COUNTED_CHOSEN, rows);
    code = map_count(m, r, points, rows, m->counted_chosen, m->chosen, of, err);
    if (code != WN_OK) goto out;
    m->counted = map_sample_placed(r, NULL, r->n, STREAM_COUNTED, rows);
    if ((code = map_count(m, r, points, rows, m->counted, m->pool, of, err)) != WN_OK) goto out;
    if (r->rows.texts.n)
        code = wn_region_words_find(&m->words, &r->rows.texts, rows, of, m->counted, m->regions.n, err);
out:
    wn_free(of);
    return code;
}

static void map_typical(wn_map *m) {
    double best[WN_REGIONS_MOST];
    for (size_t c = 0; c < m->regions.n; c++) best[c] = INFINITY;
    for (size_t i = 0; i < m->m; i++) {
        size_t c = m->region[i];
        double far = hypot(m->x[i] - m->regions.x[c], m->y[i] - m->regions.y[c]);
        if (far < best[c]) best[c] = far, m->typical[c] = i;
    }
}

static wn_code map_room(wn_map *m, wn_err *err) {
    m->row = wn_alloc(WN_TSNE_MOST, sizeof *m->row, err);
    m->x = wn_alloc(WN_TSNE_MOST, sizeof *m->x, err);
    m->y = wn_alloc(WN_TSNE_MOST, sizeof *m->y, err);
    m->region = wn_alloc(WN_TSNE_MOST, 1, err);
    return m->row && m->x && m->y && m->region ? WN_OK : WN_EMEMORY;
}

wn_code wn_map_make(wn_map *out, const wn_outcome *r, wn_err *err) {
    if (r->similarity == WN_PRECOMPUTED) return WN_OK; /* no vectors to draw */
    if (!r->x || r->k == 0 || r->x->cols < 2 || r->n < WN_TSNE_LEAST) return WN_OK;
    bool *taken = wn_alloc(r->n, sizeof *taken, err);
    size_t *rows = wn_alloc(r->n > WN_MAP_COUNTED ? r->n : WN_MAP_COUNTED, sizeof *rows, err);
    wn_mat points = {0};
    wn_code code = taken && rows ? map_room(out, err) : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < r->k; i++) taken[r->chosen[i]] = true;
    map_points(out, r, taken, rows);
    if (out->m < WN_TSNE_LEAST) {
        out->m = 0;
        goto out;
    }
    if ((code = wn_mat_init(&points, out->m, r->x->cols, err)) != WN_OK) goto out;
    for (size_t i = 0; i < out->m; i++) {
        wn_paged_look();
        memcpy(wn_mat_row(&points, i), wn_mat_row(r->x, map_x_row(r, out->row[i])), r->x->cols * sizeof(float));
    }
    if ((code = map_lay_out(out, r, &points, err)) != WN_OK) goto out;
    if ((code = map_regions(out, r, &points, rows, err)) != WN_OK) goto out;
    map_typical(out);
out:
    wn_mat_free(&points);
    wn_free(taken);
    wn_free(rows);
    return code;
}

void wn_map_free(wn_map *m) {
    wn_free(m->row);
    wn_free(m->x);
    wn_free(m->y);
    wn_free(m->region);
    wn_region_words_free(&m->words);
    *m = (wn_map){0};
}

size_t wn_report_memory(size_t rows, size_t cols, size_t text) {
    size_t m = rows < WN_TSNE_MOST ? rows : WN_TSNE_MOST, counted = rows < WN_MAP_COUNTED ? rows : WN_MAP_COUNTED;
    size_t map = m * (cols + 16) * sizeof(float) + wn_tsne_memory(m, cols), page = 4u << 20;
    return page + map + wn_region_words_memory(counted, rows ? text / rows : 0) + rows * (sizeof(size_t) + 1);
}
