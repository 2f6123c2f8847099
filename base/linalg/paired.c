#include <wn/paired.h>

#include <string.h>

#include "paired_private.h"

enum { BLOCK = 320 }; /* entries whose combinations stay in the second-level cache */
enum { FEW = 4 };     /* with fewer rows in a strip, its multiply-adds wait for one another */

static const float zeros[WN_PANEL];

/* Combinations, sizes, where sums begin, blocks of 16 bits, and a row that nobody reads. */
size_t wn_paired_scratch(size_t n) {
    return BLOCK * (WN_PAIRED_LD + 3 + 4 * WN_PAIRED_KC16 / 2) + n;
}

/* Rows of y at equal distances, of which each entry has one, or two. */
typedef struct {
    size_t entry, count, step;
} run;

/* Some entries of the list of rows, of which the first `pairs` have a partner, through one block of k. */
typedef struct {
    const wn_paired *p;
    const wn_paired_scheme *scheme;
    const wn_kern *kern;
    const uint32_t *first; /* of the block's entries */
    size_t pairs, entries;
    const float *x;
    size_t ldx;
    const float *bias;
    float *y;
    size_t ldy, from, part;
    run runs[BLOCK]; /* first those of pairs */
    size_t nruns;
    float *rows[2][BLOCK]; /* of y; a row without partner has a spare one in its place, so that all go through alike */
    float *size;           /* [2][BLOCK] integers only: what a row's 1 is worth */
    uint32_t *start;       /* [BLOCK] integers only: where sums of the combination begin */
    int16_t *q;            /* [entries][2][2][WN_PAIRED_KC16] integers only: the rows' blocks */
    void *a;               /* [entries][WN_PAIRED_LD] */
    wn_paired_finish finish;
    void *ctx;
} block;

/* Whether a product counts for rows without a partner. */
static bool counts_alone(const wn_paired_term *t) {
    return (t->x[0][0] || t->x[0][1] || t->x[0][2]) && (t->y[0][0] || t->y[0][1] || t->y[0][2]);
}

/* Rows lie too far apart for the processor to see which comes next. */
static void fetch(const float *x, size_t n) {
    for (size_t i = 0; i < n; i += 16) __builtin_prefetch(x + i);
}

static void round_rows(const block *b) {
    const size_t half = b->p->k / 2;
    for (size_t e = 0; e < b->entries; e++) {
        const float *next = b->x + b->first[e + 1 < b->entries ? e + 1 : e] * b->ldx + b->from;
        for (size_t row = 0; row < (e + 1 < b->pairs ? 2 : 1); row++) {
            fetch(next + row * b->ldx, b->part);
            fetch(next + row * b->ldx + half, b->part);
        }
        for (size_t row = 0; row < (e < b->pairs ? 2 : 1); row++) {
            const float *x = b->x + (b->first[e] + row) * b->ldx + b->from;
            const float left = b->kern->largest(x, b->part), right = b->kern->largest(x + half, b->part);
            const float most = (left > right ? left : right) + (left - left) + (right - right),
                        by = wn_paired_by(most, WN_PAIRED_X16);
            int16_t *q = b->q + (2 * e + row) * 2 * WN_PAIRED_KC16;
            if (by == 0) { /* what is not finite shows in `size`, and in this row alone */
                memset(q, 0, 2 * WN_PAIRED_KC16 * sizeof *q);
            } else {
                b->kern->round16(x, by, b->part, q);
                b->kern->round16(x + half, by, b->part, q + WN_PAIRED_KC16);
            }
            b->size[row * BLOCK + e] = most / WN_PAIRED_X16;
        }
    }
}

static void combine_floats(const block *b, size_t e, const wn_paired_sum *sum) {
    enum { AHEAD = 2 };
    const size_t part = b->p->k / b->scheme->parts;
    const float *x = b->x + b->first[e] * b->ldx + b->from, *blocks[WN_PAIRED_BLOCKS];
    const bool ahead = e + AHEAD < (e < b->pairs ? b->pairs : b->entries);
    const float *next = ahead ? b->x + b->first[e + AHEAD] * b->ldx + b->from : x;
    for (size_t i = 0; i < sum->count; i++) {
        const size_t at = sum->row[i] * b->ldx + sum->column[i] * part;
        blocks[i] = x + at;
        if (ahead) fetch(next + at, b->part);
    }
    b->kern->combine(blocks, sum->sign, sum->count, b->part, (float *)b->a + e * WN_PAIRED_LD);
}

