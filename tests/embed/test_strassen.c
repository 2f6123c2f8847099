/* Strassen's product against double arithmetic; its bits and its reports. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/cpu.h>
#include <wn/rng.h>

#include "embed/linear/strassen.h"

extern const wn_strassen_kern wn_strassen_emulated, wn_strassen16_emulated, wn_strassen16_emulated_vnni,
    wn_strassen16_emulated_adders;

typedef struct {
    const wn_strassen_kern *kern;
    const char *name;
    bool integers;
} kind;

/* Every table of kernels that runs here, floats and integers; those of AVX2 come before those of its bits. */
enum { KINDS = 11 };
static size_t kinds(kind out[KINDS]) {
    static const struct {
        unsigned needs;
        kind of;
    } all[KINDS] = {
        {0, {&wn_strassen_portable, "portable", false}},
#if defined(__x86_64__)
        {WN_CPU_AVX2, {&wn_strassen_avx2, "avx2", false}},
        {WN_CPU_AVX2, {&wn_strassen_emulated, "avx512 emulated", false}},
        {WN_CPU_AVX512, {&wn_strassen_avx512, "avx512", false}},
        {WN_CPU_AVX2, {&wn_strassen16_avx2, "avx2, integers", true}},
        {WN_CPU_AVX2, {&wn_strassen16_emulated, "avx512 emulated, integers", true}},
        {WN_CPU_AVX512, {&wn_strassen16_avx512, "avx512, integers", true}},
        {WN_CPU_AVX2, {&wn_strassen16_emulated_vnni, "vnni emulated, integers", true}},
        {WN_CPU_AVX2, {&wn_strassen16_emulated_adders, "vnni and adders emulated, integers", true}},
        {WN_CPU_AVX512_VNNI, {&wn_strassen16_vnni, "vnni, integers", true}},
        {WN_CPU_AVX512_VNNI, {&wn_strassen16_vnni_adders, "vnni and adders, integers", true}},
#endif
    };
    size_t n = 0;
    for (size_t i = 0; i < KINDS; i++)
        if (all[i].of.kern && wn_cpu_has(all[i].needs)) out[n++] = all[i].of;
    return n;
}

static wn_code pack(wn_strassen **s, const kind *of, const float *w, size_t n, size_t k, wn_err *err) {
    return wn_strassen_pack(s, of->integers ? &wn_strassen_int16_kind : &wn_strassen_f32_kind, of->kern,
                            of->integers ? &wn_strassen_halves : wn_strassen_f32_scheme(n, k), w, n, k, err);
}

static bool fits(const kind *of, size_t n, size_t k) {
    return of->integers ? wn_linear_strassen16.fits(n, k) : wn_linear_strassen.fits(n, k);
}

typedef struct {
    size_t m, n, k, ldy;
    float *x, *w, *bias, *y, *scratch;
    size_t *offsets;
    wn_linear_rows rows;
} problem;

/* Rows of texts of `each` rows, the last text shorter. */
static problem make(size_t m, size_t n, size_t k, size_t each, uint64_t seed) {
    problem p = {.m = m, .n = n, .k = k, .ldy = n + 3};
    const size_t ldx = k + 5;
    wn_rng r = wn_rng_init(seed, 0);
    p.x = calloc(m * ldx + 1, sizeof *p.x);
    p.w = calloc(n * k, sizeof *p.w);
    p.bias = calloc(n, sizeof *p.bias);
    p.y = calloc(m * p.ldy + 1, sizeof *p.y);
    p.offsets = calloc(m + 1, sizeof *p.offsets);
    p.scratch = wn_alloc(1, wn_strassen_scratch(n, k, m), &(wn_err){0});
    for (size_t i = 0; i < m * ldx; i++) p.x[i] = (float)wn_rng_normal(&r);
    for (size_t i = 0; i < n * k; i++) p.w[i] = (float)wn_rng_normal(&r);
    for (size_t i = 0; i < n; i++) p.bias[i] = (float)wn_rng_normal(&r);
    p.rows = (wn_linear_rows){.x = p.x, .stride = ldx, .offsets = p.offsets};
    p.offsets[0] = 3; /* the first text of a batch need not begin it */
    for (size_t at = 0; at < m; at += each)
        p.offsets[++p.rows.texts] = 3 + (at + each < m ? at + each : m);
    cr_assert_eq(wn_linear_rows_count(&p.rows), m);
    return p;
}

