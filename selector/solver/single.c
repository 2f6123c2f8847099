/* The best row alone: what a greedy by gain and cost is held against (Lin and Bilmes 2010). */
#include "solver/single.h"

#include <winnow/mem.h>

#include "rank.h"

enum { BATCH = 64 };

wn_code wn_best_single(const wn_search *s, const double *bound, size_t *row, double *gain, wn_err *err) {
    const size_t n = s->constraint->g->n;
    size_t *rows = wn_alloc(n, sizeof *rows, err), left = 0, best = n;
    double gains[BATCH];
    wn_code code = rows ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) return code;
    for (size_t i = 0; i < n; i++)
        if (wn_constraint_feasible(s->constraint, i)) rows[left++] = i;
    for (size_t at = 0; at < left;) {
        const size_t m = left - at < BATCH ? left - at : BATCH;
        if (bound) wn_rank_top(rows + at, left - at, m, bound);
        if ((code = s->objective->gains(s->f, rows + at, m, gains, err)) != WN_OK) goto out;
        for (size_t i = 0; i < m; i++)
            if (best == n || wn_rank_before(gains[i], rows[at + i], *gain, best)) best = rows[at + i], *gain = gains[i];
        at += m;
        bool more = !bound;
        for (size_t i = at; i < left && !more; i++) more = bound[rows[i]] >= *gain;
        if (!more) break;
    }
    *row = best;
out:
    wn_free(rows);
    return code;
}
