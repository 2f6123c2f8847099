#ifndef WN_COMPARE_CELLS_H
#define WN_COMPARE_CELLS_H
/* The cells of a comparison, scenarios x budgets x methods x seeds: what each is, how it is worked out, and where it is
 * kept until all are done. */
#include "learner.h"
#include "scenario.h"

#include <winnow/io.h>

/* What a cell scores on the test rows. */
#define WN_CELL_SCORES(X) X(accuracy) X(balanced_accuracy) X(macro_f1) X(log_loss)

/* Everything that decides the cells. A view. */
typedef struct {
    const wn_compare_data *data;
    const wn_learner *learner;
    const wn_scenario *scenarios; /* [nscenarios] */
    const wn_size_opts *budgets;  /* [nbudgets] of the pool that a scenario makes */
    const wn_method *methods; /* [nmethods]; those of kind FULL take all, and have a budget of their own, the last */
    size_t nscenarios, nbudgets, nmethods;
    size_t draws, trainings; /* selection seeds 1 .. draws, training seeds 1 .. trainings */
    double pool_share;       /* percent */
    uint64_t seed;
    bool same_steps; /* every subset is learnt from in as many steps as the largest budget of its pool */
} wn_compare_plan;

typedef struct {
    size_t scenario, budget, method; /* budget: plan->nbudgets for all rows */
    size_t draw, training;           /* seeds, from 1 */
    char key[65];                    /* SHA-256 of all that decides the cell */
    bool used, done;                 /* used: there is such a cell */
    size_t k;
    double select_s, train_s;
#define WN_CELL_SCORE(name) double name;
    WN_CELL_SCORES(WN_CELL_SCORE)
#undef WN_CELL_SCORE
    uint32_t *predicted; /* [tests] */
} wn_cell;

/* Zero-initialise. */
typedef struct {
    const wn_compare_plan *plan;
    wn_cell *list;         /* [n] by scenario, budget, method, draw, training */
    size_t n, used, found; /* found: of the used ones, those that an earlier run had finished */
} wn_cells;

wn_code wn_cells_init(wn_cells *out, const wn_compare_plan *plan, wn_err *err);
void wn_cells_free(wn_cells *c);
/* The cells of one scenario, budget and method: [draws * trainings] of them. */
const wn_cell *wn_cells_of(const wn_cells *c, size_t scenario, size_t budget, size_t method);
size_t wn_cells_repeats(const wn_cells *c);

/* Takes over what `folder` holds of them. */
wn_code wn_cells_find(wn_cells *c, const char *folder, wn_err *err);

typedef struct {
    const char *folder; /* where each is written as soon as it is done */
    size_t at_once;     /* cells at the same time */
    size_t memory;      /* bytes that one cell may use */
    wn_progress *progress;
} wn_cells_opts;

/* Works out what is not there yet. Equal results for any number of threads, but for the seconds. */
wn_code wn_cells_run(wn_cells *c, const wn_cells_opts *o, wn_err *err);
/* Bytes that a cell takes at the most, beyond the data. */
size_t wn_cells_memory(const wn_compare_plan *plan);
/* k of a budget, 1 .. n. */
size_t wn_compare_budget(const wn_size_opts *budget, size_t n);

#endif
