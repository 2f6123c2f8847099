/* The page of a comparison: the verdict in a sentence, accuracy against budget and against seconds, every difference,
 * and each class. */
#include "page.h"

#include "chart.h"
#include "outcome/layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

/* The page and what it is about. */
typedef struct {
    wn_page *page;
    const wn_compare_results *results;
    const wn_verdicts *v;
    const wn_compare_plan *plan;
    size_t yardstick; /* dedup+random */
} compare_page;

static bool is_full(const compare_page *c, size_t method) {
    return c->plan->methods[method].kind == WN_METHOD_FULL;
}

/* ---- head ---- */

/* How often each verdict was given to the methods asked for, against dedup+random. */
static void count_verdicts(const compare_page *c, size_t method, size_t count[3]) {
    const wn_compare_plan *plan = c->plan;
    for (size_t s = 0; s < plan->nscenarios; s++)
        for (size_t b = 0; b < plan->nbudgets; b++)
            count[wn_verdicts_of(c->v, s, b, method)->against[c->yardstick].verdict]++;
}

static void put_lead(const compare_page *c) {
    wn_page *p = c->page;
    const wn_compare_plan *plan = c->plan;
    size_t all = plan->nscenarios * plan->nbudgets;
    for (size_t m = 0; m < plan->nmethods; m++) {
        size_t count[3] = {0};
        if (plan->methods[m].baseline || !wn_verdicts_compared(plan, m, c->yardstick)) continue;
        count_verdicts(c, m, count);
        wn_page_put(p, "<p class=\"lead\"><b>");
        wn_page_escape(p, plan->methods[m].name);
        wn_page_put(p, "</b> against a random choice without copies: ");
        if (count[WN_VERDICT_NONE] == all)
            wn_page_printf(p, "%s", wn_verdict_word(WN_VERDICT_NONE));
        else
            wn_page_printf(p, "%s in %zu, %s in %zu, %s in %zu of %zu comparisons", wn_verdict_word(WN_VERDICT_BETTER),
                           count[WN_VERDICT_BETTER], wn_verdict_word(WN_VERDICT_WORSE), count[WN_VERDICT_WORSE],
                           wn_verdict_word(WN_VERDICT_NONE), count[WN_VERDICT_NONE], all);
        wn_page_put(p, ".</p>\n");
    }
}

static void put_tile(wn_page *p, const char *name, size_t count, const char *remark) {
    wn_page_printf(p, "<div><dt>%s</dt><dd>", name);
    wn_page_count(p, count);
    if (remark) wn_page_printf(p, "<small>%s</small>", remark);
    wn_page_put(p, "</dd></div>\n");
}

static void put_head(const compare_page *c) {
    wn_page *p = c->page;
    const wn_compare_plan *plan = c->plan;
    wn_page_put(p, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                   "'unsafe-inline'; img-src data:\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                   "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n"
                   "<title>" WN_COMPARE_TITLE "</title>\n");
    wn_page_style(p);
    wn_chart_style(p);
    wn_page_put(p, "</head>\n<body><main>\n<header><div class=\"w\">winnow</div><h1>Subset against random</h1>\n");
    put_lead(c);
    wn_page_put(p, "<dl class=\"k\">\n");
    put_tile(p, "Records to choose from", plan->data->n, NULL);
    put_tile(p, "Test records", plan->data->tests, "touched once by each cell");
    if (c->results->shared) put_tile(p, "Test records in the pool", c->results->shared, "equal text");
    put_tile(p, "Classes", plan->data->classes, NULL);
    put_tile(p, "Seeds", plan->draws, "draws of the pool");
    put_tile(p, "Cells", c->v->cells->used, NULL);
    wn_page_put(p, "</dl></header>\n");
}

/* ---- charts ---- */

/* Points of a method's line, a budget each. */
static void budget_points(wn_chart_point *out, const compare_page *c, size_t scenario, size_t method, bool seconds) {
    size_t n = is_full(c, method) ? 1 : c->plan->nbudgets;
    for (size_t i = 0; i < n; i++) {
        const wn_standing *s = wn_verdicts_of(c->v, scenario, is_full(c, method) ? c->plan->nbudgets : i, method);
        out[i] = (wn_chart_point){seconds ? s->select_s + s->train_s : s->k, s->accuracy.mean, s->accuracy.low,
                                  s->accuracy.high};
    }
}

