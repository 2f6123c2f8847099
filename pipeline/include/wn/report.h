#ifndef WINNOW_REPORT_H
#define WINNOW_REPORT_H
/* The report: one offline HTML page with inline SVG. It holds no timings, so equal runs give equal bytes. */
#include <stddef.h>
#include <winnow/err.h>
#include <wn/outcome.h>
#include <wn/safefile.h>

#define WN_REPORT_TITLE "winnow: what was chosen" /* also tells a page from others */

/* The page as *html, *len bytes and a final zero (free with wn_free). O(n log n + s d^2) for a sample of s rows. */
wn_code wn_report_render(const wn_outcome *r, char **html, size_t *len, wn_err *err);
/* Bytes that the page of `rows` vectors of `cols` numbers takes: the map's sample and covariance. */
size_t wn_report_memory(size_t rows, size_t cols);
wn_code wn_report_write(const wn_outcome *r, wn_safefile *out, wn_err *err);

#endif
