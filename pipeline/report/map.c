/* The map as a picture, and the table of its regions. */
#include "map.h"

#include "sections.h"
#include "shares.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

enum { COLOURS = 8, OTHERS = COLOURS, UNLABELLED, TITLE = 110, NAME_MOST = 26 };

/* Colours by label: the most frequent ones have their own. */
typedef struct {
    size_t label[COLOURS], n;
    bool others; /* some rows have another label, or none */
} legend;

static wn_code legend_make(legend *l, const wn_outcome *r, wn_err *err) {
    size_t nlabels = r->rows.label ? r->rows.nlabels : 0, *counts, counted = 0;
    if (nlabels == 0) return WN_OK;
    if (!(counts = wn_alloc(nlabels, sizeof *counts, err))) return WN_EMEMORY;
    wn_labels_count(r, 0, counts);
    for (; l->n < COLOURS && l->n < nlabels; l->n++) {
        size_t best = 0;
        for (size_t i = 1; i < nlabels; i++)
            if (counts[i] > counts[best]) best = i;
        if (counts[best] == 0) break;
        l->label[l->n] = best;
        counted += counts[best];
        counts[best] = 0;
    }
    l->others = counted < r->n;
    wn_free(counts);
    return WN_OK;
}

static size_t legend_colour(const legend *l, const wn_outcome *r, size_t row) {
    if (l->n == 0) return UNLABELLED;
    for (size_t i = 0; i < l->n; i++)
        if (r->rows.label[row] == l->label[i]) return i;
    return OTHERS;
}

/* ---- the picture ---- */

/* Where the border between regions a and b runs, from..to along its line; false: nowhere. */
static bool border_clip(const wn_regions *g, size_t a, size_t b, double at[2], double to[2]) {
    double mx = (g->x[a] + g->x[b]) / 2, my = (g->y[a] + g->y[b]) / 2, low = -1e9, high = 1e9;
    double dx = g->y[a] - g->y[b], dy = g->x[b] - g->x[a];
    for (size_t c = 0; c < g->n + 4; c++) { /* on the near side of every other centre, and within the frame */
        double nx, ny, offset;
        if (c == a || c == b) continue;
        if (c < g->n) {
            nx = g->x[c] - g->x[a], ny = g->y[c] - g->y[a];
            offset = nx * (g->x[a] + g->x[c]) / 2 + ny * (g->y[a] + g->y[c]) / 2;
        } else {
            size_t side = c - g->n;
            nx = side == 0 ? 1 : side == 1 ? -1 : 0, ny = side == 2 ? 1 : side == 3 ? -1 : 0;
            offset = side == 0 ? WN_MAP_WIDTH : side == 2 ? WN_MAP_HEIGHT : 0;
        }
        double along = nx * dx + ny * dy, room = offset - (nx * mx + ny * my);
        if (fabs(along) < 1e-12 && room < 0) return false;
        if (along > 0) high = fmin(high, room / along);
        if (along < 0) low = fmax(low, room / along);
    }
    at[0] = mx + low * dx, at[1] = my + low * dy, to[0] = mx + high * dx, to[1] = my + high * dy;
    return low < high;
}

static void map_borders(wn_page *p, const wn_map *m) {
    double at[2], to[2];
    wn_page_put(p, "<path class=\"bo\" d=\"");
    for (size_t a = 0; a < m->regions.n; a++)
        for (size_t b = a + 1; b < m->regions.n; b++)
            if (border_clip(&m->regions, a, b, at, to))
                wn_page_printf(p, "M%.1f %.1fL%.1f %.1f", at[0], at[1], to[0], to[1]);
    wn_page_put(p, "\"/>\n");
}

static void map_dots(wn_page *p, const wn_outcome *r, const wn_map *m, const legend *l) {
    for (size_t colour = 0; colour <= UNLABELLED; colour++) {
        for (int chosen = 0; chosen < 2; chosen++) {
            size_t begin = chosen ? m->m - m->nchosen : 0, end = chosen ? m->m : m->m - m->nchosen, drawn = 0;
            for (size_t i = begin; i < end; i++) {
                if (legend_colour(l, r, m->row[i]) != colour) continue;
                if (drawn++ == 0) wn_page_printf(p, "<g class=\"%s d%zu\">", chosen ? "dc" : "dn", colour);
                wn_page_printf(p, "<circle cx=\"%.0f\" cy=\"%.0f\" r=\"%s\"><title>", m->x[i], m->y[i],
                               chosen ? "4.5" : "3");
                if (chosen) wn_page_put(p, "chosen: ");
                wn_page_row_plain(p, &r->rows, m->row[i], TITLE);
                wn_page_put(p, "</title></circle>\n");
            }
            if (drawn) wn_page_put(p, "</g>\n");
        }
    }
}

