/* The product: entries and their shares, terms, panels, and what is told. strassen.h explains the words. */
#include "strassen.h"

#include <string.h>

enum {
    FEW = 4
}; /* entries of a strip: with fewer, eight chains of multiply-adds (two units, four cycles) wait for one another */

bool wn_strassen_fits(size_t n, size_t k) { return n && k && n % 64 == 0 && k % 2 == 0; }

/* Combinations, sizes, starts of sums, rounded blocks, a row that nobody reads, and the list of entries. */
size_t wn_strassen_scratch(size_t n, size_t k, size_t rows) {
    (void)k;
    return (WN_STRASSEN_SHARE * (WN_STRASSEN_LD + 3 + 4 * WN_STRASSEN_KC16 / 2) + n + rows) * sizeof(float);
}

/* The first row of every entry: of pairs, which are neighbours in a text, then of each odd text's last row. Returns the
 * number of pairs. */
static size_t list_entries(const wn_linear_rows *r, uint32_t *first, size_t *entries) {
    size_t pairs = 0, all;
    const size_t *at = r->offsets;
    for (size_t i = 0; at && i < r->texts; i++)
        for (size_t t = at[i]; t + 2 <= at[i + 1]; t += 2) first[pairs++] = (uint32_t)(t - at[0]);
    all = pairs;
    for (size_t i = 0; i < r->texts; i++)
        if (!at) first[all++] = (uint32_t)i;
        else if ((at[i + 1] - at[i]) % 2) first[all++] = (uint32_t)(at[i + 1] - 1 - at[0]);
    *entries = all;
    return pairs;
}

/* Whether a term counts for rows without a partner. */
static bool counts_alone(const wn_strassen_term *t) {
    return (t->x[0][0] || t->x[0][1] || t->x[0][2]) && (t->y[0][0] || t->y[0][1] || t->y[0][2]);
}

static void combine_rows(const wn_strassen_share *b, const wn_strassen_term *t, size_t entries) {
    const wn_strassen_sum pair = wn_strassen_sum_of(t->x, 2), alone = wn_strassen_sum_of(t->x, 1);
    for (size_t e = 0; e < entries; e++) b->s->kind->combine(b, e, e < b->pairs ? &pair : &alone);
}

/* Whether one of the terms [begin, end) counts in that block of y. */
static bool touched(const wn_strassen_scheme *s, size_t row, size_t column, size_t begin, size_t end) {
    for (size_t q = begin; q < end; q++)
        if (s->terms[q].y[row][column]) return true;
    return false;
}

static void add_targets(const wn_strassen_share *b, size_t q, wn_strassen_strips *s) {
    const wn_strassen_scheme *scheme = b->s->scheme;
    const size_t n = b->s->n, parts = scheme->parts;
    const float *scale = wn_strassen_scales(b->s, b->from);
    for (size_t i = 0; i < 2 * parts; i++) {
        const size_t row = i / parts, column = i % parts, at = column * (n / parts);
        const int sign = scheme->terms[q].y[row][column];
        if (sign == 0) continue;
        const bool first = b->from == 0 && !touched(scheme, row, column, 0, q);
        s->to[s->targets].c = b->rows[row];
        s->to[s->targets].at = at;
        s->to[s->targets].scale = scale + (sign < 0 ? n : 0) + at;
        s->to[s->targets].size = b->size + row * WN_STRASSEN_SHARE;
        s->to[s->targets++].start = first ? b->bias + at : NULL;
    }
}

/* Tells of the columns at `column` that term q was the last to change. */
static void tell(const wn_strassen_share *b, size_t q, size_t column, size_t width) {
    const wn_strassen_scheme *scheme = b->s->scheme;
    const size_t parts = scheme->parts;
    for (size_t i = 0; i < 2 * parts; i++) {
        const size_t row = i / parts, part = i % parts;
        if (!scheme->terms[q].y[row][part] || touched(scheme, row, part, q + 1, scheme->products)) continue;
        for (size_t r = 0; r < b->nruns && (row == 0 || b->runs[r].entry < b->pairs); r++) {
            float *y = b->y + (b->first[b->runs[r].entry] + row) * b->ldy + column + part * (b->s->n / parts);
            const size_t ldy = b->runs[r].step * b->ldy;
            b->epilogue->activate(NULL, b->epilogue->activation, y, ldy, b->runs[r].count, width, y, ldy);
        }
    }
}

/* The next `strips` strips of m entries; what points to entries moves on. */
static void run_strips(const wn_strassen_share *b, wn_strassen_strips *s, size_t strips, size_t m) {
    s->strips = strips;
    s->m = m;
    b->s->kern->product(s);
    const size_t done = strips * m;
    s->a = wn_strassen_further(b->s->kind, s->a, done * WN_STRASSEN_LD);
    s->start_a += done;
    s->ahead += strips * s->lines * 64;
    for (size_t t = 0; t < s->targets; t++) {
        s->to[t].c += done;
        s->to[t].size += done;
    }
}