static void drop(problem *p) {
    free(p->x), free(p->w), free(p->bias), free(p->y), free(p->offsets);
    wn_free(p->scratch);
}

static void apply(const kind *of, const problem *p, const wn_epilogue *e) {
    wn_strassen *packed;
    cr_assert_eq(pack(&packed, of, p->w, p->n, p->k, &(wn_err){0}), WN_OK);
    for (size_t i = 0; i < p->m * p->ldy; i++) p->y[i] = 7;
    wn_strassen_apply(packed, &p->rows, e, p->y, p->ldy, p->scratch);
    wn_strassen_free(packed);
}

static const wn_epilogue nothing = {.activation = WN_ACT_IDENTITY};

static double exact(const problem *p, size_t i, size_t j, double *size) {
    double s = 0, q = 0;
    for (size_t k = 0; k < p->k; k++) {
        double t = (double)p->x[i * p->rows.stride + k] * (double)p->w[j * p->k + k];
        s += t;
        q += t * t;
    }
    *size = sqrt(q);
    return s;
}

static float largest_of(const float *x, size_t from, size_t part, size_t half) {
    float top = 0;
    for (size_t e = 0; e < part; e++) top = fmaxf(top, fmaxf(fabsf(x[from + e]), fabsf(x[half + from + e])));
    return top;
}

/* The product of rows that were rounded to integers, and the size of its terms. */
static double rounded(const problem *p, size_t i, size_t j, double *size) {
    const float *x = p->x + i * p->rows.stride, *w = p->w + j * p->k;
    const size_t half = p->k / 2;
    double s = 0, squares = 0;
    for (size_t from = 0; from < half; from += WN_STRASSEN_KC16) {
        const size_t part = half - from < WN_STRASSEN_KC16 ? half - from : WN_STRASSEN_KC16;
        const float top = largest_of(x, from, part, half), by = 2364 / top,
                    scale = largest_of(w, from, part, half) / 1182;
        const double unit = (double)(top / 2364) * (double)scale;
        for (size_t e = 0; e < 2 * part; e++) {
            const size_t at = from + (e < part ? e : e - part + half);
            const double t = (double)rintf(x[at] * by) * (double)rintf(w[at] * (1182 / (1182 * scale))) * unit;
            s += t;
            squares += t * t;
        }
    }
    *size = sqrt(squares);
    return s;
}

