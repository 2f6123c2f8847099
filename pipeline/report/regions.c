#include "regions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <wn/rng.h>

enum { STREAM_REGIONS = 0x52454749, ROUNDS = 40, POINTS_A_REGION = 60 };

static double region_distance(const wn_regions *r, size_t c, double x, double y) {
    double dx = x - r->x[c], dy = y - r->y[c];
    return dx * dx + dy * dy;
}

static size_t region_nearest(const wn_regions *r, double x, double y) {
    size_t best = 0;
    for (size_t c = 1; c < r->n; c++)
        if (region_distance(r, c, x, y) < region_distance(r, best, x, y)) best = c;
    return best;
}

/* k-means++: the next centre is a point drawn by its squared distance from the centres so far. */
static void region_start(wn_regions *r, const double *x, const double *y, size_t m, size_t want, uint64_t seed) {
    wn_rng g = wn_rng_init(seed, STREAM_REGIONS);
    size_t first = (size_t)wn_rng_below(&g, m);
    r->x[0] = x[first], r->y[0] = y[first], r->n = 1;
    while (r->n < want) {
        double total = 0;
        for (size_t i = 0; i < m; i++) total += region_distance(r, region_nearest(r, x[i], y[i]), x[i], y[i]);
        if (!(total > 0)) return; /* fewer different points than regions */
        double at = wn_rng_uniform(&g) * total;
        size_t pick = 0;
        for (size_t i = 0; i < m; i++) {
            double d = region_distance(r, region_nearest(r, x[i], y[i]), x[i], y[i]);
            if (d > 0) pick = i;
            if ((at -= d) < 0) break;
        }
        r->x[r->n] = x[pick], r->y[r->n++] = y[pick];
    }
}

/* Centres move to the middle of their points. */
static void region_settle(wn_regions *r, const double *x, const double *y, size_t m, size_t *count) {
    for (int round = 0; round < ROUNDS; round++) {
        double sx[WN_REGIONS_MOST] = {0}, sy[WN_REGIONS_MOST] = {0};
        memset(count, 0, WN_REGIONS_MOST * sizeof *count);
        for (size_t i = 0; i < m; i++) {
            size_t c = region_nearest(r, x[i], y[i]);
            sx[c] += x[i], sy[c] += y[i], count[c]++;
        }
        for (size_t c = 0; c < r->n; c++)
            if (count[c]) r->x[c] = sx[c] / (double)count[c], r->y[c] = sy[c] / (double)count[c];
    }
}

void wn_regions_make(wn_regions *out, uint8_t *of, const double *x, const double *y, size_t m, uint64_t seed) {
    wn_regions r = {0};
    size_t want = m / POINTS_A_REGION, count[WN_REGIONS_MOST] = {0};
    want = want < 2 ? 2 : want > WN_REGIONS_MOST ? WN_REGIONS_MOST : want;
    region_start(&r, x, y, m, want, seed);
    region_settle(&r, x, y, m, count);
    *out = (wn_regions){0};
    while (out->n < r.n) { /* larger first */
        size_t best = 0;
        for (size_t c = 1; c < r.n; c++)
            if (count[c] > count[best]) best = c;
        if (count[best] == 0) break;
        out->x[out->n] = r.x[best], out->y[out->n++] = r.y[best];
        count[best] = 0;
    }
    for (size_t i = 0; i < m; i++) of[i] = (uint8_t)region_nearest(out, x[i], y[i]);
}
