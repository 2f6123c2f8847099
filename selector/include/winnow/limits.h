#ifndef WINNOW_LIMITS_H
#define WINNOW_LIMITS_H
/* Which rows may be chosen together, beyond k, must-keep and excluded ones. Any of these at once: each pick closes the
 * rows that may no longer come, and the greedy goes on among those that are left. docs/selection.md says what each
 * means for the value of a choice. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/data.h>
#include <winnow/names.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define WN_LIMITS(X)                                                                                                   \
    X(WN_LIMIT_QUOTAS, "the quotas")                                                                                   \
    X(WN_LIMIT_GROUPS, "the groups")                                                                                   \
    X(WN_LIMIT_BUDGET, "the budget")                                                                                   \
    X(WN_LIMIT_APART, "the largest similarity")
typedef enum { WN_LIMITS(WN_NAME_VALUE) } wn_limit;
const char *wn_limit_name(wn_limit l);

#define WN_NO_GROUP UINT32_MAX

/* All zero: none. Arrays are by row of x, without the last `had`. */
typedef struct {
    /* quotas: of each class as many rows as wn_select_quotas gives it of k, by label, classes and share or quota_power
     * of the options. Must-keep rows count, and may be more. */
    bool quotas;
    const char *const *class_names; /* [classes] for messages; NULL: numbers */
    /* groups: of each at most per_group rows */
    const uint32_t *group; /* below `groups`, or WN_NO_GROUP; NULL: none */
    size_t groups, per_group;
    const char *const *group_names; /* [groups] for messages; NULL: numbers */
    /* budget (Lin and Bilmes 2010): what the rows cost adds up to no more. Rows come by gain / cost^cost_power; it
     * ends where nothing fits, where all that fits would take from f (but for the first row), or with k rows; the
     * best single row that fits is taken instead where that alone has more f. */
    const double *cost; /* above 0; NULL: none */
    double budget;      /* above 0 */
    double cost_power;  /* 0 .. 10 */
    /* similarity: no two rows whose cosine is above max_similarity */
    bool apart;
    double max_similarity;
    const wn_mat *compared; /* [n] rows whose cosines count, of any norm, with those that one has; NULL: x */
    /* The last so many rows of x are chosen already: they are represented and represent, and come first, but are in no
     * class and no group, cost nothing, and are neither in k nor in what is returned. f is then what the choice adds to
     * theirs. */
    size_t had;
} wn_limits;

/* The most rows that `budget` buys at these costs [n]. SIZE_MAX where memory ends. O(n log n). */
size_t wn_limits_rows(const double *cost, size_t n, double budget);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
