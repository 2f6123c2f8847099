#include "cells.h"

#include "cell_file.h"
#include "methods.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/similarity.h>
#include <winnow/threads.h>
#include <wn/metrics.h>
#include <wn/rng.h>
#include <wn/sha256.h>

size_t wn_compare_budget(const wn_size_opts *budget, size_t n) {
    double k = budget->percent ? round(budget->k / 100 * (double)n) : budget->k;
    return k < 1 ? 1 : k >= (double)n ? n : (size_t)k;
}

/* ---- the list ---- */

size_t wn_cells_repeats(const wn_cells *c) {
    return c->plan->draws * c->plan->trainings;
}

static size_t place_of(const wn_compare_plan *p, size_t scenario, size_t budget, size_t method) {
    return ((scenario * (p->nbudgets + 1) + budget) * p->nmethods + method) * p->draws * p->trainings;
}

const wn_cell *wn_cells_of(const wn_cells *c, size_t scenario, size_t budget, size_t method) {
    return &c->list[place_of(c->plan, scenario, budget, method)];
}

/* Rows of the largest budget of a pool of n rows. */
static size_t largest_budget(const wn_compare_plan *p, size_t n) {
    size_t most = 0;
    for (size_t b = 0; b < p->nbudgets; b++) {
        size_t k = wn_compare_budget(&p->budgets[b], n);
        most = k > most ? k : most;
    }
    return most;
}

/* The budgets of which one is the largest, whatever the pool. */
static void describe_steps(const wn_compare_plan *p, wn_writer *w) {
    double most[2] = {0, 0};
    for (size_t b = 0; b < p->nbudgets; b++)
        if (p->budgets[b].k > most[p->budgets[b].percent]) most[p->budgets[b].percent] = p->budgets[b].k;
    wn_writer_printf(w, "steps of %.17g rows or %.17g%%, ", most[false], most[true]);
}

static void describe_classes(const wn_compare_plan *p, const wn_method *m, wn_writer *w) {
    wn_writer_printf(w, "push %.17g, quota %.17g", m->push, m->classes.power);
    for (size_t c = 0; m->classes.share && c < p->data->classes; c++)
        wn_writer_printf(w, " %.17g", m->classes.share[c]);
    wn_writer_put(w, ", ");
}

/* What decides a cell, in words; its hash is the key. */
static void describe_cell(const wn_compare_plan *p, const wn_cell *c, wn_writer *w) {
    const wn_scenario *s = &p->scenarios[c->scenario];
    const wn_method *m = &p->methods[c->method];
    wn_writer_printf(w, "winnow %s, data %s, ", WINNOW_VERSION, p->data->sha256);
    wn_writer_printf(w, "scenario %d %.17g %zu %.17g, share %.17g, seed %llu, draw %zu, ", (int)s->kind, s->percent,
                     s->times, s->ratio, p->pool_share, (unsigned long long)p->seed, c->draw);
    wn_writer_printf(w, "method %d, objective %d, kernel %d, components %zu, lambda %.17g, gamma %.17g, ",
                     (int)m->kind, (int)m->objective, (int)m->similarity, m->components, m->lambda, m->gamma);
    if (m->objective == WN_SATURATED_COVERAGE) wn_writer_printf(w, "saturation %.17g, ", m->saturation);
    wn_writer_printf(w, "neighbours %zu, ", m->neighbours);
    if (m->objective == WN_CLASS_HERDING || m->quotas) describe_classes(p, m, w);
    wn_writer_printf(w, "dedup %d %.17g, own seed %d %llu, ", (int)m->dedup, m->dedup_threshold, m->seeded,
                     (unsigned long long)(m->seeded ? m->seed : 0));
    if (c->budget < p->nbudgets)
        wn_writer_printf(w, "budget %.17g%s, ", p->budgets[c->budget].k, p->budgets[c->budget].percent ? "%" : "");
    if (p->same_steps) describe_steps(p, w);
    wn_writer_printf(w, "training %zu, ", c->training);
    p->learner->vt->describe(p->learner, w);
}

static wn_code name_cell(const wn_compare_plan *p, wn_cell *c, wn_err *err) {
    wn_writer w = {.err = err};
    wn_sha256 h = {0};
    describe_cell(p, c, &w);
    wn_code code = w.code;
    if (code != WN_OK) goto out;
    if ((code = wn_sha256_init(&h, err)) != WN_OK) goto out;
    if ((code = wn_sha256_update(&h, w.data, w.len, err)) != WN_OK) goto out;
    code = wn_sha256_final(&h, c->key, err);
out:
    wn_sha256_free(&h);
    wn_free(w.data);
    return code;
}