/* ---- names of regions ---- */

/* Words that fit on the map, most telling first. */
static size_t name_words(const wn_map *m, size_t region, size_t *chars) {
    size_t n = 0, total = 0;
    for (; n < WN_REGION_WORDS && m->words.word[region][n]; n++) {
        size_t more = 0;
        for (const char *s = m->words.word[region][n]; *s; s++) more += ((unsigned char)*s & 0xC0) != 0x80;
        if (n > 0 && total + 2 + more > NAME_MOST) break;
        total += more + (n ? 2 : 0);
    }
    *chars = n == 0 ? strlen("mixed") : total < NAME_MOST ? total : NAME_MOST;
    return n;
}

static void put_words(wn_page *p, const wn_map *m, size_t region, size_t n) {
    if (!m->words.word[region][0]) wn_page_put(p, "mixed");
    for (size_t i = 0; i < n && m->words.word[region][i]; i++) {
        const char *word = m->words.word[region][i];
        if (i) wn_page_put(p, ", ");
        wn_page_text(p, word, strlen(word), NAME_MOST);
    }
}

typedef struct {
    double x, y, half; /* of its width */
} name_box;

/* Names are moved apart up and down, as little as it takes. */
static void names_place(const wn_map *m, name_box *box) {
    enum { HEIGHT = 44, ROUNDS = 60, CHAR = 9, LEAST = 84 };
    for (size_t c = 0; c < m->regions.n; c++) {
        size_t chars;
        (void)name_words(m, c, &chars);
        double half = fmax((double)(chars + 2) * CHAR / 2, LEAST);
        box[c] = (name_box){fmin(fmax(m->regions.x[c], half + 4), WN_MAP_WIDTH - half - 4), m->regions.y[c], half};
    }
    for (int round = 0; round < ROUNDS; round++)
        for (size_t a = 0; a < m->regions.n; a++) {
            for (size_t b = 0; b < m->regions.n; b++) {
                double over = HEIGHT - fabs(box[a].y - box[b].y), up = box[a].y <= box[b].y ? over / 2 : -over / 2;
                if (a == b || over <= 0 || fabs(box[a].x - box[b].x) >= box[a].half + box[b].half) continue;
                box[a].y -= up, box[b].y += up;
            }
            box[a].y = fmin(fmax(box[a].y, HEIGHT / 2.), WN_MAP_HEIGHT - HEIGHT / 2.);
        }
}

static void map_names(wn_page *p, const wn_map *m) {
    name_box box[WN_REGIONS_MOST];
    size_t chars;
    names_place(m, box);
    for (size_t c = 0; c < m->regions.n; c++) {
        wn_page_printf(p, "<rect class=\"rb\" x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"40\" rx=\"8\"/>",
                       box[c].x - box[c].half, box[c].y - 18, 2 * box[c].half);
        wn_page_printf(p,
                       "<text class=\"rn\" x=\"%.0f\" y=\"%.0f\"><tspan class=\"rl\">%c</tspan><tspan class=\"rw\"> ",
                       box[c].x, box[c].y, (int)('A' + c));
        put_words(p, m, c, name_words(m, c, &chars));
        wn_page_printf(p, "</tspan></text><text class=\"rs\" x=\"%.0f\" y=\"%.0f\">", box[c].x, box[c].y + 16);
        wn_share_percent(p, (double)m->pool[c], (double)m->counted);
        wn_page_put(p, " of pool, ");
        wn_share_percent(p, (double)m->chosen[c], (double)m->counted_chosen);
        wn_page_put(p, " of choice</text>\n");
    }
}

/* ---- what stands around it ---- */

static void map_legend(wn_page *p, const wn_outcome *r, const wn_map *m, const legend *l) {
    wn_page_put(p, "<ul class=\"leg\">");
    for (size_t i = 0; i < l->n; i++) {
        wn_page_printf(p, "<li><i class=\"d%zu\"></i>", i);
        wn_page_text(p, r->rows.labels[l->label[i]], strlen(r->rows.labels[l->label[i]]), 40);
        wn_page_put(p, "</li>\n");
    }
    if (l->others) wn_page_printf(p, "<li><i class=\"d%d\"></i>other labels</li>\n", OTHERS);
    wn_page_put(p, l->n ? "<li><i class=\"big\"></i>" : "<li><i class=\"d9 big\"></i>");
    wn_page_put(p, "chosen: ");
    wn_page_count(p, m->nchosen);
    wn_page_put(p, " of ");
    wn_page_count(p, m->all_chosen);
    wn_page_put(p, l->n ? "</li>\n<li><i class=\"small\"></i>" : "</li>\n<li><i class=\"d9 small\"></i>");
    wn_page_put(p, "not chosen: ");
    wn_page_count(p, m->m - m->nchosen);
    wn_page_put(p, " of ");
    wn_page_count(p, m->all);
    wn_page_put(p, "</li></ul>\n");
}

