/* W's combinations in panels, as floats or as 16-bit integers. */
#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "paired_private.h"

enum { WIDE = 768 };        /* from where thirds are faster than halves */
enum { AHEAD = 64 * 1024 }; /* bytes behind the last panel, which the kernel may fetch */

bool wn_paired_fits(size_t n, size_t k) {
    return n && k && n % 64 == 0 && k % 2 == 0;
}
bool wn_paired_fits16(size_t n, size_t k) {
    return wn_paired_fits(n, k) && k % 8 == 0;
}
bool wn_paired_has16(void) {
    return wn_kern_get()->paired16 != NULL;
}

typedef struct {
    const wn_kern *kern;
    const float *w;
    const wn_paired *p;
    float *rows; /* [workers][10][width][WN_PAIRED_LD]: blocks of W, and their combination */
} packing;

/* A power of two near the size of w[k], by the mean of its fourth powers: large elements matter, since large values of
 * x meet them. Within limits that keep its inverse a normal float. */
static float size_of(const float *w, size_t k) {
    double sum[4] = {0};
    for (size_t i = 0; i < k; i++) sum[i % 4] += (double)w[i] * (double)w[i] * (double)w[i] * (double)w[i];
    const double mean = (sum[0] + sum[1] + sum[2] + sum[3]) / (double)k;
    return mean > 0 && isfinite(mean) ? exp2f((float)fmin(fmax(rint(log2(mean) / 4), -100), 100)) : 1.0f;
}

/* What the largest of w[n] and so_far is; NaN where one is not finite. */
static float largest(const float *w, size_t n, float so_far) {
    float bad = so_far - so_far;
    for (size_t i = 0; i < n; i++) {
        so_far = fabsf(w[i]) > so_far ? fabsf(w[i]) : so_far;
        bad += w[i] - w[i];
    }
    return so_far + bad;
}

static const float *scale_of(const wn_paired *p, size_t from, size_t j) {
    return p->scale + (p->integers ? from / WN_PAIRED_KC16 * 2 * p->n : 0) + j;
}

/* Rows of W at equal sizes. One that is larger than its partners in other parts of the columns, as those that write
 * an encoder's outlying dimensions are, would leave its rounding errors in their results. */
static void find_scales(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    const packing *p = ctx;
    const size_t n = p->p->n, k = p->p->k, half = k / 2;
    for (size_t j = begin; j < end; j++) {
        const float *row = p->w + j * k;
        for (size_t from = 0; from < (p->p->integers ? half : 1); from += WN_PAIRED_KC16) {
            const size_t part = half - from < WN_PAIRED_KC16 ? half - from : WN_PAIRED_KC16;
            float *scale = p->p->scale + from / WN_PAIRED_KC16 * 2 * n + j;
            if (p->p->integers)
                *scale = largest(row + half + from, part, largest(row + from, part, 0)) / WN_PAIRED_W16;
            else
                *scale = size_of(row, k);
            scale[n] = -*scale;
        }
    }
}

/* start[width] gets where the columns' sums begin. */
static void store_panel(const packing *p, const float *const *rows, size_t width, size_t part, size_t at,
                        uint32_t *start) {
    if (!p->p->integers) {
        wn_pack_panel(rows, width, part, width, (float *)p->p->data + at);
        return;
    }
    int16_t *to = (int16_t *)p->p->data + at;
    for (size_t c = 0; c < width; c++) {
        const float *row = rows[c];
        start[c] = 0;
        for (size_t i = 0; i < part / 2; i++) {
            const int16_t first = (int16_t)row[i], second = (int16_t)row[part / 2 + i];
            int16_t *pair = to + i / 2 * 4 * width + 2 * c + i % 2;
            pair[0] = second;
            pair[2 * width] = first;
            start[c] -= (uint32_t)(first * second);
        }
    }
}

