#include "lazy.h"

#include <winnow/mem.h>

/* Stale rows refreshed together: few at first, more the longer a step lasts. The picks do not depend on it. */
enum { BATCH_FIRST = 4, BATCH = 64 };

/* A heap of untaken rows, the next one to try on top. */
typedef struct {
    size_t *ids, n;
    const double *key;
} heap;

static bool before(const heap *h, size_t a, size_t b) {
    return wn_before(h->key[a], a, h->key[b], b);
}

static void sift_down(heap *h, size_t i) {
    for (;;) {
        size_t top = i, left = 2 * i + 1, right = left + 1;
        if (left < h->n && before(h, h->ids[left], h->ids[top])) top = left;
        if (right < h->n && before(h, h->ids[right], h->ids[top])) top = right;
        if (top == i) return;
        size_t t = h->ids[i];
        h->ids[i] = h->ids[top];
        h->ids[top] = t;
        i = top;
    }
}

static size_t pop(heap *h) {
    size_t id = h->ids[0];
    h->ids[0] = h->ids[--h->n];
    sift_down(h, 0);
    return id;
}

static void push(heap *h, size_t id) {
    size_t i = h->n++;
    h->ids[i] = id;
    for (; i > 0 && before(h, h->ids[i], h->ids[(i - 1) / 2]); i = (i - 1) / 2) {
        h->ids[i] = h->ids[(i - 1) / 2];
        h->ids[(i - 1) / 2] = id;
    }
}

static wn_code take(wn_run *r, const wn_lazy_ops *ops, size_t id, double gain, wn_err *err) {
    wn_run_take(r, id, gain);
    wn_code code = ops->pick(ops->ctx, id, err);
    return code == WN_OK ? wn_run_tick(r, err) : code;
}

/* Refreshes stale rows from the top of the heap until a fresh one stands there; takes that one. */
static wn_code step(wn_run *r, const wn_lazy_ops *ops, heap *h, double *bound, size_t *seen, wn_err *err) {
    size_t ids[BATCH], batch = BATCH_FIRST;
    double gains[BATCH];
    while (seen[h->ids[0]] != r->t + 1) {
        size_t m = 0;
        while (m < batch && h->n > 0 && seen[h->ids[0]] != r->t + 1) ids[m++] = pop(h);
        wn_code code = ops->gains(ops->ctx, ids, m, gains, err);
        if (code != WN_OK) return code;
        for (size_t i = 0; i < m; i++) {
            bound[ids[i]] = gains[i];
            seen[ids[i]] = r->t + 1;
            push(h, ids[i]);
        }
        r->out->refreshed += m;
        if (batch < BATCH) batch *= 2;
    }
    size_t id = pop(h);
    return take(r, ops, id, bound[id], err);
}

size_t wn_lazy_bytes(size_t n) {
    return 2 * n * sizeof(size_t);
}

wn_code wn_lazy_run(wn_run *r, const wn_lazy_ops *ops, double *bound, wn_err *err) {
    heap h = {.key = bound};
    wn_code code = WN_EMEMORY;
    size_t *seen = wn_alloc(r->n, sizeof *seen, err); /* 1 + picks when the gain was computed */
    h.ids = wn_alloc(r->n, sizeof *h.ids, err);
    if (!seen || !h.ids) goto out;
    code = WN_OK;
    while (wn_run_forced(r) && code == WN_OK) {
        size_t id = r->o->keep[r->t];
        double gain = 0;
        code = ops->gains(ops->ctx, &id, 1, &gain, err);
        if (code == WN_OK) code = take(r, ops, id, gain, err);
    }
    for (size_t i = 0; i < r->n; i++)
        if (!r->taken[i]) push(&h, i);
    while (r->t < r->o->k && code == WN_OK) code = step(r, ops, &h, bound, seen, err);
out:
    wn_free(h.ids);
    wn_free(seen);
    return code;
}
