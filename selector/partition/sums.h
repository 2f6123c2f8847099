#ifndef WINNOW_SELECTOR_PARTITION_SUMS_H
#define WINNOW_SELECTOR_PARTITION_SUMS_H
/* T of graph-cut over all rows, for some of them: what a part needs to know of the others. */
#include <winnow/partition.h>

/* Rows that sums are taken over: `row` [n] of x, rising; NULL: all. */
typedef struct {
    size_t *row, n;
} wn_cut_sample;

/* R rows of n by the seed, all where R >= n; a smaller sample is part of a larger one. wn_free(row). */
wn_code wn_cut_sample_draw(wn_cut_sample *out, size_t n, size_t R, uint64_t seed, wn_err *err);

/* sums[m] of rbf values of x's rows `rows` [m], each over the sample without itself and then as if over all n rows:
 * times (n - 1) / (rows of the sample other than itself). O(m R d). The bits of a row's sum depend on the sample alone.
 * Weights in `o`: over all rows, whatever the sample, O(n^2 d). WN_EINTERRUPT. */
wn_code wn_cut_sums(const wn_mat *x, const wn_select_opts *o, const wn_cut_sample *sample, const size_t *rows, size_t m,
                    double *sums, wn_err *err);

/* f of `rows` [k] by their sums over all rows: sum of T less 2 + lambda times the kernel values of their pairs. Cosine
 * and dot: sums is [d]. O(k^2 d). */
wn_code wn_cut_value(const wn_mat *x, const wn_select_opts *o, const size_t *rows, size_t k, const double *sums,
                     double *value, wn_err *err);

/* Graph-cut: the sums of `rows` [m] over all, over rbf from R of them, as wn_select takes them for those rows: [m], or
 * [d] for cosine and dot, where o->sums has them if it is not NULL. wn_free(*out), whatever it returned. */
wn_code wn_cut_sums_of(double **out, const wn_mat *x, const wn_select_opts *o, size_t R, const size_t *rows, size_t m,
                       wn_err *err);
bool wn_cut_over_rbf(const wn_select_opts *o);

/* Does wn_select estimate the sums of n rows? Then *sums gets them, [n], to be freed whatever was returned, and `s` how
 * many rows they are from and how far they are off. O(n (sum_rows + 256) d). */
bool wn_cut_estimated(const wn_select_opts *o, size_t n);
wn_code wn_cut_estimate(double **sums, wn_selection *s, const wn_mat *x, const wn_select_opts *o, wn_err *err);
size_t wn_cut_estimate_bytes(const wn_select_opts *o, size_t n);
/* Gains over all rows in place of those by `used`, [n]. O(n k d). */
wn_code wn_cut_recount(wn_selection *s, const double *used, const wn_mat *x, const wn_select_opts *o, wn_err *err);

#endif
