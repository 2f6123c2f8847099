/* The rows that f is measured on. */
#include <math.h>
#include <string.h>
#include <wn/failure.h>
#include <wn/pairwise.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "ground.h"
#include "stream/sieve.h"

double wn_sieve_dot(const float *x, const float *y, size_t d) {
    double s[WN_LANES] = {0};
    size_t i = 0;
    for (; i + WN_LANES <= d; i += WN_LANES)
        for (size_t l = 0; l < WN_LANES; l++) s[l] += (double)x[i + l] * (double)y[i + l];
    for (size_t l = 0; i < d; i++, l++) s[l] += (double)x[i] * (double)y[i];
    return wn_lanes_sum(s);
}

double wn_sieve_pair(const wn_streaming_opts *o, const float *x, const float *y) {
    const double s = wn_sieve_dot(x, y, o->dims);
    return o->kernel.kind == WN_RBF ? exp(o->kernel.gamma * (s - 1)) : s;
}

typedef struct {
    wn_sample *s;
    double share;
    wn_failure failure;
} room_job;

static void room_task(void *ctx, size_t begin, size_t end, int worker) {
    room_job *j = ctx;
    const wn_mat *x = &j->s->rows;
    float w[WN_TILE_ROWS * WN_TILE_ROWS];
    double lanes[WN_TILE_ROWS][WN_LANES] = {{0}};
    (void)worker;
    for (size_t c = 0; c < x->rows; c += WN_TILE_ROWS) {
        const size_t n = x->rows - c < WN_TILE_ROWS ? x->rows - c : WN_TILE_ROWS;
        wn_err err = {0};
        if (wn_pair_tile(&j->s->o->kernel, (wn_row_block){wn_mat_row(x, begin), x->stride, end - begin},
                         (wn_row_block){wn_mat_row(x, c), x->stride, n}, x->cols, w, WN_TILE_ROWS, &err) != WN_OK) {
            wn_failure_note(&j->failure, &err);
            return;
        }
        for (size_t i = begin; i < end; i++)
            for (size_t l = 0; l < n; l++)
                lanes[i - begin][l % WN_LANES] +=
                    fmax((double)w[(i - begin) * WN_TILE_ROWS + l], 0) * (c + l == i ? j->s->own : 1);
    }
    for (size_t i = begin; i < end; i++) j->s->room[i] = j->share * wn_lanes_sum(lanes[i - begin]);
}

/* room[i] = saturation times all that is similar to i, both of n rows in the units of the sample: n falls out. */
static wn_code fill_room(wn_sample *s, double seen, wn_err *err) {
    const size_t m = s->rows.rows;
    room_job j = {s, fmin(1, (double)s->o->k / seen) * seen / (double)m, WN_FAILURE_INIT};
    if (!(s->room = wn_alloc(m, sizeof *s->room, err))) return WN_EMEMORY;
    wn_parallel_for(m, WN_TILE_ROWS, room_task, &j);
    return wn_failure_take(&j.failure, err);
}

wn_code wn_sample_init(wn_sample *s, const wn_streaming_opts *o, wn_held *const *held, size_t m, double seen,
                       wn_err *err) {
    *s = (wn_sample){.o = o};
    if (m == 0) return WN_OK;
    wn_code code = wn_mat_init(&s->rows, m, o->dims, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < m; i++) {
        memcpy(wn_mat_row(&s->rows, i), held[i]->x, o->dims * sizeof *held[i]->x);
        held[i]->place = i + 1;
    }
    s->own = o->objective == WN_GRAPH_CUT ? 0 : (double)m / seen;
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
    wn_code code = wn_pair_tile(&s->o->kernel, (wn_row_block){rows, d, n},
                                (wn_row_block){s->rows.data, s->rows.stride, m}, d, w, m, err);
    for (size_t i = 0; i < n && code == WN_OK; i++)
        if (at[i]->place) w[i * m + at[i]->place - 1] *= (float)s->own;
    return code;
}
