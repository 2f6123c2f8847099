#include "sections.h"

#include <math.h>
#include <stdbool.h>
#include <winnow/mem.h>

/* One chart: the chosen and the random curve over the budget. y values may be NaN (not drawn). */
typedef struct {
    const char *name;
    const size_t *x;
    const double *chosen, *random; /* [n]; random may be NULL */
    size_t n;
    double x_max, y_min, y_max, y_step;
} chart;

enum { LEFT = 52, RIGHT = 372, TOP = 14, BOTTOM = 214, WIDTH = 440, HEIGHT = 258 };

/* The smallest 1, 2 or 5 times a power of ten that needs at most `ticks` steps over the range. */
static double nice_step(double range, double ticks) {
    if (!(range > 0)) return 1;
    double raw = range / ticks, power = pow(10, floor(log10(raw))), m = raw / power;
    return power * (m <= 1 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10);
}

static void chart_range(chart *c, bool from_zero) {
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < c->n; i++) {
        for (int s = 0; s < 2; s++) {
            const double *y = s ? c->random : c->chosen;
            if (!y || !isfinite(y[i])) continue;
            low = fmin(low, y[i]), high = fmax(high, y[i]);
        }
    }
    if (!isfinite(low)) low = 0, high = 1;
    if (from_zero) low = fmin(low, 0), high = fmax(high, 0);
    if (!(high > low)) high = low + (fabs(low) > 0 ? fabs(low) * .1 : 1);
    c->y_step = nice_step(high - low, 5);
    c->y_min = floor(low / c->y_step) * c->y_step;
    if (low < 0 && low > -.6 * c->y_step) c->y_min = low; /* a little below zero needs no whole step */
    c->y_max = ceil(high / c->y_step - 1e-9) * c->y_step;
    c->x_max = (double)c->x[c->n - 1];
}

static double chart_x(const chart *c, double x) {
    return LEFT + (RIGHT - LEFT) * x / c->x_max;
}
static double chart_y(const chart *c, double y) {
    return BOTTOM - (BOTTOM - TOP) * (y - c->y_min) / (c->y_max - c->y_min);
}

static void chart_tick(wn_page *p, double v, double step) {
    int digits = step >= 1 ? 0 : (int)ceil(-log10(step) - 1e-9);
    if (fabs(v) < step * 1e-6)
        wn_page_put(p, "0");
    else if (fabs(v) >= 1e6 || step < 1e-4)
        wn_page_printf(p, "%s%.3g", v < 0 ? "−" : "", fabs(v));
    else if (digits == 0) {
        if (v < 0) wn_page_put(p, "−");
        wn_page_count(p, (size_t)(fabs(v) + .5));
    } else
        wn_page_printf(p, "%s%.*f", v < 0 ? "−" : "", digits, fabs(v));
}

