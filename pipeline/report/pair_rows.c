/* Labels, lengths and texts of two choices. */
#include "pair.h"

#include "lengths.h"
#include "sections.h"
#include "shares.h"

#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

enum { LABELS = 40, EXCLUSIVE = 10 };

/* ---- labels ---- */

typedef struct {
    size_t label, pool, chosen[2];
} pair_tally;

static int tally_by_pool(const void *a, const void *b) {
    const pair_tally *x = a, *y = b;
    if (x->pool != y->pool) return x->pool < y->pool ? 1 : -1;
    return x->label < y->label ? -1 : x->label > y->label;
}

static bool same_labels(const wn_pair *t) {
    const wn_view *a = &t->of[0]->rows, *b = &t->of[1]->rows;
    if (!a->label || !b->label || a->nlabels != b->nlabels) return false;
    for (size_t i = 0; i < a->nlabels; i++)
        if (strcmp(a->labels[i], b->labels[i]) != 0) return false;
    return a->nlabels > 0;
}

static void tally_rows(pair_tally *s, const wn_pair *t) {
    for (size_t i = 0; i < t->of[0]->rows.nlabels; i++) s[i].label = i;
    for (size_t i = 0; i < t->of[0]->n; i++) {
        uint32_t l = t->of[0]->rows.label[i];
        if (l >= t->of[0]->rows.nlabels) continue;
        s[l].pool++;
        for (int c = 0; c < 2; c++) s[l].chosen[c] += t->of[c]->column.rank[i] != WN_NONE;
    }
}

void wn_pair_labels(wn_page *p, const wn_pair *t) {
    const wn_view *rows = &t->of[0]->rows;
    if (p->code != WN_OK || !same_labels(t)) return;
    pair_tally *s = wn_alloc(rows->nlabels, sizeof *s, p->err);
    if (!s) {
        p->code = WN_EMEMORY;
        return;
    }
    tally_rows(s, t);
    qsort(s, rows->nlabels, sizeof *s, tally_by_pool);
    size_t shown = rows->nlabels < LABELS ? rows->nlabels : LABELS;
    wn_page_put(p,
                "<section id=\"labels\"><h2>Labels</h2>\n<table class=\"bars\"><thead><tr><th>Label</th>"
                "<th class=\"r\">Pool</th><th class=\"r\">A</th><th class=\"r\">B</th><th class=\"r wide\">chosen by A"
                "</th><th class=\"r wide\">by B</th><th class=\"r wide\">of</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < shown; i++) {
        wn_page_put(p, "<tr><td>");
        wn_page_name(p, rows->labels[s[i].label], 60);
        wn_page_put(p, "</td><td class=\"r\">");
        wn_share_percent(p, (double)s[i].pool, (double)t->of[0]->n);
        for (int c = 0; c < 2; c++) {
            wn_page_put(p, "</td><td class=\"r\">");
            wn_share_percent(p, (double)s[i].chosen[c], (double)t->of[c]->k);
        }
        const size_t counts[] = {s[i].chosen[0], s[i].chosen[1], s[i].pool};
        for (int c = 0; c < 3; c++) {
            wn_page_put(p, "</td><td class=\"r wide\">");
            wn_page_count(p, counts[c]);
        }
        wn_page_put(p, "</td></tr>\n");
    }
    wn_page_put(p, "</tbody></table>\n");
    if (shown < rows->nlabels)
        wn_page_printf(p, "<p class=\"m\">The %zu largest of %zu labels.</p>\n", shown, rows->nlabels);
    wn_page_put(p, "</section>\n");
    wn_free(s);
}

/* ---- lengths ---- */

void wn_pair_lengths(wn_page *p, const wn_pair *t) {
    static const char *const names[] = {"the pool", "A", "B"};
    const wn_texts *texts = &t->of[0]->rows.texts;
    wn_sizes s[3] = {0};
    if (p->code != WN_OK || texts->n == 0) return;
    if ((p->code = wn_sizes_pool(&s[0], texts, p->err)) != WN_OK) goto out;
    for (int c = 0; c < 2; c++) {
        p->code = wn_sizes_make(&s[c + 1], texts, t->of[c]->chosen, t->of[c]->k, s[0].words, p->err);
        if (p->code != WN_OK) goto out;
    }
    wn_page_put(p, "<section id=\"lengths\"><h2>Lengths</h2>\n");
    wn_sizes_table(p, names, s, 3);
    wn_page_put(p, "</section>\n");
out:
    for (int c = 0; c < 3; c++) wn_free(s[c].length);
}

/* ---- texts that one chose and the other did not ---- */

/* Those that stand for the most rows, most first. */
static size_t exclusive_find(const wn_outcome *r, const wn_outcome *other, size_t rank[EXCLUSIVE]) {
    size_t n = 0;
    for (size_t i = 0; i < r->k; i++) {
        if (other->column.rank[r->chosen[i]] != WN_NONE) continue;
        if (n == EXCLUSIVE && r->n_represented[i] <= r->n_represented[rank[n - 1]]) continue;
        size_t at = n < EXCLUSIVE ? n++ : n - 1;
        for (; at > 0 && r->n_represented[i] > r->n_represented[rank[at - 1]]; at--) rank[at] = rank[at - 1];
        rank[at] = i;
    }
    return n;
}

static void exclusive_show(wn_page *p, const wn_outcome *r, const wn_outcome *other, size_t rank, char name) {
    size_t row = r->chosen[rank], by = other->column.represented_by[row];
    wn_page_put(p, "<article><div class=\"hd\"><b>");
    wn_page_count(p, r->n_represented[rank]);
    wn_page_put(p, r->n_represented[rank] == 1 ? " text</b><span>choice " : " texts</b><span>choice ");
    wn_page_count(p, rank + 1);
    wn_page_put(p, "</span>");
    wn_page_label(p, &r->rows, row);
    wn_page_put(p, "</div><p class=\"t\" dir=\"auto\">");
    wn_page_row_text(p, &r->rows, row, 240);
    wn_page_put(p, "</p>");
    if (by < other->n) {
        wn_page_printf(p, "<p class=\"m n\" dir=\"auto\">nearest in %c, %.2f: ", name,
                       (double)other->column.represented_sim[row]);
        wn_page_row_text(p, &other->rows, by, 120);
        wn_page_put(p, "</p>");
    }
    wn_page_put(p, "</article>\n");
}

void wn_pair_exclusive(wn_page *p, const wn_pair *t) {
    wn_page_put(p,
                "<section id=\"only\"><h2>Chosen by one alone</h2>\n<p class=\"m\">The texts that stand for the most "
                "others in one choice and are not in the other, each with what comes nearest there.</p>\n"
                "<div class=\"two\">\n");
    for (int c = 0; c < 2; c++) {
        size_t rank[EXCLUSIVE], n = exclusive_find(t->of[c], t->of[!c], rank);
        wn_page_printf(p, "<div><h3>Only in %c</h3>\n", 'A' + c);
        if (n == 0) wn_page_put(p, "<p class=\"m\">Nothing.</p>\n");
        for (size_t i = 0; i < n; i++) exclusive_show(p, t->of[c], t->of[!c], rank[i], (char)('B' - c));
        wn_page_put(p, "</div>\n");
    }
    wn_page_put(p, "</div></section>\n");
}
