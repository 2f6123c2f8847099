#include "sections.h"

#include <stdlib.h>
#include <winnow/mem.h>

enum { GROUPS_SHOWN = 8, GROUPS_SHOWN_ALONE = 50, COPIES_SHOWN = 4 };

/* A kept row and how many copies of it were dropped. */
typedef struct {
    size_t kept, copies;
} group;

static int group_by_size(const void *a, const void *b) {
    const group *x = a, *y = b;
    if (x->copies != y->copies) return x->copies < y->copies ? 1 : -1;
    return x->kept < y->kept ? -1 : x->kept > y->kept;
}

static void group_copies(wn_page *p, const wn_outcome *r, const group *g) {
    size_t shown = 0;
    wn_page_put(p, "<p class=\"m\">copies: ");
    for (size_t i = 0; i < r->n && shown < COPIES_SHOWN; i++) {
        if (r->column.copy_of[i] != g->kept || i == g->kept) continue;
        if (shown++) wn_page_put(p, ", ");
        wn_page_id(p, &r->rows, i);
    }
    if (g->copies > shown) {
        wn_page_put(p, " and ");
        wn_page_count(p, g->copies - shown);
        wn_page_put(p, " more");
    }
    wn_page_put(p, "</p>");
}

static void group_show(wn_page *p, const wn_outcome *r, const group *g) {
    wn_page_put(p, "<article><div class=\"hd\"><b>");
    wn_page_count(p, g->copies + 1);
    wn_page_put(p, " times</b><span class=\"id\">kept: ");
    wn_page_id(p, &r->rows, g->kept);
    wn_page_put(p, "</span></div><p class=\"t\" dir=\"auto\">");
    wn_page_row_text(p, &r->rows, g->kept, 220);
    wn_page_put(p, "</p>");
    group_copies(p, r, g);
    wn_page_put(p, "</article>\n");
}

void wn_section_groups(wn_page *p, const wn_outcome *r) {
    if (!r->column.copy_of || r->dropped == 0) return;
    size_t *count = wn_alloc(r->n, sizeof *count, p->err), groups = 0, m = 0;
    group *g = NULL;
    if (!count) goto memory;
    for (size_t i = 0; i < r->n; i++)
        if (r->column.copy_of[i] != i && count[r->column.copy_of[i]]++ == 0) groups++;
    g = wn_alloc(groups, sizeof *g, p->err);
    if (!g) goto memory;
    for (size_t i = 0; i < r->n; i++)
        if (count[i]) g[m++] = (group){i, count[i]};
    qsort(g, m, sizeof *g, group_by_size);
    wn_page_put(p, "<p class=\"m\">");
    wn_page_count(p, r->dropped);
    wn_page_put(p, r->dropped == 1 ? " copy was dropped" : " copies were dropped");
    wn_page_put(p, r->chosen ? " before the choice, in " : ", in ");
    wn_page_count(p, groups);
    wn_page_put(p, groups == 1 ? " group." : " groups. The largest:");
    wn_page_put(p, "</p>\n");
    size_t shown = r->chosen ? GROUPS_SHOWN : GROUPS_SHOWN_ALONE; /* a dedup has little else to show */
    for (size_t i = 0; i < m && i < shown; i++) group_show(p, r, &g[i]);
    goto out;
memory:
    p->code = WN_EMEMORY;
out:
    wn_free(count);
    wn_free(g);
}