static const size_t shapes[][4] = {/* rows, columns, k, rows of a run */
                                   {1, 64, 2, 1},
                                   {2, 64, 10, 2},
                                   {3, 128, 18, 3},
                                   {5, 64, 386, 2},
                                   {12, 192, 384, 4},
                                   {29, 128, 96, 29},
                                   {45, 64, 770, 9},
                                   {700, 64, 20, 13},
                                   {331, 64, 30, 1},
                                   {0, 64, 8, 1},
                                   {37, 128, 776, 9},
                                   {6, 64, 16, 6},
                                   /* thirds: */ {1, 768, 768, 1},
                                   {29, 960, 774, 7},
                                   {6, 768, 1536, 3}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

Test(strassen, against_double_for_every_shape) {
    kind all[KINDS];
    for (size_t t = 0, n = kinds(all); t < n; t++) {
        for (size_t s = 0; s < SHAPES; s++) {
            if (!fits(&all[t], shapes[s][1], shapes[s][2])) continue;
            problem p = make(shapes[s][0], shapes[s][1], shapes[s][2], shapes[s][3], s);
            const bool biased = s % 2;
            const wn_epilogue e = {.bias = biased ? p.bias : NULL, .activation = WN_ACT_IDENTITY};
            apply(&all[t], &p, &e);
            double worst = 0;
            size_t outside = 0;
            for (size_t i = 0; i < p.m; i++) {
                for (size_t j = 0; j < p.n; j++) {
                    double size, want = all[t].integers ? rounded(&p, i, j, &size) : exact(&p, i, j, &size);
                    double off =
                        fabs((double)p.y[i * p.ldy + j] - want - (biased ? (double)p.bias[j] : 0)) / (1 + size);
                    if (!(off <= worst)) worst = off;
                }
                for (size_t j = p.n; j < p.ldy; j++) outside += p.y[i * p.ldy + j] != 7;
            }
            cr_expect_lt(worst, 3e-7 + 3e-7 * sqrt((double)p.k), "%s, shape %zu: %.2e", all[t].name, s, worst);
            cr_expect_eq(outside, 0, "%s, shape %zu", all[t].name, s);
            drop(&p);
        }
    }
}

Test(strassen, fused_levels_give_the_same_bits) {
    kind all[KINDS];
    size_t n = kinds(all);
    if (n < 3) cr_skip_test("no AVX2 on this processor");
    for (size_t s = 0; s < SHAPES; s++) {
        problem p = make(shapes[s][0], shapes[s][1], shapes[s][2], shapes[s][3], s),
                q = make(shapes[s][0], shapes[s][1], shapes[s][2], shapes[s][3], s);
        for (size_t t = 1; t < n; t++) {
            if (!fits(&all[t], p.n, p.k)) continue;
            const bool first = all[t].kern == &wn_strassen_avx2 || all[t].kern == &wn_strassen16_avx2;
            apply(&all[t], first ? &p : &q, &nothing);
            if (!first)
                cr_expect_eq(memcmp(p.y, q.y, p.m * p.ldy * sizeof *p.y), 0, "%s, shape %zu", all[t].name, s);
        }
        drop(&p), drop(&q);
    }
}

static void bits_of_each_pair(const kind *of, size_t m, size_t n, size_t k) {
    problem p = make(m, n, k, 5, 11);
    wn_strassen *packed;
    cr_assert_eq(pack(&packed, of, p.w, p.n, p.k, &(wn_err){0}), WN_OK);
    wn_strassen_apply(packed, &p.rows, &nothing, p.y, p.ldy, p.scratch);
    float two[2 * 768];
    for (size_t i = 0, rows; i < m; i += rows) {
        const size_t in_text = i % 5;
        rows = in_text + 1 < 5 && i + 1 < m ? 2 : 1;
        const size_t offsets[] = {0, rows};
        const wn_linear_rows some = {.x = p.x + i * p.rows.stride,
                                     .stride = p.rows.stride,
                                     .offsets = offsets,
                                     .texts = 1};
        wn_strassen_apply(packed, &some, &nothing, two, n, p.scratch);
        for (size_t r = 0; r < rows; r++)
            cr_expect_eq(memcmp(two + r * n, p.y + (i + r) * p.ldy, n * sizeof *two), 0, "%s, row %zu", of->name,
                         i + r);
        if (rows > 1) continue;
        const wn_linear_rows alone = {.x = some.x, .stride = some.stride, .texts = 1};
        wn_strassen_apply(packed, &alone, &nothing, two, n, p.scratch);
        cr_expect_eq(memcmp(two, p.y + i * p.ldy, n * sizeof *two), 0, "%s, row %zu alone", of->name, i);
    }
    wn_strassen_free(packed);
    drop(&p);
}

Test(strassen, bits_depend_on_the_pair_alone) {
    kind all[KINDS];
    for (size_t t = 0, n = kinds(all); t < n; t++) {
        bits_of_each_pair(&all[t], 401, 64, 392);
        bits_of_each_pair(&all[t], 33, 768, 768);
    }
}

/* R. P. Brent's equations: the terms add up to the product, coefficient by coefficient; and what rows without a partner
 * rely on. */
static void holds(const wn_strassen_scheme *s) {
    const size_t n = s->parts;
    for (size_t i = 0; i < 2 * n; i++)
        for (size_t j = 0; j < n * n; j++)
            for (size_t l = 0; l < 2 * n; l++) {
                int sum = 0;
                for (size_t q = 0; q < s->products; q++)
                    sum += s->terms[q].x[i / n][i % n] * s->terms[q].w[j / n][j % n] * s->terms[q].y[l / n][l % n];
                cr_expect_eq(sum, i / n == l / n && i % n == j / n && j % n == l % n, "%zu parts: %zu %zu %zu", n, i, j,
                             l);
            }
    size_t alone = 0;
    for (size_t q = 0; q < s->products; q++)
        alone += wn_strassen_sum_of(s->terms[q].x, 1).count > 0 && wn_strassen_sum_of(s->terms[q].y, 1).count > 0;
    cr_expect_eq(alone, n * n, "a row without a partner takes part in %zu products", alone);
    for (size_t column = 0; column < n; column++) {
        size_t first = s->products, last = 0;
        for (size_t q = 0; q < s->products; q++)
            if (s->terms[q].y[0][column]) {
                first = q < first ? q : first;
                last = q;
            }
        for (size_t i = 0; i < 2; i++) {
            const int8_t *x = s->terms[i ? last : first].x[0];
            cr_expect(x[0] || x[1] || x[2], "%zu parts, column %zu", n, column);
        }
    }
    for (size_t q = 0; q < s->products; q++) {
        size_t x_blocks = 0, w_blocks = 0, targets = 0;
        for (size_t i = 0; i < 9; i++) {
            x_blocks += i < 6 && s->terms[q].x[i / 3][i % 3] != 0;
            w_blocks += s->terms[q].w[i / 3][i % 3] != 0;
            targets += i < 6 && s->terms[q].y[i / 3][i % 3] != 0;
        }
        cr_assert(x_blocks <= WN_STRASSEN_BLOCKS && w_blocks <= WN_STRASSEN_BLOCKS && targets <= WN_STRASSEN_TARGETS);
        for (size_t rows = 1; rows <= 2; rows++) {
            const wn_strassen_sum x = wn_strassen_sum_of(s->terms[q].x, rows), w = wn_strassen_sum_of(s->terms[q].w, n);
            cr_expect((x.count == 0 && rows == 1) || x.sign[0] == 1.0f, "%zu parts, product %zu", n, q);
            cr_expect_eq(w.sign[0], 1.0f);
        }
    }
}

Test(strassen, the_terms_add_up_to_the_product) {
    holds(&wn_strassen_halves);
    holds(&wn_strassen_thirds);
}

Test(strassen, packing_is_the_same_for_any_number_of_threads) {
    problem p = make(1, 192, 386, 1, 5);
    const kind of = {.kern = &wn_strassen_portable};
    wn_strassen *one, *four;
    wn_threads_set(1);
    cr_assert_eq(pack(&one, &of, p.w, p.n, p.k, &(wn_err){0}), WN_OK);
    wn_threads_set(4);
    cr_assert_eq(pack(&four, &of, p.w, p.n, p.k, &(wn_err){0}), WN_OK);
    cr_assert_eq(memcmp(one->panels.f32, four->panels.f32, 7 * p.n / 2 * p.k / 2 * sizeof(float)), 0);
    wn_strassen_free(one);
    wn_strassen_free(four);
    drop(&p);
}

/* What the epilogue was told of. */
static struct {
    const problem *p;
    float *seen;
    unsigned char *times;
} told;

static void note(const float *bias, wn_activation a, const float *x, size_t ldx, size_t m, size_t n, float *y,
                 size_t ldy) {
    cr_assert(!bias && a == WN_ACT_RELU && x == y && ldx == ldy);
    for (size_t r = 0; r < m; r++) {
        const size_t at = (size_t)(y + r * ldy - told.p->y);
        for (size_t j = 0; j < n; j++) {
            told.seen[at + j] = y[r * ldy + j];
            told.times[at + j]++;
        }
    }
}

Test(strassen, every_element_is_told_of_once_and_finished) {
    kind all[KINDS];
    for (size_t t = 0, n = kinds(all); t < n; t++) {
        for (size_t s = 0; s < SHAPES; s++) {
            if (!fits(&all[t], shapes[s][1], shapes[s][2])) continue;
            problem p = make(shapes[s][0], shapes[s][1], shapes[s][2], shapes[s][3], s);
            const wn_epilogue e = {.bias = p.bias, .activation = WN_ACT_RELU, .activate = note};
            told.p = &p;
            told.seen = calloc(p.m * p.ldy + 1, sizeof(float));
            told.times = calloc(p.m * p.ldy + 1, 1);
            apply(&all[t], &p, &e);
            size_t wrong = 0;
            for (size_t i = 0; i < p.m; i++)
                for (size_t j = 0; j < p.ldy; j++) {
                    size_t at = i * p.ldy + j;
                    wrong += told.times[at] != (j < p.n) ||
                             (j < p.n && memcmp(&told.seen[at], &p.y[at], sizeof(float)) != 0);
                }
            cr_expect_eq(wrong, 0, "%s, shape %zu: %zu elements", all[t].name, s, wrong);
            free(told.seen), free(told.times);
            drop(&p);
        }
    }
}

/* One row of W far larger than the others, as an encoder's outlying dimension has: its partner's results stay exact. */
static void large_row(const kind *of, size_t m, size_t n, size_t k) {
    problem p = make(m, n, k, 8, 21);
    wn_strassen *packed;
    cr_assert_eq(pack(&packed, of, p.w, n, k, &(wn_err){0}), WN_OK);
    const size_t parts = packed->scheme->parts;
    wn_strassen_free(packed);
    for (size_t e = 0; e < k; e++) p.w[3 * k + e] *= 1000;
    memset(p.w + 5 * k, 0, k * sizeof *p.w);
    apply(of, &p, &nothing);
    double worst = 0;
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 3 + n / parts; j < n; j += n / parts) {
            double size, want = exact(&p, i, j, &size);
            worst = fmax(worst, fabs((double)p.y[i * p.ldy + j] - want) / size);
        }
        cr_expect_lt(fabsf(p.y[i * p.ldy + 5]), 1e-4f); /* a row of zeros: its partners' rounding is left */
    }
    cr_expect_lt(worst, of->integers ? 5e-3 : 4e-6, "%s, %zu columns: %.2e", of->name, n, worst);
    drop(&p);
}

