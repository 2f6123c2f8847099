#ifndef WINNOW_LINALG_PAIRED_PRIVATE_H
#define WINNOW_LINALG_PAIRED_PRIVATE_H
/* What packing and multiplying share. Private to base/linalg. */
#include <float.h>

#include "kern.h"

enum { PRODUCTS = 7 };

/* What a product multiplies, and where it counts: coefficients of the blocks of x [row][half of k], of W [half of
 * k][half of the columns] and of y [row][half of the columns]. */
typedef struct {
    int8_t x[2][2], w[2][2], y[2][2];
} wn_paired_term;
extern const wn_paired_term wn_paired_terms[PRODUCTS];

/* A combination of blocks 2 * i + j, of which at most two have a coefficient: block `plus`, and block `other` added or
 * taken away. */
typedef struct {
    size_t plus, other;
    bool two, minus;
} wn_paired_choice;
/* Of the first `rows` rows of coefficients. Where all are 0, plus is 4, which is no block. */
wn_paired_choice wn_paired_choose(const int8_t of[2][2], size_t rows);

/* Largest integers of a row of x and of W; combinations are up to twice as large, and a sum has WN_PAIRED_KC products.
 */
enum { WN_PAIRED_X16 = 2364, WN_PAIRED_W16 = 1182 };
/* What a row of that largest element is multiplied by; 0 where the integers would mean nothing. */
static inline float wn_paired_by(float largest, int most) {
    return largest >= 0x1p-100f && largest <= FLT_MAX ? (float)most / largest : 0;
}
_Static_assert(4ll * WN_PAIRED_X16 * WN_PAIRED_W16 * WN_PAIRED_KC < 1ll << 31, "sums of a block must fit 32 bits");

/* Panels of combinations lie as [block of k][product][panel][k][width]: elements before the panel at `column`. */
static inline size_t wn_paired_at(size_t n, size_t from, size_t part, size_t product, size_t column) {
    return PRODUCTS * n / 2 * from + (product * n / 2 + column) * part;
}
/* And where the sums of the column at `column` begin. */
static inline size_t wn_paired_start_at(size_t n, size_t from, size_t product, size_t column) {
    return (from / WN_PAIRED_KC * PRODUCTS + product) * (n / 2) + column;
}

#endif
