#ifndef WINNOW_SELECTOR_TYPICALITY_H
#define WINNOW_SELECTOR_TYPICALITY_H
#include <wn/kmeans.h>

#include "ground.h"

/* score[n]: of every row of a cluster of m rows less its mean distance to the min(20, m / 2) rows of the cluster that
 * are nearest to it; TypiClust's typicality is one over that distance. O(sum of m^2 d). WN_EMEMORY, WN_EINTERRUPT. */
wn_code wn_typicality(const wn_ground *g, const wn_clusters *c, double *score, wn_progress *p, wn_err *err);
/* Bytes that it takes, of n rows of d values. */
size_t wn_typicality_bytes(size_t n, size_t d);

#endif
