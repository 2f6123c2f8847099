#ifndef WINNOW_LINALG_KERN_H
#define WINNOW_LINALG_KERN_H
/* The kernels that depend on the processor, behind one table. Private to base/linalg and its tests.
 *
 * The right side of a product is packed in panels of WN_PANEL rows, [panel][k][WN_PANEL]; the left side is copied in
 * strips of a few rows, at most WN_KC values of k at a time. Each element of a product is one chain of multiply-adds
 * over k, whatever its place in strip and panel: blocks of k go on from the value in c. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wn/cpu.h>
#include <wn/paired.h>

enum { WN_PANEL = 32, WN_STRIP = 14, WN_KC = 512, WN_STRIP_LD = WN_KC + 16 };
/* The paired product (winnow/paired.h). */
enum {
    WN_PAIRED_KC = 256, /* most values of k at a time; of integers: */
    WN_PAIRED_KC16 = 192,
    WN_PAIRED_LD = WN_PAIRED_KC + 16, /* distance of the rows of combinations */
    WN_PAIRED_BLOCKS = 4,             /* most blocks that a combination adds up */
    WN_PAIRED_TARGETS = 4             /* most places of y that a product counts in */
};

/* Strips of m combined rows each, one behind the other, times one panel: for each target, c[r][at ..] = start + scale *
 * product. */
typedef struct {
    const void *a; /* [strips m][WN_PAIRED_LD] floats, or 16-bit integers */
    const void *b; /* [k][paired_width] floats; [k / 4][2][paired_width][2] integers of the second half of k, the first */
    const uint32_t *start_a, *start_b; /* [strips m], [paired_width] integers only: minus the product of a row's halves,
                                          a column's halves */
    size_t k, m, strips;
    const char *ahead;
    size_t lines; /* of 64 bytes at `ahead`, fetched meanwhile by each strip */
    size_t targets;
    struct {
        float *const *c; /* [strips m] */
        size_t at;
        const float *scale; /* [paired_width] */
        const float *size;  /* [strips m] by which rows of integers are multiplied too */
        const float *start; /* [paired_width]; NULL: what is there */
    } to[WN_PAIRED_TARGETS];
} wn_paired_strips;

typedef struct {
    size_t strip; /* rows that micro takes at a time, at most WN_STRIP */
    /* c[m, 32] = a . b (+ c when `accumulate`): a [m, k] with stride WN_STRIP_LD, b [k][32], m <= strip, k <= WN_KC */
    void (*micro)(const float *a, size_t k, const float *b, float *c, size_t ldc, size_t m, int accumulate);
    /* v[i] = exp(gamma (v[i] - 1)), n a multiple of 32 */
    void (*rbf)(float *v, size_t n, float gamma);
    /* Sum of v[n] in double, n a multiple of 32; with cols also cols[i] += v[i] */
    double (*sum)(const float *v, size_t n, double *cols);
    /* Writes to hits the positions, rising, where v[i] >= t or v[i] >= tv[i] (tv may be NULL); n a multiple of 32 */
    size_t (*scan)(const float *v, size_t n, float t, const float *tv, uint32_t *hits);
    size_t paired_rows, paired16_rows, paired_width; /* of a strip, at most WN_STRIP; of a panel, at most WN_PANEL */
    void (*paired)(const wn_paired_strips *s);
    /* out[n] = x[0] + signs[1] x[1] + ..., from left to right; signs are 1 or -1, count 1 .. WN_PAIRED_BLOCKS */
    void (*combine)(const float *const *x, const float *signs, size_t count, size_t n, float *out);
    /* The same with 16-bit integers; NULL where the processor has none */
    void (*paired16)(const wn_paired_strips *s);
    float (*largest)(const float *x, size_t n); /* of |x|; not finite where an element is not */
    void (*round16)(const float *x, float by, size_t n, int16_t *out); /* x by, to the nearest, even at ties */
    /* out[2 half] = x, x + y or x - y (y may be NULL); returns the product of its halves modulo 2^32 */
    uint32_t (*combine16)(const int16_t *x, const int16_t *y, bool minus, size_t half, int16_t *out);
} wn_kern;

const wn_kern *wn_kern_get(void);
/* wn_paired_init, or init16 with `integers`, for a given table of kernels. */
wn_code wn_paired_pack(wn_paired *p, const wn_kern *kern, bool integers, const float *w, size_t n, size_t k, wn_err *err);

extern const wn_kern wn_kern_portable, wn_kern_avx2, wn_kern_avx512, wn_kern_avx512_vnni, wn_kern_avx512_vnni_adders;

/* panel[k][width] = the transposed rows[0 .. n) of k floats, missing ones zero; width a multiple of 4, at least n. */
void wn_pack_panel(const float *const *rows, size_t n, size_t k, size_t width, float *panel);
/* Packs rows[0 .. n) of k floats into ceil(n / 32) panels, missing rows zero. */
void wn_pack_rows(const float *const *rows, size_t n, size_t k, float *panels);
/* c[m, npanels * 32] = rows . panels over all k, m <= strip, ldc >= npanels * 32. The `ahead` pointers after rows[m],
 * those of the next strip, are fetched meanwhile. */
void wn_strip_product(const wn_kern *kern, const float *const *rows, size_t m, size_t ahead, size_t k,
                      const float *panels, size_t npanels, float *c, size_t ldc);
/* The same over k from `from` to `from + part`, part <= WN_KC, going on from c when `accumulate`. */
void wn_strip_part(const wn_kern *kern, const float *const *rows, size_t m, size_t ahead, size_t k, size_t from,
                   size_t part, const float *panels, size_t npanels, float *c, size_t ldc, int accumulate);

#endif