static int point_by_x(const void *a, const void *b) {
    const wn_chart_point *p = a, *q = b;
    return (p->x > q->x) - (p->x < q->x);
}

static void put_charts(const compare_page *c, size_t scenario, wn_chart_line *line, wn_chart_point *point) {
    wn_page *p = c->page;
    size_t methods = c->plan->nmethods, budgets = c->plan->nbudgets;
    wn_chart chart = {.line = line, .nlines = methods};
    wn_page_put(p, "<ul class=\"leg\">");
    for (size_t m = 0; m < methods; m++) {
        line[m] = (wn_chart_line){.name = c->plan->methods[m].name,
                                  .style = m,
                                  .level = is_full(c, m),
                                  .point = point + m * budgets,
                                  .n = is_full(c, m) ? 1 : budgets};
        wn_page_put(p, "<li>");
        wn_chart_key(p, &line[m]);
        wn_page_put(p, "</li>");
    }
    wn_page_put(p, "</ul>\n<div class=\"two\">\n");
    for (int seconds = 0; seconds < 2; seconds++) {
        for (size_t m = 0; m < methods; m++) {
            budget_points(point + m * budgets, c, scenario, m, seconds == 1);
            if (!seconds) qsort(point + m * budgets, line[m].n, sizeof *point, point_by_x);
        }
        chart.title = seconds ? "Accuracy against seconds" : "Accuracy against budget";
        chart.x_name = seconds ? "seconds to choose and learn (logarithmic)" : "records learnt from";
        chart.log_x = seconds == 1;
        wn_chart_draw(p, &chart);
        wn_page_put(p, seconds ? "<figcaption>Seconds of one cell on this machine, mean over the seeds.</figcaption>"
                               : "<figcaption>Mean over the seeds; the bars are 95% intervals. The dotted line has "
                                 "learnt from all records.</figcaption>");
        wn_page_put(p, "</figure>\n");
    }
    wn_page_put(p, "</div>\n");
}

/* ---- tables ---- */

static void put_signed(wn_page *p, double v) {
    if (!isfinite(v))
        wn_page_put(p, "—");
    else
        wn_page_printf(p, "%s%.1f", v < 0 ? "−" : "+", fabs(100 * v));
}

static void put_verdict(wn_page *p, const wn_difference *d) {
    static const char *const cls[] = {[WN_VERDICT_NONE] = "vn", [WN_VERDICT_BETTER] = "vb", [WN_VERDICT_WORSE] = "vw"};
    wn_page_printf(p, "<span class=\"%s\">%s</span>", cls[d->verdict], wn_verdict_word(d->verdict));
}

/* "+3.1 (+1.2 to +5.0)", and below it "better, 5 of 5". */
static void put_difference(wn_page *p, const wn_difference *d) {
    const wn_interval *i = isfinite(d->seeds.low) ? &d->seeds : &d->items; /* one seed has no interval of its own */
    wn_page_put(p, "<div class=\"d\">");
    put_signed(p, d->seeds.mean);
    wn_page_put(p, " <span class=\"m\">(");
    put_signed(p, i->low);
    wn_page_put(p, " to ");
    put_signed(p, i->high);
    wn_page_put(p, ")</span></div><div class=\"d\">");
    put_verdict(p, d);
    size_t all = d->wins.wins + d->wins.ties + d->wins.losses;
    wn_page_printf(p, "<span class=\"m\">, %zu of %zu</span></div>", d->wins.wins, all);
}