/* Halves only: one block, or two. */
static void combine_integers(const block *b, size_t e, const wn_paired_sum *sum) {
    const int16_t *q = b->q + e * 4 * WN_PAIRED_KC16, *blocks[2] = {NULL, NULL};
    for (size_t i = 0; i < sum->count; i++) blocks[i] = q + (2 * sum->row[i] + sum->column[i]) * WN_PAIRED_KC16;
    b->start[e] =
        -b->kern->combine16(blocks[0], blocks[1], sum->sign[1] < 0, b->part / 2, (int16_t *)b->a + e * WN_PAIRED_LD);
}

static size_t rows_of_strip(const wn_paired *p) {
    const wn_kern *kern = p->kern;
    return p->integers ? kern->paired16_rows : kern->paired_rows;
}

static void combine_rows(const block *b, const wn_paired_term *t, size_t entries) {
    const wn_paired_sum pair = wn_paired_sum_of(t->x, 2), alone = wn_paired_sum_of(t->x, 1);
    for (size_t e = 0; e < entries; e++) {
        const wn_paired_sum *sum = e < b->pairs ? &pair : &alone;
        if (b->p->integers)
            combine_integers(b, e, sum);
        else
            combine_floats(b, e, sum);
    }
}

/* Whether one of the products [begin, end) counts in that block of y. */
static bool touched(const wn_paired_scheme *s, size_t row, size_t column, size_t begin, size_t end) {
    for (size_t q = begin; q < end; q++)
        if (s->terms[q].y[row][column]) return true;
    return false;
}

static void add_targets(const block *b, size_t q, wn_paired_strips *s) {
    const size_t n = b->p->n, parts = b->scheme->parts, blocks = b->p->integers ? b->from / b->scheme->kc : 0;
    for (size_t i = 0; i < 2 * parts; i++) {
        const size_t row = i / parts, column = i % parts, at = column * (n / parts);
        const int sign = b->scheme->terms[q].y[row][column];
        if (sign == 0) continue;
        s->to[s->targets].c = b->rows[row];
        s->to[s->targets].at = at;
        s->to[s->targets].scale = b->p->scale + blocks * 2 * n + (sign < 0 ? n : 0) + at;
        s->to[s->targets].size = b->size + row * BLOCK;
        s->to[s->targets++].start = b->from > 0 || touched(b->scheme, row, column, 0, q) ? NULL
                                    : b->bias                                            ? b->bias + at
                                                                                         : zeros;
    }
}

/* Tells of the columns at `column` that product q was the last to change. */
static void tell(const block *b, size_t q, size_t column, size_t width) {
    const size_t parts = b->scheme->parts;
    for (size_t i = 0; i < 2 * parts; i++) {
        const size_t row = i / parts, part = i % parts;
        if (!b->scheme->terms[q].y[row][part] || touched(b->scheme, row, part, q + 1, b->scheme->products)) continue;
        const size_t at = column + part * (b->p->n / parts);
        for (const run *r = b->runs; r < b->runs + b->nruns && (row == 0 || r->entry < b->pairs); r++)
            b->finish(b->ctx, b->y + (b->first[r->entry] + row) * b->ldy + at, r->count, r->step * b->ldy, at, width);
    }
}

/* The next `strips` strips of m entries; what points to entries moves on. */
static void run_strips(const block *b, wn_paired_strips *s, size_t strips, size_t m) {
    s->strips = strips;
    s->m = m;
    if (b->p->integers)
        b->kern->paired16(s);
    else
        b->kern->paired(s);
    const size_t done = strips * m;
    s->a = (const char *)s->a + done * WN_PAIRED_LD * (b->p->integers ? sizeof(int16_t) : sizeof(float));
    s->start_a += done;
    s->ahead += strips * s->lines * 64;
    for (size_t t = 0; t < s->targets; t++) {
        s->to[t].c += done;
        s->to[t].size += done;
    }
}

