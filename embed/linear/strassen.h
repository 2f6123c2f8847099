#ifndef WINNOW_STRASSEN_H
#define WINNOW_STRASSEN_H
/* y = x W^T with fewer multiplications than the plain product has: one level of V. Strassen's algorithm (Gaussian
 * elimination is not optimal, 1969), whose blocks are chosen so that a text's bits depend on nothing but the text.
 *
 * Two rows of x that are neighbours in a text, the halves of k and the halves of the columns are blocks of a small
 * matrix product. 7 products of blocks do for 8:
 *
 *                k                      columns                    columns
 *            A0     A1               +------+------+            +------+------+
 *    row 0 +------+------+        A0 | W00  | W01  |      row 0 | Y00  | Y01  |
 *          | X00  | X01  |           +------+------+            +------+------+
 *    row 1 | X10  | X11  |        A1 | W10  | W11  |      row 1 | Y10  | Y11  |
 *          +------+------+           +------+------+            +------+------+
 *
 *    first of the seven:  (X00 + X11) (W00 + W11), which counts in Y00 and in Y11
 *                          one row     a panel of columns, packed once
 *
 * The rows of a block of x are single rows, so many pairs go through the same W. In halves that saves an eighth of the
 * multiplications; where W is wide there are thirds of k and of the columns, and 15 products do for 18, a sixth less
 * (J. E. Hopcroft and L. R. Kerr, On minimizing the number of multiplications necessary for matrix multiplication,
 * 1971).
 *
 * Blocks of many rows, as the textbook has them, would let a row's rounding depend on whatever stands half a matrix
 * away. Here it depends on its partner alone, the next row of its text. A row without one (the last of an odd text)
 * takes part in the products that concern it, at the cost of a plain product.
 *
 * Words:
 *   part         a half or a third of k, or of the columns
 *   block        of x: a row and a part of k. Of W: a part of k and a part of the columns. Of y: a row and a part of
 *                the columns
 *   term         one product of the scheme: a combination of blocks of x times a combination of blocks of W, counted
 *                (added or taken away) in some blocks of y
 *   combination  such a sum of blocks, each added or taken away
 *   scheme       the terms that together are the product; a test holds R. P. Brent's equations against them
 *   entry        what a combination of x is formed for: a pair of rows, or a row without a partner
 *   strip        a few entries that the kernel takes at a time, their sums in registers
 *   panel        a few columns of a combination of W, as many as the kernel takes at a time: [k][width]
 *   target       a block of y that a term counts in, as the kernel sees it
 *   start        where an element of y begins: at the bias or at 0 for the first term that counts in it, at what is
 *                there for the others. For integers also where a sum begins: see strassen16_kernel.h
 *   share        entries that go through all terms of a slice of k together; a call is cut into equal ones
 *   slice        the values of k of each part that are worked on at a time: at most `kc`
 *   tell         to hand columns of finished rows to the epilogue, while they are in a cache
 *
 * Order of the work: for each share, slice and term, the combinations of all entries, then for each panel all strips. A
 * panel stays in the first-level cache, the combinations in the second-level one, and W streams by once.
 *
 * Files: strassen.c multiplies, strassen_pack.c packs W, strassen_schemes.c has the terms. What floats and integers do
 * apart is in strassen_f32.c and strassen_int16.c, their kernels in strassen_kernel.h and strassen16_kernel.h. */
#include "linear.h"

/* ---- constants, and how each was found ---- */
enum {
    /* Of what the schemes have: 15 terms of at most 3 x 3 blocks of W; combinations of at most 4 blocks; terms that
     * count in at most 4 places. Read off the tables; a test counts them. */
    WN_STRASSEN_TERMS = 15,
    WN_STRASSEN_PARTS = 3,
    WN_STRASSEN_BLOCKS = 4,
    WN_STRASSEN_TARGETS = 4,
    /* A slice. 192 = 384 / 2 and 256 = 768 / 3, the widths of the usual small and base encoders: one slice, no second
     * visit to y. Their panels take 12 and 16 kB with AVX2, twice that with AVX-512. Integers may not take
     * more than 192: see below. */
    WN_STRASSEN_KC = 256,
    WN_STRASSEN_KC16 = 192,
    /* Distance of the rows of combinations: one line more than a slice, so that a strip's rows do not fall into one
     * set of the cache. */
    WN_STRASSEN_LD = WN_STRASSEN_KC + 16,
    /* Entries of a share. Their combinations take 340 kB: of a second-level cache of 512 kB or more that leaves room
     * for what streams by. A chunk of the encoder (256 tokens, so at least 128 entries) is one share. */
    WN_STRASSEN_SHARE = 320,
    WN_STRASSEN_WIDTH = 32, /* the most columns of a kernel's panel */
    /* Largest integers of a row of x and of W. A combination is of two blocks at most, so a sum on the way reaches 4 X
     * W for each of 192 products, and must fit 32 bits: W <= 1182.4 where X = 2 W. The bit more goes to x, which has
     * the large elements. */
    WN_STRASSEN_W16 = 1182,
    WN_STRASSEN_X16 = 2 * WN_STRASSEN_W16,
};
_Static_assert(4ll * WN_STRASSEN_X16 * WN_STRASSEN_W16 * WN_STRASSEN_KC16 < 1ll << 31, "sums must fit 32 bits");

