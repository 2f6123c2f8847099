#include "verdict.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

const char *wn_budget_text(const wn_compare_plan *p, size_t budget, char text[32]) {
    if (budget == p->nbudgets)
        (void)snprintf(text, 32, "all");
    else
        (void)snprintf(text, 32, "%.12g%s", p->budgets[budget].k, p->budgets[budget].percent ? "%" : "");
    return text;
}

size_t wn_verdicts_yardstick(const wn_compare_plan *p) {
    size_t m = 0;
    while (m < p->nmethods && !(p->methods[m].baseline && p->methods[m].kind == WN_METHOD_DEDUP_RANDOM)) m++;
    return m;
}

bool wn_verdicts_compared(const wn_compare_plan *p, size_t method, size_t baseline) {
    const wn_method *a = &p->methods[method], *b = &p->methods[baseline];
    return method != baseline && b->baseline && a->kind != WN_METHOD_FULL && b->kind != WN_METHOD_FULL;
}

const wn_standing *wn_verdicts_of(const wn_verdicts *v, size_t scenario, size_t budget, size_t method) {
    const wn_compare_plan *p = v->cells->plan;
    return &v->list[(scenario * (p->nbudgets + 1) + budget) * p->nmethods + method];
}

/* ---- means ---- */

/* Of each selection seed the mean over its trainings: out[draws]. `at` is the offset of a double in wn_cell. */
static void by_draw(double *out, const wn_cells *c, const wn_standing *s, size_t at) {
    const wn_cell *cell = wn_cells_of(c, s->scenario, s->budget, s->method);
    size_t trainings = c->plan->trainings;
    for (size_t d = 0; d < c->plan->draws; d++) {
        double sum = 0;
        for (size_t t = 0; t < trainings; t++)
            sum += *(const double *)(const void *)((const char *)(cell + d * trainings + t) + at);
        out[d] = sum / (double)trainings;
    }
}

static void make_means(wn_standing *s, const wn_cells *c, double *values) {
    const wn_cell *cell = wn_cells_of(c, s->scenario, s->budget, s->method);
    size_t n = wn_cells_repeats(c), draws = c->plan->draws;
    for (size_t i = 0; i < n; i++) {
        s->k += (double)cell[i].k / (double)n;
        s->select_s += cell[i].select_s / (double)n;
        s->train_s += cell[i].train_s / (double)n;
    }
#define MEAN_OF(name)                                                                                                  \
    by_draw(values, c, s, offsetof(wn_cell, name));                                                                    \
    s->name = wn_stats_mean(values, draws, WN_VERDICT_LEVEL);
    WN_CELL_SCORES(MEAN_OF)
#undef MEAN_OF
}

/* How much of what all rows have over a random choice without copies this choice has. */
static void close_gaps(wn_verdicts *v) {
    const wn_compare_plan *p = v->cells->plan;
    size_t base = wn_verdicts_yardstick(p), full = 0;
    while (full < p->nmethods && p->methods[full].kind != WN_METHOD_FULL) full++;
    for (size_t i = 0; i < v->n; i++) {
        wn_standing *s = &v->list[i];
        s->closed = NAN;
        if (!s->used || base == p->nmethods || full == p->nmethods || s->budget == p->nbudgets) continue;
        double low = wn_verdicts_of(v, s->scenario, s->budget, base)->accuracy.mean;
        double high = wn_verdicts_of(v, s->scenario, p->nbudgets, full)->accuracy.mean;
        if (high > low) s->closed = (s->accuracy.mean - low) / (high - low);
    }
}

/* ---- differences ---- */

/* correct[cells, tests]: 1 where the cell was right. */
static void mark_correct(float *correct, const wn_cells *c, const wn_standing *s) {
    const wn_compare_data *data = c->plan->data;
    const wn_cell *cell = wn_cells_of(c, s->scenario, s->budget, s->method);
    for (size_t i = 0; i < wn_cells_repeats(c); i++)
        for (size_t t = 0; t < data->tests; t++) *correct++ = cell[i].predicted[t] == data->label[data->n + t];
}

