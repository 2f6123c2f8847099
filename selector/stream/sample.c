/* The rows that f is measured on. */
#include <math.h>
#include <string.h>
#include <wn/pairwise.h>
#include <winnow/mem.h>

#include "ground.h"
#include "stream/sieve.h"

/* room[i] = saturation times all that is similar to i, both of n rows in the units of the sample: n falls out. */
static wn_code fill_room(wn_sample *s, double seen, wn_err *err) {
    const size_t m = s->rows.rows;
    const double share = fmin(1.0, (double)s->o->k / seen) * seen / (double)m;
    float w[WN_TILE_ROWS];
    if (!(s->room = wn_alloc(m, sizeof *s->room, err))) return WN_EMEMORY;
    for (size_t i = 0; i < m; i++) {
        double lanes[WN_LANES] = {0};
        for (size_t j = 0; j < m; j += WN_TILE_ROWS) {
            const size_t n = m - j < WN_TILE_ROWS ? m - j : WN_TILE_ROWS;
            wn_code code = wn_pair_tile(&s->o->kernel, (wn_row_block){wn_mat_row(&s->rows, j), s->rows.stride, n},
                                        (wn_row_block){wn_mat_row(&s->rows, i), s->rows.stride, 1}, s->rows.cols, w, 1,
                                        err);
            if (code != WN_OK) return code;
            for (size_t l = 0; l < n; l++) lanes[l % WN_LANES] += fmax((double)w[l], 0);
        }
        s->room[i] = share * wn_lanes_sum(lanes);
        wn_code code = wn_tick(s->o->progress, "sum similarities", "rows", i + 1, m, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

wn_code wn_sample_init(wn_sample *s, const wn_streaming_opts *o, wn_held *const *held, size_t m, double seen,
                       wn_err *err) {
    *s = (wn_sample){.o = o};
    if (m == 0) return WN_OK;
    wn_code code = wn_mat_init(&s->rows, m, o->dims, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < m; i++) memcpy(wn_mat_row(&s->rows, i), held[i]->x, o->dims * sizeof *held[i]->x);
    s->self = (double)m / seen;
    s->pair = fmax(2, seen / (double)o->k) * (double)m / seen;
    if (o->objective == WN_SATURATED_COVERAGE && (code = fill_room(s, seen, err)) != WN_OK) wn_sample_free(s);
    return code;
}

void wn_sample_free(wn_sample *s) {
    wn_mat_free(&s->rows);
    wn_free(s->room);
    s->room = NULL;
}

wn_code wn_sample_similar(const wn_sample *s, wn_held *const *at, size_t n, float *rows, float *w, wn_err *err) {
    const size_t m = s->rows.rows, d = s->o->dims;
    if (m == 0) return WN_OK;
    for (size_t i = 0; i < n; i++) memcpy(rows + i * d, at[i]->x, d * sizeof *rows);
    return wn_pair_tile(&s->o->kernel, (wn_row_block){rows, d, n}, (wn_row_block){s->rows.data, s->rows.stride, m}, d,
                        w, m, err);
}
