/* Two choices from one pool, side by side. */
#include "pair.h"

#include "plot.h"
#include "sections.h"

#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/report.h>

static const char *const pair_names[] = {"A", "B"};

/* ---- head ---- */

/* Each with what stands in the head of its own page. */
static void pair_heads(wn_page *p, const wn_pair *t) {
    wn_page_put(p, "<div class=\"two pair\">\n");
    for (int i = 0; i < 2; i++) {
        wn_page_printf(p, "<div><h2><b>%s</b> ", pair_names[i]);
        wn_page_escape(p, t->name[i]);
        wn_page_put(p, "</h2>\n");
        wn_page_command(p, t->of[i]->command ? t->of[i]->command : "winnow");
        wn_report_head(p, t->of[i]);
        wn_page_put(p, "</div>\n");
    }
    wn_page_put(p, "</div>\n");
}

/* ---- overlap ---- */

static void pair_overlap(wn_page *p, const wn_pair *t) {
    const wn_outcome *a = t->of[0], *b = t->of[1];
    size_t both = 0;
    for (size_t i = 0; i < a->k; i++) both += b->column.rank[a->chosen[i]] != WN_NONE;
    double k[2] = {(double)a->k, (double)b->k}, all = k[0] + k[1] - (double)both, chance = k[0] * k[1] / (double)a->n;
    const double part[] = {k[0] - (double)both, (double)both, k[1] - (double)both};
    static const char *const cls[] = {"oa", "ob", "oc"}, *const of[] = {"only in A", "in both", "only in B"};
    double at = 0;
    wn_page_put(p, "<section id=\"overlap\"><h2>What they share</h2>\n<p class=\"m\">");
    wn_page_count(p, both);
    wn_page_printf(p, both == 1 ? " text is in both: " : " texts are in both: ");
    wn_page_printf(p, "%.0f%% of A and %.0f%% of B. Two random choices of these sizes would share ",
                   100 * (double)both / k[0], 100 * (double)both / k[1]);
    wn_page_printf(p, "%.*f", chance < 10, chance);
    wn_page_put(p,
                ".</p>\n<svg class=\"ov\" viewBox=\"0 0 960 22\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
    for (int i = 0; i < 3; i++) {
        wn_page_printf(p, "<rect class=\"%s\" x=\"%.1f\" width=\"%.1f\" height=\"22\"/>", cls[i], 960 * at / all,
                       960 * part[i] / all);
        at += part[i];
    }
    wn_page_put(p, "</svg>\n<ul class=\"leg\">");
    for (int i = 0; i < 3; i++) {
        wn_page_printf(p, "<li><span class=\"key %s\"></span>%s: ", cls[i], of[i]);
        wn_page_count(p, (size_t)part[i]);
        wn_page_put(p, "</li>\n");
    }
    wn_page_put(p, "</ul></section>\n");
}

/* ---- coverage ---- */

static bool same_vectors(const wn_pair *t) {
    const char *a = t->of[0]->encoder, *b = t->of[1]->encoder;
    return a && b && strcmp(a, b) == 0;
}

static void pair_curves(wn_page *p, const wn_pair *t) {
    const wn_outcome *longer = t->of[t->of[1]->k > t->of[0]->k];
    wn_plot c = {.title = "Coverage of both choices by number of texts chosen",
                 .x_name = "texts chosen",
                 .x_max = (double)longer->k};
    double low = INFINITY, high = -INFINITY, end[2];
    for (int i = 0; i < 2; i++) {
        const wn_outcome *r = t->of[i];
        if (r->npoints < 2) return;
        for (size_t j = 0; j < r->npoints; j++) {
            low = fmin(low, fmin(r->coverage[j], r->coverage_random[j]));
            high = fmax(high, fmax(r->coverage[j], r->coverage_random[j]));
        }
        end[i] = r->coverage[r->npoints - 1];
    }
    wn_plot_range(&c, low, high, false);
    wn_page_put(p, "<figure><h3>Coverage</h3>\n");
    wn_plot_open(p, &c);
    wn_plot_line(p, &c, longer->points, longer->coverage_random, longer->npoints, "ra");
    wn_plot_line(p, &c, t->of[1]->points, t->of[1]->coverage, t->of[1]->npoints, "cb");
    wn_plot_line(p, &c, t->of[0]->points, t->of[0]->coverage, t->of[0]->npoints, "ch");
    const wn_plot_name names[] = {{end[0], (double)t->of[0]->k, "A", "tc"},
                                  {end[1], (double)t->of[1]->k, "B", "tb"},
                                  {longer->coverage_random[longer->npoints - 1], c.x_max, NULL, "tr"}};
    wn_plot_names(p, &c, names, 3);
    wn_plot_close(p);
    wn_page_put(p, "<figcaption>Mean cosine of all texts to the nearest of those chosen so far.");
    if (!same_vectors(t))
        wn_page_put(p, " The two have different vectors, or such as were read from files, and each is measured in its "
                       "own: their heights need not be comparable.");
    wn_page_put(p, "</figcaption></figure>\n");
}

static void pair_loss(wn_page *p, const wn_pair *t) {
    double a[WN_CURVE_BINS], b[WN_CURVE_BINS];
    wn_loss_shares(t->of[0], a);
    wn_loss_shares(t->of[1], b);
    wn_page_put(p, "<figure><h3>What each loses</h3>\n");
    wn_loss_plot(p, a, b, "hs hB");
    wn_page_printf(p,
                   "<ul class=\"leg\"><li><span class=\"key\"></span>A</li><li><span class=\"key kl kb\"></span>B</li>"
                   "</ul><figcaption>How similar each text is to the nearest chosen one. For the worst-served tenth "
                   "it is below %.2f with A and below %.2f with B.</figcaption></figure>\n",
                   wn_loss_tenth(a), wn_loss_tenth(b));
}

/* ---- the page ---- */

bool wn_report_same_pool(const wn_outcome *a, const wn_outcome *b) {
    const wn_outcome *o[] = {a, b};
    bool records = true, same = true;
    size_t at[2] = {0};
    for (int i = 0; i < 2; i++) {
        bool any = false;
        for (size_t j = 0; j < o[i]->ninputs; j++) any |= o[i]->inputs[j].format != NULL;
        records &= any; /* else of matrices, which have no format */
    }
    while (a->n == b->n && same) {
        for (int i = 0; i < 2; i++)
            while (at[i] < o[i]->ninputs && records && !o[i]->inputs[at[i]].format) at[i]++;
        if (at[0] == a->ninputs || at[1] == b->ninputs) break;
        const char *x = a->inputs[at[0]++].sha256, *y = b->inputs[at[1]++].sha256;
        same = x && y && strcmp(x, y) == 0;
    }
    return a->n == b->n && same && at[0] == a->ninputs && at[1] == b->ninputs;
}

wn_code wn_report_pair_render(const wn_outcome *const of[2], const char *const name[2], char **html, size_t *len,
                              wn_err *err) {
    wn_page p = {.err = err};
    const wn_pair t = {{of[0], of[1]}, {name[0], name[1]}};
    wn_page_begin(&p, WN_REPORT_TITLE);
    wn_page_put(&p, "<header><div class=\"w\">winnow</div><h1>Two choices from ");
    wn_page_count(&p, of[0]->n);
    wn_page_put(&p, " texts</h1>\n<p class=\"by\">");
    wn_page_inputs(&p, of[0]);
    wn_page_put(&p, "</p>\n");
    pair_heads(&p, &t);
    wn_page_put(&p, "</header>\n");
    pair_overlap(&p, &t);
    wn_page_put(&p, "<section><h2>What each covers</h2>\n<div class=\"two\">\n");
    pair_curves(&p, &t);
    pair_loss(&p, &t);
    wn_page_put(&p, "</div></section>\n");
    wn_pair_labels(&p, &t);
    wn_pair_lengths(&p, &t);
    wn_pair_exclusive(&p, &t);
    return wn_page_end(&p, html, len);
}
