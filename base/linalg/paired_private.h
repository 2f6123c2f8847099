#ifndef WINNOW_LINALG_PAIRED_PRIVATE_H
#define WINNOW_LINALG_PAIRED_PRIVATE_H
/* What packing and multiplying share. Private to base/linalg. */
#include <float.h>

#include "kern.h"

enum { WN_PAIRED_PRODUCTS = 15 };

/* What a product multiplies, and where it counts: coefficients of the blocks of x [row][part of k], of W [part of
 * k][part of the columns] and of y [row][part of the columns]. */
typedef struct {
    int8_t x[2][3], w[3][3], y[2][3];
} wn_paired_term;

/* `products` terms that together are the product of two rows. The first and the last term to count in a block of y's
 * first row count for rows without a partner. Each combination of x and of W begins with an added block. */
typedef struct {
    size_t parts, products; /* parts of k and of the columns */
    size_t kc;              /* values of k at a time, at most WN_PAIRED_KC */
    wn_paired_term terms[WN_PAIRED_PRODUCTS];
} wn_paired_scheme;
extern const wn_paired_scheme wn_paired_halves, wn_paired_thirds;

/* The blocks that a combination adds up, or takes away. */
typedef struct {
    size_t count, row[WN_PAIRED_BLOCKS], column[WN_PAIRED_BLOCKS];
    float sign[WN_PAIRED_BLOCKS];
} wn_paired_sum;
/* Of the first `rows` rows of coefficients. */
wn_paired_sum wn_paired_sum_of(const int8_t of[][3], size_t rows);

/* Largest integers of a row of x and of W; combinations are up to twice as large, and a sum has WN_PAIRED_KC16
 * products.
 */
enum { WN_PAIRED_X16 = 2364, WN_PAIRED_W16 = 1182 };
/* What a row of that largest element is multiplied by; 0 where the integers would mean nothing. */
static inline float wn_paired_by(float largest, int most) {
    return largest >= 0x1p-100f && largest <= FLT_MAX ? (float)most / largest : 0;
}
_Static_assert(4ll * WN_PAIRED_X16 * WN_PAIRED_W16 * WN_PAIRED_KC16 < 1ll << 31, "sums of a block must fit 32 bits");

/* Panels of combinations lie as [block of k][product][panel][k][width]: elements before the panel at `column`. */
static inline size_t wn_paired_at(const wn_paired *p, size_t from, size_t part, size_t product, size_t column) {
    const wn_paired_scheme *s = p->scheme;
    return s->products * (p->n / s->parts) * from + (product * (p->n / s->parts) + column) * part;
}
/* And where the sums of the column at `column` begin. */
static inline size_t wn_paired_start_at(const wn_paired *p, size_t from, size_t product, size_t column) {
    const wn_paired_scheme *s = p->scheme;
    return (from / s->kc * s->products + product) * (p->n / s->parts) + column;
}

#endif