static wn_wins count_wins(const wn_cells *c, const wn_standing *a, const wn_standing *b) {
    const wn_cell *x = wn_cells_of(c, a->scenario, a->budget, a->method);
    const wn_cell *y = wn_cells_of(c, b->scenario, b->budget, b->method);
    wn_wins w = {0};
    for (size_t i = 0; i < wn_cells_repeats(c); i++) {
        wn_wins one = wn_stats_wins(&x[i].accuracy, &y[i].accuracy, 1);
        w.wins += one.wins, w.ties += one.ties, w.losses += one.losses;
    }
    return w;
}

/* Scratch of one task. */
typedef struct {
    double *a, *b;  /* [draws] */
    float *ra, *rb; /* [cells, tests] */
} difference_work;

static void difference_work_free(difference_work *w) {
    wn_free(w->a);
    wn_free(w->b);
    wn_free(w->ra);
    wn_free(w->rb);
}

static wn_code difference_work_init(difference_work *w, const wn_cells *c, wn_err *err) {
    size_t draws = c->plan->draws, items = wn_cells_repeats(c) * c->plan->data->tests;
    *w = (difference_work){.a = wn_alloc(draws, sizeof *w->a, err),
                           .b = wn_alloc(draws, sizeof *w->b, err),
                           .ra = wn_alloc(items, sizeof *w->ra, err),
                           .rb = wn_alloc(items, sizeof *w->rb, err)};
    if (w->a && w->b && w->ra && w->rb) return WN_OK;
    difference_work_free(w);
    *w = (difference_work){0};
    return WN_EMEMORY;
}

static wn_code make_difference(wn_difference *d, difference_work *w, const wn_cells *c, const wn_standing *a,
                               const wn_standing *b, wn_err *err) {
    const wn_compare_plan *p = c->plan;
    const wn_bootstrap_opts o = {.seed = p->seed, .level = WN_VERDICT_LEVEL};
    by_draw(w->a, c, a, offsetof(wn_cell, balanced_accuracy));
    by_draw(w->b, c, b, offsetof(wn_cell, balanced_accuracy));
    d->balanced = wn_stats_paired(w->a, w->b, p->draws, WN_VERDICT_LEVEL);
    by_draw(w->a, c, a, offsetof(wn_cell, accuracy));
    by_draw(w->b, c, b, offsetof(wn_cell, accuracy));
    d->seeds = wn_stats_paired(w->a, w->b, p->draws, WN_VERDICT_LEVEL);
    d->wins = count_wins(c, a, b);
    mark_correct(w->rb, c, b);
    return wn_stats_bootstrap_items(&d->items, w->ra, w->rb, wn_cells_repeats(c), p->data->tests, &o, err);
}

typedef struct {
    wn_verdicts *verdicts;
    pthread_mutex_t lock;
    wn_err first; /* the first failure to come; code WN_OK: none */
} difference_job;

/* All differences of standing i. */
static wn_code differences_of(wn_verdicts *v, size_t i, difference_work *w, wn_err *err) {
    const wn_cells *c = v->cells;
    wn_standing *s = &v->list[i];
    wn_code code = wn_tick(NULL, "verdicts", "methods", i, v->n, err); /* may be told to stop */
    if (code != WN_OK || !s->used) return code;
    mark_correct(w->ra, c, s);
    for (size_t b = 0; b < c->plan->nmethods; b++) {
        if (!wn_verdicts_compared(c->plan, s->method, b)) continue;
        const wn_standing *baseline = wn_verdicts_of(v, s->scenario, s->budget, b);
        if ((code = make_difference(&s->against[b], w, c, s, baseline, err)) != WN_OK) return code;
    }
    return WN_OK;
}

static void make_differences(void *ctx, size_t begin, size_t end, int worker) {
    difference_job *job = ctx;
    wn_err err = {0};
    difference_work w = {0};
    (void)worker;
    wn_code code = difference_work_init(&w, job->verdicts->cells, &err);
    if (code != WN_OK) goto out;
    for (size_t i = begin; i < end; i++)
        if ((code = differences_of(job->verdicts, i, &w, &err)) != WN_OK) goto out;
out:
    difference_work_free(&w);
    if (code == WN_OK) return;
    (void)pthread_mutex_lock(&job->lock);
    if (job->first.code == WN_OK) job->first = err;
    (void)pthread_mutex_unlock(&job->lock);
}

/* ---- verdicts ---- */

/* The p of all methods of one kind, asked for or baselines, that stand against one baseline are adjusted together.
 * p: room for two numbers a method. */
