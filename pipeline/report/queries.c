/* How near the rows that were chosen toward queries are to them. */
#include "sections.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

enum { FARTHEST_SHOWN = 8 };

/* A query, and the nearest of the rows that were chosen for it. */
typedef struct {
    size_t query, row, rows;
    float cosine;
} served;

static int by_cosine(const void *a, const void *b) {
    const served *x = a, *y = b;
    if (x->cosine < y->cosine || x->cosine > y->cosine) return x->cosine < y->cosine ? -1 : 1;
    return x->query < y->query ? -1 : x->query > y->query;
}

/* list [r->query->n]; those that are served come first. Returns how many they are. */
static size_t find_served(const wn_outcome *r, served *list) {
    size_t n = 0;
    for (size_t i = 0; i < r->query->n; i++) list[i] = (served){.query = i};
    for (size_t i = 0; i < r->k; i++) {
        const size_t row = r->chosen[i], query = r->column.query[row];
        if (!wn_outcome_served(r, i + 1) || query >= r->query->n) continue;
        const float cosine = r->column.query_sim[row];
        served *s = &list[query];
        if (s->rows++ == 0 || cosine > s->cosine) s->row = row, s->cosine = cosine;
    }
    for (size_t i = 0; i < r->query->n; i++)
        if (list[i].rows) list[n++] = list[i];
    return n;
}

static void say_served(wn_page *p, const wn_outcome *r, const served *s, size_t n) {
    const wn_outcome_query *q = r->query;
    wn_page_put(p, "<p class=\"m\">");
    wn_page_count(p, q->chosen);
    wn_page_put(p, q->chosen == 1 ? " text was chosen by " : " texts were chosen by ");
    wn_page_put(p, wn_objective_name(q->method));
    wn_page_put(p, " toward the ");
    wn_page_count(p, q->n);
    wn_page_put(p, " queries of ");
    wn_page_escape(p, q->path);
    wn_page_printf(p, ". Their mean cosine to the query that each serves is %.3f; of any text to its nearest query it "
                      "is %.3f. ", q->cosine, q->cosine_random);
    wn_page_count(p, n);
    wn_page_printf(p, " queries have a text of their own; the nearest of them has a cosine of %.3f at a quarter of "
                      "these, %.3f at half, %.3f at three quarters.", (double)s[n / 4].cosine,
                   (double)s[n / 2].cosine, (double)s[n - 1 - n / 4].cosine);
    if (q->zero) {
        wn_page_put(p, " Passed over, as zero vectors: ");
        wn_page_count(p, q->zero);
        wn_page_put(p, ".");
    }
    wn_page_put(p, " Those that the input serves worst:</p>\n");
}

static void show_served(wn_page *p, const wn_outcome *r, const served *s) {
    wn_page_put(p, "<article><div class=\"hd\"><b>query ");
    wn_page_count(p, s->query);
    wn_page_printf(p, "</b><span class=\"id\">%.3f: ", (double)s->cosine);
    wn_page_id(p, &r->rows, s->row);
    wn_page_put(p, "</span></div><p class=\"t\" dir=\"auto\">");
    wn_page_row_text(p, &r->rows, s->row, 160);
    wn_page_put(p, "</p></article>\n");
}

void wn_section_queries(wn_page *p, const wn_outcome *r) {
    if (!r->query || !r->column.query || !r->column.query_sim || r->query->chosen == 0 || r->query->n == 0) return;
    served *list = wn_alloc(r->query->n, sizeof *list, p->err);
    if (!list) {
        p->code = WN_EMEMORY;
        return;
    }
    const size_t n = find_served(r, list);
    if (n > 0) {
        qsort(list, n, sizeof *list, by_cosine);
        say_served(p, r, list, n);
        for (size_t i = 0; i < n && i < FARTHEST_SHOWN; i++) show_served(p, r, &list[i]);
    }
    wn_free(list);
}