static void put_row(const compare_page *c, const wn_standing *s) {
    wn_page *p = c->page;
    char budget[32];
    wn_page_printf(p, "<tr><td>%s</td><td>", wn_budget_text(c->plan, s->budget, budget));
    wn_page_escape(p, c->plan->methods[s->method].name);
    wn_page_printf(p, "</td><td class=\"r\">%.0f</td><td class=\"r\">%.1f", s->k, 100 * s->accuracy.mean);
    if (isfinite(s->accuracy.sd)) wn_page_printf(p, " ± %.1f", 100 * s->accuracy.sd);
    wn_page_printf(p, "</td><td class=\"r wide\">%.1f</td><td class=\"r\">", 100 * s->balanced_accuracy.mean);
    if (isfinite(s->closed)) wn_page_printf(p, "%s%.0f%%", s->closed < 0 ? "−" : "", fabs(100 * s->closed));
    wn_page_printf(p, "</td><td class=\"r\">%.2f</td>", s->select_s + s->train_s);
    for (size_t b = 0; b < c->plan->nmethods; b++) {
        if (!c->plan->methods[b].baseline || is_full(c, b)) continue;
        wn_page_put(p, "<td>");
        if (wn_verdicts_compared(c->plan, s->method, b)) put_difference(p, &s->against[b]);
        wn_page_put(p, "</td>");
    }
    wn_page_put(p, "</tr>\n");
}

static void put_table(const compare_page *c, size_t scenario) {
    wn_page *p = c->page;
    wn_page_put(p, "<div style=\"overflow-x:auto\"><table class=\"cmp\"><thead><tr><th>Budget</th><th>Method</th>"
                   "<th class=\"r\">Records</th><th class=\"r\">Accuracy</th><th class=\"r wide\">Balanced</th>"
                   "<th class=\"r\">Gap closed</th><th class=\"r\">Seconds</th>");
    for (size_t b = 0; b < c->plan->nmethods; b++) {
        if (!c->plan->methods[b].baseline || is_full(c, b)) continue;
        wn_page_put(p, "<th>against ");
        wn_page_escape(p, c->plan->methods[b].name);
        wn_page_put(p, "</th>");
    }
    wn_page_put(p, "</tr></thead><tbody>\n");
    for (size_t b = 0; b <= c->plan->nbudgets; b++)
        for (size_t m = 0; m < c->plan->nmethods; m++) {
            const wn_standing *s = wn_verdicts_of(c->v, scenario, b, m);
            if (s->used) put_row(c, s);
        }
    wn_page_put(p,
                "</tbody></table></div>\n<p class=\"m\">Differences in points of accuracy, with the 95% interval over "
                "seeds, the verdict, and in how many cells the method won. Gap closed: of what all records have over "
                "a random choice without copies.</p>\n");
}

/* ---- classes ---- */

enum { CLASSES_SHOWN = 30 };

typedef struct {
    size_t label, tests;
} class_row;

static int class_by_tests(const void *a, const void *b) {
    const class_row *x = a, *y = b;
    if (x->tests != y->tests) return x->tests < y->tests ? 1 : -1;
    return x->label < y->label ? -1 : x->label > y->label;
}

/* Of the test rows of a class the share that a method's cells got right; budget: the largest, or all. */
static double class_recall(const compare_page *c, size_t scenario, size_t method, uint32_t label) {
    const wn_compare_data *d = c->plan->data;
    const wn_cells *cells = c->v->cells;
    size_t budget = is_full(c, method) ? c->plan->nbudgets : c->plan->nbudgets - 1, right = 0, all = 0;
    const wn_cell *cell = wn_cells_of(cells, scenario, budget, method);
    for (size_t i = 0; i < wn_cells_repeats(cells); i++)
        for (size_t t = 0; t < d->tests; t++) {
            if (d->label[d->n + t] != label) continue;
            all++;
            right += cell[i].predicted[t] == label;
        }
    return all ? (double)right / (double)all : NAN;
}