static void judge(wn_standing *s, const wn_compare_plan *plan, size_t baseline, bool baselines, double *p) {
    double *adjusted = p + plan->nmethods;
    size_t n = 0;
    for (size_t m = 0; m < plan->nmethods; m++) {
        const wn_difference *d = &s[m].against[baseline];
        if (!wn_verdicts_compared(plan, m, baseline) || plan->methods[m].baseline != baselines) continue;
        p[n++] = plan->draws > 1 ? d->seeds.p : d->items.p;
    }
    wn_stats_holm(adjusted, p, n);
    n = 0;
    for (size_t m = 0; m < plan->nmethods; m++) {
        wn_difference *d = &s[m].against[baseline];
        if (!wn_verdicts_compared(plan, m, baseline) || plan->methods[m].baseline != baselines) continue;
        d->holm = adjusted[n++];
        d->verdict = wn_stats_verdict(d->holm, &d->items);
    }
}

/* Of every baseline at every budget of every scenario. */
static void judge_all(wn_verdicts *v, double *p) {
    const wn_compare_plan *plan = v->cells->plan;
    for (size_t i = 0; i < v->n; i += plan->nmethods)
        for (size_t b = 0; v->list[i].budget < plan->nbudgets && b < plan->nmethods; b++) {
            judge(&v->list[i], plan, b, false, p);
            judge(&v->list[i], plan, b, true, p);
        }
}

wn_code wn_verdicts_make(wn_verdicts *out, const wn_cells *cells, wn_err *err) {
    const wn_compare_plan *p = cells->plan;
    wn_verdicts v = {.cells = cells, .n = p->nscenarios * (p->nbudgets + 1) * p->nmethods};
    size_t most = p->draws > 2 * p->nmethods ? p->draws : 2 * p->nmethods;
    double *values = wn_alloc(most, sizeof *values, err);
    wn_code code = WN_EMEMORY;
    if (!values || !(v.list = wn_alloc(v.n, sizeof *v.list, err))) goto out;
    if (!(v.differences = wn_alloc(v.n * p->nmethods, sizeof *v.differences, err))) goto out;
    for (size_t i = 0; i < v.n; i++) {
        const wn_cell *first = &cells->list[i * wn_cells_repeats(cells)];
        v.list[i] = (wn_standing){.scenario = first->scenario,
                                  .budget = first->budget,
                                  .method = first->method,
                                  .used = first->used,
                                  .against = &v.differences[i * p->nmethods]};
        if (first->used) make_means(&v.list[i], cells, values);
    }
    close_gaps(&v);
    difference_job job = {.verdicts = &v};
    (void)pthread_mutex_init(&job.lock, NULL);
    wn_parallel_for(v.n, 1, make_differences, &job);
    (void)pthread_mutex_destroy(&job.lock);
    if ((code = job.first.code) != WN_OK) {
        *err = job.first;
        goto out;
    }
    judge_all(&v, values);
    *out = v;
    v = (wn_verdicts){0};
out:
    wn_verdicts_free(&v);
    wn_free(values);
    return code;
}

void wn_verdicts_free(wn_verdicts *v) {
    wn_free(v->list);
    wn_free(v->differences);
    *v = (wn_verdicts){0};
}

/* ---- words ---- */

void wn_verdicts_sentence(wn_writer *out, const wn_verdicts *v, size_t scenario, size_t method, size_t baseline) {
    const wn_compare_plan *p = v->cells->plan;
    static const wn_verdict order[] = {WN_VERDICT_BETTER, WN_VERDICT_WORSE, WN_VERDICT_NONE};
    char text[32];
    size_t said = 0;
    wn_writer_printf(out, "%s against %s: ", p->methods[method].name, p->methods[baseline].name);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        size_t n = 0;
        for (size_t b = 0; b < p->nbudgets; b++) {
            if (wn_verdicts_of(v, scenario, b, method)->against[baseline].verdict != order[i]) continue;
            wn_writer_printf(out, "%s%s", n ? ", " : said ? "; " : "", n ? "" : wn_verdict_word(order[i]));
            wn_writer_printf(out, "%s%s", n ? "" : " at ", wn_budget_text(p, b, text));
            n++, said++;
        }
    }
}
