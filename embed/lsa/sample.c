/* A seeded draw of texts. */
#include "internal.h"

#include <string.h>
#include <winnow/mem.h>
#include <wn/rng.h>

/* Marks texts of a random order until `rows` are drawn or their bytes pass `bytes`; at least one. */
static wn_code draw(const wn_texts *t, size_t rows, size_t bytes, uint64_t seed, bool *drawn, wn_err *err) {
    wn_rng r = wn_rng_init(seed, UINT64_C(0x4C5341));
    size_t *order = wn_alloc(t->n, sizeof *order, err), taken = 0;
    if (!order) return WN_EMEMORY;
    for (size_t i = 0; i < t->n; i++) order[i] = i;
    wn_rng_shuffle(&r, order, t->n);
    for (size_t i = 0; i < t->n && i < rows && taken <= bytes; i++) {
        drawn[order[i]] = true;
        taken += (size_t)(t->off[order[i] + 1] - t->off[order[i]]);
    }
    wn_free(order);
    return WN_OK;
}

/* The drawn texts in their order. */
static wn_code copy_drawn(const wn_texts *t, const bool *drawn, wn_lsa_sample *s, wn_err *err) {
    size_t n = 0, bytes = 0;
    for (size_t i = 0; i < t->n; i++) {
        n += drawn[i];
        bytes += drawn[i] ? (size_t)(t->off[i + 1] - t->off[i]) : 0;
    }
    s->base = wn_alloc(bytes, 1, err);
    s->off = wn_alloc(n + 1, sizeof *s->off, err);
    if (!s->base || !s->off) return WN_EMEMORY;
    for (size_t i = 0, k = 0; i < t->n; i++) {
        if (!drawn[i]) continue;
        size_t length = (size_t)(t->off[i + 1] - t->off[i]);
        if (length) memcpy(s->base + s->off[k], t->base + t->off[i], length);
        s->off[k + 1] = s->off[k] + length;
        k++;
    }
    s->view = (wn_texts){.base = s->base, .off = s->off, .n = n};
    return WN_OK;
}

wn_code wn_lsa_draw(const wn_texts *texts, size_t rows, size_t bytes, uint64_t seed, wn_lsa_sample *s, wn_err *err) {
    *s = (wn_lsa_sample){.view = *texts};
    if (texts->n <= rows && (texts->n == 0 || texts->off[texts->n] - texts->off[0] <= bytes)) return WN_OK;
    if (!(s->drawn = wn_alloc(texts->n, sizeof *s->drawn, err))) return WN_EMEMORY;
    wn_code code = draw(texts, rows, bytes, seed, s->drawn, err);
    if (code == WN_OK) code = copy_drawn(texts, s->drawn, s, err);
    if (code != WN_OK) wn_lsa_sample_free(s);
    return code;
}

void wn_lsa_sample_free(wn_lsa_sample *s) {
    wn_free(s->base);
    wn_free(s->off);
    wn_free(s->drawn);
    *s = (wn_lsa_sample){0};
}
