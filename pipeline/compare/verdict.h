#ifndef WN_COMPARE_VERDICT_H
#define WN_COMPARE_VERDICT_H
/* What may be said of the cells: means, differences from each baseline, and verdicts in plain words. */
#include "cells.h"

#include <wn/buf.h>
#include <wn/stats.h>

/* A method against a baseline, at one budget of one scenario: accuracy of the one less that of the other. */
typedef struct {
    wn_interval seeds;    /* paired by selection seed, training seeds averaged; p as it is */
    double holm;          /* p adjusted for the methods asked for, or for the baselines, against this one */
    wn_interval items;    /* over test rows drawn again, seeds as they are */
    wn_interval balanced; /* as seeds, of balanced accuracy */
    wn_wins wins;         /* of the pairs of cells */
    wn_verdict verdict;
} wn_difference;

/* A method at one budget of one scenario. */
typedef struct {
    size_t scenario, budget, method;
    bool used;
    double k; /* mean over the cells */
    double select_s, train_s;
    /* over selection seeds, training seeds averaged */
#define WN_STANDING_SCORE(name) wn_interval name;
    WN_CELL_SCORES(WN_STANDING_SCORE)
#undef WN_STANDING_SCORE
    double closed;          /* share of the gap between dedup+random and all rows that is closed; NaN: there is none */
    wn_difference *against; /* [nmethods] from each baseline; of others nothing */
} wn_standing;

/* Zero-initialise. */
typedef struct {
    const wn_cells *cells;
    wn_standing *list; /* [n] by scenario, budget, method */
    size_t n;
    wn_difference *differences; /* [n * nmethods] */
} wn_verdicts;

/* Every used cell must be done. The verdict is better or worse where both agree: the p of the paired difference,
 * adjusted by Holm, is at most .05, and the interval over test rows leaves 0 out on the same side. With one seed there
 * is no paired p, and that of the test rows takes its place. O(comparisons * tests * (cells + draws)). */
wn_code wn_verdicts_make(wn_verdicts *out, const wn_cells *cells, wn_err *err);
void wn_verdicts_free(wn_verdicts *v);
const wn_standing *wn_verdicts_of(const wn_verdicts *v, size_t scenario, size_t budget, size_t method);
bool wn_verdicts_compared(const wn_compare_plan *p, size_t method, size_t baseline); /* is there a difference? */
size_t wn_verdicts_yardstick(const wn_compare_plan *p); /* the method dedup+random; nmethods: it is not there */

/* "facility-location against dedup+random: better at 2 of 3 budgets; no difference shown at 25%". */
void wn_verdicts_sentence(wn_writer *out, const wn_verdicts *v, size_t scenario, size_t method, size_t baseline);
/* "10%", "500", "all". */
const char *wn_budget_text(const wn_compare_plan *p, size_t budget, char text[32]);

#endif
