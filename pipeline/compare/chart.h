#ifndef WN_COMPARE_CHART_H
#define WN_COMPARE_CHART_H
/* A chart of several lines with intervals, as inline SVG. */
#include "report/page.h"

/* One point of a line: x, y and its interval; NaN: not drawn. */
typedef struct {
    double x, y, low, high;
} wn_chart_point;

typedef struct {
    const char *name;
    size_t style;                /* which of the page's colours */
    bool level;                  /* the same over all x: one point, drawn across */
    const wn_chart_point *point; /* [n] */
    size_t n;
} wn_chart_line;

typedef struct {
    const char *title, *x_name;
    bool log_x;
    const wn_chart_line *line; /* [nlines] */
    size_t nlines;
} wn_chart;

void wn_chart_style(wn_page *p);                          /* the colours, once a page */
enum { WN_CHART_STYLES = 12 };                            /* later ones repeat the first */
void wn_chart_key(wn_page *p, const wn_chart_line *line); /* a coloured dash and the name, for a legend */
void wn_chart_draw(wn_page *p, const wn_chart *c);

#endif
