#ifndef WN_COMPARE_PAGE_H
#define WN_COMPARE_PAGE_H
/* report.html of a comparison: one offline page with inline SVG. */
#include "results.h"

#define WN_COMPARE_TITLE "winnow: subset against random"

wn_code wn_compare_page_write(const wn_compare_results *r, const char *command, wn_outdir *d, wn_err *err);

#endif