static void put_classes(const compare_page *c, size_t scenario, class_row *row) {
    wn_page *p = c->page;
    const wn_compare_data *d = c->plan->data;
    char budget[32];
    for (size_t l = 0; l < d->classes; l++) row[l] = (class_row){.label = l};
    for (size_t t = 0; t < d->tests; t++) row[d->label[d->n + t]].tests++;
    qsort(row, d->classes, sizeof *row, class_by_tests);
    size_t shown = d->classes < CLASSES_SHOWN ? d->classes : CLASSES_SHOWN;
    wn_page_printf(p, "<details><summary>Each class, at %s: share of its test records that were recognised</summary>\n",
                   wn_budget_text(c->plan, c->plan->nbudgets - 1, budget));
    wn_page_put(p, "<div style=\"overflow-x:auto\"><table class=\"cmp\"><thead><tr><th>Class</th><th class=\"r\">Test "
                   "records</th>");
    for (size_t m = 0; m < c->plan->nmethods; m++) {
        wn_page_put(p, "<th class=\"r\">");
        wn_page_escape(p, c->plan->methods[m].name);
        wn_page_put(p, "</th>");
    }
    wn_page_put(p, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < shown && row[i].tests; i++) {
        const char *name = d->names[row[i].label];
        wn_page_put(p, "<tr><td>");
        wn_page_text(p, name, strlen(name), 60);
        wn_page_put(p, "</td><td class=\"r\">");
        wn_page_count(p, row[i].tests);
        wn_page_put(p, "</td>");
        for (size_t m = 0; m < c->plan->nmethods; m++)
            wn_page_printf(p, "<td class=\"r\">%.0f%%</td>",
                           100 * class_recall(c, scenario, m, (uint32_t)row[i].label));
        wn_page_put(p, "</tr>\n");
    }
    wn_page_put(p, "</tbody></table></div>");
    if (shown < d->classes) wn_page_printf(p, "<p class=\"m\">The %zu largest of %zu classes.</p>", shown, d->classes);
    wn_page_put(p, "</details>\n");
}

/* ---- the whole ---- */

static void put_scenario(const compare_page *c, size_t scenario, wn_chart_line *line, wn_chart_point *point,
                         class_row *row) {
    wn_page *p = c->page;
    wn_page_put(p, "<section><h2>Pool: ");
    wn_page_escape(p, c->plan->scenarios[scenario].name);
    wn_page_put(p, "</h2>\n");
    put_charts(c, scenario, line, point);
    put_table(c, scenario);
    put_classes(c, scenario, row);
    wn_page_put(p, "</section>\n");
}

static void put_method(const compare_page *c, const char *command) {
    wn_page *p = c->page;
    wn_page_put(
        p, "<section><h2>How this was measured</h2>\n<p>Each seed draws its share of the pool; every method "
           "chooses from the same draw, the classifier learns from each choice alone, and the test records are "
           "looked at once. Differences are paired by seed. The verdict is better or worse where the difference "
           "is significant over seeds (p ≤ 0.05 after Holm’s correction for the methods asked for) and the "
           "interval over test records, by bootstrap, leaves zero out as well; else no difference is "
           "shown.</p>\n<pre>");
    wn_page_escape(p, command);
    wn_page_put(p, "</pre></section>\n");
}

wn_code wn_compare_page_write(const wn_compare_results *r, const char *command, wn_outdir *d, wn_err *err) {
    const wn_compare_plan *plan = r->verdicts->cells->plan;
    wn_page p = {.err = err};
    const compare_page c = {
        .page = &p, .results = r, .v = r->verdicts, .plan = plan, .yardstick = wn_verdicts_yardstick(plan)};
    wn_outfile *f = NULL;
    wn_chart_line *line = wn_alloc(plan->nmethods, sizeof *line, err);
    wn_chart_point *point = wn_alloc(plan->nmethods * plan->nbudgets, sizeof *point, err);
    class_row *row = wn_alloc(plan->data->classes, sizeof *row, err);
    wn_code code = line && point && row ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    put_head(&c);
    for (size_t s = 0; s < plan->nscenarios; s++) put_scenario(&c, s, line, point, row);
    put_method(&c, command);
    wn_page_put(&p, "</main></body></html>\n");
    if ((code = p.code) != WN_OK) goto out;
    if ((code = wn_outfile_open(&f, d, WN_FILE_REPORT, err)) != WN_OK) goto out;
    wn_outfile_write(f, p.data, p.len);
    code = wn_outfile_close(f, err);
out:
    wn_free(p.data);
    wn_free(line);
    wn_free(point);
    wn_free(row);
    return code;
}