/* The cell at place i: its numbers from the place. */
static wn_cell cell_at(const wn_compare_plan *p, size_t i) {
    wn_cell c = {0};
    c.training = i % p->trainings + 1, i /= p->trainings;
    c.draw = i % p->draws + 1, i /= p->draws;
    c.method = i % p->nmethods, i /= p->nmethods;
    c.budget = i % (p->nbudgets + 1);
    c.scenario = i / (p->nbudgets + 1);
    c.used = (p->methods[c.method].kind == WN_METHOD_FULL) == (c.budget == p->nbudgets);
    return c;
}

wn_code wn_cells_init(wn_cells *out, const wn_compare_plan *plan, wn_err *err) {
    wn_cells c = {.plan = plan, .n = place_of(plan, plan->nscenarios, 0, 0)};
    wn_code code = WN_EMEMORY;
    if (!(c.list = wn_alloc(c.n, sizeof *c.list, err))) goto out;
    for (size_t i = 0; i < c.n; i++) {
        c.list[i] = cell_at(plan, i);
        if (!c.list[i].used) continue;
        c.used++;
        if ((code = name_cell(plan, &c.list[i], err)) != WN_OK) goto out;
    }
    *out = c;
    c = (wn_cells){0};
    code = WN_OK;
out:
    wn_cells_free(&c);
    return code;
}

void wn_cells_free(wn_cells *c) {
    for (size_t i = 0; c->list && i < c->n; i++) wn_free(c->list[i].predicted);
    wn_free(c->list);
    *c = (wn_cells){0};
}

wn_code wn_cells_find(wn_cells *c, const char *folder, wn_err *err) {
    for (size_t i = 0; i < c->n; i++) {
        wn_cell *cell = &c->list[i];
        if (!cell->used || cell->done) continue;
        wn_code code = wn_cell_read(cell, NULL, c->plan->data, folder, &cell->done, err);
        if (code != WN_OK) return code;
        c->found += cell->done;
    }
    return WN_OK;
}

/* ---- one cell ---- */

static uint64_t choice_seed(const wn_compare_plan *p, const wn_method *m, size_t draw) {
    enum { STREAM_METHOD = 0x4D455448 };
    wn_rng g = wn_rng_init(m->seeded ? m->seed : p->seed, (uint64_t)draw << 32 | STREAM_METHOD);
    return wn_rng_u64(&g);
}

/* What a cell holds while it chooses of so many rows: their vectors and tables. */
static size_t held_memory(const wn_compare_plan *p, size_t rows) {
    return rows * ((p->data->x.cols + 15) / 16 * 16 * sizeof(float) + 8 * sizeof(size_t));
}

/* Where a choice comes from: a cell's scenario, draw and budget; what it took. */
static wn_code choose_subset(wn_subset *out, double *seconds, const wn_cell *c, const wn_compare_plan *p,
                             const wn_method *m, size_t memory, wn_err *err) {
    const wn_pool_opts draw = {.share = p->pool_share, .seed = p->seed, .draw = c->draw};
    wn_pool pool = {0};
    size_t *chosen = NULL, k = 0;
    wn_subset s = {0};
    wn_code code = wn_pool_draw(&pool, p->data, &p->scenarios[c->scenario], &draw, err);
    if (code != WN_OK) goto out;
    size_t held = held_memory(p, pool.n);
    wn_method_call call = {.data = p->data, .pool = &pool, .seed = choice_seed(p, m, c->draw)};
    call.memory = memory > held ? memory - held : 1;
    call.k = c->budget < p->nbudgets ? wn_compare_budget(&p->budgets[c->budget], pool.n) : pool.n;
    double before = wn_now();
    if ((code = wn_method_choose(&chosen, &k, m, &call, err)) != WN_OK) goto out;
    *seconds = wn_now() - before;
    s = (wn_subset){.n = k, .pool = pool.n};
    s.row = wn_alloc(k, sizeof *s.row, err), s.label = wn_alloc(k, sizeof *s.label, err);
    code = WN_EMEMORY;
    if (!s.row || !s.label) goto out;
    for (size_t i = 0; i < k; i++) s.row[i] = pool.row[chosen[i]], s.label[i] = pool.label[chosen[i]];
    *out = s;
    s = (wn_subset){0};
    code = WN_OK;
out:
    wn_subset_free(&s);
    wn_free(chosen);
    wn_pool_free(&pool);
    return code;
}