Test(strassen, a_large_row_does_not_spoil_its_partner) {
    kind all[KINDS];
    for (size_t t = 0, n = kinds(all); t < n; t++) {
        large_row(&all[t], 40, 64, 384);
        large_row(&all[t], 16, 768, 768);
    }
}

/* Rows of nothing but their largest element: integers, and the sums on the way, as large as they get. */
Test(strassen, sums_of_the_largest_integers) {
    kind all[KINDS];
    for (size_t t = 0, n = kinds(all); t < n; t++) {
        for (int signs = 0; signs < 4; signs++) {
            problem p = make(6, 64, 776, 4, 41);
            for (size_t i = 0; i < p.m * p.rows.stride; i++) p.x[i] = signs & 1 ? -3 : 3;
            for (size_t i = 0; i < p.n * p.k; i++) p.w[i] = signs & 2 ? -5 : 5;
            apply(&all[t], &p, &nothing);
            const double want = (signs == 1 || signs == 2 ? -15.0 : 15.0) * (double)p.k;
            for (size_t i = 0; i < p.m; i++)
                for (size_t j = 0; j < p.n; j++)
                    cr_expect_float_eq((double)p.y[i * p.ldy + j], want, 1e-6 * 15 * (double)p.k, "%s, signs %d: %g",
                                       all[t].name, signs, (double)p.y[i * p.ldy + j]);
            drop(&p);
        }
    }
}

