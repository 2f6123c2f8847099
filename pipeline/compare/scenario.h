#ifndef WN_COMPARE_SCENARIO_H
#define WN_COMPARE_SCENARIO_H
/* The pool of one seed: rows drawn from the whole pool, then spoilt as a scenario says. */
#include "data.h"

#include <stddef.h>

/* X(VALUE, "word"): the pool as it is drawn; copies of some rows; classes of falling size; wrong labels. */
#define WN_SCENARIOS(X)                                                                                                \
    X(WN_SCENARIO_PLAIN, "plain")                                                                                      \
    X(WN_SCENARIO_COPIES, "with copies")                                                                               \
    X(WN_SCENARIO_TAIL, "uneven classes")                                                                              \
    X(WN_SCENARIO_NOISE, "wrong labels")
#define WN_SCENARIO_VALUE(value, word) value,
typedef enum { WN_SCENARIOS(WN_SCENARIO_VALUE) WN_SCENARIO_KINDS } wn_scenario_kind;

typedef struct {
    wn_scenario_kind kind;
    double percent; /* of the rows: copied, or with a wrong label */
    size_t times;   /* how often a copied row stands there */
    double ratio;   /* largest class to smallest */
    char name[64];  /* "with copies (1% x 100)" */
} wn_scenario;

wn_scenario wn_scenario_plain(void);
wn_scenario wn_scenario_copies(double percent, size_t times);
wn_scenario wn_scenario_tail(double ratio);
wn_scenario wn_scenario_noise(double percent);

/* Rows that may be chosen, with the labels they are taught with. Zero-initialise. */
typedef struct {
    size_t n;
    size_t *row;     /* [n] rows of the data, rising; with copies the same row several times */
    uint32_t *label; /* [n] */
} wn_pool;

typedef struct {
    double share;  /* percent of the rows that a seed draws */
    uint64_t seed; /* of the comparison */
    uint64_t draw; /* selection seed: equal draws are equal pools, whatever the method */
} wn_pool_opts;

/* Without replacement. O(n log n). */
wn_code wn_pool_draw(wn_pool *out, const wn_compare_data *data, const wn_scenario *s, const wn_pool_opts *o,
                     wn_err *err);
void wn_pool_free(wn_pool *p);
/* Rows that the pool has at the most: an estimate from above. */
size_t wn_pool_rows(const wn_scenario *s, size_t n, double share);

#endif
