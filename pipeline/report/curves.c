#include "sections.h"

#include "plot.h"

#include <math.h>
#include <stdbool.h>
#include <winnow/mem.h>

/* A quantity over the budget, of the choice and by chance (may be NULL). */
static void budget_chart(wn_page *p, const wn_outcome *r, wn_plot c, const double *chosen, const double *random,
                         bool from_zero) {
    double low = INFINITY, high = -INFINITY;
    size_t n = r->npoints;
    for (size_t i = 0; i < 2 * n; i++) {
        double y = i < n ? chosen[i] : random ? random[i - n] : NAN;
        if (isfinite(y)) low = fmin(low, y), high = fmax(high, y);
    }
    c.x_name = "texts chosen", c.x_max = (double)r->points[n - 1];
    wn_plot_range(&c, low, high, from_zero);
    wn_plot_open(p, &c);
    if (random) wn_plot_line(p, &c, r->points, random, n, "ra");
    wn_plot_line(p, &c, r->points, chosen, n, "ch");
    const wn_plot_name names[] = {{chosen[n - 1], c.x_max, "chosen", "tc"},
                                  {random ? random[n - 1] : NAN, c.x_max, NULL, "tr"}};
    wn_plot_names(p, &c, names, 2);
    wn_plot_close(p);
}

/* Where chance covers as well: said where a reader would look. */
static void coverage_remark(wn_page *p, const wn_outcome *r) {
    size_t behind = 0;
    for (size_t i = 0; i < r->npoints; i++)
        if (r->coverage[i] < r->coverage_random[i] - .0005) behind = i + 1;
    if (behind == 0) {
        wn_page_put(p, " At every budget drawn the choice covers at least as much as chance does.");
    } else if (behind == r->npoints) {
        wn_page_put(p, " At its full size chance covers more.");
    } else {
        wn_page_put(p, " Up to ");
        wn_page_count(p, r->points[behind - 1]);
        wn_page_put(p, " texts there are budgets at which chance covers more.");
    }
}

static void coverage_chart(wn_page *p, const wn_outcome *r) {
    wn_page_put(p, "<figure><h3>Coverage</h3>\n");
    budget_chart(p, r, (wn_plot){.title = "Coverage by number of texts chosen"}, r->coverage, r->coverage_random,
                 false);
    wn_page_put(p, "<figcaption>How similar a text of the input is to the nearest chosen one, on average (cosine; 1 is "
                   "the same). The higher the line, the less of the input is left without a stand-in.");
    coverage_remark(p, r);
    wn_page_put(p, "</figcaption></figure>\n");
}

/* Mean gain of a choice between one budget and the next, from the running objective. */
static void mean_gains(const wn_outcome *r, double *chosen, double *random) {
    for (size_t i = 0; i < r->npoints; i++) {
        size_t k = r->points[i], before = i ? r->points[i - 1] : 0;
        double step = (double)(k - before);
        chosen[i] = (r->value[k - 1] - (before ? r->value[before - 1] : 0)) / step;
        if (random) random[i] = (r->value_random[i] - (i ? r->value_random[i - 1] : 0)) / step;
    }
}

static void gain_chart(wn_page *p, const wn_outcome *r) {
    double *y = wn_alloc(2 * r->npoints, sizeof *y, p->err);
    if (!y) {
        p->code = WN_EMEMORY;
        return;
    }
    double *random = r->value_random ? y + r->npoints : NULL;
    mean_gains(r, y, random);
    wn_page_put(p, "<figure><h3>Gain of one more text</h3>\n");
    budget_chart(p, r, (wn_plot){.title = "Gain of one more text by number of texts chosen"}, y, random, true);
    wn_page_put(p, "<figcaption>What each further choice adds to the objective");
    if (random) wn_page_put(p, ", beside what a random one adds on average");
    if (r->negative_from < r->k) {
        wn_page_put(p, ". The objective alone would have stopped after choice ");
        wn_page_count(p, r->negative_from);
        wn_page_put(p, ": what came then had a negative gain");
    }
    wn_page_put(p, ".</figcaption></figure>\n");
    wn_free(y);
}

void wn_section_curves(wn_page *p, const wn_outcome *r) {
    bool gains = wn_report_has_gains(r) && r->npoints > 1;
    if (r->npoints < 2) return;
    wn_page_put(p, "<p class=\"m\">");
    wn_page_put(p,
                r->objective == WN_CLASS_HERDING
                    ? "In every first part of the choice each class has about its share; a run for that budget "
                      "would choose other rows of it"
                : r->by_coverage
                    ? "The choices stand in the order in which they cover, so a first part is a good smaller choice; "
                      "a run for that budget would choose other rows of it"
                    : "The choice is nested: its first part is the choice for a smaller budget");
    if (isfinite(r->lambda) && !r->by_coverage)
        wn_page_put(p, " at the same lambda (with lambda auto a smaller budget sets its own)");
    wn_page_put(p, ".</p>\n<div class=\"two\">\n");
    coverage_chart(p, r);
    if (gains && p->code == WN_OK) gain_chart(p, r);
    wn_page_put(p, "</div>\n");
}
