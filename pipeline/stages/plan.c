/* What a job will take, before it starts: memory, disk, time. */
#include "common.h"
#include "job.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <winnow/threads.h>

/* Libraries, buffers and stacks; and what the report and the HDF5 file need whatever the input. */
static const size_t fixed_bytes = 40u << 20;

static size_t table_bytes(const wn_job *j) {
    size_t index = j->corpus.n ? 6 * sizeof(uint64_t) + 2 * sizeof(uint32_t) : 0;
    size_t own = 5 * sizeof(size_t) + sizeof(float) + 2;
    return j->n * (index + own + (j->view.ids.n ? sizeof(uint64_t) : 0));
}

static size_t text_bytes(const wn_job *j) { return j->view.texts.n ? (size_t)j->view.texts.off[j->view.texts.n] : 0; }

static size_t matrix_bytes(size_t rows, size_t cols) { return rows * ((cols + 15) / 16 * 16) * sizeof(float); }

size_t wn_job_held(const wn_job *j) { return fixed_bytes + table_bytes(j) + matrix_bytes(j->x.rows, j->x.cols); }

/* A graph of K neighbours a row while it is found, or with both directions of its edges while rows are chosen. */
static size_t graph_bytes(size_t rows, size_t cols, size_t K) {
    size_t find = K ? wn_sim_knn_memory(rows, cols, K) : 0, choose = rows * K * (sizeof(long long) + 5 * sizeof(float));
    return find > choose ? find : choose;
}

/* What the choice needs beyond vectors and tables, at the least: the maximizer is matrix-free where memory is short. */
static size_t choice_bytes(const wn_job *j, size_t rows, size_t cols) {
    wn_select_opts o = {.objective = j->c->objective, .kernel = {j->c->similarity, 1}, .k = j->wanted, .lambda = j->c->lambda,
                        .storage = j->c->storage == WN_DENSE ? WN_DENSE : WN_MATRIX_FREE};
    size_t choice = wn_select_memory(&o, rows, cols) + graph_bytes(rows, cols, wn_job_neighbours(j));
    size_t curves = rows * (3 * sizeof(size_t) + 2 * sizeof(float));
    return choice > curves ? choice : curves;
}

typedef struct {
    size_t dims, encode, choose, need, disk;
    double seconds;
} estimate;

/* Rates of one core, from runs on a machine with AVX-512: a rough guide for others. */
static double seconds(const wn_job *j, size_t dims, size_t bytes) {
    double threads = (double)wn_threads_get(), n = (double)j->m, d = (double)dims, k = (double)j->wanted;
    double read = (double)bytes / 150e6, encode = j->made_by ? wn_encoder_seconds(j->made_by, bytes) : 0;
    double flops = n * n * d + 6 * n * k * d;
    return .05 + read + encode / threads + flops / (50e9 * threads);
}

static estimate make(const wn_job *j) {
    estimate e = {.dims = j->made_by ? j->made_by->dims : j->x.cols};
    size_t bytes = text_bytes(j), x = matrix_bytes(j->m, e.dims);
    /* the texts that remain after exact duplicates are copied together before they are encoded */
    e.encode = j->made_by ? wn_encoder_memory(j->made_by, j->m, bytes, true) + (j->dropped ? bytes : 0) : x;
    e.choose = x + choice_bytes(j, j->m, e.dims);
    e.need = fixed_bytes + table_bytes(j) + (e.encode > e.choose ? e.encode : e.choose);
    for (size_t i = 0; i < j->corpus.n; i++) e.disk += (size_t)j->corpus.length[i];
    e.disk += j->n * (e.dims * sizeof(float) + 90) + (1u << 20);
    e.seconds = seconds(j, e.dims, bytes);
    return e;
}

static void print(wn_job *j, const estimate *e) {
    char a[32], b[32], c[32];
    wn_printf(j->io, "rows      %zu read, %zu after exact duplicates\n", j->n, j->m);
    if (j->view.texts.n) wn_printf(j->io, "text      %s\n", wn_bytes_text(text_bytes(j), a));
    wn_printf(j->io, "vectors   %zu x %zu, %s\n", j->m, e->dims, wn_bytes_text(matrix_bytes(j->m, e->dims), a));
    wn_printf(j->io, "choose    %zu of %zu by %s\n", j->wanted < j->m ? j->wanted : j->m, j->n, wn_objective_name(j->c->objective));
    wn_printf(j->io, "memory    about %s of %s\n", wn_bytes_text(e->need, a), wn_bytes_text(wn_memory_budget(j->c), b));
    wn_printf(j->io, "disk      about %s in %s\n", wn_bytes_text(e->disk, c), j->c->output);
    if (e->seconds < 90) wn_printf(j->io, "time      about %.*f s\n", e->seconds < 10 ? 1 : 0, e->seconds);
    else wn_printf(j->io, "time      about %.0f min\n", ceil(e->seconds / 60));
}

wn_code wn_job_plan(wn_job *j, wn_err *err) {
    estimate e = make(j);
    char what[96];
    (void)snprintf(what, sizeof what, "choosing %zu of %zu rows", j->wanted, j->n);
    if (j->c->dry_run) print(j, &e);
    return wn_memory_require(j->c, e.need, what, err);
}