static void chart_axes(wn_page *p, const chart *c) {
    double first = ceil(c->y_min / c->y_step - 1e-9);
    long steps = lround(c->y_max / c->y_step - first);
    for (long i = 0; i <= steps; i++) {
        double v = (first + (double)i) * c->y_step, y = chart_y(c, v);
        wn_page_printf(p, "<path class=\"%s\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
                       fabs(v) < c->y_step * 1e-6 || (i == 0 && c->y_min > 0) ? "axis" : "grid", LEFT, y, RIGHT,
                       LEFT - 7, y + 4.3);
        chart_tick(p, v, c->y_step);
        wn_page_put(p, "</text>\n");
    }
    double step = fmax(1, nice_step(c->x_max, 4));
    for (double v = 0; v <= c->x_max * 1.0001; v += step) {
        wn_page_printf(p, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", chart_x(c, v), BOTTOM + 19);
        chart_tick(p, v, step);
        wn_page_put(p, "</text>\n");
    }
    wn_page_printf(p, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">texts chosen</text>\n", (LEFT + RIGHT) / 2,
                   BOTTOM + 39);
}

static void chart_line(wn_page *p, const chart *c, const double *y, const char *cls) {
    wn_page_printf(p, "<path class=\"%s\" d=\"", cls);
    bool pen = false;
    for (size_t i = 0; i < c->n; i++) {
        if (!isfinite(y[i])) continue;
        wn_page_printf(p, "%c%.1f %.1f", pen ? 'L' : 'M', chart_x(c, (double)c->x[i]), chart_y(c, y[i]));
        pen = true;
    }
    wn_page_put(p, "\"/>\n");
}

static void chart_end_labels(wn_page *p, const chart *c) {
    double a = chart_y(c, c->chosen[c->n - 1]), b = c->random ? chart_y(c, c->random[c->n - 1]) : NAN;
    if (isfinite(b) && fabs(a - b) < 15) { /* too close to read: spread round their middle */
        double middle = (a + b) / 2, up = a <= b ? -7.5 : 7.5;
        a = middle + up, b = middle - up;
    }
    wn_page_printf(p, "<text class=\"tc\" x=\"%d\" y=\"%.1f\">chosen</text>\n", RIGHT + 8, a + 4.3);
    if (isfinite(b)) wn_page_printf(p, "<text class=\"tr\" x=\"%d\" y=\"%.1f\">random</text>\n", RIGHT + 8, b + 4.3);
}

static void chart_draw(wn_page *p, const chart *c) {
    wn_page_printf(p, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s by number of texts chosen\">\n", WIDTH,
                   HEIGHT, c->name);
    chart_axes(p, c);
    if (c->random) chart_line(p, c, c->random, "ra");
    chart_line(p, c, c->chosen, "ch");
    chart_end_labels(p, c);
    wn_page_put(p, "</svg>\n");
}

static void coverage_chart(wn_page *p, const wn_outcome *r) {
    chart c = {
        .name = "Coverage", .x = r->points, .chosen = r->coverage, .random = r->coverage_random, .n = r->npoints};
    chart_range(&c, false);
    wn_page_put(p, "<figure><h3>Coverage</h3>\n");
    chart_draw(p, &c);
    wn_page_put(p,
                "<figcaption>Mean cosine of every input row to the nearest chosen one. Higher means that less of the "
                "input is left without a stand-in.</figcaption></figure>\n");
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
    chart c = {.name = "Gain of one more text", .x = r->points, .chosen = y, .random = random, .n = r->npoints};
    chart_range(&c, true);
    wn_page_put(p, "<figure><h3>Gain of one more text</h3>\n");
    chart_draw(p, &c);
    wn_page_put(p, "<figcaption>What each further choice adds to the objective");
    if (random) wn_page_put(p, ", beside what a random one adds on average");
    if (r->negative_from < r->k) {
        wn_page_put(p, ". From choice ");
        wn_page_count(p, r->negative_from + 1);
        wn_page_put(p, " on gains can be negative: the objective alone would have stopped there");
    }
    wn_page_put(p, ".</figcaption></figure>\n");
    wn_free(y);
}

void wn_section_curves(wn_page *p, const wn_outcome *r) {
    bool gains = wn_report_has_gains(r) && r->npoints > 1;
    if (r->npoints < 2) return;
    wn_page_put(p,
                "<section><h2>What each budget buys</h2>\n<p class=\"m\">");
    wn_page_put(p, r->objective == WN_CLASS_HERDING
                       ? "In every first part of the choice each class has about its share; a run for that budget "
                         "would choose other rows of it"
                       : "The choice is nested: its first part is the choice for a smaller budget");
    if (isfinite(r->lambda)) wn_page_put(p, " at the same lambda (with lambda auto a smaller budget sets its own)");
    wn_page_put(p, ".</p>\n<div class=\"two\">\n");
    coverage_chart(p, r);
    if (gains && p->code == WN_OK) gain_chart(p, r);
    wn_page_put(p, "</div></section>\n");
}
