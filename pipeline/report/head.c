/* What stands above the contents: the choice in a sentence, and its numbers. */
#include "sections.h"

#include <math.h>
#include <string.h>
#include <winnow/mem.h>

/* A tile of the headline: what, how much, and a remark that is written by the caller before close. */
static void tile_open(wn_page *p, const char *name) {
    wn_page_printf(p, "<div><dt>%s</dt><dd>", name);
}
static void tile_close(wn_page *p) {
    wn_page_put(p, "</dd></div>\n");
}

static void tile_percent(wn_page *p, size_t part, size_t whole) {
    double v = whole ? 100.0 * (double)part / (double)whole : 0;
    wn_page_printf(p, v >= 9.95 || v == 0 ? "%.0f%%" : v >= 0.995 ? "%.1f%%" : "%.2g%%", v);
}

static void tile_count(wn_page *p, const char *name, size_t v, const char *remark) {
    tile_open(p, name);
    wn_page_count(p, v);
    if (remark) wn_page_printf(p, "<small>%s</small>", remark);
    tile_close(p);
}

static void tile_coverage(wn_page *p, const wn_outcome *r) {
    if (r->npoints == 0) return;
    tile_open(p, "Coverage");
    wn_page_printf(p, "%.3f<small>random: %.3f</small>", r->coverage[r->npoints - 1],
                   r->coverage_random[r->npoints - 1]);
    tile_close(p);
}

static void tile_certified(wn_page *p, const wn_outcome *r) {
    const double share = wn_outcome_certified(r);
    if (isnan(share)) return;
    tile_open(p, "Certified");
    wn_page_printf(p, "%.1f%%<small>at least, of the best choice</small>", 100 * share);
    tile_close(p);
}

static void tile_labels(wn_page *p, const wn_outcome *r) {
    size_t nlabels = r->rows.nlabels, reached = 0;
    if (!r->rows.label || nlabels == 0 || r->k == 0) return;
    size_t *counts = wn_alloc(2 * nlabels, sizeof *counts, p->err);
    if (!counts) {
        p->code = WN_EMEMORY;
        return;
    }
    wn_labels_count(r, 0, counts);
    wn_labels_count(r, 1, counts + nlabels);
    for (size_t l = 0; l < nlabels; l++) reached += counts[nlabels + l] > 0;
    tile_open(p, "Labels reached");
    wn_page_count(p, reached);
    wn_page_put(p, " of ");
    wn_page_count(p, nlabels);
    wn_page_printf(p, "<small>random: %.1f</small>", wn_labels_expected(r, counts, nlabels));
    tile_close(p);
    wn_free(counts);
}

void wn_section_tiles(wn_page *p, const wn_outcome *r) {
    wn_page_put(p, "<dl class=\"k\">\n");
    tile_open(p, r->chosen ? "Chosen" : "Kept");
    wn_page_count(p, wn_report_kept(r));
    wn_page_put(p, "<small>");
    tile_percent(p, wn_report_kept(r), r->n);
    wn_page_put(p, " of the input</small>");
    tile_close(p);
    tile_count(p, "Read", r->n, NULL);
    if (r->column.copy_of) tile_count(p, "Copies dropped", r->dropped, NULL);
    tile_coverage(p, r);
    tile_certified(p, r);
    tile_labels(p, r);
    if (r->mixed) tile_count(p, "Groups of copies", r->mixed, "with different labels");
    if (r->nkeep) tile_count(p, "Must keep", r->nkeep, "named by --keep");
    if (r->nexclude) tile_count(p, "Excluded", r->nexclude, "named by --exclude");
    if (r->empty) tile_count(p, "Empty texts", r->empty, NULL);
    if (r->zero_rows)
        tile_count(p, "Zero vectors", r->zero_rows,
                   r->encoder || (!r->chosen && r->ninputs && r->inputs[0].format) ? "no known word" : NULL);
    if (r->skipped) tile_count(p, "Skipped", r->skipped, "bad records");
    wn_page_put(p, "</dl>\n");
}

/* What the numbers mean, in one sentence; says so where random does as well. */
void wn_section_lead(wn_page *p, const wn_outcome *r) {
    if (r->npoints == 0 || r->k == 0) return;
    double chosen = r->coverage[r->npoints - 1], random = r->coverage_random[r->npoints - 1];
    wn_page_put(p, "<p class=\"lead\">");
    if (r->k >= r->n)
        wn_page_put(p, "Everything was kept, so there is nothing to compare.");
    else if (r->objective == WN_CLASS_HERDING)
        wn_page_printf(p,
                       "Chosen class by class, so that the rows of a class together are what is typical of it. Being "
                       "near to every text is not what was sought: coverage is %.3f, of a random choice %.3f. What a "
                       "text stands for below are those that it is nearest to, of whatever class.",
                       chosen, random);
    else if (r->objective >= WN_RDS)
        wn_page_printf(p,
                       "Chosen toward queries: the texts nearest to them. Being near to every text is not what was "
                       "sought: coverage is %.3f, of a random choice %.3f.",
                       chosen, random);
    else if (r->objective != WN_RANDOM && !wn_objective_seeks_coverage(r->objective))
        wn_page_printf(p,
                       "Chosen by %s, which does not seek that every text has a near one among the chosen: coverage is "
                       "%.3f, of a random choice %.3f.",
                       wn_objective_name(r->objective), chosen, random);
    else if (chosen <= random + 0.0005)
        wn_page_printf(p,
                       "A random choice of the same size covers the input as well: %.3f against %.3f. By this measure "
                       "the selection brings nothing here.",
                       random, chosen);
    else
        wn_page_printf(
            p,
            "On average an input text has a cosine of %.3f with the nearest chosen one; with a random choice "
            "of the same size it would be %.3f.",
            chosen, random);
    wn_page_put(p, "</p>\n");
}
