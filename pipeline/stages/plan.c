/* What a choice will take, before it starts: memory, disk, time. */
#include <winnow/stages.h>

#include "limits.h"

#include <math.h>
#include <winnow/mem.h>
#include <winnow/similarity.h>
#include <winnow/threads.h>
#include <wn/paged.h>
#include <wn/report.h>

/* Libraries, buffers and stacks; and what the report and the HDF5 file need whatever the input. */
static const size_t fixed_bytes = 40u << 20;

static size_t table_bytes(const wn_rows *r) {
    size_t index = r->corpus.n ? 6 * sizeof(uint64_t) + 2 * sizeof(uint32_t) : 0;
    size_t own = 5 * sizeof(size_t) + sizeof(float) + 2;
    return r->view.n * (index + own + (r->view.ids.n ? sizeof(uint64_t) : 0));
}

static size_t matrix_bytes(size_t rows, size_t cols) {
    return rows * ((cols + 15) / 16 * 16) * sizeof(float);
}

/* The texts stay mapped, so that all of them may be resident. */
static size_t text_bytes(const wn_rows *r) {
    const wn_texts *t = &r->view.texts;
    return t->n ? (size_t)t->off[t->n] : 0;
}

static size_t query_bytes(const wn_mat *query, size_t cols) {
    return query ? matrix_bytes(query->rows, cols) : 0;
}

/* Values and weights of n rows. */
static size_t numbers_bytes(const wn_choice_opts *c, size_t n) {
    return (size_t)(!!c->value + !!c->weight) * n * sizeof(double);
}

size_t wn_plan_held(const wn_rows *rows, const wn_vectors *v, const wn_choice_opts *c) {
    const size_t all = matrix_bytes(v->x.rows, v->x.cols), resident = wn_paged_resident(),
                 x = wn_paged_folder(v->x.data) && all > resident ? resident : all;
    return fixed_bytes + table_bytes(rows) + text_bytes(rows) + x + matrix_bytes(v->space.rows, v->space.cols) +
           query_bytes(c->query, v->x.cols) + numbers_bytes(c, rows->view.n + v->x.rows);
}

/* A graph of K neighbours a row while it is found, or with both directions of its edges while rows are chosen. */
static size_t graph_bytes(size_t rows, size_t cols, size_t K) {
    size_t find = K ? wn_sim_knn_memory(rows, cols, K) : 0, choose = rows * K * (sizeof(long long) + 5 * sizeof(float));
    return find > choose ? find : choose;
}

/* What is chosen toward queries, and which query each row is nearest to. */
static size_t toward_bytes(const wn_choice_opts *c, size_t rows, size_t cols) {
    const wn_select_opts o = {.objective = c->toward, .kernel = {.kind = WN_COSINE}, .k = c->wanted, .query = c->query};
    return c->query ? wn_select_memory(&o, rows, cols) + rows * (sizeof(size_t) + sizeof(float)) : 0;
}

/* What is known of the choice before there are vectors. */
static wn_select_opts select_opts(const wn_choice_opts *c, size_t rows) {
    return (wn_select_opts){.objective = c->objective,
                            .kernel = {c->kernel.kind, 1},
                            .k = c->wanted,
                            .lambda = c->lambda,
                            .sum_rows = wn_choice_sum_rows(c, rows),
                            .certify = true,
                            .classes = c->classes ? c->classes->n : 0,
                            .query = c->query,
                            .maximizer = c->maximizer,
                            .mix = c->mix,
                            .nmix = c->nmix,
                            .value = c->value,
                            .weight = c->weight,
                            .apart = c->apart,
                            .storage = c->storage == WN_DENSE ? WN_DENSE : WN_MATRIX_FREE};
}

/* What the choice needs beyond vectors and tables: the maximizer is matrix-free where memory is short. least: without
 * what it holds for speed alone. */
