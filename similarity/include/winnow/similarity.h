#ifndef WINNOW_SIMILARITY_H
#define WINNOW_SIMILARITY_H
/* Vectors -> similarities: kernel width, nearest neighbours, near duplicates. */
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>
#include <winnow/data.h>
#include <winnow/progress.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* gamma times the median of 1 - cos; docs/selection.md says how it was found. */
#define WN_GAMMA_TIMES_MEDIAN 7.5
/* gamma = 7.5 / median(1 - cos) over `pairs` (0: 10000) seeded random pairs of distinct nonzero rows.
 * *median gets the median. WN_EINPUT when it is 0 (all rows equal). */
wn_code wn_sim_gamma_auto(const wn_mat *x, uint64_t seed, size_t pairs, double *gamma, double *median, wn_err *err);

/* Exact K nearest neighbours by inner product of normalised rows, self excluded, rows by falling similarity, ties to
 * the lowest index. data holds cosines. Blocked symmetric pass, O(nK + threads * tile) memory. *graph is
 * written on success only; release it with wn_csr_free. WN_EUSAGE unless 1 <= K < n. */
wn_code wn_sim_knn(const wn_mat *x, size_t K, wn_csr *graph, wn_progress *p, wn_err *err);
/* Bytes that wn_sim_knn takes beyond x [n, d], the graph included. SIZE_MAX where they cannot be counted. */
size_t wn_sim_knn_memory(size_t n, size_t d, size_t K);

/* For every row the most similar of the chosen rows (ties: first in `chosen`): nearest[i] = index into chosen, sim[i]
 * = cosine. O(n k d), blocked. WN_EUSAGE when k is 0. After an error the arrays hold nothing of use. */
wn_code wn_sim_nearest(const wn_mat *x, const size_t *chosen, size_t k, size_t *nearest, float *sim, wn_progress *p,
                       wn_err *err);

/* Near duplicates: goes through the rows in order; a row whose cosine with an earlier kept row is >= threshold is
 * dropped and mapped to the most similar such row (ties: lowest). kept[i] = i for kept rows. sim[i] = cosine to
 * kept[i] (1 for kept rows). Zero rows are never near duplicates. Blocked, O(n + threads * tile) memory. WN_EUSAGE when
 * the threshold is not finite. After an error the arrays hold nothing of use. */
wn_code wn_sim_near_duplicates(const wn_mat *x, double threshold, size_t *kept, float *sim, wn_progress *p,
                               wn_err *err);

/* Exact duplicates of texts: equal after NFC, case folding and white space reduced to single spaces (trimmed).
 * kept[i] = lowest row with the same folded text. 128-bit hash, equal hashes verified on the folded texts. */
wn_code wn_sim_exact_duplicates(const wn_texts *texts, size_t *kept, wn_progress *p, wn_err *err);

/* The radius of the kernel ball: the largest at which 95% of the balls around rows of x [n, d], of norm 1 or 0, hold
 * rows of one cluster alone, of so many clusters by k-means (Yehuda et al. 2022); judged by up to 4,096 rows, drawn by
 * seed. One cluster: 2; never below .001. O(n clusters d + 4096 n d). WN_EMEMORY, WN_EINTERRUPT. */
wn_code wn_sim_radius_auto(const wn_mat *x, size_t clusters, uint64_t seed, double *radius, wn_progress *p,
                           wn_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
