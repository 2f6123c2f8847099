#ifndef WN_REPORT_PLOT_H
#define WN_REPORT_PLOT_H
/* A chart as inline SVG: axes, then lines or bars on them. */
#include "page.h"

enum { WN_PLOT_LEFT = 52, WN_PLOT_RIGHT = 372, WN_PLOT_TOP = 14, WN_PLOT_BOTTOM = 214 };

/* title: what a reader who cannot see the chart is told. */
typedef struct {
    const char *title, *x_name;
    double x_min, x_max, y_min, y_max, y_step;
    bool percent; /* y is a share */
    bool bars;    /* the chart takes the whole width: nothing is written at its right */
} wn_plot;

/* The smallest 1, 2 or 5 times a power of ten that needs at most `ticks` steps over the range. */
double wn_plot_step(double range, double ticks);
/* y from low to high in whole steps, from zero where wanted. */
void wn_plot_range(wn_plot *c, double low, double high, bool from_zero);

void wn_plot_open(wn_page *p, const wn_plot *c);
/* Points that are not finite are left out. cls: of style.c. */
void wn_plot_line(wn_page *p, const wn_plot *c, const size_t *x, const double *y, size_t n, const char *cls);
/* y[i] over x_min + i * width .. + width: filled from zero, or as a line of steps. */
void wn_plot_bars(wn_page *p, const wn_plot *c, const double *y, size_t n, double width, const char *cls);
void wn_plot_steps(wn_page *p, const wn_plot *c, const double *y, size_t n, double width, const char *cls);
/* What stands beside the end of a line; at the right edge moved apart where they would touch. */
typedef struct {
    double y, x;            /* y NaN: not drawn */
    const char *name, *cls; /* no name: of a random choice */
} wn_plot_name;
void wn_plot_names(wn_page *p, const wn_plot *c, const wn_plot_name *names, size_t n);
void wn_plot_close(wn_page *p);

#endif
