#include "sections.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

enum { LABELS_SHOWN = 20 };

/* One line of the table: a label, or all the labels that are not shown. */
typedef struct {
    size_t label, pool, chosen;
    double similarity; /* of its rows to those that stand for them, all together; NaN: not known */
} share;

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

/* Rows that nothing stands for count 0. */
static void add_similarity(share *s, const wn_outcome *r) {
    const float *similarity = r->column.represented_sim;
    for (size_t l = 0; l < r->rows.nlabels && !similarity; l++) s[l].similarity = NAN;
    for (size_t i = 0; i < r->n && similarity; i++)
        if (r->rows.label[i] < r->rows.nlabels && isfinite(similarity[i]))
            s[r->rows.label[i]].similarity += (double)similarity[i];
}

static int share_by_pool(const void *a, const void *b) {
    const share *x = a, *y = b;
    if (x->pool != y->pool) return x->pool < y->pool ? 1 : -1;
    return x->label < y->label ? -1 : x->label > y->label;
}

static void share_percent(wn_page *p, size_t part, size_t whole) {
    double v = whole ? 100.0 * (double)part / (double)whole : 0;
    wn_page_printf(p, v >= 9.95 ? "%.0f%%" : v >= 0.095 || part == 0 ? "%.1f%%" : "%.2f%%", v);
}

static void share_bar(wn_page *p, const wn_outcome *r, const share *s, double widest) {
    double n = (double)r->n, k = (double)r->k, at = (double)s->pool / n;
    double sd = n > 1 && k > 0 ? sqrt(at * (1 - at) * (n - k) / (n - 1) / k) : 0;
    double low = fmax(0, at - 2 * sd), high = fmin(1, at + 2 * sd), chosen = k > 0 ? (double)s->chosen / k : 0;
    double scale = 100 / widest;
    wn_page_printf(p, "<svg aria-hidden=\"true\"><rect class=\"bc\" width=\"%.2f%%\" height=\"10\" y=\"3\"/>",
                   chosen * scale);
    wn_page_printf(p, "<rect class=\"br\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"16\"/>", low * scale,
                   (high - low) * scale);
    wn_page_printf(p, "<rect class=\"bt\" x=\"%.2f%%\" width=\"2\" height=\"16\"/></svg>", fmin(at * scale, 99.4));
}

static void share_row(wn_page *p, const wn_outcome *r, const share *s, double widest, size_t others) {
    wn_page_put(p, others ? "<tr class=\"oth\"><td>" : "<tr><td>");
    if (others) {
        wn_page_count(p, others);
        wn_page_put(p, others == 1 ? " other label" : " other labels");
    } else
        wn_page_text(p, r->rows.labels[s->label], strlen(r->rows.labels[s->label]), 60);
    wn_page_put(p, "</td><td class=\"b\">");
    if (!others) share_bar(p, r, s, widest);
    wn_page_put(p, "</td><td class=\"r\">");
    share_percent(p, s->chosen, r->k);
    wn_page_put(p, "</td><td class=\"r\">");
    share_percent(p, s->pool, r->n);
    wn_page_put(p, "</td><td class=\"r\">");
    if (s->pool && !isnan(s->similarity)) wn_page_printf(p, "%.3f", s->similarity / (double)s->pool);
    wn_page_put(p, "</td><td class=\"r wide\">");
    wn_page_count(p, s->chosen);
    wn_page_put(p, "</td><td class=\"r wide\">");
    wn_page_count(p, s->pool);
    wn_page_put(p, "</td></tr>\n");
}

static void share_table(wn_page *p, const wn_outcome *r, share *s, size_t nlabels) {
    size_t shown = nlabels <= LABELS_SHOWN + 1 ? nlabels : LABELS_SHOWN;
    double widest = 1e-9, n = (double)r->n, k = (double)r->k;
    for (size_t i = 0; i < shown; i++) {
        double at = (double)s[i].pool / n, sd = n > 1 && k > 0 ? sqrt(at * (1 - at) * (n - k) / (n - 1) / k) : 0;
        widest = fmax(widest, fmax(fmin(1, at + 2 * sd), k > 0 ? (double)s[i].chosen / k : 0));
    }
    wn_page_put(p, "<ul class=\"leg\"><li><span class=\"key\"></span>share of the choice</li>"
                   "<li><span class=\"key kt\"></span>share of the pool</li>"
                   "<li><span class=\"key ks\"></span>where 95% of random choices fall</li></ul>\n"
                   "<table class=\"bars\"><thead><tr><th>Label</th><th class=\"b\"></th><th class=\"r\">Choice</th>"
                   "<th class=\"r\">Pool</th><th class=\"r\">Coverage</th><th class=\"r wide\">Texts chosen</th>"
                   "<th class=\"r wide\">of</th></tr>"
                   "</thead><tbody>\n");
    for (size_t i = 0; i < shown; i++) share_row(p, r, &s[i], widest, 0);
    if (shown < nlabels) {
        share rest = {0};
        for (size_t i = shown; i < nlabels; i++)
            rest.pool += s[i].pool, rest.chosen += s[i].chosen, rest.similarity += s[i].similarity;
        share_row(p, r, &rest, widest, nlabels - shown);
    }
    wn_page_put(p, "</tbody></table>\n");
}

void wn_section_labels(wn_page *p, const wn_outcome *r) {
    size_t nlabels = r->rows.nlabels;
    if (!r->rows.label || nlabels == 0 || r->n == 0 || r->k == 0) return;
    size_t *counts = wn_alloc(2 * nlabels, sizeof *counts, p->err);
    share *s = wn_alloc(nlabels, sizeof *s, p->err);
    if (!counts || !s) {
        p->code = WN_EMEMORY;
        goto out;
    }
    wn_labels_count(r, 0, counts);
    wn_labels_count(r, 1, counts + nlabels);
    for (size_t l = 0; l < nlabels; l++) s[l] = (share){l, counts[l], counts[nlabels + l], 0};
    add_similarity(s, r);
    qsort(s, nlabels, sizeof *s, share_by_pool);
    wn_page_put(p,
                "<section><h2>Labels</h2>\n<p class=\"m\">A random choice takes each label in its share of the pool, "
                "give or take the shaded band. A bar beyond the band is the selection’s own doing. Coverage is the "
                "mean cosine of a label’s rows to the chosen row that stands for them.");
    if (r->objective == WN_CLASS_HERDING)
        wn_page_put(p, " Here how many rows each label has was decided before any was chosen (<code>--quota</code>).");
    wn_page_put(p, "</p>\n");
    share_table(p, r, s, nlabels);
    wn_page_put(p, "</section>\n");
out:
    wn_free(counts);
    wn_free(s);
}