static size_t choice_bytes(const wn_choice_opts *c, size_t rows, size_t cols, size_t text, size_t labels, bool least) {
    wn_select_opts o = select_opts(c, rows);
    o.memory = least;
    const size_t space = wn_space_dims(&c->space, cols), d = space ? space : cols;
    const wn_partition_opts parts = {.parts = c->partition.parts};
    size_t choice = (parts.parts ? wn_partition_memory(&o, &parts, rows, d) : wn_select_memory(&o, rows, d)) +
                    graph_bytes(rows, d, wn_choice_neighbours(c, rows)) + wn_space_bytes(&c->space, rows, cols) +
                    wn_limits_bytes(c, rows, cols);
    size_t toward = toward_bytes(c, rows, cols);
    if (c->objective == WN_GRAPH_CUT && isnan(c->lambda)) {
        const size_t order = wn_selection_by_coverage_memory(c->wanted, rows, d, cols);
        choice = choice > order ? choice : order;
    }
    size_t curves = rows * (3 * sizeof(size_t) + 2 * sizeof(float));
    size_t page = wn_report_memory(rows, cols, text);
    choice = choice > toward ? choice : toward;
    choice = choice > curves ? choice : curves;
    if (c->objective == WN_CLASS_HERDING) {
        const size_t push = wn_push_bytes(rows, cols);
        choice = choice > push ? choice : push;
    }
    const size_t worth = labels ? wn_worth_bytes(c, rows, cols, labels, choice) : 0; /* chooses anew */
    choice = choice > worth ? choice : worth;
    return choice > page ? choice : page;
}

/* Rates of one core, from runs on a machine with AVX-512: a rough guide for others. */
static double plan_seconds(const wn_plan *p, size_t m, const wn_choice_opts *c, const wn_plan_opts *o) {
    double threads = (double)wn_threads_get(), n = (double)m, d = (double)o->dims, k = (double)c->wanted;
    const double queries = c->query ? (double)c->query->rows : 0;
    const wn_select_opts select = select_opts(c, m);
    const size_t space = wn_space_dims(&c->space, o->dims);
    double work = wn_select_work(&select, m, space ? space : o->dims);
    const double sample = c->sums == WN_SUMS_EXACT ? n : c->sum_rows ? (double)c->sum_rows : WN_PARTITION_SAMPLE;
    if (c->partition.parts && c->objective == WN_GRAPH_CUT) work = 2 * n * fmin(n, 2 * sample) * d;
    double flops = work + 4 * n * queries * d + 6 * n * k * d;
    const double moved = (double)p->vectors * (p->streamed ? 3 : 2); /* read, streamed, and written with the choice */
    return .05 + (double)p->text / 150e6 + moved / 1e9 + o->encode_seconds / threads + flops / (50e9 * threads);
}

/* What the budget leaves to them beside all else is in memory at a time. */
static void stream_vectors(wn_plan *p, size_t budget) {
    const size_t rest = p->need - p->vectors, left = budget > rest ? budget - rest : 0;
    p->streamed = true;
    p->resident = left > WN_PAGED_LEAST ? left : WN_PAGED_LEAST;
    p->need = rest + p->resident;
}

/* With all vectors in memory; `least` as above. */
static size_t whole_need(const wn_plan *p, const wn_rows *rows, const wn_copies *c, const wn_choice_opts *choice,
                         const wn_plan_opts *o, bool least) {
    size_t encode = o->encode_bytes ? o->encode_bytes : p->vectors,
           labels = o->verdict && rows->view.label ? rows->view.nlabels : 0,
           choose = p->text + p->vectors + query_bytes(choice->query, o->dims) +
                    choice_bytes(choice, c->m, o->dims, p->text, labels, least);
    /* the texts that remain after exact duplicates are copied together before they are encoded */
    if (o->encode_bytes && c->dropped) encode += p->text;
    return fixed_bytes + table_bytes(rows) + numbers_bytes(choice, c->n + c->m) + (encode > choose ? encode : choose);
}

wn_plan wn_plan_make(const wn_rows *rows, const wn_copies *c, const wn_choice_opts *choice, const wn_plan_opts *o) {
    wn_plan p = {.dims = o->dims, .text = text_bytes(rows), .vectors = matrix_bytes(c->m, o->dims)};
    p.need = whole_need(&p, rows, c, choice, o, false);
    if (p.need > o->budget) p.need = whole_need(&p, rows, c, choice, o, true);
    if (o->streams && p.need > o->budget && p.vectors > WN_PAGED_LEAST) stream_vectors(&p, o->budget);
    for (size_t i = 0; i < rows->corpus.n; i++) p.disk += (size_t)rows->corpus.length[i];
    p.disk += c->n * (o->dims * sizeof(float) + 90) + (1u << 20) + (p.streamed ? p.vectors : 0);
    p.seconds = plan_seconds(&p, c->m, choice, o);
    return p;
}