/* What a learner that tunes does so on: what dedup+random chooses in this cell's place. */
static wn_code choose_tuning(wn_subset *out, const wn_cell *c, const wn_compare_plan *p, size_t memory, wn_err *err) {
    static const wn_method plain = {
        .kind = WN_METHOD_DEDUP_RANDOM, .objective = WN_RANDOM, .dedup = WN_DEDUP_EXACT};
    double seconds;
    return p->learner->vt->tunes ? choose_subset(out, &seconds, c, p, &plain, memory, err) : WN_OK;
}

static wn_code score_cell(wn_cell *c, const wn_compare_data *data, const float *probs, wn_err *err) {
    wn_metrics m = {0};
    wn_code code = wn_metrics_classify(&m, probs, data->label + data->n, data->tests, data->classes, err);
    if (code != WN_OK) return code;
#define TAKE_SCORE(name) c->name = m.name;
    WN_CELL_SCORES(TAKE_SCORE)
#undef TAKE_SCORE
    wn_metrics_free(&m);
    for (size_t i = 0; i < data->tests; i++)
        c->predicted[i] = (uint32_t)wn_metrics_likeliest(probs + i * data->classes, data->classes);
    return WN_OK;
}

/* What a cell tells of itself stands behind the count of cells: as a stage of its own it would begin that one anew. */
typedef struct {
    wn_progress base;
    wn_progress *to;
    size_t done, all; /* cells */
} cell_progress;

static void report_within_cell(wn_progress *self, const char *stage, const char *unit, size_t done, size_t total) {
    const cell_progress *c = (const cell_progress *)(const void *)self;
    char text[48];
    wn_err ignored;
    (void)unit;
    (void)snprintf(text, sizeof text, "cells, %.20s %.0f%%", stage,
                   total ? 100 * (double)done / (double)total : 0.0);
    (void)wn_tick(c->to, "compare", text, c->done, c->all, &ignored);
}

static wn_code work_out(wn_cell *c, const wn_compare_plan *p, const wn_cells_opts *o, wn_progress *progress,
                        wn_err *err) {
    const wn_compare_data *data = p->data;
    const wn_method *m = &p->methods[c->method];
    wn_subset subset = {0}, tuning = {0};
    float *probs = NULL;
    wn_code code = choose_subset(&subset, &c->select_s, c, p, m, o->memory, err);
    if (code == WN_ECONSTRAINT)
        (void)wn_err_prefix(err, "%.60s, seed %zu: ", m->name, c->draw);
    if (code != WN_OK) goto out;
    c->k = subset.n;
    if ((code = choose_tuning(&tuning, c, p, o->memory, err)) != WN_OK) goto out;
    code = WN_EMEMORY;
    if (!c->predicted && !(c->predicted = wn_alloc(data->tests, sizeof *c->predicted, err))) goto out;
    if (!(probs = wn_alloc(data->tests * data->classes, sizeof *probs, err))) goto out;
    const wn_lesson lesson = {.taught = {subset.row, subset.label, subset.n},
                              .tuned_on = {tuning.row, tuning.label, tuning.n},
                              .seed = c->training,
                              .steps_of = p->same_steps ? largest_budget(p, subset.pool) : 0,
                              .progress = progress};
    double before = wn_now();
    code = wn_learner_learn(p->learner, &lesson, probs, err);
    if (code == WN_EINPUT)
        (void)wn_err_prefix(err, "%.60s, %zu rows, seed %zu: ", m->name, c->k, c->draw);
    if (code != WN_OK) goto out;
    c->train_s = wn_now() - before;
    if ((code = score_cell(c, data, probs, err)) != WN_OK) goto out;
    if ((code = wn_cell_write(c, &subset, data->tests, o->folder, err)) != WN_OK) goto out;
    c->done = true;
out:
    wn_subset_free(&subset);
    wn_subset_free(&tuning);
    wn_free(probs);
    return code;
}

/* ---- all cells ---- */

typedef struct {
    wn_cells *cells;
    const wn_cells_opts *opts;
    const size_t *todo; /* [n] places, the dearest first */
    size_t n, begin;    /* of this round */
    atomic_size_t finished;
    atomic_bool stop;
    pthread_mutex_t lock; /* of what follows */
    size_t failed;        /* the first place of todo that failed; SIZE_MAX: none */
    wn_err first;
} running;

static void note_failure(running *r, size_t at, const wn_err *err) {
    (void)pthread_mutex_lock(&r->lock);
    if (at < r->failed) r->failed = at, r->first = *err;
    (void)pthread_mutex_unlock(&r->lock);
    atomic_store(&r->stop, true);
}