/* One block of k of the panel at `column`: its blocks of W scaled, then each product's combination. */
static void pack_panel(const packing *p, size_t column, size_t from, float *temp) {
    const wn_paired_scheme *scheme = p->p->scheme;
    const size_t n = p->p->n, k = p->p->k, parts = scheme->parts, width = p->kern->paired_width,
                 block = width * WN_PAIRED_LD, rest = k / parts - from, part = rest < scheme->kc ? rest : scheme->kc;
    float *out = temp + parts * parts * block;
    const float *rows[WN_PANEL];
    for (size_t i = 0; i < parts * parts * width; i++) { /* block [part of k][part of the columns] */
        const size_t c = i / (parts * parts), of = i % (parts * parts), j = column + c + of % parts * (n / parts);
        const float *w = p->w + j * k + from + of / parts * (k / parts), scale = *scale_of(p->p, from, j),
                    down = p->p->integers ? wn_paired_by(scale * WN_PAIRED_W16, WN_PAIRED_W16) : 1.0f / scale;
        float *to = temp + of * block + c * WN_PAIRED_LD;
        for (size_t e = 0; e < part; e++) to[e] = !p->p->integers ? w[e] * down : down > 0 ? rintf(w[e] * down) : 0;
    }
    for (size_t c = 0; c < width; c++) rows[c] = out + c * WN_PAIRED_LD;
    for (size_t q = 0; q < scheme->products; q++) {
        const wn_paired_sum sum = wn_paired_sum_of(scheme->terms[q].w, parts);
        const float *blocks[WN_PAIRED_BLOCKS];
        for (size_t i = 0; i < sum.count; i++) blocks[i] = temp + (sum.row[i] * parts + sum.column[i]) * block;
        p->kern->combine(blocks, sum.sign, sum.count, block, out);
        store_panel(p, rows, width, part, wn_paired_at(p->p, from, part, q, column),
                    p->p->integers ? p->p->start + wn_paired_start_at(p->p, from, q, column) : NULL);
    }
}

static void pack_panels(void *ctx, size_t begin, size_t end, int worker) {
    const packing *p = ctx;
    const wn_paired_scheme *scheme = p->p->scheme;
    const size_t width = p->kern->paired_width;
    for (size_t i = begin; i < end; i++)
        for (size_t from = 0; from < p->p->k / scheme->parts; from += scheme->kc)
            pack_panel(p, i * width, from, p->rows + (size_t)worker * 10 * width * WN_PAIRED_LD);
}

static const wn_paired_scheme *scheme_for(bool integers, size_t n, size_t k) {
    const bool thirds = !integers && n % 96 == 0 && k % 3 == 0 && n >= WIDE && k >= WIDE;
    return thirds ? &wn_paired_thirds : &wn_paired_halves;
}

wn_code wn_paired_pack(wn_paired *p, const wn_kern *kern, bool integers, const float *w, size_t n, size_t k,
                       wn_err *err) {
    const wn_paired_scheme *scheme = scheme_for(integers, n, k);
    const size_t width = kern->paired_width, size = integers ? sizeof(int16_t) : sizeof(float),
                 products = scheme->products, columns = n / scheme->parts, depth = k / scheme->parts,
                 blocks = (depth + scheme->kc - 1) / scheme->kc;
    *p = (wn_paired){.n = n, .k = k, .integers = integers, .kern = kern, .scheme = scheme};
    if (k > (SIZE_MAX / WN_PAIRED_PRODUCTS - AHEAD) / sizeof(float) / n)
        return wn_err_set(err, WN_EMEMORY, "packing a matrix of %zu rows of %zu: too large for this machine", n, k);
    packing pack = {.kern = kern, .w = w, .p = p};
    pack.rows = wn_alloc((size_t)wn_threads_get() * 10 * width, WN_PAIRED_LD * sizeof *pack.rows, err);
    p->data = wn_alloc(products * columns * depth * size + AHEAD, 1, err);
    p->scale = wn_alloc((integers ? blocks : 1) * 2 * n, sizeof *p->scale, err);
    if (integers) p->start = wn_alloc(blocks * products * columns, sizeof *p->start, err);
    if (!pack.rows || !p->data || !p->scale || (integers && !p->start)) {
        wn_free(pack.rows);
        wn_paired_free(p);
        return WN_EMEMORY;
    }
    wn_parallel_for(n, 64, find_scales, &pack);
    wn_parallel_for(columns / width, 1, pack_panels, &pack);
    wn_free(pack.rows);
    return WN_OK;
}

wn_code wn_paired_init(wn_paired *p, const float *w, size_t n, size_t k, wn_err *err) {
    return wn_paired_pack(p, wn_kern_get(), false, w, n, k, err);
}

wn_code wn_paired_init16(wn_paired *p, const float *w, size_t n, size_t k, wn_err *err) {
    return wn_paired_pack(p, wn_kern_get(), true, w, n, k, err);
}

void wn_paired_free(wn_paired *p) {
    if (!p) return;
    wn_free(p->data);
    wn_free(p->scale);
    wn_free(p->start);
    *p = (wn_paired){0};
}
