#include "chart.h"

#include <math.h>

enum { LEFT = 52, RIGHT = 428, TOP = 14, BOTTOM = 254, WIDTH = 440, HEIGHT = 298 };

/* Colours that differ in light and dark, for readers who see fewer of them too; the lines also differ in dashes. */
static const char *const css[] = {
    "<style>:root{--c0:#8b5a00;--c1:#a9a598;--c2:#5b616b;--c3:#6b7a1e;--c4:#1c1e21;--c5:#0a6a58;--c6:#b23a26;",
    "--c7:#2b5fb3;--c8:#8a3fa0;--c9:#00798c;--c10:#b0457a;--c11:#4d6b2f}",
    "@media(prefers-color-scheme:dark){:root{--c0:#e3b155;--c1:#8d8a80;--c2:#a2a7af;--c3:#b7c95a;--c4:#e8e6e1;",
    "--c5:#5cd0b3;--c6:#f08a76;--c7:#86b0f5;--c8:#cf93e2;--c9:#63c9d9;--c10:#ef93bd;--c11:#a5c97f}}",
    ".ln{fill:none;stroke-width:2;stroke-linejoin:round}.er{stroke-width:1.2;opacity:.75}.lv{stroke-width:1.4;",
    "stroke-dasharray:2 3;fill:none}.q{display:inline-block;width:1.4em;height:.22em;vertical-align:.3em;",
    "margin-right:.45em;border-radius:2px}.vb{color:var(--acc);font-weight:640}.vw{color:var(--drop);font-weight:640}",
    ".vn{color:var(--m)}.cmp{font-size:.86rem}.cmp td{vertical-align:top}.cmp .d{white-space:nowrap}</style>\n",
};

void wn_chart_style(wn_page *p) {
    for (size_t i = 0; i < sizeof css / sizeof *css; i++) wn_page_put(p, css[i]);
}

static int style_of(const wn_chart_line *line) {
    return (int)(line->style % WN_CHART_STYLES);
}

void wn_chart_key(wn_page *p, const wn_chart_line *line) {
    wn_page_printf(p, "<span class=\"q\" style=\"background:var(--c%d)\"></span>", style_of(line));
    wn_page_escape(p, line->name);
}

/* Ranges and steps of both axes. */
typedef struct {
    const wn_chart *chart;
    double x_min, x_max, y_min, y_max, y_step;
} axes;

/* The smallest 1, 2 or 5 times a power of ten that needs at most `ticks` steps over the range. */
static double nice_step(double range, double ticks) {
    if (!(range > 0)) return 1;
    double raw = range / ticks, power = pow(10, floor(log10(raw))), m = raw / power;
    return power * (m <= 1 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10);
}

static double scaled(const axes *a, double x) {
    return a->chart->log_x ? log10(fmax(x, 1e-6)) : x;
}

static axes axes_of(const wn_chart *c) {
    axes a = {.chart = c, .x_min = INFINITY, .x_max = -INFINITY, .y_min = INFINITY, .y_max = -INFINITY};
    for (size_t l = 0; l < c->nlines; l++)
        for (size_t i = 0; i < c->line[l].n; i++) {
            const wn_chart_point *q = &c->line[l].point[i];
            if (!isfinite(q->y)) continue;
            a.y_min = fmin(a.y_min, isfinite(q->low) ? q->low : q->y);
            a.y_max = fmax(a.y_max, isfinite(q->high) ? q->high : q->y);
            if (c->line[l].level) continue;
            a.x_min = fmin(a.x_min, scaled(&a, q->x)), a.x_max = fmax(a.x_max, scaled(&a, q->x));
        }
    if (!isfinite(a.x_min)) a.x_min = 0, a.x_max = 1;
    if (!isfinite(a.y_min)) a.y_min = 0, a.y_max = 1;
    if (!c->log_x) a.x_min = fmin(a.x_min, 0);
    if (!(a.x_max > a.x_min)) a.x_max = a.x_min + 1;
    a.y_step = nice_step(fmax(a.y_max - a.y_min, 1e-3), 6);
    a.y_min = fmax(0, floor(a.y_min / a.y_step) * a.y_step);
    a.y_max = fmin(1, ceil(a.y_max / a.y_step) * a.y_step);
    if (!(a.y_max > a.y_min)) a.y_max = a.y_min + a.y_step;
    return a;
}

static double at_x(const axes *a, double x) {
    return LEFT + 8 + (RIGHT - LEFT - 16) * (scaled(a, x) - a->x_min) / (a->x_max - a->x_min);
}

