/* A made corpus for the doc2vec tests: texts of words w0, w1, ... with falling frequencies. */
#ifndef WINNOW_TEST_DOC2VEC_CORPUS_H
#define WINNOW_TEST_DOC2VEC_CORPUS_H
#include <stdio.h>
#include <string.h>

#include <winnow/data.h>
#include <winnow/mem.h>
#include <wn/rng.h>

typedef struct {
    char *bytes;
    unsigned long long *off;
    size_t len, cap, n;
} corpus;

static inline wn_texts corpus_texts(const corpus *c) {
    return (wn_texts){.base = c->bytes, .off = c->off, .n = c->n};
}

static inline void corpus_free(corpus *c) {
    wn_free(c->bytes);
    wn_free(c->off);
}

static inline void corpus_put(corpus *c, const char *s) {
    size_t n = strlen(s);
    (void)wn_reserve((void **)&c->bytes, &c->cap, c->len + n, 1, &(wn_err){0});
    memcpy(c->bytes + c->len, s, n);
    c->len += n;
}

/* Room for n texts; corpus_end closes each after its corpus_put calls. */
static inline corpus corpus_new(size_t n) {
    corpus c = {.off = wn_alloc(n + 1, sizeof *c.off, &(wn_err){0})};
    corpus_put(&c, "");
    return c;
}
static inline void corpus_end(corpus *c) {
    c->off[++c->n] = c->len;
}

/* n texts of `words` words; with two topics, odd and even texts share no word. */
static inline corpus corpus_make(size_t n, size_t words, unsigned vocabulary, bool topics, unsigned seed) {
    corpus c = corpus_new(n);
    wn_rng r = wn_rng_init(seed, 99);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < words; k++) {
            char word[32];
            double u = wn_rng_uniform(&r);
            (void)snprintf(word, sizeof word, "%c%u ", topics && i % 2 ? 'v' : 'w', (unsigned)(u * u * vocabulary));
            corpus_put(&c, word);
        }
        corpus_end(&c);
    }
    return c;
}

#endif
