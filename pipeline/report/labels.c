#include "sections.h"

#include "shares.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

/* Labels with a bar of their own; those in the list below; the rest is a number. */
enum { BARS = 20, LISTED = 2000 };

/* One line of the table. */
typedef struct {
    size_t label, pool, chosen, keep, excluded;
    double similarity; /* of its rows to those that stand for them, all together; NaN: not known */
} tally;

void wn_labels_count(const wn_outcome *r, int chosen, size_t *counts) {
    const uint32_t *label = r->rows.label;
    size_t total = chosen ? r->k : r->n;
    for (size_t i = 0; i < total; i++) {
        uint32_t l = label[chosen ? r->chosen[i] : i];
        if (l < r->rows.nlabels) counts[l]++;
    }
}

double wn_labels_expected(const wn_outcome *r, const size_t *pool, size_t nlabels) {
    double n = (double)r->n, k = (double)r->k, expected = 0;
    for (size_t l = 0; l < nlabels; l++) {
        double m = (double)pool[l];
        if (m <= 0) continue;
        double miss =
            n - m < k ? 0 : exp(lgamma(n - m + 1) - lgamma(n - m - k + 1) - lgamma(n + 1) + lgamma(n - k + 1));
        expected += 1 - miss;
    }
    return expected;
}

/* All counts in one walk over the rows. Rows that nothing stands for count 0 towards the similarity. */
static void tally_rows(tally *t, const wn_outcome *r) {
    const wn_columns *c = &r->column;
    for (size_t l = 0; l < r->rows.nlabels; l++) t[l] = (tally){.label = l, .similarity = c->represented_sim ? 0 : NAN};
    for (size_t i = 0; i < r->k; i++)
        if (r->rows.label[r->chosen[i]] < r->rows.nlabels) t[r->rows.label[r->chosen[i]]].chosen++;
    for (size_t i = 0; i < r->n; i++) {
        if (r->rows.label[i] >= r->rows.nlabels) continue;
        tally *to = &t[r->rows.label[i]];
        to->pool++;
        to->keep += c->must_keep && c->must_keep[i];
        to->excluded += c->excluded && c->excluded[i];
        if (c->represented_sim && isfinite(c->represented_sim[i])) to->similarity += (double)c->represented_sim[i];
    }
}

static int tally_by_pool(const void *a, const void *b) {
    const tally *x = a, *y = b;
    if (x->pool != y->pool) return x->pool < y->pool ? 1 : -1;
    return x->label < y->label ? -1 : x->label > y->label;
}

static wn_share tally_share(const wn_outcome *r, const tally *t) {
    return (wn_share){(double)t->pool, (double)r->n, (double)t->chosen, (double)r->k};
}

static void tally_name(wn_page *p, const wn_outcome *r, const tally *t) {
    wn_page_name(p, r->rows.labels[t->label], 60);
}

static void tally_row(wn_page *p, const wn_outcome *r, const tally *t, double widest) {
    const wn_share s = tally_share(r, t);
    wn_page_put(p, "<tr><td>");
    tally_name(p, r, t);
    wn_page_put(p, "</td><td class=\"b\">");
    wn_share_bar(p, &s, widest);
    wn_page_put(p, "</td><td class=\"r\">");
    wn_share_percent(p, s.chosen, s.k);
    wn_page_put(p, "</td><td class=\"r\">");
    wn_share_percent(p, s.pool, s.n);
    wn_page_put(p, "</td><td class=\"r\">");
    if (t->pool && !isnan(t->similarity)) wn_page_printf(p, "%.3f", t->similarity / s.pool);
    const size_t counts[] = {t->chosen, t->pool, t->keep, t->excluded};
    for (size_t i = 0; i < 2u + (r->nkeep > 0) + (r->nexclude > 0); i++) {
        wn_page_put(p, "</td><td class=\"r wide\">");
        wn_page_count(p, counts[i == 2 && r->nkeep == 0 ? 3 : i]);
    }
    wn_page_put(p, "</td></tr>\n");
}

