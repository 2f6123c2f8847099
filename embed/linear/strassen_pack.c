/* W's combinations in panels. strassen.h explains the words. */
#include <string.h>
#include <winnow/threads.h>

#include "strassen.h"

/* Bytes behind the last panel, which the kernel may fetch: a panel is at most 256 x 32 floats, and strips round up. */
enum { AHEAD = 64 * 1024 };
/* Blocks of W in a panel's columns, and a combination of them. */
enum { BLOCKS = WN_STRASSEN_PARTS * WN_STRASSEN_PARTS, TEMPORARY = BLOCKS + 1 };

typedef struct {
    const wn_strassen *s;
    const float *w;
    float *rows; /* [workers][TEMPORARY][width][WN_STRASSEN_LD] */
} packing;

static size_t slice_of(const wn_strassen *s, size_t from) {
    const size_t rest = s->k / s->scheme->parts - from;
    return rest < s->scheme->kc ? rest : s->scheme->kc;
}

/* Rows of W at equal sizes. One that is larger than its partners in other parts of the columns, as those that write
 * an encoder's outlying dimensions are, would leave its rounding errors in their results. */
static void find_scales(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const packing *p = ctx;
    const wn_strassen *s = p->s;
    const size_t half = s->k / 2;
    for (size_t j = begin; j < end; j++) {
        const float *row = p->w + j * s->k;
        for (size_t from = 0; from < (s->kind->integers ? half : 1); from += s->scheme->kc) {
            float *scale = wn_strassen_scales(s, from) + j;
            *scale = s->kind->scale(row + from, half, s->kind->integers ? slice_of(s, from) : half);
            scale[s->n] = -*scale;
        }
    }
}

/* One slice of the panel at `column`: its blocks of W scaled, then each term's combination. */
static void pack_panel(const packing *p, size_t column, size_t from, float *temp) {
    const wn_strassen *s = p->s;
    const wn_strassen_scheme *scheme = s->scheme;
    const size_t n = s->n, k = s->k, parts = scheme->parts, width = s->kern->width, block = width * WN_STRASSEN_LD,
                 part = slice_of(s, from);
    float *out = temp + parts * parts * block;
    const float *rows[WN_STRASSEN_WIDTH];
    for (size_t i = 0; i < parts * parts * width; i++) { /* block [part of k][part of the columns] */
        const size_t c = i / (parts * parts), of = i % (parts * parts), j = column + c + of % parts * (n / parts);
        s->kind->weigh(p->w + j * k + from + of / parts * (k / parts), wn_strassen_scales(s, from)[j], part,
                       temp + of * block + c * WN_STRASSEN_LD);
    }
    for (size_t c = 0; c < width; c++) rows[c] = out + c * WN_STRASSEN_LD;
    for (size_t q = 0; q < scheme->products; q++) {
        const wn_strassen_sum sum = wn_strassen_sum_of(scheme->terms[q].w, parts);
        const float *blocks[WN_STRASSEN_BLOCKS];
        for (size_t i = 0; i < sum.count; i++) blocks[i] = temp + (sum.row[i] * parts + sum.column[i]) * block;
        s->kern->combine(blocks, sum.sign, sum.count, block, out);
        s->kind->store(rows, width, part,
                       wn_strassen_further(s->kind, s->panels, wn_strassen_at(s, from, part, q, column)),
                       s->start ? s->start + wn_strassen_start_at(s, from, q, column) : NULL);
    }
}

static void pack_panels(void *ctx, size_t begin, size_t end, int worker) {
    const packing *p = ctx;
    const wn_strassen *s = p->s;
    const size_t width = s->kern->width;
    for (size_t i = begin; i < end; i++)
        for (size_t from = 0; from < s->k / s->scheme->parts; from += s->scheme->kc)
            pack_panel(p, i * width, from, p->rows + (size_t)worker * TEMPORARY * width * WN_STRASSEN_LD);
}

static wn_code strassen_reserve(wn_strassen *s, wn_err *err) {
    const size_t products = s->scheme->products, columns = s->n / s->scheme->parts, depth = s->k / s->scheme->parts,
                 slices = (depth + s->scheme->kc - 1) / s->scheme->kc;
    if (s->k > (SIZE_MAX / WN_STRASSEN_TERMS - AHEAD) / sizeof(float) / s->n)
        return wn_err_set(err, WN_EMEMORY, "packing a matrix of %zu rows of %zu: too large for this machine", s->n,
                          s->k);
    const size_t bytes = products * columns * depth * s->kind->bytes + AHEAD;
    if (s->kind->integers) {
        if (!(s->panels.i16 = wn_alloc(bytes, 1, err))) return WN_EMEMORY;
        if (!(s->start = wn_alloc(slices * products * columns, sizeof *s->start, err))) return WN_EMEMORY;
    } else {
        if (!(s->panels.f32 = wn_alloc(bytes, 1, err))) return WN_EMEMORY;
    }
    if (!(s->scale = wn_alloc((s->kind->integers ? slices : 1) * 2 * s->n, sizeof *s->scale, err))) return WN_EMEMORY;
    if (!(s->zeros = wn_alloc(s->n, sizeof *s->zeros, err))) return WN_EMEMORY;
    return WN_OK;
}

wn_code wn_strassen_pack(wn_strassen **out, const wn_strassen_kind *kind, const wn_strassen_kern *kern,
                         const wn_strassen_scheme *scheme, const float *w, size_t n, size_t k, wn_err *err) {
    packing pack = {.w = w};
    wn_code code = WN_EMEMORY;
    wn_strassen *s = wn_alloc(1, sizeof *s, err);
    if (!s) goto out;
    *s = (wn_strassen){.kind = kind, .kern = kern, .scheme = scheme, .n = n, .k = k};
    if ((code = strassen_reserve(s, err)) != WN_OK) goto out;
    pack.s = s;
    pack.rows = wn_alloc((size_t)wn_threads_get() * TEMPORARY * kern->width, WN_STRASSEN_LD * sizeof *pack.rows, err);
    code = pack.rows ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    wn_parallel_for(n, 64, find_scales, &pack);
    wn_parallel_for(n / scheme->parts / kern->width, 1, pack_panels, &pack);
    *out = s;
    s = NULL;
out:
    wn_free(pack.rows);
    wn_strassen_free(s);
    return code;
}

void wn_strassen_free(void *state) {
    wn_strassen *s = state;
    if (!s) return;
    wn_free(s->kind->integers ? (void *)s->panels.i16 : (void *)s->panels.f32);
    wn_free(s->scale);
    wn_free(s->start);
    wn_free(s->zeros);
    wn_free(s);
}