/* The first `entries` entries times the panel at `column`. */
static void run_panel(const block *b, wn_paired_strips s, size_t entries, size_t column) {
    const size_t most = rows_of_strip(b->p);
    size_t strips = entries / most, rest = entries % most;
    for (size_t t = 0; t < s.targets; t++) {
        s.to[t].scale += column;
        s.to[t].at += column;
        if (s.to[t].start && s.to[t].start != zeros) s.to[t].start += column;
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

static void run_product(const block *b, size_t q) {
    const size_t width = b->kern->paired_width, size = b->p->integers ? sizeof(int16_t) : sizeof(float),
                 bytes = b->part * width * size;
    const wn_paired_term *term = &b->scheme->terms[q];
    const size_t entries = counts_alone(term) ? b->entries : b->pairs, strips = entries / rows_of_strip(b->p) + 1;
    const bool last = b->from + b->part == b->p->k / b->scheme->parts;
    wn_paired_strips s = {.a = b->a, .k = b->part, .lines = bytes / 64 / strips + 1, .start_a = b->start};
    if (entries == 0) return;
    add_targets(b, q, &s);
    combine_rows(b, term, entries);
    for (size_t column = 0; column < b->p->n / b->scheme->parts; column += width) {
        s.b = (const char *)b->p->data + wn_paired_at(b->p, b->from, b->part, q, column) * size;
        if (b->p->integers) s.start_b = b->p->start + wn_paired_start_at(b->p, b->from, q, column);
        s.ahead = (const char *)s.b + bytes; /* the next panel comes while this one is worked on */
        run_panel(b, s, entries, column);
        if (b->finish && last) tell(b, q, column, width);
    }
}

static void find_runs(block *b) {
    for (size_t e = 0, end, n; e < b->entries; e += n) {
        end = e < b->pairs ? b->pairs : b->entries;
        const size_t step = e + 1 < end && b->first[e + 1] > b->first[e] ? b->first[e + 1] - b->first[e] : 1;
        for (n = 1; e + n < end && b->first[e + n] == b->first[e] + n * step; n++) {
        }
        b->runs[b->nruns++] = (run){.entry = e, .count = n, .step = step};
    }
}

/* Where the block's rows of y are. */
static void find_rows(block *b, float *spare) {
    for (size_t e = 0; e < b->entries; e++) {
        b->rows[0][e] = b->y + b->first[e] * b->ldy;
        b->rows[1][e] = e < b->pairs ? b->rows[0][e] + b->ldy : spare;
        if (e >= b->pairs) b->size[BLOCK + e] = 0;
    }
}

void wn_paired_apply(const wn_paired *p, const float *x, size_t ldx, const wn_row_pairs *rows, const float *bias,
                     float *y, size_t ldy, float *scratch, wn_paired_finish finish, void *ctx) {
    const wn_kern *kern = p->kern;
    const size_t strip = rows_of_strip(p);
    const size_t total = rows->pairs + rows->singles, blocks = (total + BLOCK - 1) / BLOCK;
    size_t share = blocks ? (total + blocks - 1) / blocks : 0;
    if (share + strip <= BLOCK) share = (share + strip - 1) / strip * strip;
    for (size_t i = 0; i < total; i += share) {
        block b = {.p = p,
                   .scheme = p->scheme,
                   .kern = kern,
                   .first = rows->first + i,
                   .x = x,
                   .ldx = ldx,
                   .bias = bias,
                   .y = y,
                   .ldy = ldy,
                   .finish = finish,
                   .ctx = ctx};
        b.a = scratch;
        b.size = scratch + BLOCK * WN_PAIRED_LD;
        b.start = (uint32_t *)(void *)(b.size + 2 * BLOCK);
        b.q = (int16_t *)(void *)(b.start + BLOCK);
        b.entries = total - i < share ? total - i : share;
        b.pairs = i >= rows->pairs ? 0 : rows->pairs - i < b.entries ? rows->pairs - i : b.entries;
        if (finish) find_runs(&b);
        find_rows(&b, (float *)(void *)(b.q + BLOCK * 4 * WN_PAIRED_KC16));
        const size_t end = p->k / b.scheme->parts;
        for (b.from = 0; b.from < end; b.from += b.part) {
            b.part = end - b.from < b.scheme->kc ? end - b.from : b.scheme->kc;
            if (p->integers) round_rows(&b);
            for (size_t q = 0; q < b.scheme->products; q++) run_product(&b, q);
        }
    }
}
