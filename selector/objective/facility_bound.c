/* Facility location's certificate (docs/selection.md). */
#include <math.h>
#include <winnow/mem.h>

#include "certificate.h"
#include "objective/facility.h"

/* How far f as computed may lie from its definition: the error of a similarity for each row, as often as it counts.
 * Edges of a graph are what they are, but for the rounding of their rbf. */
static wn_certificate_error facility_off(const wn_ground *g, const wn_kernel *kernel) {
    double sq = g->sq_max, rows = 0;
    for (size_t i = 0; i < g->of->rows; i++) {
        const float *y = wn_mat_row(g->of, i);
        double s = 0;
        for (size_t c = 0; c < g->d && g->of != g->x; c++) s += (double)y[c] * (double)y[c];
        sq = fmax(sq, s);
        rows += wn_ground_weight(g, i);
    }
    const wn_certificate_error e = wn_certificate_similarity(kernel, g->d, sq);
    return (wn_certificate_error){e.relative, rows * e.absolute};
}

/* Gains anew, where the maximizer knows of none. */
static wn_code facility_gains(double *gain, const wn_facility *f, const wn_greedy *g, wn_err *err) {
    size_t n = g->ground.n, *rows = wn_alloc(n, sizeof *rows, err);
    wn_code code = WN_EMEMORY;
    if (!rows) return code;
    for (size_t i = 0; i < n; i++) rows[i] = i;
    code = f->gains(f->state, rows, n, gain, err);
    wn_free(rows);
    return code;
}

wn_code wn_facility_bound(const wn_facility *f, wn_greedy *g, const double *gain, wn_err *err) {
    const wn_certificate_error off = facility_off(&g->ground, &g->o.kernel);
    double *own = gain ? NULL : wn_alloc(g->ground.n, sizeof *own, err);
    wn_code code = gain || own ? WN_OK : WN_EMEMORY;
    if (code == WN_OK && own) code = facility_gains(own, f, g, err);
    if (code == WN_OK) code = wn_certificate_of_gains(g, gain ? gain : own, &off, err);
    wn_free(own);
    return code;
}