static double at_y(const axes *a, double y) {
    return BOTTOM - (BOTTOM - TOP) * (y - a->y_min) / (a->y_max - a->y_min);
}

static void draw_y(wn_page *p, const axes *a) {
    int digits = (int)ceil(-log10(a->y_step) - 1e-9);
    long steps = lround((a->y_max - a->y_min) / a->y_step);
    for (long i = 0; i <= steps; i++) {
        double v = a->y_min + (double)i * a->y_step, y = at_y(a, v);
        wn_page_printf(p, "<path class=\"%s\" d=\"M%d %.1fH%d\"/>", i ? "grid" : "axis", LEFT, y, RIGHT);
        wn_page_printf(p, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.*f</text>\n", LEFT - 7, y + 4.3,
                       digits > 0 ? digits : 0, v);
    }
}

static void draw_x_tick(wn_page *p, const axes *a, double v) {
    wn_page_printf(p, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", at_x(a, v), BOTTOM + 19);
    if (v >= 10 || v <= 0)
        wn_page_count(p, (size_t)(v + .5));
    else
        wn_page_printf(p, "%.3g", v);
    wn_page_put(p, "</text>\n");
}

static void draw_x(wn_page *p, const axes *a) {
    static const double parts[] = {1, 2, 5}; /* of a decade: one tick each, or the first alone where there are many */
    if (a->chart->log_x) {
        size_t each = a->x_max - a->x_min < 2.2 ? 3 : 1, drawn = 0;
        for (double e = floor(a->x_min); e <= a->x_max; e++)
            for (size_t i = 0; i < each; i++) {
                double v = parts[i] * pow(10, e);
                if (log10(v) < a->x_min - .03 || log10(v) > a->x_max + .03) continue;
                draw_x_tick(p, a, v);
                drawn++;
            }
        if (drawn == 0) draw_x_tick(p, a, pow(10, a->x_min));
    } else {
        double step = fmax(1, nice_step(a->x_max, 4));
        for (double v = 0; v <= a->x_max * 1.0001; v += step) draw_x_tick(p, a, v);
    }
    wn_page_printf(p, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", (LEFT + RIGHT) / 2, BOTTOM + 38,
                   a->chart->x_name);
}

/* Bars stand a little beside one another, so that none hides another. */
static double aside(const wn_chart_line *line) {
    return (double)style_of(line) * 1.3 - 6;
}

static void draw_line(wn_page *p, const axes *a, const wn_chart_line *line) {
    bool pen = false;
    if (line->level) {
        if (line->n && isfinite(line->point[0].y))
            wn_page_printf(p, "<path class=\"lv\" stroke=\"var(--c%d)\" d=\"M%d %.1fH%d\"/>\n", style_of(line), LEFT,
                           at_y(a, line->point[0].y), RIGHT);
        return;
    }
    wn_page_printf(p, "<path class=\"ln\" stroke=\"var(--c%d)\" d=\"", style_of(line));
    for (size_t i = 0; i < line->n; i++) {
        const wn_chart_point *q = &line->point[i];
        if (!isfinite(q->y)) continue;
        wn_page_printf(p, "%c%.1f %.1f", pen ? 'L' : 'M', at_x(a, q->x), at_y(a, q->y));
        pen = true;
    }
    wn_page_put(p, "\"/>\n");
    for (size_t i = 0; i < line->n; i++) {
        const wn_chart_point *q = &line->point[i];
        double x = at_x(a, q->x);
        if (!isfinite(q->y)) continue;
        wn_page_printf(p, "<circle r=\"2.6\" cx=\"%.1f\" cy=\"%.1f\" fill=\"var(--c%d)\"/>", x, at_y(a, q->y),
                       style_of(line));
        if (isfinite(q->low))
            wn_page_printf(p, "<path class=\"er\" stroke=\"var(--c%d)\" d=\"M%.1f %.1fV%.1f\"/>\n", style_of(line),
                           x + aside(line), at_y(a, fmax(q->low, a->y_min)), at_y(a, fmin(q->high, a->y_max)));
    }
}

void wn_chart_draw(wn_page *p, const wn_chart *c) {
    const axes a = axes_of(c);
    wn_page_printf(p, "<figure><h3>%s</h3>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", c->title,
                   WIDTH, HEIGHT, c->title);
    draw_y(p, &a);
    draw_x(p, &a);
    for (size_t l = 0; l < c->nlines; l++) draw_line(p, &a, &c->line[l]);
    wn_page_put(p, "</svg>\n");
}
