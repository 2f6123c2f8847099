#ifndef WINNOW_KMEANS_H
#define WINNOW_KMEANS_H
/* Clusters of unit rows: spherical k-means (Dhillon and Modha 2001), which raises the sum of the rows' cosines to their
 * centres, from the seeds of k-means++ (Arthur and Vassilvitskii 2007). */
#include <stdint.h>
#include <winnow/data.h>
#include <winnow/err.h>
#include <winnow/progress.h>

typedef struct {
    size_t clusters; /* >= 1; more than there are rows that are not zero are as many as these */
    uint64_t seed;
    const double *weight; /* [n] >= 0: a row counts so often; NULL: once */
    wn_progress *progress;
} wn_kmeans_opts;

#define WN_NO_CLUSTER UINT32_MAX
/* Release with wn_clusters_free. */
typedef struct {
    size_t n;          /* clusters; some may be empty */
    uint32_t *cluster; /* [rows]; WN_NO_CLUSTER: a zero row */
    float *near;       /* [rows] cosine to the centre */
    size_t *size;      /* [n] */
    size_t *start;     /* [n + 1] */
    size_t *members;   /* rows of cluster c, rising: members[start[c] .. start[c + 1]) */
} wn_clusters;

/* x: [n, d] of norm 1 or 0. A seed is drawn by its squared distance to the nearest before it, O(n d) each; then up to
 * 25 rounds, O(n clusters d) each, until a thousandth of the rows or fewer change. The same bytes for any number of
 * threads. WN_EMEMORY, WN_EINTERRUPT. */
wn_code wn_kmeans(wn_clusters *out, const wn_mat *x, const wn_kmeans_opts *o, wn_err *err);
void wn_clusters_free(wn_clusters *c);
/* Bytes that it takes beyond x. */
size_t wn_kmeans_bytes(size_t n, size_t d, size_t clusters);

#endif
