/* Random greedy (Buchbinder, Feldman, Naor, Schwartz, "Submodular Maximization with Cardinality Constraints", 2014): at
 * each step one of the k rows of largest gain, drawn evenly. In expectation at least 1/e of the best at most k rows for
 * a submodular f that is not monotone, where the plain greedy may end up anywhere, and 1 - 1/e for one that is. Exactly
 * k rows are taken here: where gains turn negative the first of these does not carry over. n gains a pick. */
#include <winnow/mem.h>
#include <wn/rng.h>

#include "maximizer/maximizer.h"
#include "rank.h"

enum { STREAM = 0x72616e67 };

typedef struct {
    wn_search search;
    wn_rng rng;
    size_t *rows;          /* [n] scratch: the feasible rows */
    double *gain, *by_row; /* [n] theirs, and by row number */
    bool counts;           /* false until the first gains are known */
} random_search;

static size_t random_bytes(size_t n) {
    return n * (sizeof(size_t) + 2 * sizeof(double));
}

static wn_code random_open(void **m, const wn_search *search, wn_err *err) {
    random_search *s = wn_alloc(1, sizeof *s, err);
    if (!(*m = s)) return WN_EMEMORY;
    const size_t n = search->constraint->g->n;
    *s = (random_search){.search = *search, .rng = wn_rng_init(search->seed, STREAM)};
    if (!(s->rows = wn_alloc(n, sizeof *s->rows, err))) return WN_EMEMORY;
    if (!(s->gain = wn_alloc(n, sizeof *s->gain, err))) return WN_EMEMORY;
    return (s->by_row = wn_alloc(n, sizeof *s->by_row, err)) ? WN_OK : WN_EMEMORY;
}

/* The row of a rank drawn evenly below k: the last of the rank + 1 first. */
static wn_code random_best(void *m, size_t *row, double *gain, wn_err *err) {
    random_search *s = m;
    const wn_search *q = &s->search;
    size_t n = 0, last = 0;
    for (size_t i = 0; i < q->constraint->g->n; i++)
        if (wn_constraint_feasible(q->constraint, i)) s->rows[n++] = i;
    wn_code code = q->objective->gains(q->f, s->rows, n, s->gain, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < n; i++) s->by_row[s->rows[i]] = wn_constraint_key(q->constraint, s->rows[i], s->gain[i]);
    const size_t among = q->constraint->k < n ? q->constraint->k : n, rank = (size_t)wn_rng_below(&s->rng, among);
    wn_rank_top(s->rows, n, rank + 1, s->by_row);
    for (size_t i = 1; i <= rank; i++)
        if (wn_rank_before(s->by_row[s->rows[last]], s->rows[last], s->by_row[s->rows[i]], s->rows[i])) last = i;
    if (s->counts) *q->refreshed += n;
    s->counts = true;
    *row = s->rows[last];
    *gain = s->by_row[*row];
    return q->constraint->scale ? q->objective->gains(q->f, row, 1, gain, err) : WN_OK; /* that was its key */
}

static void random_close(void *m) {
    random_search *s = m;
    if (!s) return;
    wn_free(s->rows);
    wn_free(s->gain);
    wn_free(s->by_row);
    wn_free(s);
}

const wn_maximizer_vt wn_maximizer_random_greedy = {
    .bytes = random_bytes, .open = random_open, .best = random_best, .close = random_close};
