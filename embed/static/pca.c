/* Principal components of the vectors of a vocabulary. */
#include <wn/static_make.h>

#include <string.h>
#include <winnow/data.h>
#include <winnow/mem.h>
#include <wn/pca.h>

size_t wn_static_pca_memory(size_t n, size_t d, size_t dims) {
    const size_t packed = 2 * dims * d * sizeof(float), scores = n * ((dims + 15) / 16 * 16) * sizeof(float);
    return wn_pca_memory(d, dims) + n * sizeof(size_t) + packed + scores;
}

wn_code wn_static_pca(float *x, size_t n, size_t d, size_t dims, double *explained, wn_progress *progress,
                      wn_err *err) {
    const wn_mat rows = {.data = x, .rows = n, .cols = d, .stride = d};
    wn_pca pca = {0};
    wn_mat scores = {0};
    size_t *all = wn_alloc(n, sizeof *all, err);
    wn_code code = WN_EMEMORY;
    if (!all) goto out;
    for (size_t i = 0; i < n; i++) all[i] = i;
    if ((code = wn_pca_fit(&pca, &rows, all, n, dims, progress, err)) != WN_OK) goto out;
    if ((code = wn_pca_project(&pca, &rows, &scores, err)) != WN_OK) goto out;
    for (size_t i = 0; i < n; i++) memcpy(x + i * dims, wn_mat_row(&scores, i), dims * sizeof *x);
    if (explained) *explained = pca.explained;
out:
    wn_free(all);
    wn_pca_free(&pca);
    wn_mat_free(&scores);
    return code;
}
