/* What is lost with the rows that are not chosen: how far each is from a chosen one, and those that are farthest. */
#include "loss.h"

#include "plot.h"
#include "sections.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

enum { WORST = 10, DRAWN = WN_CURVE_BINS - 1 }; /* the last step has the chosen rows themselves and their copies */

void wn_loss_shares(const wn_outcome *r, double *share) {
    size_t count[WN_CURVE_BINS] = {0};
    for (size_t i = 0; i < r->n; i++)
        count[wn_curve_bin(r->column.represented_by[i] == WN_NONE ? 0 : r->column.represented_sim[i])]++;
    for (size_t b = 0; b < WN_CURVE_BINS; b++) share[b] = (double)count[b] / (double)r->n;
}

double wn_loss_tenth(const double *share) {
    double below = 0;
    for (size_t b = 0; b < WN_CURVE_BINS; b++) {
        if (below + share[b] >= .1) return ((double)b + (.1 - below) / share[b]) / WN_CURVE_BINS;
        below += share[b];
    }
    return 1;
}

static void loss_sentence(wn_page *p, const wn_outcome *r, const double *chosen, const double *random) {
    bool chance = r->nearest_random != NULL;
    wn_page_put(p,
                "<p>How similar each text is to the nearest chosen one. Far to the left are texts that nothing chosen "
                "resembles.</p><p>");
    wn_page_printf(p, "For the worst-served tenth of the texts the cosine is below <b>%.2f</b>", wn_loss_tenth(chosen));
    if (chance) wn_page_printf(p, "; with a random choice of the same size, below <b>%.2f</b>", wn_loss_tenth(random));
    wn_page_printf(p,
                   ".</p><p class=\"m\">Not drawn are the texts at %.2f and above, which are chosen, or as good as "
                   "that: %.1f%%",
                   (double)DRAWN / WN_CURVE_BINS, 100 * chosen[DRAWN]);
    if (chance) wn_page_printf(p, " (random: %.1f%%)", 100 * random[DRAWN]);
    wn_page_put(p, ".");
    if (r->zero_rows) {
        wn_page_put(p, " At 0 are also the ");
        wn_page_count(p, r->zero_rows);
        wn_page_put(p, r->zero_rows == 1 ? " text without a vector." : " texts without a vector.");
    }
    wn_page_put(p, "</p>");
}

void wn_loss_plot(wn_page *p, const double *a, const double *b, const char *cls) {
    double high = 0;
    size_t first = DRAWN;
    wn_plot c = {.title = "Texts by their cosine to the nearest chosen one",
                 .x_name = "cosine to the nearest chosen text",
                 .percent = true,
                 .bars = true,
                 .x_max = (double)DRAWN / WN_CURVE_BINS};
    for (size_t i = DRAWN; i-- > 0;) {
        high = fmax(high, fmax(a[i], b ? b[i] : 0));
        if (a[i] > 0 || (b && b[i] > 0)) first = i;
    }
    first = first == DRAWN ? 0 : first / 5 * 5;
    c.x_min = (double)first / WN_CURVE_BINS;
    wn_plot_range(&c, 0, high, true);
    wn_plot_open(p, &c);
    wn_plot_bars(p, &c, a + first, DRAWN - first, 1. / WN_CURVE_BINS, "hb");
    if (b) wn_plot_steps(p, &c, b + first, DRAWN - first, 1. / WN_CURVE_BINS, cls);
    wn_plot_close(p);
}

static void loss_histogram(wn_page *p, const wn_outcome *r) {
    double chosen[WN_CURVE_BINS], random[WN_CURVE_BINS] = {0};
    wn_loss_shares(r, chosen);
    for (size_t b = 0; b < WN_CURVE_BINS && r->nearest_random; b++)
        random[b] = (double)r->nearest_random[b] / (double)r->n;
    wn_page_put(p, "<div class=\"two\"><figure>");
    wn_loss_plot(p, chosen, r->nearest_random ? random : NULL, "hs");
    wn_page_put(p, "<ul class=\"leg\"><li><span class=\"key\"></span>with this choice</li>");
    if (r->nearest_random) wn_page_put(p, "<li><span class=\"key kl\"></span>with a random choice</li>");
    wn_page_put(p, "</ul></figure>\n<div>");
    loss_sentence(p, r, chosen, random);
    wn_page_put(p, "</div></div>\n");
}

/* The rows that are farthest from all that is chosen, farthest first; copies of a row say nothing new. */
static size_t loss_worst(const wn_outcome *r, size_t worst[WORST]) {
    const float *sim = r->column.represented_sim;
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        size_t by = r->column.represented_by[i];
        if (by >= r->n || by == i || (r->column.copy_of && r->column.copy_of[i] != i)) continue;
        if (r->column.excluded && r->column.excluded[i]) continue;
        if (n == WORST && !(sim[i] < sim[worst[n - 1]])) continue;
        size_t at = n < WORST ? n++ : n - 1;
        for (; at > 0 && sim[i] < sim[worst[at - 1]]; at--) worst[at] = worst[at - 1];
        worst[at] = i;
    }
    return n;
}

static void loss_show(wn_page *p, const wn_outcome *r, size_t row) {
    wn_page_printf(p, "<article><div class=\"hd\"><b>%.2f</b><span class=\"id\">",
                   (double)r->column.represented_sim[row]);
    wn_page_id(p, &r->rows, row);
    wn_page_put(p, "</span>");
    wn_page_label(p, &r->rows, row);
    wn_page_put(p, "</div><p class=\"t\" dir=\"auto\">");
    wn_page_row_text(p, &r->rows, row, 240);
    wn_page_put(p, "</p><p class=\"m n\" dir=\"auto\">nearest chosen: ");
    wn_page_row_text(p, &r->rows, r->column.represented_by[row], 120);
    wn_page_put(p, "</p></article>\n");
}

void wn_section_loss(wn_page *p, const wn_outcome *r) {
    size_t worst[WORST], n = 0, unserved = 0;
    if (r->k == 0 || r->k >= r->n || !r->column.represented_by || !r->column.represented_sim) return;
    for (size_t i = 0; i < r->n; i++) unserved += r->column.represented_by[i] == WN_NONE;
    loss_histogram(p, r);
    if ((n = loss_worst(r, worst)) == 0) return;
    wn_page_put(p, "<h3>Served worst</h3>\n<p class=\"m\">The texts that are least like anything chosen, each with the "
                   "chosen one that comes nearest and their cosine. Noise and oddities may well be left out; what you "
                   "need belongs into <code>--keep</code>.");
    if (unserved) {
        wn_page_put(p, " Not among them: ");
        wn_page_count(p, unserved);
        wn_page_put(p, unserved == 1 ? " text with no vector to compare." : " texts with no vector to compare.");
    }
    wn_page_put(p, "</p>\n<div class=\"cols\">\n");
    for (size_t i = 0; i < n; i++) loss_show(p, r, worst[i]);
    wn_page_put(p, "</div>\n");
}
