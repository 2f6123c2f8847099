/* Whether such a choice teaches more than a random one. */
#include "sections.h"

#include <math.h>

static void verdict_row(wn_page *p, const char *name, const wn_estimate *e, size_t rows, double width) {
    wn_page_printf(p, "<tr><td>%s</td><td>", name);
    wn_page_count(p, rows);
    wn_page_printf(p, "</td><td>%.3f</td><td>", e->mean);
    if (isfinite(e->low)) wn_page_printf(p, "%.3f to %.3f", e->low, e->high);
    wn_page_printf(p,
                   "</td><td class=\"b\"><svg width=\"120\" height=\"10\" role=\"img\" aria-label=\"%.3f\"><rect "
                   "width=\"%.1f\" height=\"10\" rx=\"2\" fill=\"currentColor\" opacity=\".55\"/></svg></td></tr>\n",
                   e->mean, 120 * e->mean / width);
}

static void verdict_table(wn_page *p, const wn_worth *w) {
    const double most = fmax(fmax(w->chosen.mean, w->random.mean), w->all_folds ? w->all.mean : 0);
    wn_page_put(p, "<table><thead><tr><th>Learnt from</th><th>Rows</th><th>Accuracy</th><th>95%</th><th></th></tr>"
                   "</thead><tbody>\n");
    verdict_row(p, "rows chosen like these", &w->chosen, w->rows, fmax(most, 1e-9));
    verdict_row(p, "random rows", &w->random, w->rows, fmax(most, 1e-9));
    if (w->all_folds)
        verdict_row(p, w->all_rows >= w->of ? "all rows" : "more random rows", &w->all, w->all_rows, fmax(most, 1e-9));
    wn_page_put(p, "</tbody></table>\n");
}

void wn_section_verdict(wn_page *p, const wn_outcome *r) {
    char text[WN_WORTH_TEXT];
    if (!r->worth) return;
    wn_worth_text(text, r->worth);
    text[0] = (char)(text[0] >= 'a' && text[0] <= 'z' ? text[0] - 'a' + 'A' : text[0]);
    wn_page_put(p, "<p class=\"verdict\">");
    wn_page_escape(p, text);
    wn_page_put(p, ".</p>\n");
}

void wn_section_worth(wn_page *p, const wn_outcome *r) {
    if (!r->worth || r->worth->none[0]) return;
    verdict_table(p, r->worth);
    wn_page_printf(p, "<p class=\"m\">Of a logistic regression on these vectors, tested %zu times on ",
                   r->worth->folds);
    wn_page_count(p, r->worth->held_out);
    wn_page_put(p, " rows that were held out and chosen without. The model that you train is another: its accuracy is "
                   "not known from here.</p>\n");
}
