/* Stochastic greedy ("Lazier Than Lazy Greedy", Mirzasoleiman et al. 2015): at each step the best row of a sample,
 * drawn anew without replacement from those that are left: (n / k) ln(1 / epsilon) rows, n ln(1 / epsilon) gains in
 * all. For a monotone submodular f its value is, in expectation, at least 1 - 1/e - epsilon of the best. */
#include <math.h>
#include <winnow/mem.h>
#include <wn/rng.h>

#include "maximizer/maximizer.h"
#include "rank.h"

enum { STREAM = 0x73746f63 };

typedef struct {
    wn_search search;
    wn_rng rng;
    size_t *left; /* [nleft] rows that may be feasible, in no order */
    size_t nleft, sample;
    double *gain; /* [sample] */
    bool counts;  /* false until the first sample is known */
} stochastic_search;

static size_t stochastic_bytes(size_t n) {
    return n * (sizeof(size_t) + sizeof(double));
}

static size_t sample_size(const wn_search *q) {
    const double n = (double)q->constraint->g->n,
                 rows = (double)wn_constraint_expected(q->constraint->o, q->constraint->g->n),
                 size = ceil(n / rows * log(1 / q->epsilon));
    return size < 1 ? 1 : size < n ? (size_t)size : q->constraint->g->n;
}

static wn_code stochastic_open(void **m, const wn_search *search, wn_err *err) {
    stochastic_search *s = wn_alloc(1, sizeof *s, err);
    if (!(*m = s)) return WN_EMEMORY;
    *s = (stochastic_search){.search = *search,
                             .rng = wn_rng_init(search->seed, STREAM),
                             .sample = sample_size(search),
                             .nleft = search->constraint->g->n};
    if (!(s->left = wn_alloc(s->nleft, sizeof *s->left, err))) return WN_EMEMORY;
    if (!(s->gain = wn_alloc(s->sample, sizeof *s->gain, err))) return WN_EMEMORY;
    for (size_t i = 0; i < s->nleft; i++) s->left[i] = i;
    return WN_OK;
}

/* Fisher-Yates as far as the sample goes: it ends up in front. Rows that are no longer feasible leave. */
static size_t draw_sample(stochastic_search *s) {
    size_t drawn = 0;
    while (drawn < s->sample && drawn < s->nleft) {
        const size_t at = drawn + (size_t)wn_rng_below(&s->rng, s->nleft - drawn), row = s->left[at];
        s->left[at] = s->left[drawn];
        s->left[drawn] = row;
        if (wn_constraint_feasible(s->search.constraint, row))
            drawn++;
        else
            s->left[drawn] = s->left[--s->nleft];
    }
    return drawn;
}

static wn_code stochastic_best(void *m, size_t *row, double *gain, wn_err *err) {
    stochastic_search *s = m;
    const wn_search *q = &s->search;
    const size_t n = draw_sample(s);
    size_t best = 0;
    wn_code code = q->objective->gains(q->f, s->left, n, s->gain, err);
    if (code != WN_OK) return code;
    for (size_t i = 1; i < n; i++)
        if (wn_rank_before(wn_constraint_key(q->constraint, s->left[i], s->gain[i]), s->left[i],
                           wn_constraint_key(q->constraint, s->left[best], s->gain[best]), s->left[best]))
            best = i;
    if (s->counts) *q->refreshed += n;
    s->counts = true;
    *row = s->left[best];
    *gain = s->gain[best];
    return WN_OK;
}

static void stochastic_close(void *m) {
    stochastic_search *s = m;
    if (!s) return;
    wn_free(s->left);
    wn_free(s->gain);
    wn_free(s);
}

const wn_maximizer_vt wn_maximizer_stochastic = {
    .bytes = stochastic_bytes, .open = stochastic_open, .best = stochastic_best, .close = stochastic_close};