/* The first `entries` entries times the panel at `column`. */
static void run_panel(const wn_strassen_share *b, wn_strassen_strips s, size_t entries, size_t column) {
    const size_t most = b->s->kern->rows;
    size_t strips = entries / most, rest = entries % most;
    for (size_t t = 0; t < s.targets; t++) {
        s.to[t].scale += column;
        s.to[t].at += column;
        if (s.to[t].start) s.to[t].start += column;
    }
    if (rest && rest < FEW && strips) { /* shared out over two */
        strips--;
        rest += most;
    }
    run_strips(b, &s, strips, most);
    if (rest > most) {
        const size_t first = (rest + 1) / 2;
        run_strips(b, &s, 1, first);
        rest -= first;
    }
    if (rest) run_strips(b, &s, 1, rest);
}

static void run_term(const wn_strassen_share *b, size_t q) {
    const wn_strassen *p = b->s;
    const size_t width = p->kern->width, panel = b->part * width, columns = p->n / p->scheme->parts;
    const wn_strassen_term *term = &p->scheme->terms[q];
    const size_t entries = counts_alone(term) ? b->entries : b->pairs, strips = entries / p->kern->rows + 1;
    const bool last = b->from + b->part == p->k / p->scheme->parts;
    wn_strassen_strips s = {
        .a = b->a, .k = b->part, .lines = panel * p->kind->bytes / 64 / strips + 1, .start_a = b->start};
    if (entries == 0) return;
    add_targets(b, q, &s);
    combine_rows(b, term, entries);
    for (size_t column = 0; column < columns; column += width) {
        s.b = wn_strassen_further(p->kind, p->panels, wn_strassen_at(p, b->from, b->part, q, column));
        if (p->start) s.start_b = p->start + wn_strassen_start_at(p, b->from, q, column);
        s.ahead = (const char *)s.b.f32 + panel * p->kind->bytes; /* the next panel comes while this one is worked on */
        run_panel(b, s, entries, column);
        if (b->epilogue && last) tell(b, q, column, width);
    }
}

static void find_runs(wn_strassen_share *b) {
    for (size_t e = 0, end, n; e < b->entries; e += n) {
        end = e < b->pairs ? b->pairs : b->entries;
        const size_t step = e + 1 < end && b->first[e + 1] > b->first[e] ? b->first[e + 1] - b->first[e] : 1;
        for (n = 1; e + n < end && b->first[e + n] == b->first[e] + n * step; n++) {
        }
        b->runs[b->nruns].entry = e;
        b->runs[b->nruns].count = n;
        b->runs[b->nruns++].step = step;
    }
}

/* Where the share's rows of y are. */
static void find_rows(wn_strassen_share *b, float *spare) {
    for (size_t e = 0; e < b->entries; e++) {
        b->rows[0][e] = b->y + b->first[e] * b->ldy;
        b->rows[1][e] = e < b->pairs ? b->rows[0][e] + b->ldy : spare;
        if (e >= b->pairs) b->size[WN_STRASSEN_SHARE + e] = 0;
    }
}

static void run_share(wn_strassen_share *b) {
    const wn_strassen_scheme *scheme = b->s->scheme;
    const size_t end = b->s->k / scheme->parts;
    for (b->from = 0; b->from < end; b->from += b->part) {
        b->part = end - b->from < scheme->kc ? end - b->from : scheme->kc;
        if (b->s->kind->prepare) b->s->kind->prepare(b);
        for (size_t q = 0; q < scheme->products; q++) run_term(b, q);
    }
}

/* Entries of each share: equal, and whole strips where there is room. */
static size_t share_size(size_t entries, size_t strip) {
    const size_t shares = (entries + WN_STRASSEN_SHARE - 1) / WN_STRASSEN_SHARE;
    const size_t share = shares ? (entries + shares - 1) / shares : 0;
    return share + strip <= WN_STRASSEN_SHARE ? (share + strip - 1) / strip * strip : share;
}

void wn_strassen_apply(const void *state, const wn_linear_rows *x, const wn_epilogue *e, float *y, size_t ldy,
                       void *scratch) {
    const wn_strassen *s = state;
    float *combinations = scratch, *size = combinations + WN_STRASSEN_SHARE * WN_STRASSEN_LD;
    uint32_t *start = (uint32_t *)(void *)(size + 2 * WN_STRASSEN_SHARE);
    int16_t *q = (int16_t *)(void *)(start + WN_STRASSEN_SHARE);
    float *spare = (float *)(void *)(q + WN_STRASSEN_SHARE * 4 * WN_STRASSEN_KC16);
    uint32_t *first = (uint32_t *)(void *)(spare + s->n);
    size_t entries;
    const size_t pairs = list_entries(x, first, &entries), share = share_size(entries, s->kern->rows);
    for (size_t i = 0; i < entries; i += share) {
        wn_strassen_share b = {.s = s,
                               .first = first + i,
                               .entries = entries - i < share ? entries - i : share,
                               .x = x->x,
                               .ldx = x->stride,
                               .bias = e->bias ? e->bias : s->zeros,
                               .y = y,
                               .ldy = ldy,
                               .epilogue = e->activation != WN_ACT_IDENTITY ? e : NULL,
                               .size = size,
                               .start = start,
                               .q = q};
        if (s->kind->integers) b.a.i16 = scratch;
        else b.a.f32 = combinations;
        b.pairs = i >= pairs ? 0 : pairs - i < b.entries ? pairs - i : b.entries;
        if (b.epilogue) find_runs(&b);
        find_rows(&b, spare);
        run_share(&b);
    }
}
