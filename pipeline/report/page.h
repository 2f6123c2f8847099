#ifndef WN_REPORT_PAGE_H
#define WN_REPORT_PAGE_H
/* The growing page: a buffer whose first failure sticks, and everything that makes foreign text harmless. */
#include <stdbool.h>
#include <stddef.h>
#include <winnow/err.h>
#include <wn/buf.h>
#include <wn/outcome.h>

typedef wn_writer wn_page;

#define wn_page_bytes wn_writer_bytes
#define wn_page_put wn_writer_put /* markup, as it stands */
#define wn_page_printf wn_writer_printf

/* Foreign text, safe in an element and in a quoted attribute's place: markup escaped; control, bidi and invisible
 * characters shown as their names; bytes that are not UTF-8 as U+FFFD; cut, with an ellipsis, after `max` characters
 * or where the word before ends. */
void wn_page_text(wn_page *p, const char *s, size_t n, size_t max);
void wn_page_escape(wn_page *p, const char *s); /* the same for a C string, uncut */
/* The same without any markup, for a <title>: what cannot be seen becomes a space. */
void wn_page_plain(wn_page *p, const char *s, size_t n, size_t max);
/* A name for a narrow column: it may be broken behind a punctuation mark, and words no line holds anywhere. */
void wn_page_name(wn_page *p, const char *s, size_t max);
/* A command line, which is not to be broken within an option. */
void wn_page_command(wn_page *p, const char *command);
void wn_page_count(wn_page *p, size_t v);       /* 12,345 */
/* About four digits: 0.612, 12.3, 4,567, 1.2e-05. */
void wn_page_number(wn_page *p, double v);

void wn_page_style(wn_page *p);

/* The frame of a page: everything up to <main>, and its end. On failure the page is freed. */
void wn_page_begin(wn_page *p, const char *title);
wn_code wn_page_end(wn_page *p, char **html, size_t *len);
void wn_report_head(wn_page *p, const wn_outcome *r); /* the sections that have no title */
void wn_page_inputs(wn_page *p, const wn_outcome *r); /* names of the files, without their folders */

/* Pieces that several sections use. */
void wn_page_id(wn_page *p, const wn_view *v, size_t row);
void wn_page_row_text(wn_page *p, const wn_view *v, size_t row, size_t max);
void wn_page_row_plain(wn_page *p, const wn_view *v, size_t row, size_t max);
void wn_page_label(wn_page *p, const wn_view *v, size_t row); /* nothing where it has none */
/* Rows of subset.*. */
static inline size_t wn_report_kept(const wn_outcome *r) { return r->chosen ? r->k : r->n - r->dropped; }
/* Whether the objective says anything: a random choice has none. */
static inline bool wn_report_has_gains(const wn_outcome *r) {
    return r->gain && r->objective != WN_RANDOM && r->objective != WN_KMEANS && r->objective != WN_TYPICLUST;
}
/* Labels reached by a random choice of k of the n rows, on average. */
double wn_labels_expected(const wn_outcome *r, const size_t *pool, size_t nlabels);
/* counts[l] of the chosen (chosen != 0) or of all rows; [nlabels]. */
void wn_labels_count(const wn_outcome *r, int chosen, size_t *counts);

#endif