static void run_cells(void *ctx, size_t begin, size_t end, int worker) {
    running *r = ctx;
    const wn_compare_plan *p = r->cells->plan;
    for (size_t i = begin; i < end && !atomic_load(&r->stop); i++) {
        size_t at = r->begin + i, done = r->cells->found + atomic_load(&r->finished);
        wn_err err = {0};
        /* only the thread that the sink knows reports; any may be told to stop */
        wn_progress *progress = worker == 0 ? r->opts->progress : NULL;
        cell_progress within = {{.report = report_within_cell}, progress, done, r->cells->used};
        if (wn_tick(progress, "compare", "cells", done, r->cells->used, &err) != WN_OK ||
            work_out(&r->cells->list[r->todo[at]], p, r->opts, progress ? &within.base : NULL, &err) != WN_OK) {
            note_failure(r, at, &err);
            return;
        }
        (void)atomic_fetch_add(&r->finished, 1);
    }
}

/* Full sets first: they take longest, and nobody waits for one in the end. */
static size_t list_todo(size_t *todo, const wn_cells *c) {
    size_t n = 0;
    for (int full = 1; full >= 0; full--)
        for (size_t i = 0; i < c->n; i++) {
            const wn_cell *cell = &c->list[i];
            bool is_full = cell->budget == c->plan->nbudgets;
            if (cell->used && !cell->done && is_full == full) todo[n++] = i;
        }
    return n;
}

wn_code wn_cells_run(wn_cells *c, const wn_cells_opts *o, wn_err *err) {
    size_t *todo = wn_alloc(c->n, sizeof *todo, err), at_once = o->at_once ? o->at_once : 1;
    if (!todo) return WN_EMEMORY;
    running r = {.cells = c, .opts = o, .todo = todo, .n = list_todo(todo, c), .failed = SIZE_MAX};
    (void)pthread_mutex_init(&r.lock, NULL);
    bool wide = c->plan->learner->vt->wide || at_once == 1;
    size_t round = wide ? 1 : at_once >= (size_t)wn_threads_get() ? r.n : at_once;
    for (; r.begin < r.n && !atomic_load(&r.stop); r.begin += round) {
        size_t n = r.n - r.begin < round ? r.n - r.begin : round;
        if (wide)
            run_cells(&r, 0, n, 0); /* a cell has all threads */
        else
            wn_parallel_for(n, 1, run_cells, &r);
    }
    (void)pthread_mutex_destroy(&r.lock);
    wn_free(todo);
    if (r.failed != SIZE_MAX) *err = r.first;
    if (r.failed != SIZE_MAX) return r.first.code;
    return wn_tick(o->progress, "compare", "cells", c->used, c->used, err);
}

/* ---- memory ---- */

static size_t choice_memory(const wn_compare_plan *p, const wn_method *m, size_t rows, size_t k) {
    size_t d = p->data->x.cols, held = held_memory(p, rows);
    if (m->kind != WN_METHOD_OBJECTIVE && m->kind != WN_METHOD_DEDUP_RANDOM) return held;
    const wn_choice_opts choice = {.objective = m->objective, .neighbours = m->neighbours};
    const wn_select_opts o = {.objective = m->objective,
                              .kernel = {m->similarity, 1},
                              .k = k,
                              .lambda = m->lambda,
                              .classes = p->data->classes,
                              .maximizer = m->maximizer,
                              .storage = m->storage == WN_DENSE ? WN_DENSE : WN_MATRIX_FREE};
    const wn_space_opts space = {.components = m->components};
    size_t K = wn_choice_neighbours(&choice, rows), edge = sizeof(long long) + 5 * sizeof(float);
    size_t graph = K ? wn_sim_knn_memory(rows, d, K) + rows * K * edge : 0;
    size_t choose = graph + wn_select_memory(&o, rows, d) + wn_space_bytes(&space, rows, d), push = 0;
    if (m->objective == WN_CLASS_HERDING) push = wn_push_bytes(rows, d);
    return held + (choose > push ? choose : push);
}

size_t wn_cells_memory(const wn_compare_plan *p) {
    size_t most = 0;
    for (size_t s = 0; s < p->nscenarios; s++) {
        size_t rows = wn_pool_rows(&p->scenarios[s], p->data->n, p->pool_share), learn;
        learn = p->learner->vt->memory(p->learner, rows);
        for (size_t m = 0; m < p->nmethods; m++)
            for (size_t b = 0; b < p->nbudgets; b++) {
                size_t choose = choice_memory(p, &p->methods[m], rows, wn_compare_budget(&p->budgets[b], rows));
                most = most > choose ? most : choose;
            }
        most = most > learn ? most : learn;
    }
    return most + p->data->tests * p->data->classes * sizeof(float);
}
