#include "sections.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/rng.h>

enum { STREAM_PICKS = 0x5245500A, FIRST = 10, DRAWN = 10, FEATURED = FIRST + DRAWN, STOOD_FOR = 4 };

/* A row and its similarity to the chosen row that stands for it. */
typedef struct {
    size_t row;
    float sim;
} member;

/* The featured choices: rank of each, and the rows it stands for, most similar first. */
typedef struct {
    size_t rank[FEATURED], n;
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

/* The first ten choices, then ten of the others by chance, in order of choice. */
static void feature_choose(const wn_outcome *r, feature *f) {
    wn_rng g = wn_rng_init(r->seed, STREAM_PICKS);
    while (f->n < FIRST && f->n < r->k) f->rank[f->n] = f->n, f->n++;
    size_t want = r->k > FIRST ? r->k - FIRST : 0;
    if (want > DRAWN) want = DRAWN;
    for (size_t i = FIRST, left = want; left > 0; i++)
        if (wn_rng_below(&g, r->k - i) < left) f->rank[f->n++] = i, left--;
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
    size_t row = r->chosen[f->rank[i]], others = f->first[i + 1] - f->first[i];
    wn_page_put(p, "<div class=\"hd\"><b>");
    wn_page_count(p, f->rank[i] + 1);
    wn_page_put(p, "</b><span class=\"id\">");
    wn_page_id(p, &r->rows, row);
    wn_page_put(p, "</span>");
    if (r->rows.label && r->rows.label[row] < r->rows.nlabels) {
        const char *label = r->rows.labels[r->rows.label[row]];
        wn_page_put(p, "<span class=\"tag\">");
        wn_page_text(p, label, strlen(label), 60);
        wn_page_put(p, "</span>");
    }
    if (wn_report_has_gains(r)) {
        wn_page_put(p, "<span>gain ");
        wn_page_number(p, r->gain[f->rank[i]]);
        wn_page_put(p, "</span>");
    }
    wn_page_put(p, "<span>stands for ");
    wn_page_count(p, others);
    wn_page_put(p, others == 1 ? " other text" : " other texts");
    if (f->copies[i]) {
        wn_page_put(p, " and ");
        wn_page_count(p, f->copies[i]);
        wn_page_put(p, f->copies[i] == 1 ? " copy" : " copies");
    }
    wn_page_put(p, "</span></div>");
}

/* The two nearest, one from the middle and the farthest: what the choice stands for, not only its best side. */
static void feature_stood_for(wn_page *p, const wn_outcome *r, const member *m, size_t n) {
    if (n == 0) return;
    size_t at[STOOD_FOR] = {0, 1, n / 2, n - 1}, last = SIZE_MAX;
    wn_page_put(p, "<table class=\"s\">");
    for (size_t i = 0; i < STOOD_FOR; i++) {
        if (at[i] >= n || (last != SIZE_MAX && at[i] <= last)) continue;
        last = at[i];
        wn_page_printf(p, "<tr><td class=\"r\">%.3f</td><td dir=\"auto\">", (double)m[last].sim);
        wn_page_row_text(p, &r->rows, m[last].row, 160);
        wn_page_put(p, "</td></tr>");
    }
    wn_page_put(p, "</table>");
}

static void feature_show(wn_page *p, const wn_outcome *r, const feature *f, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
        wn_page_put(p, "<article>");
        feature_heading(p, r, f, i);
        wn_page_put(p, "<p class=\"t\" dir=\"auto\">");
        wn_page_row_text(p, &r->rows, r->chosen[f->rank[i]], 420);
        wn_page_put(p, "</p>");
        feature_stood_for(p, r, f->members + f->first[i], f->first[i + 1] - f->first[i]);
        wn_page_put(p, "</article>\n");
    }
}

void wn_section_picks(wn_page *p, const wn_outcome *r) {
    if (r->k == 0 || p->code != WN_OK) return;
    feature f = {0};
    unsigned char *where = wn_alloc(r->n, 1, p->err);
    p->code = where ? WN_OK : WN_EMEMORY;
    if (p->code != WN_OK) goto out;
    feature_choose(r, &f);
    if ((p->code = feature_gather(r, &f, where, p->err)) != WN_OK) goto out;
    size_t first = f.n < FIRST ? f.n : FIRST;
    wn_page_put(p, "<section><h2>First choices</h2>\n<p class=\"m\">Each with some of the texts it stands for: the two "
                   "most similar, one from the middle and the least similar, with their cosine.</p>\n");
    feature_show(p, r, &f, 0, first);
    wn_page_put(p, "</section>\n");
    if (f.n == first) goto out;
    wn_page_put(p, "<section><h2>Choices drawn at random</h2>\n<p class=\"m\">So that the page does not show its "
                   "best side only.</p>\n");
    feature_show(p, r, &f, first, f.n);
    wn_page_put(p, "</section>\n");
out:
    wn_free(where);
    wn_free(f.members);
}
