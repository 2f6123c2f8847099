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
#include <wn/gemm.h>

enum { WN_PANEL = 32, WN_STRIP = 14, WN_KC = 512, WN_STRIP_LD = WN_KC + 16 };

typedef struct {
    size_t strip; /* rows that micro takes at a time, at most WN_STRIP */
    /* c[m, 32] = a . b (+ c when `accumulate`): a [m, k] with stride WN_STRIP_LD, b [k][32], m <= strip, k <= WN_KC */
    void (*micro)(const float *a, size_t k, const float *b, float *c, size_t ldc, size_t m, int accumulate);
    /* v[i] = exp(gamma (v[i] - 1)), n a multiple of 32 */
    void (*rbf)(float *v, size_t n, float gamma);
    /* Sum of v[n] in double, n a multiple of 32; with cols also cols[i] += v[i] */
    double (*sum)(const float *v, size_t n, double *cols);
    /* lanes[i mod 8] += max(v[i] - low[i], 0); lanes[i mod 8] += min(max(v[i], 0), high[i]): in double, n a multiple of
     * 8 */
    void (*above)(const float *v, const double *low, size_t n, double lanes[8]);
    void (*below)(const float *v, const double *high, size_t n, double lanes[8]);
    /* lanes[i mod 8] += |v| / (sqrt(has + |v|) + root), 0 where v is 0; where v is below 0 has and root are those
     * `below` further on; n a multiple of 8 */
    void (*roots)(const float *v, const double *has, const double *root, size_t n, size_t below, double lanes[8]);
    /* Writes to hits the positions, rising, where v[i] >= t or v[i] >= tv[i] (tv may be NULL); n a multiple of 32 */
    size_t (*scan)(const float *v, size_t n, float t, const float *tv, uint32_t *hits);
} wn_kern;

const wn_kern *wn_kern_get(void);
extern const wn_kern wn_kern_portable, wn_kern_avx2, wn_kern_avx512;

/* Packs rows[0 .. n) of k floats into ceil(n / 32) panels, missing rows zero. */
void wn_pack_rows(const float *const *rows, size_t n, size_t k, float *panels);
/* m rows of the left side, at most kern->strip; the `ahead` pointers after them, those of the next strip, are fetched
 * while these are worked on. */
typedef struct {
    const float *const *rows; /* [m + ahead] */
    size_t m, ahead;
} wn_strip;
/* `count` panels of k values of the right side. */
typedef struct {
    const float *data; /* [count][k][WN_PANEL] */
    size_t k, count;
} wn_panels;
/* c[m, count * 32] = rows . panels over all k, ldc >= count * 32. */
void wn_strip_product(const wn_kern *kern, const wn_strip *s, const wn_panels *p, float *c, size_t ldc);
/* The same over k from `from` to `from + part`, part <= WN_KC, going on from c when `accumulate`. */
void wn_strip_part(const wn_kern *kern, const wn_strip *s, const wn_panels *p, size_t from, size_t part, float *c,
                   size_t ldc, int accumulate);

#endif
