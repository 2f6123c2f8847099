#include "lengths.h"
#include "sections.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/rng.h>

/* Those that stand for the most rows, then some by chance. */
enum {
    STREAM_PICKS = 0x5245500A,
    TOP = 10,
    DRAWN = 10,
    FEATURED = TOP + DRAWN,
    FIRST = 10,
    STOOD_FOR = 4,
    FEW_WORDS = 4
};

/* A row and its similarity to the chosen row that stands for it. */
typedef struct {
    size_t row;
    float sim;
} member;

/* The featured choices, each once: rank of each, and the rows it stands for, most similar first. */
typedef struct {
    size_t rank[FEATURED], n;
    size_t top;                 /* how many of them stand for the most rows; the others are drawn */
    size_t first[FEATURED + 1]; /* members of choice f: first[f] .. first[f + 1] */
    size_t copies[FEATURED];    /* exact or near copies of the choice itself */
    member *members;
} feature;

static int nearest_first(const void *a, const void *b) {
    const member *x = a, *y = b;
    if (x->sim < y->sim) return 1;
    if (x->sim > y->sim) return -1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Does a text say enough to stand among the first? `full`: only those of so many words do. */
static bool says_enough(const wn_outcome *r, bool full, size_t rank) {
    return !full || wn_sizes_words(&r->rows.texts, r->chosen[rank]) >= FEW_WORDS;
}

/* *full: most texts have so many words, and enough of the chosen ones. */
static wn_code pass_over_fragments(bool *full, const wn_outcome *r, wn_err *err) {
    uint32_t median = 0;
    size_t enough = 0;
    wn_code code = wn_sizes_median(&median, &r->rows.texts, err);
    for (size_t i = 0; median >= FEW_WORDS && i < r->k && enough < TOP; i++) enough += says_enough(r, true, i);
    *full = enough >= TOP;
    return code;
}

static void feature_add(feature *f, size_t rank) {
    for (size_t i = 0; i < f->n; i++)
        if (f->rank[i] == rank) return;
    f->rank[f->n++] = rank;
}

/* count [k]: rows that each choice stands for. */
static void feature_choose(const wn_outcome *r, const size_t *count, bool full, feature *f) {
    wn_rng g = wn_rng_init(r->seed, STREAM_PICKS);
    for (size_t i = 0; i < r->k; i++) { /* by falling count, ties to the earlier choice; insertion */
        if ((f->n == TOP && count[i] <= count[f->rank[TOP - 1]]) || !says_enough(r, full, i)) continue;
        size_t at = f->n < TOP ? f->n++ : TOP - 1;
        for (; at > 0 && count[i] > count[f->rank[at - 1]]; at--) f->rank[at] = f->rank[at - 1];
        f->rank[at] = i;
    }
    f->top = f->n;
    size_t left = r->k > FEATURED ? DRAWN : 0;
    for (size_t i = 0; left > 0; i++)
        if (wn_rng_below(&g, r->k - i) < left) feature_add(f, i), left--;
}

/* Two passes over the rows: count, then fill. `where` [n] is scratch: featured index + 1 of each chosen row. */
static wn_code feature_gather(const wn_outcome *r, feature *f, unsigned char *where, wn_err *err) {
    size_t count[FEATURED + 1] = {0};
    for (size_t i = 0; i < f->n; i++) where[r->chosen[f->rank[i]]] = (unsigned char)(i + 1);
    for (int fill = 0; fill < 2; fill++) {
        for (size_t i = 0; i < r->n; i++) {
            size_t by = r->column.represented_by[i];
            if (by >= r->n || !where[by] || by == i) continue;
            size_t at = where[by] - 1u;
            if (r->column.copy_of && r->column.copy_of[i] == by)
                f->copies[at] += fill == 0;
            else if (!fill)
                count[at]++;
            else
                f->members[f->first[at] + count[at]++] = (member){i, r->column.represented_sim[i]};
        }
        if (fill) break;
        for (size_t i = 0; i < f->n; i++) f->first[i + 1] = f->first[i] + count[i], count[i] = 0;
        f->members = wn_alloc(f->first[f->n], sizeof *f->members, err);
        if (!f->members) return WN_EMEMORY;
    }
    for (size_t i = 0; i < f->n; i++)
        qsort(f->members + f->first[i], f->first[i + 1] - f->first[i], sizeof *f->members, nearest_first);
    return WN_OK;
}

static void feature_heading(wn_page *p, const wn_outcome *r, const feature *f, size_t i) {
    size_t row = r->chosen[f->rank[i]], others = f->first[i + 1] - f->first[i] + f->copies[i];
    wn_page_put(p, "<div class=\"hd\"><b>");
    wn_page_count(p, others + 1);
    wn_page_put(p, others ? " texts</b><span>choice " : " text, itself</b><span>choice ");
    wn_page_count(p, f->rank[i] + 1);
    wn_page_put(p, "</span><span class=\"id\">");
    wn_page_id(p, &r->rows, row);
    wn_page_put(p, "</span>");
    wn_page_label(p, &r->rows, row);
    if (f->copies[i]) {
        wn_page_put(p, "<span>");
        wn_page_count(p, f->copies[i]);
        wn_page_put(p, f->copies[i] == 1 ? " is a copy" : " are copies");
        wn_page_put(p, "</span>");
    }
    wn_page_put(p, "</div>");
}

/* The two nearest, one from the middle and the farthest: what the choice stands for, not only its best side. */
static void feature_stood_for(wn_page *p, const wn_outcome *r, const member *m, size_t n) {
    if (n == 0) return;
    size_t at[STOOD_FOR] = {0, 1, n / 2, n - 1}, last = SIZE_MAX;
    wn_page_put(p, "<table class=\"s\">");
    for (size_t i = 0; i < STOOD_FOR; i++) {
        if (at[i] >= n || (last != SIZE_MAX && at[i] <= last)) continue;
        last = at[i];
        wn_page_printf(p, "<tr><td class=\"r\">%.2f</td><td dir=\"auto\">", (double)m[last].sim);
        wn_page_row_text(p, &r->rows, m[last].row, 110);
        wn_page_put(p, "</td></tr>");
    }
    wn_page_put(p, "</table>");
}

static void feature_show(wn_page *p, const wn_outcome *r, const feature *f, size_t begin, size_t end) {
    wn_page_put(p, "<div class=\"cols\">\n");
    for (size_t i = begin; i < end; i++) {
        wn_page_put(p, "<article>");
        feature_heading(p, r, f, i);
        wn_page_put(p, "<p class=\"t\" dir=\"auto\">");
        wn_page_row_text(p, &r->rows, r->chosen[f->rank[i]], 280);
        wn_page_put(p, "</p>");
        feature_stood_for(p, r, f->members + f->first[i], f->first[i + 1] - f->first[i]);
        wn_page_put(p, "</article>\n");
    }
    wn_page_put(p, "</div>\n");
}

/* The order of choice, in one line each. */
static void feature_first(wn_page *p, const wn_outcome *r, bool full) {
    wn_page_printf(p, "<h3>The first ones</h3>\n<p class=\"m\">In the order in which they %s.</p>\n<ol class=\"fst\">",
                   r->by_coverage ? "cover" : "were chosen");
    for (size_t i = 0, shown = 0; shown < FIRST && i < r->k; i++) {
        if (!says_enough(r, full, i)) continue;
        shown++;
        wn_page_printf(p, "<li value=\"%zu\"><span dir=\"auto\">", i + 1);
        wn_page_row_text(p, &r->rows, r->chosen[i], 160);
        wn_page_put(p, "</span> ");
        wn_page_label(p, &r->rows, r->chosen[i]);
        wn_page_put(p, "</li>\n");
    }
    wn_page_put(p, "</ol>\n");
}

void wn_section_picks(wn_page *p, const wn_outcome *r) {
    if (r->k == 0 || !r->column.represented_by || p->code != WN_OK) return;
    feature f = {0};
    bool full = false;
    unsigned char *where = wn_alloc(r->n, 1, p->err);
    p->code = where ? WN_OK : WN_EMEMORY;
    if (p->code != WN_OK) goto out;
    if ((p->code = pass_over_fragments(&full, r, p->err)) != WN_OK) goto out;
    feature_choose(r, r->n_represented, full, &f);
    if ((p->code = feature_gather(r, &f, where, p->err)) != WN_OK) goto out;
    wn_page_put(p,
                "<p class=\"m\">A chosen text stands for the texts that it is the nearest chosen one to: itself, its "
                "copies, and others. With each are the two most similar of these, one from the middle and the "
                "least similar, with their cosine.");
    if (full)
        wn_page_printf(p,
                       " Most texts have %d words or more; shorter ones are passed over in the two lists of "
                       "ten.",
                       FEW_WORDS);
    wn_page_put(p, "</p>\n<h3>Standing for the most</h3>\n");
    feature_show(p, r, &f, 0, f.top);
    feature_first(p, r, full);
    if (f.n == f.top) goto out;
    wn_page_put(p, "<h3>Drawn at random</h3>\n<p class=\"m\">So that the page does not show its best side only.</p>\n");
    feature_show(p, r, &f, f.top, f.n);
out:
    wn_free(where);
    wn_free(f.members);
}