/* A row of W of denormals, or of huge numbers, leaves its partner in the other half as it is. */
Test(strassen, rows_of_extreme_size) {
    kind all[KINDS];
    for (size_t t = 0, n = kinds(all); t < n; t++) {
        problem p = make(6, 64, 384, 2, 31);
        for (size_t k = 0; k < p.k; k++) p.w[3 * p.k + k] *= 1e-41f, p.w[7 * p.k + k] *= 1e30f;
        for (size_t k = 0; k < p.k; k++) p.x[2 * p.rows.stride + k] *= 1e-41f;
        apply(&all[t], &p, &nothing);
        for (size_t i = 0; i < p.m; i++) {
            for (size_t j = 0; j < p.n; j++) {
                double size, want = exact(&p, i, j, &size),
                             e = fabs((double)p.y[i * p.ldy + j] - want) / (size + 1e-30);
                bool lost = i == 2 || i == 3 || j == 3; /* below what is resolved: small beside a partner */
                if (i == 3) continue;
                cr_expect(lost ? fabsf(p.y[i * p.ldy + j]) < (j == 7 || j == 39 ? 1e26f : 1e-3f) : e < 5e-3,
                          "%s: row %zu, column %zu: %g for %g", all[t].name, i, j, (double)p.y[i * p.ldy + j], want);
            }
        }
        drop(&p);
    }
}