/* ---- schemes ---- */

/* A term: coefficients of the blocks of x [row][part of k], of W [part of k][part of the columns] and of y [row][part
 * of the columns]. */
typedef struct {
    int8_t x[2][WN_STRASSEN_PARTS], w[WN_STRASSEN_PARTS][WN_STRASSEN_PARTS], y[2][WN_STRASSEN_PARTS];
} wn_strassen_term;

/* The first and the last term to count in a block of y's first row count for rows without a partner. Each combination
 * of x and of W begins with an added block. */
typedef struct {
    size_t parts, products; /* parts of k and of the columns; terms */
    size_t kc;              /* of a slice */
    wn_strassen_term terms[WN_STRASSEN_TERMS];
} wn_strassen_scheme;
extern const wn_strassen_scheme wn_strassen_halves, wn_strassen_thirds;

/* The blocks of a combination. */
typedef struct {
    size_t count, row[WN_STRASSEN_BLOCKS], column[WN_STRASSEN_BLOCKS];
    float sign[WN_STRASSEN_BLOCKS]; /* 1 or -1; the first is 1 */
} wn_strassen_sum;
/* Of the first `rows` rows of coefficients. */
wn_strassen_sum wn_strassen_sum_of(const int8_t of[][WN_STRASSEN_PARTS], size_t rows);

/* ---- kernels ---- */

/* Numbers of either kind; which it is stands in wn_strassen_kind. */
typedef union {
    float *f32;
    int16_t *i16;
} wn_strassen_numbers;

/* Strips of m combinations each, one behind the other, times one panel: for each target, c[r][at ..] = start + scale *
 * product. */
typedef struct {
    wn_strassen_numbers a; /* [strips m][WN_STRASSEN_LD] */
    wn_strassen_numbers b; /* floats [k][width]; integers [k / 4][2][width][2], of the second half of k, the first */
    const uint32_t *start_a; /* [strips m] integers only: where the sums of a row begin */
    const uint32_t *start_b; /* [width] and of a column */
    size_t k, m, strips;
    const char *ahead;
    size_t lines; /* of 64 bytes at `ahead`, fetched meanwhile by each strip */
    size_t targets;
    struct {
        float *const *c; /* [strips m] */
        size_t at;
        const float *scale; /* [width] */
        const float *size;  /* [strips m] integers only: by which rows are multiplied too */
        const float *start; /* [width]; NULL: go on from what is in c */
    } to[WN_STRASSEN_TARGETS];
} wn_strassen_strips;

typedef struct {
    size_t rows, width; /* of a strip; of a panel, at most WN_STRASSEN_WIDTH */
    void (*product)(const wn_strassen_strips *s);
    /* out[n] = x[0] + signs[1] x[1] + ..., from left to right; count 1 .. WN_STRASSEN_BLOCKS */
    void (*combine)(const float *const *x, const float *signs, size_t count, size_t n, float *out);
    /* Integers only. */
    float (*largest)(const float *x, size_t n); /* of |x|; not finite where an element is not */
    void (*round16)(const float *x, float by, size_t n, int16_t *out); /* x by, to the nearest, even at ties */
    /* out[2 half] = x, x + y or x - y (y may be NULL); returns the product of its halves modulo 2^32 */
    uint32_t (*combine16)(const int16_t *x, const int16_t *y, bool minus, size_t half, int16_t *out);
} wn_strassen_kern;
extern const wn_strassen_kern wn_strassen_portable, wn_strassen_avx2, wn_strassen_avx512;
extern const wn_strassen_kern wn_strassen16_avx2, wn_strassen16_avx512, wn_strassen16_vnni, wn_strassen16_vnni_adders;

/* ---- packed W, and a share on its way ---- */

