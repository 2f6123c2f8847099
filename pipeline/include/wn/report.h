#ifndef WINNOW_REPORT_H
#define WINNOW_REPORT_H
/* The report: one offline HTML page with inline SVG. It holds no timings, so equal runs give equal bytes. */
#include <stdbool.h>
#include <stddef.h>
#include <winnow/err.h>
#include <wn/outcome.h>

#define WN_REPORT_TITLE "winnow: what was chosen" /* also tells a page from others */

/* The page as *html, *len bytes and a final zero (free with wn_free). O(n log n) and the map, whose points and steps do
 * not grow with n. */
wn_code wn_report_render(const wn_outcome *r, char **html, size_t *len, wn_err *err);
/* The page of two choices (chosen is not NULL, vectors are not needed) from one pool. */
wn_code wn_report_pair_render(const wn_outcome *const of[2], const char *const name[2], char **html, size_t *len,
                              wn_err *err);
bool wn_report_same_pool(const wn_outcome *a, const wn_outcome *b); /* the same rows of the same files */
/* Bytes that the page of `rows` vectors of `cols` numbers and texts of `text` bytes takes, at most: the map's. */
size_t wn_report_memory(size_t rows, size_t cols, size_t text);

#endif
