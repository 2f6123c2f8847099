/* Groups of copies whose rows have different labels. */
#include "sections.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <winnow/mem.h>

enum { GROUPS_SHOWN = 20, LABELS_SHOWN = 6 };

static void label_name(wn_page *p, const wn_outcome *r, uint32_t label) {
    const char *name = r->rows.labels[label];
    wn_page_put(p, "<span class=\"tag\">");
    wn_page_text(p, name, strlen(name), 60);
    wn_page_put(p, "</span>");
}

/* The labels of one group in the order of its rows, and how many rows have each. */
static void conflict_labels(wn_page *p, const wn_outcome *r, size_t kept) {
    uint32_t label[LABELS_SHOWN];
    size_t count[LABELS_SHOWN] = {0}, n = 0, more = 0;
    for (size_t i = 0; i < r->n; i++) {
        uint32_t own = r->rows.label[i];
        size_t at = 0;
        if (r->column.copy_of[i] != kept || own >= r->rows.nlabels) continue;
        while (at < n && label[at] != own) at++;
        if (at == LABELS_SHOWN) {
            more++;
            continue;
        }
        if (at == n) label[n++] = own;
        count[at]++;
    }
    wn_page_put(p, "<p class=\"m\">");
    for (size_t i = 0; i < n; i++) {
        if (i) wn_page_put(p, ", ");
        label_name(p, r, label[i]);
        wn_page_put(p, " ");
        wn_page_count(p, count[i]);
    }
    if (more) {
        wn_page_put(p, " and ");
        wn_page_count(p, more);
        wn_page_put(p, " more rows");
    }
    wn_page_put(p, "</p>");
}

static void conflict_show(wn_page *p, const wn_outcome *r, size_t kept) {
    uint32_t own = r->rows.label[kept];
    wn_page_put(p, "<article><div class=\"hd\"><span class=\"id\">kept: ");
    wn_page_id(p, &r->rows, kept);
    wn_page_put(p, "</span>");
    if (own < r->rows.nlabels) label_name(p, r, own);
    wn_page_put(p, "</div><p class=\"t\" dir=\"auto\">");
    wn_page_row_text(p, &r->rows, kept, 220);
    wn_page_put(p, "</p>");
    conflict_labels(p, r, kept);
    wn_page_put(p, "</article>\n");
}

/* mixed[i]: the group of the kept row i has different labels. */
static void find_mixed(const wn_outcome *r, uint32_t *first, bool *mixed) {
    for (size_t i = 0; i < r->n; i++) first[i] = UINT32_MAX;
    for (size_t i = 0; i < r->n; i++) {
        size_t root = r->column.copy_of[i];
        uint32_t own = r->rows.label[i];
        if (first[root] == UINT32_MAX) first[root] = own;
        mixed[root] |= own != UINT32_MAX && own != first[root];
    }
}

void wn_section_conflicts(wn_page *p, const wn_outcome *r) {
    if (!r->column.copy_of || !r->rows.label || r->mixed == 0 || p->code != WN_OK) return;
    uint32_t *first = wn_alloc(r->n, sizeof *first, p->err);
    bool *mixed = wn_alloc(r->n, sizeof *mixed, p->err);
    if (!first || !mixed) {
        p->code = WN_EMEMORY;
        goto out;
    }
    find_mixed(r, first, mixed);
    wn_page_put(p, "<p class=\"m\">");
    wn_page_count(p, r->mixed);
    wn_page_put(p, r->mixed == 1 ? " group of copies has" : " groups of copies have");
    wn_page_put(p, " rows of different labels; the label of the one that is left counts.");
    if (r->mixed > GROUPS_SHOWN) wn_page_put(p, " The first:");
    wn_page_put(p, "</p>\n");
    for (size_t i = 0, shown = 0; i < r->n && shown < GROUPS_SHOWN; i++) {
        if (!mixed[i]) continue;
        conflict_show(p, r, i);
        shown++;
    }
out:
    wn_free(first);
    wn_free(mixed);
}