static void map_lead(wn_page *p, const wn_map *m) {
    wn_page_printf(
        p,
        "<p class=\"m\">A dot is a text; texts that are alike lie side by side (t-SNE). Of the %d texts most "
        "similar to one, %.1f are among the %d nearest to it here on average; on a plain projection it would "
        "be %.1f. Distances across the whole map mean little. Point at a dot to read its text.",
        WN_TSNE_NEAREST, m->kept * WN_TSNE_NEAREST, WN_TSNE_NEAREST, m->flat * WN_TSNE_NEAREST);
    if (m->m < m->all + m->all_chosen)
        wn_page_put(p, " The dots are drawn at random, chosen ones more often than their number would have it.");
    wn_page_put(p, "</p>\n");
}

static void region_row(wn_page *p, const wn_outcome *r, const wn_map *m, size_t c, double widest) {
    const wn_share s = {(double)m->pool[c], (double)m->counted, (double)m->chosen[c], (double)m->counted_chosen};
    wn_page_printf(p, "<tr><td class=\"rg\"><b>%c</b> ", (int)('A' + c));
    put_words(p, m, c, WN_REGION_WORDS);
    wn_page_put(p, "<small dir=\"auto\">");
    wn_page_row_text(p, &r->rows, m->row[m->typical[c]], 90);
    wn_page_put(p, "</small></td><td class=\"b\">");
    wn_share_bar(p, &s, widest);
    wn_page_put(p, "</td><td class=\"r\">");
    wn_share_percent(p, s.chosen, s.k);
    wn_page_put(p, "</td><td class=\"r\">");
    wn_share_percent(p, s.pool, s.n);
    wn_page_put(p, "</td></tr>\n");
}

static void map_regions(wn_page *p, const wn_outcome *r, const wn_map *m) {
    double widest = 1e-9;
    for (size_t c = 0; c < m->regions.n; c++) {
        const wn_share s = {(double)m->pool[c], (double)m->counted, (double)m->chosen[c], (double)m->counted_chosen};
        widest = fmax(widest, wn_share_reach(&s));
    }
    wn_page_put(p, "<h3>Regions</h3>\n<p class=\"m\">The words that set a region’s texts apart from the others, a "
                   "text from its middle, and how much of pool and choice lies there");
    if (m->counted < r->n || m->counted_chosen < r->k) {
        wn_page_put(p, " (counted over ");
        wn_page_count(p, m->counted);
        wn_page_put(p, " texts drawn at random and ");
        wn_page_count(p, m->counted_chosen);
        wn_page_put(p, " chosen ones)");
    }
    wn_page_put(p, ".</p>\n");
    wn_share_legend(p);
    wn_page_put(p,
                "<table class=\"bars reg\"><thead><tr><th>Region</th><th class=\"b\"></th><th class=\"r\">Choice</th>"
                "<th class=\"r\">Pool</th></tr></thead><tbody>\n");
    for (size_t c = 0; c < m->regions.n; c++) region_row(p, r, m, c, widest);
    wn_page_put(p, "</tbody></table>\n");
}

void wn_section_map(wn_page *p, const wn_outcome *r) {
    wn_map m = {0};
    legend l = {0};
    if (p->code != WN_OK) return;
    if ((p->code = wn_map_make(&m, r, p->err)) != WN_OK || m.m == 0) goto out;
    if ((p->code = legend_make(&l, r, p->err)) != WN_OK) goto out;
    map_lead(p, &m);
    wn_page_printf(p,
                   "<div class=\"map\"><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Map of the texts and the "
                   "regions that they lie in\">\n",
                   WN_MAP_WIDTH, WN_MAP_HEIGHT);
    map_borders(p, &m);
    map_dots(p, r, &m, &l);
    map_names(p, &m);
    wn_page_put(p, "</svg></div>\n");
    map_legend(p, r, &m, &l);
    map_regions(p, r, &m);
out:
    wn_map_free(&m);
}
