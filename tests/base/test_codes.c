/* base/linalg: products of bytes are the integers that they are by definition, on every kernel that the machine has. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <wn/codes.h>
#include <wn/cpu.h>
#include <wn/rng.h>

static const char *const levels[] = {"portable", "avx2", "avx512"};
enum { LEVELS = 3, ROWS = 21 };

typedef struct {
    size_t k, ld;
    int8_t *rows;     /* [ROWS, ld] */
    uint8_t *columns; /* [WN_CODES_WIDTH, ld] */
    uint8_t *panel;
} codes;

/* extreme: the largest of every kind, where sums of 16 bits are nearest to overflow. */
static codes make(size_t k, bool extreme) {
    codes c = {.k = k, .ld = wn_codes_ld(k)};
    wn_rng r = wn_rng_init(k, extreme);
    c.rows = calloc(ROWS, c.ld + 1);
    c.columns = calloc(WN_CODES_WIDTH, c.ld + 1);
    c.panel = calloc(WN_CODES_WIDTH, c.ld + 1);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < k; j++) {
            const int any = (int)wn_rng_below(&r, 2 * WN_CODE_ROW + 1) - WN_CODE_ROW;
            c.rows[i * c.ld + j] = (int8_t)(extreme ? (i % 2 ? WN_CODE_ROW : -WN_CODE_ROW) : any);
        }
    for (size_t i = 0; i < WN_CODES_WIDTH; i++) {
        for (size_t j = 0; j < k; j++) c.columns[i * c.ld + j] = (uint8_t)(extreme ? 255 : wn_rng_below(&r, 256));
        for (size_t j = k; j < c.ld; j++) c.columns[i * c.ld + j] = 128; /* must not matter: rows end with zeros */
        wn_codes_pack(c.columns + i * c.ld, c.ld, i, c.panel);
    }
    return c;
}

static void drop(codes *c) {
    free(c->rows);
    free(c->columns);
    free(c->panel);
}

static long long defined(const codes *c, size_t row, size_t column) {
    long long sum = 0;
    for (size_t j = 0; j < c->k; j++) sum += (long long)c->rows[row * c->ld + j] * c->columns[column * c->ld + j];
    return sum;
}

static void check(size_t k, bool extreme, const char *level) {
    codes c = make(k, extreme);
    const int8_t *rows[WN_CODES_STRIP];
    int32_t y[WN_CODES_STRIP][WN_CODES_WIDTH], dots[ROWS + 1];
    for (size_t r = 0; r < WN_CODES_STRIP; r++) rows[r] = c.rows + (r * 5 + 2) % ROWS * c.ld; /* in any order */
    wn_codes_product(rows, c.ld, c.panel, y);
    for (size_t r = 0; r < WN_CODES_STRIP; r++)
        for (size_t i = 0; i < WN_CODES_WIDTH; i++)
            cr_assert_eq(y[r][i], defined(&c, (r * 5 + 2) % ROWS, i), "%s, k %zu: row %zu, column %zu", level, k, r, i);
    dots[ROWS] = 77;
    wn_codes_dots(c.rows, ROWS, c.ld, c.columns + 3 * c.ld, dots);
    for (size_t i = 0; i < ROWS; i++)
        cr_assert_eq(dots[i], defined(&c, i, 3), "%s, k %zu: dot of row %zu", level, k, i);
    cr_assert_eq(dots[ROWS], 77);
    drop(&c);
}

Test(codes, products_are_exact_on_every_kernel) {
    static const size_t ks[] = {0, 1, 3, 4, 63, 64, 65, 384, 1000, WN_CODES_K};
    for (int l = 0; l < LEVELS; l++) {
        if (!wn_cpu_use(levels[l])) continue;
        for (size_t i = 0; i < sizeof ks / sizeof *ks; i++)
            for (int extreme = 0; extreme < 2; extreme++) check(ks[i], extreme, levels[l]);
    }
}
