/* For every row the nearest of a chosen few. */
#include <winnow/similarity.h>

#include <wn/nearest.h>

wn_code wn_sim_nearest(const wn_mat *x, const size_t *chosen, size_t k, size_t *nearest, float *sim, wn_progress *p,
                       wn_err *err) {
    const wn_some_rows all = {.m = x, .n = x->rows}, some = {.m = x, .rows = chosen, .n = k};
    if (k == 0) return wn_err_set(err, WN_EUSAGE, "nearest chosen rows: none is chosen");
    return wn_nearest(&all, &some, nearest, sim, "assign", p, err);
}
