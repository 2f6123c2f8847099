/* The end of a stream: a greedy choice among what was held, by old gains as bounds (Minoux 1978). */
#include <math.h>
#include <winnow/mem.h>

#include "rank.h"
#include "stream/sieve.h"

typedef struct {
    const wn_sieve *s;
    wn_held *const *row; /* [n] */
    double *bound;       /* [n] the gain when last computed */
    size_t *seen;        /* [n] picks when it was */
    float *w, *scratch;
    void *state;
    wn_picks picks; /* a view of the choice */
    wn_sieve_choice *out;
} choosing;

static wn_code gain_of(choosing *c, wn_held *row, double *gain, wn_candidate *x, wn_err *err) {
    wn_code code = wn_sample_similar(c->s->sample, &row, 1, c->scratch, c->w, err);
    *x = (wn_candidate){row->x, c->w};
    if (code == WN_OK) *gain = c->s->vt->gain(c->state, x, &c->picks, -INFINITY);
    return code;
}

static wn_code take(choosing *c, wn_held *row, wn_err *err) {
    wn_sieve_choice *out = c->out;
    wn_candidate x;
    double gain = 0;
    wn_code code = gain_of(c, row, &gain, &x, err);
    if (code != WN_OK || (code = c->s->vt->add(c->state, &x, &c->picks, err)) != WN_OK) return code;
    row->taken = true;
    out->pick[out->n] = row;
    out->gain[out->n++] = gain;
    out->f += gain;
    c->picks.n = out->n;
    return wn_tick(c->s->o->progress, "choose", "rows", out->n, c->s->o->k, err);
}

/* heap[n] of places in row[], the largest bound on top. */
static bool before(const choosing *c, size_t a, size_t b) {
    return wn_rank_before(c->bound[a], a, c->bound[b], b);
}

static void sift(const choosing *c, size_t *heap, size_t n, size_t i) {
    for (;;) {
        size_t top = i, left = 2 * i + 1, right = left + 1, t = heap[i];
        if (left < n && before(c, heap[left], heap[top])) top = left;
        if (right < n && before(c, heap[right], heap[top])) top = right;
        if (top == i) return;
        heap[i] = heap[top];
        heap[top] = t;
        i = top;
    }
}

/* The gains of all rows that are left, into a heap. */
static wn_code first_gains(choosing *c, size_t *heap, size_t n, size_t *left, wn_err *err) {
    for (size_t begin = 0; begin < n; begin += WN_ROUND) {
        const size_t m = n - begin < WN_ROUND ? n - begin : WN_ROUND;
        wn_code code = wn_sieve_similar(c->s, c->row + begin, m, err);
        if (code != WN_OK) return code;
        for (size_t i = begin; i < begin + m; i++) {
            const wn_candidate x = {c->row[i]->x, c->s->w + (i - begin) * c->s->sample->rows.rows};
            if (c->row[i]->taken) continue;
            c->bound[i] = c->s->vt->gain(c->state, &x, &c->picks, -INFINITY);
            c->seen[i] = c->out->n;
            heap[(*left)++] = i;
        }
        if ((code = wn_tick(c->s->o->progress, "measure", "rows", begin + m, n, err)) != WN_OK) return code;
    }
    return WN_OK;
}

static wn_code choose(choosing *c, size_t *heap, size_t n, wn_err *err) {
    wn_candidate x;
    size_t left = 0;
    wn_code code = first_gains(c, heap, n, &left, err);
    if (code != WN_OK) return code;
    for (size_t i = left / 2; i-- > 0;) sift(c, heap, left, i);
    while (c->out->n < c->s->o->k && left > 0) {
        const size_t at = heap[0];
        if (c->seen[at] != c->out->n) {
            if ((code = gain_of(c, c->row[at], &c->bound[at], &x, err)) != WN_OK) return code;
            c->seen[at] = c->out->n;
        } else {
            if ((code = take(c, c->row[at], err)) != WN_OK) return code;
            heap[0] = heap[--left];
        }
        sift(c, heap, left, 0);
    }
    return WN_OK;
}

wn_code wn_sieve_greedy(const wn_sieve *s, const wn_picks *first, wn_held *const *rows, size_t n, wn_sieve_choice *out,
                        wn_err *err) {
    choosing c = {.s = s, .row = rows, .out = out};
    size_t *heap = NULL;
    *out = (wn_sieve_choice){0};
    for (size_t i = 0; i < n; i++) rows[i]->taken = false;
    wn_code code = WN_EMEMORY;
    if (!(out->pick = wn_alloc(s->o->k < n ? s->o->k : n, sizeof *out->pick, err))) goto out;
    if (!(out->gain = wn_alloc(s->o->k < n ? s->o->k : n, sizeof *out->gain, err))) goto out;
    c.picks.at = out->pick;
    if (!(c.bound = wn_alloc(n, sizeof *c.bound, err)) || !(c.seen = wn_alloc(n, sizeof *c.seen, err))) goto out;
    if (!(heap = wn_alloc(n, sizeof *heap, err))) goto out;
    if (!(c.w = wn_alloc(s->sample->rows.rows, sizeof *c.w, err))) goto out;
    if (!(c.scratch = wn_alloc(s->o->dims, sizeof *c.scratch, err))) goto out;
    if ((code = s->vt->open(&c.state, s->sample, err)) != WN_OK) goto out;
    for (size_t i = 0; first && i < first->n; i++)
        if ((code = take(&c, first->at[i], err)) != WN_OK) goto out;
    if (out->n < s->o->k) code = choose(&c, heap, n, err);
out:
    s->vt->close(c.state);
    wn_free(c.scratch);
    wn_free(c.w);
    wn_free(heap);
    wn_free(c.seen);
    wn_free(c.bound);
    return code;
}

void wn_sieve_choice_free(wn_sieve_choice *c) {
    wn_free(c->pick);
    wn_free(c->gain);
    *c = (wn_sieve_choice){0};
}
