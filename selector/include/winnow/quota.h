#ifndef WINNOW_QUOTA_H
#define WINNOW_QUOTA_H
/* How many rows each class gets of a choice of k. */
#include <stddef.h>
#include <winnow/err.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct {
    double weight;      /* >= 0, finite: what its share is in proportion to */
    double size;        /* breaks ties */
    size_t least, most; /* rows it gets at least and at most */
} wn_quota_class;

/* quota[classes], which add up to k: shares in proportion to the weights, held within least and most, the others
 * sharing what is left; whole rows by largest remainders, then the larger class, then the first. A class of weight 0
 * gets its least. WN_ECONSTRAINT: k is out of reach of the bounds; WN_EMEMORY. O(classes^2) at worst. */
wn_code wn_quotas(size_t *quota, const wn_quota_class *c, size_t classes, size_t k, wn_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
