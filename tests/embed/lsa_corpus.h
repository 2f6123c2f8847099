/* Made-up texts with topics and rare words, for the tests of LSA. */
#ifndef LSA_CORPUS_H
#define LSA_CORPUS_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/data.h>
#include <wn/rng.h>

typedef struct {
    char *base;
    unsigned long long *off;
    wn_texts view;
} corpus;

static inline corpus corpus_start(size_t n, size_t bytes) {
    corpus c = {.base = malloc(bytes + 1), .off = calloc(n + 1, sizeof(unsigned long long))};
    c.view = (wn_texts){.base = c.base, .off = c.off, .n = n};
    return c;
}

static inline void corpus_free(corpus *c) {
    free(c->base);
    free(c->off);
}

static inline corpus corpus_of(size_t n, const char *const *lines) {
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) bytes += strlen(lines[i]);
    corpus c = corpus_start(n, bytes);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(lines[i]);
        memcpy(c.base + c.off[i], lines[i], len);
        c.off[i + 1] = c.off[i] + len;
    }
    return c;
}

/* n texts of `length` words each out of about `words`; topic t of `topics` has a tenth of its words to itself and is
 * met with a frequency that falls with t, so that the leading singular values stand apart. */
static inline corpus corpus_topics(size_t n, size_t words, size_t topics, size_t length, uint64_t seed) {
    corpus c = corpus_start(n, n * length * 12);
    wn_rng r = wn_rng_init(seed, 99);
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        double u = wn_rng_uniform(&r);
        size_t topic = (size_t)(u * u * (double)topics);
        for (size_t j = 0; j < length; j++) {
            double v = wn_rng_uniform(&r), w = wn_rng_uniform(&r);
            if (v < 0.5) at += (size_t)sprintf(c.base + at, "t%zux%zu ", topic, (size_t)(w * w * 20));
            else at += (size_t)sprintf(c.base + at, "w%zu ", (size_t)(w * w * w * (double)words));
        }
        c.off[i + 1] = at;
    }
    return c;
}

#endif
