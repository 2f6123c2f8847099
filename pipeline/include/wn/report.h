#ifndef WINNOW_REPORT_H
#define WINNOW_REPORT_H
/* The report: one offline HTML page with inline SVG. It holds no timings, so equal runs give equal bytes. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wn/corpus_view.h>
#include <winnow/err.h>
#include <winnow/data.h>
#include <wn/safefile.h>

/* Everything the page shows; a view: owns nothing. n = input rows (duplicates included), k = chosen. */
typedef struct {
    const char *title, *command, *version, *encoder, *objective, *similarity;
    const char *const *inputs;       /* [ninputs] names of the inputs, and */
    const char *const *input_sha256; /* [ninputs] their SHA-256 */
    size_t ninputs;
    double lambda, gamma; /* NaN = does not apply */
    size_t n, k, dropped, skipped, empty, zero_rows;
    const wn_view *rows;          /* [n] id, text (may be absent), label */
    const wn_mat *x;              /* [m, d] normalised vectors, or NULL */
    const size_t *x_row;          /* [n] row of x for each input row; NULL: m = n and row i is i */
    const size_t *ids;            /* [k] chosen rows in order of choice */
    const double *gain, *value;   /* [k] gain and running objective; NULL: there is none */
    size_t negative_from;         /* first choice with a negative gain, k if none */
    const size_t *represented_by; /* [n] row that stands for each row (itself if chosen); SIZE_MAX: none does */
    const float *represented_sim; /* [n] cosine to it */
    const size_t *duplicate_of;   /* [n] kept row of each dropped copy, itself otherwise; NULL: no dedup */
    const double *coverage, *coverage_random; /* [npoints] mean cosine of all rows to their nearest chosen, by budget */
    const double *value_random;               /* [npoints] objective that a random choice has, or NULL */
    const size_t *coverage_k;                 /* [npoints] rising, the last is k */
    size_t npoints;
    uint64_t seed;
} wn_report;

/* The page as *html, *len bytes and a final zero (free with wn_free). O(n log n + s d^2) for a sample of s rows. */
wn_code wn_report_render(const wn_report *r, char **html, size_t *len, wn_err *err);
wn_code wn_report_write(const wn_report *r, wn_safefile *out, wn_err *err);

#endif