static void tally_table(wn_page *p, const wn_outcome *r, const tally *t, size_t n) {
    double widest = 1e-9;
    for (size_t i = 0; i < n; i++) {
        const wn_share s = tally_share(r, &t[i]);
        widest = fmax(widest, wn_share_reach(&s));
    }
    wn_share_legend(p);
    wn_page_put(p, "<table class=\"bars\"><thead><tr><th>Label</th><th class=\"b\"></th><th class=\"r\">Choice</th>"
                   "<th class=\"r\">Pool</th><th class=\"r\">Coverage</th><th class=\"r wide\">Texts chosen</th>"
                   "<th class=\"r wide\">of</th>");
    if (r->nkeep) wn_page_put(p, "<th class=\"r wide\">to keep</th>");
    if (r->nexclude) wn_page_put(p, "<th class=\"r wide\">excluded</th>");
    wn_page_put(p, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < n; i++) tally_row(p, r, &t[i], widest);
    wn_page_put(p, "</tbody></table>\n");
}

/* The labels without a bar, each with its counts. */
static void tally_list(wn_page *p, const wn_outcome *r, const tally *t, size_t n) {
    tally rest = {0};
    size_t reached = 0, listed = n < LISTED ? n : LISTED;
    for (size_t i = 0; i < n; i++) {
        reached += t[i].chosen > 0;
        if (i >= listed) rest.pool += t[i].pool, rest.chosen += t[i].chosen;
    }
    wn_page_put(p, "<details><summary>");
    wn_page_count(p, n);
    wn_page_put(p, n == 1 ? " smaller label, " : " smaller labels, ");
    wn_page_count(p, reached);
    wn_page_put(p, " of them reached: chosen of all</summary>\n<ul class=\"lst\">");
    for (size_t i = 0; i < listed; i++) {
        wn_page_put(p, t[i].chosen ? "<li>" : "<li class=\"m\">");
        tally_name(p, r, &t[i]);
        wn_page_printf(p, " <b>%zu</b>/%zu</li>\n", t[i].chosen, t[i].pool);
    }
    if (listed < n) {
        wn_page_count(p, n - listed);
        wn_page_printf(p, " more <b>%zu</b>/%zu", rest.chosen, rest.pool);
    }
    wn_page_put(p, "</ul></details>\n");
}

/* How many rows each class was to have: its size to that power. */
static void quota_say(wn_page *p, double power) {
    wn_page_put(p, " How many rows each label has was decided before any was chosen (<code>--quota</code>): ");
    if (isnan(power))
        wn_page_put(p, "the shares that a file names.");
    else if (power <= 0)
        wn_page_put(p, "the same number for each, as far as its rows go.");
    else if (power >= 1)
        wn_page_put(p, "its share of the pool.");
    else
        wn_page_put(p, "in proportion to the root of its size, so that small classes get more than their share and "
                       "large ones less.");
}

void wn_section_labels(wn_page *p, const wn_outcome *r) {
    size_t n = r->rows.nlabels, bars = n <= BARS + 1 ? n : BARS;
    if (!r->rows.label || n == 0 || r->n == 0 || r->k == 0) return;
    tally *t = wn_alloc(n, sizeof *t, p->err);
    if (!t) {
        p->code = WN_EMEMORY;
        return;
    }
    tally_rows(t, r);
    qsort(t, n, sizeof *t, tally_by_pool);
    wn_page_put(p, "<p class=\"m\">A random choice takes each label in its share of the pool, give or take the shaded "
                   "band. A bar beyond the band is the selection’s own doing. Coverage is the mean cosine of a "
                   "label’s rows to the chosen row that stands for them.");
    if (r->objective == WN_CLASS_HERDING && !(r->quota_power < 0)) quota_say(p, r->quota_power);
    wn_page_put(p, "</p>\n");
    tally_table(p, r, t, bars);
    if (bars < n) tally_list(p, r, t + bars, n - bars);
    wn_free(t);
}
