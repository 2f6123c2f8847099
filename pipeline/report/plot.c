#include "plot.h"

#include <math.h>

enum { WIDTH = 440, HEIGHT = 258, NAME_HEIGHT = 15, NAMES_MOST = 4 };

double wn_plot_step(double range, double ticks) {
    if (!(range > 0)) return 1;
    double raw = range / ticks, power = pow(10, floor(log10(raw))), m = raw / power;
    return power * (m <= 1 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10);
}

void wn_plot_range(wn_plot *c, double low, double high, bool from_zero) {
    if (!isfinite(low) || !isfinite(high)) low = 0, high = 1;
    if (from_zero) low = fmin(low, 0), high = fmax(high, 0);
    if (!(high > low)) high = low + (fabs(low) > 0 ? fabs(low) * .1 : 1);
    c->y_step = wn_plot_step(high - low, 5);
    c->y_min = floor(low / c->y_step + 1e-9) * c->y_step;
    if (low < 0 && low > -.6 * c->y_step) c->y_min = low; /* a little below zero needs no whole step */
    c->y_max = ceil(high / c->y_step - 1e-9) * c->y_step;
}

static double plot_right(const wn_plot *c) {
    return c->bars ? WIDTH - 12 : WN_PLOT_RIGHT;
}
static double plot_x(const wn_plot *c, double x) {
    return WN_PLOT_LEFT + (plot_right(c) - WN_PLOT_LEFT) * (x - c->x_min) / (c->x_max - c->x_min);
}
static double plot_y(const wn_plot *c, double y) {
    return WN_PLOT_BOTTOM - (WN_PLOT_BOTTOM - WN_PLOT_TOP) * (y - c->y_min) / (c->y_max - c->y_min);
}

static void plot_tick(wn_page *p, double v, double step) {
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

static void plot_y_axis(wn_page *p, const wn_plot *c) {
    double first = ceil(c->y_min / c->y_step - 1e-9), scale = c->percent ? 100 : 1;
    long steps = lround(c->y_max / c->y_step - first);
    for (long i = 0; i <= steps; i++) {
        double v = (first + (double)i) * c->y_step, y = plot_y(c, v);
        wn_page_printf(p, "<path class=\"%s\" d=\"M%d %.1fH%.0f\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
                       fabs(v) < c->y_step * 1e-6 || (i == 0 && c->y_min > 0) ? "axis" : "grid", WN_PLOT_LEFT, y,
                       plot_right(c), WN_PLOT_LEFT - 7, y + 4.3);
        plot_tick(p, v * scale, c->y_step * scale);
        wn_page_put(p, c->percent ? "%</text>\n" : "</text>\n");
    }
}

static void plot_x_axis(wn_page *p, const wn_plot *c) {
    double range = c->x_max - c->x_min, step = wn_plot_step(range, 5);
    if (c->x_max >= 2 && step < 1) step = 1; /* counts */
    for (double v = ceil(c->x_min / step - 1e-9) * step; v <= c->x_max + range * 1e-4; v += step) {
        wn_page_printf(p, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", plot_x(c, v), WN_PLOT_BOTTOM + 19);
        plot_tick(p, v, step);
        wn_page_put(p, "</text>\n");
    }
    wn_page_printf(p, "<text x=\"%.0f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                   (WN_PLOT_LEFT + plot_right(c)) / 2, WN_PLOT_BOTTOM + 39, c->x_name);
}

void wn_plot_open(wn_page *p, const wn_plot *c) {
    wn_page_printf(p, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", WIDTH, HEIGHT, c->title);
    plot_y_axis(p, c);
    plot_x_axis(p, c);
}

void wn_plot_line(wn_page *p, const wn_plot *c, const size_t *x, const double *y, size_t n, const char *cls) {
    wn_page_printf(p, "<path class=\"%s\" d=\"", cls);
    bool pen = false;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(y[i])) continue;
        wn_page_printf(p, "%c%.1f %.1f", pen ? 'L' : 'M', plot_x(c, (double)x[i]), plot_y(c, y[i]));
        pen = true;
    }
    wn_page_put(p, "\"/>\n");
}

void wn_plot_bars(wn_page *p, const wn_plot *c, const double *y, size_t n, double width, const char *cls) {
    wn_page_printf(p, "<path class=\"%s\" d=\"", cls);
    for (size_t i = 0; i < n; i++) {
        if (!(y[i] > 0)) continue;
        double left = plot_x(c, c->x_min + (double)i * width) + .6,
               right = plot_x(c, c->x_min + (double)(i + 1) * width);
        wn_page_printf(p, "M%.1f %dV%.1fH%.1fV%dz", left, WN_PLOT_BOTTOM, plot_y(c, y[i]), right - .6, WN_PLOT_BOTTOM);
    }
    wn_page_put(p, "\"/>\n");
}

void wn_plot_steps(wn_page *p, const wn_plot *c, const double *y, size_t n, double width, const char *cls) {
    wn_page_printf(p, "<path class=\"%s\" d=\"M%d %d", cls, WN_PLOT_LEFT, WN_PLOT_BOTTOM);
    for (size_t i = 0; i < n; i++)
        wn_page_printf(p, "V%.1fH%.1f", plot_y(c, y[i]), plot_x(c, c->x_min + (double)(i + 1) * width));
    wn_page_printf(p, "V%d\"/>\n", WN_PLOT_BOTTOM);
}

static void plot_name(wn_page *p, const wn_plot_name *name, double x, double y) {
    wn_page_printf(p, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", name->cls, x, y + 4.3);
    if (name->name)
        wn_page_printf(p, "%s</text>\n", name->name);
    else
        wn_page_put(p, "random</text>\n");
}

void wn_plot_names(wn_page *p, const wn_plot *c, const wn_plot_name *names, size_t n) {
    size_t order[NAMES_MOST], m = 0;
    double at[NAMES_MOST], over = 0;
    for (size_t i = 0; i < n && m < NAMES_MOST; i++) { /* those at the edge by height, insertion */
        if (!isfinite(names[i].y)) continue;
        if (names[i].x < .9 * c->x_max) {
            plot_name(p, &names[i], plot_x(c, names[i].x) + 6, plot_y(c, names[i].y));
            continue;
        }
        size_t k = m++;
        for (; k > 0 && names[order[k - 1]].y < names[i].y; k--) order[k] = order[k - 1];
        order[k] = i;
    }
    for (size_t k = 0; k < m; k++) at[k] = plot_y(c, names[order[k]].y);
    for (int round = 0; round < 8; round++) /* those too close to read move apart round their middle */
        for (size_t k = 1; k < m; k++)
            if ((over = NAME_HEIGHT - (at[k] - at[k - 1])) > 0) at[k] += over / 2, at[k - 1] -= over / 2;
    for (size_t k = m; k-- > 0;) /* and none down to the numbers of the axis */
        at[k] = fmin(at[k], WN_PLOT_BOTTOM - 2 - (double)(m - 1 - k) * NAME_HEIGHT);
    for (size_t k = 0; k < m; k++) plot_name(p, &names[order[k]], WN_PLOT_RIGHT + 8, at[k]);
}

void wn_plot_close(wn_page *p) {
    wn_page_put(p, "</svg>\n");
}