typedef struct wn_strassen_kind wn_strassen_kind;
typedef struct {
    const wn_strassen_kind *kind;
    const wn_strassen_kern *kern; /* whose panels they are */
    const wn_strassen_scheme *scheme;
    size_t n, k;
    wn_strassen_numbers panels; /* combinations of W [slice][term][panel][k][width]: 7/4 of W, 5/3 with thirds */
    float *scale;    /* [2][n] what a row of W was divided by, and its negative; of integers in each slice */
    uint32_t *start; /* integers only: [slices][terms][n / parts] where the sums of a column begin */
    float *zeros;    /* [n] in place of a bias */
} wn_strassen;

/* Some entries, of which the first `pairs` have a partner, in one slice of k. */
typedef struct {
    const wn_strassen *s;
    const uint32_t *first; /* [entries] the first row of each */
    size_t pairs, entries, nruns;
    const float *x, *bias; /* bias [n] */
    float *y;
    size_t ldx, ldy, from, part; /* the slice is from .. from + part of each part of k */
    const wn_epilogue *epilogue; /* NULL: nobody needs to be told */
    struct {
        size_t entry, count, step;
    } runs[WN_STRASSEN_SHARE]; /* rows at equal distances, of which each entry has one or two; first those of pairs */
    float *rows[2][WN_STRASSEN_SHARE]; /* of y; a row without a partner has a spare one in its place: all go alike */
    wn_strassen_numbers a;            /* [entries][WN_STRASSEN_LD] combinations */
    float *size;                      /* [2][WN_STRASSEN_SHARE] integers only: what a row's 1 is worth */
    uint32_t *start;                  /* [WN_STRASSEN_SHARE] integers only: where the sums of a combination begin */
    int16_t *q;                       /* [entries][2][2][WN_STRASSEN_KC16] integers only: the rows' blocks, rounded */
} wn_strassen_share;

/* What floats and integers do apart. */
struct wn_strassen_kind {
    bool integers; /* they have a scale for each slice of a row of W, and starts of sums */
    size_t bytes;  /* of a number */
    /* The scale of w[k], the values of a row of W: of a slice's parts, `part` values at w and at w + half. */
    float (*scale)(const float *w, size_t half, size_t part);
    /* out[part] = w[part] divided by its row's scale. */
    void (*weigh)(const float *w, float scale, size_t part, float *out);
    /* rows [width][part], a combination of W, to the panel at `to`; start[width]: of integers where the sums begin. */
    void (*store)(const float *const *rows, size_t width, size_t part, wn_strassen_numbers to, uint32_t *start);
    void (*prepare)(const wn_strassen_share *b); /* a slice of the rows of x; NULL: nothing to do */
    void (*combine)(const wn_strassen_share *b, size_t entry, const wn_strassen_sum *sum); /* to a[entry] */
};
/* Of floats: thirds where W is wide; integers take halves. */
const wn_strassen_scheme *wn_strassen_f32_scheme(size_t n, size_t k);
extern const wn_strassen_kind wn_strassen_f32_kind, wn_strassen_int16_kind;

/* n a multiple of 64, k even, neither 0. */
bool wn_strassen_fits(size_t n, size_t k);
wn_code wn_strassen_pack(wn_strassen **out, const wn_strassen_kind *kind, const wn_strassen_kern *kern,
                         const wn_strassen_scheme *scheme, const float *w, size_t n, size_t k, wn_err *err);
void wn_strassen_free(void *state); /* a wn_strassen; NULL is fine */
size_t wn_strassen_scratch(size_t n, size_t k, size_t rows);
void wn_strassen_apply(const void *state, const wn_linear_rows *x, const wn_epilogue *e, float *y, size_t ldy,
                       void *scratch); /* a wn_strassen */

/* n numbers further. */
static inline wn_strassen_numbers wn_strassen_further(const wn_strassen_kind *kind, wn_strassen_numbers v, size_t n) {
    if (kind->integers) v.i16 += n;
    else v.f32 += n;
    return v;
}
/* Of the rows of W in the slice at `from`. */
static inline float *wn_strassen_scales(const wn_strassen *s, size_t from) {
    return s->scale + (s->kind->integers ? from / s->scheme->kc * 2 * s->n : 0);
}
/* Numbers before the panel at `column`. */
static inline size_t wn_strassen_at(const wn_strassen *p, size_t from, size_t part, size_t term, size_t column) {
    const wn_strassen_scheme *s = p->scheme;
    return s->products * (p->n / s->parts) * from + (term * (p->n / s->parts) + column) * part;
}
/* And where the sums of the column at `column` begin. */
static inline size_t wn_strassen_start_at(const wn_strassen *p, size_t from, size_t term, size_t column) {
    const wn_strassen_scheme *s = p->scheme;
    return (from / s->kc * s->products + term) * (p->n / s->parts) + column;
}

#endif