Test(strassen, what_is_not_finite_shows) {
    kind all[KINDS];
    static const float odd[] = {NAN, INFINITY};
    for (size_t t = 0, n = kinds(all); t < n; t++) {
        for (int which = 0; which < 2; which++) {
            problem p = make(6, 64, 384, 2, 32);
            p.x[3 * p.rows.stride + 5] = odd[which];
            p.w[9 * p.k + 380] = odd[which];
            apply(&all[t], &p, &nothing);
            for (size_t i = 0; i < p.m; i++) cr_expect(!isfinite(p.y[i * p.ldy + 9]), "%s: row %zu", all[t].name, i);
            for (size_t j = 0; j < p.n; j++) cr_expect(!isfinite(p.y[3 * p.ldy + j]), "%s: column %zu", all[t].name, j);
            if (all[t].integers)
                cr_expect(isfinite(p.y[2 * p.ldy + 8]) && isfinite(p.y[2 * p.ldy + 41])); /* partners */
            drop(&p);
        }
    }
}

Test(strassen, shapes_that_fit) {
    cr_assert(wn_strassen_fits(64, 2) && wn_strassen_fits(1152, 384));
    cr_assert(wn_linear_strassen16.fits(64, 8) && !wn_linear_strassen16.fits(64, 4));
    cr_assert(!wn_strassen_fits(32, 2) && !wn_strassen_fits(96, 2) && !wn_strassen_fits(64, 3) &&
              !wn_strassen_fits(0, 2) && !wn_strassen_fits(64, 0));
}

Test(strassen, every_failed_allocation) {
    problem p = make(1, 64, 8, 1, 1);
    kind all[KINDS];
    for (size_t t = 0, n = kinds(all); t < n; t++) {
        for (long nth = 0;; nth++) {
            wn_strassen *packed = NULL;
            wn_err err;
            wn_mem_fail_after(nth, false);
            wn_code code = pack(&packed, &all[t], p.w, p.n, p.k, &err);
            wn_mem_fail_after(-1, false);
            if (code == WN_OK) {
                wn_strassen_free(packed);
                cr_assert_eq(nth, all[t].integers ? 6 : 5);
                break;
            }
            cr_assert_eq(code, WN_EMEMORY);
            cr_assert_null(packed);
        }
    }
    wn_strassen_free(NULL);
    drop(&p);
}
