#ifndef WN_COMPARE_METHODS_H
#define WN_COMPARE_METHODS_H
/* The table of methods: from a pool to a subset of it. A new method is a row of WN_METHODS (winnow/compare.h) and the
 * function that it names. */
#include "data.h"
#include "scenario.h"

#include <winnow/compare.h>

/* What a method chooses from. */
typedef struct {
    const wn_compare_data *data;
    const wn_pool *pool;
    size_t k;      /* rows to choose, 1 .. pool->n */
    uint64_t seed; /* of its random choices */
    size_t memory; /* bytes it may use beyond the vectors of the pool */
} wn_method_call;

/* Chooses: *chosen gets [*k] places in the pool, in order of choice; wn_free it. Fewer than asked for where copies
 * leave no more. One thread inside a task. */
wn_code wn_method_choose(size_t **chosen, size_t *k, const wn_method *m, const wn_method_call *call, wn_err *err);

#endif
