#ifndef WINNOW_D2V_SAMPLER_H
#define WINNOW_D2V_SAMPLER_H
/* What training draws at random, and the code tree of the hierarchical softmax. All derived from the word counts. */
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>
#include <wn/rng.h>

/* A stream of random numbers for one (seed, purpose, a, b): one Philox block gives the key, SplitMix64 (Steele, Lea
 * and Flood 2014), itself a counter put through a mixer, the draws. */
typedef struct {
    uint64_t state;
} wn_d2v_draws;
enum {
    WN_D2V_DRAW_WORD = 1,
    WN_D2V_DRAW_DOC,
    WN_D2V_DRAW_TRAIN,
    WN_D2V_DRAW_INFER_START,
    WN_D2V_DRAW_INFER,
    WN_D2V_DRAW_POOL
};
wn_d2v_draws wn_d2v_draws_init(uint64_t seed, unsigned purpose, uint64_t a, uint64_t b);

static inline uint64_t wn_d2v_draw(wn_d2v_draws *d) {
    uint64_t z = (d->state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Walker's alias method: word w in proportion to count^exponent. */
typedef struct {
    uint32_t cut, other;
} wn_d2v_alias;

static inline uint32_t wn_d2v_alias_draw(const wn_d2v_alias *t, size_t n, wn_d2v_draws *d) {
    uint64_t u = wn_d2v_draw(d);
    uint32_t cell = (uint32_t)(((u >> 32) * n) >> 32);
    return (uint32_t)u < t[cell].cut ? cell : t[cell].other;
}

/* table [n], counts [n] */
wn_code wn_d2v_alias_init(wn_d2v_alias *table, const uint64_t *counts, size_t n, double exponent, wn_err *err);

/* keep[w]: word w stays in a pass over its text when a 32-bit draw is <= keep[w]. UINT32_MAX: always. The rule of
 * word2vec: sqrt(t/c) + t/c with t = sample * total, or, for sample >= 1, t = sample * 2.618. */
void wn_d2v_keep_init(uint32_t *keep, const uint64_t *counts, size_t n, double sample);

/* Huffman's tree (1952) over the word counts: word w has the inner nodes node[off[w] .. off[w+1]) from the root down,
 * and code[] says for each whether its second (more frequent) child was taken. */
typedef struct {
    uint64_t *off;  /* [n + 1] */
    uint32_t *node; /* [off[n]], below n - 1 */
    uint8_t *code;  /* [off[n]] */
    size_t deepest;
} wn_d2v_tree;
/* counts [n] descending. O(total code length). */
wn_code wn_d2v_tree_init(wn_d2v_tree *t, const uint64_t *counts, size_t n, wn_err *err);
void wn_d2v_tree_free(wn_d2v_tree *t);

#endif
