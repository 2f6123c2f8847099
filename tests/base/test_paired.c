/* The paired product against double arithmetic; its bits and its reports. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/paired.h>
#include <wn/rng.h>
#include <winnow/threads.h>

#include "base/linalg/paired_private.h"

extern const wn_kern wn_kern_paired_emulated, wn_kern_paired_emulated_vnni, wn_kern_paired_emulated_adders;

typedef struct {
    const wn_kern *kern;
    const char *name;
    bool integers;
} kind;

/* Every table of kernels that runs here, with floats and then with integers; avx2 comes before those of its bits. */
enum { KINDS = 11 };
static size_t kinds(kind out[KINDS]) {
    size_t n = 0;
    out[n++] = (kind){&wn_kern_portable, "portable", false};
#if defined(__x86_64__)
    for (int i = 0; i < 2; i++) {
        const bool integers = i;
        if (wn_cpu_has(WN_CPU_AVX2)) {
            out[n++] = (kind){&wn_kern_avx2, integers ? "avx2, integers" : "avx2", integers};
            out[n++] =
                (kind){&wn_kern_paired_emulated, integers ? "avx512 emulated, integers" : "avx512 emulated", integers};
        }
        if (wn_cpu_has(WN_CPU_AVX512))
            out[n++] = (kind){&wn_kern_avx512, integers ? "avx512, integers" : "avx512", integers};
    }
    if (wn_cpu_has(WN_CPU_AVX2)) {
        out[n++] = (kind){&wn_kern_paired_emulated_vnni, "vnni emulated, integers", true};
        out[n++] = (kind){&wn_kern_paired_emulated_adders, "vnni and adders emulated, integers", true};
    }
    if (wn_cpu_has(WN_CPU_AVX512_VNNI)) {
        out[n++] = (kind){&wn_kern_avx512_vnni, "vnni, integers", true};
        out[n++] = (kind){&wn_kern_avx512_vnni_adders, "vnni and adders, integers", true};
    }
#endif
    return n;
}

typedef struct {
    size_t m, n, k, ldx, ldy;
    float *x, *w, *bias, *y, *scratch;
    uint32_t *first;
    wn_row_pairs rows;
} problem;

/* Rows in runs of `each`: pairs from each run's start, an odd run's last row alone. */
static problem make(size_t m, size_t n, size_t k, size_t each, uint64_t seed) {
    problem p = {.m = m, .n = n, .k = k, .ldx = k + 5, .ldy = n + 3};
    wn_rng r = wn_rng_init(seed, 0);
    p.x = calloc(m * p.ldx + 1, sizeof *p.x);
    p.w = calloc(n * k, sizeof *p.w);
    p.bias = calloc(n, sizeof *p.bias);
    p.y = calloc(m * p.ldy + 1, sizeof *p.y);
    p.first = calloc(m + 1, sizeof *p.first);
    p.scratch = wn_alloc(wn_paired_scratch(n), sizeof *p.scratch, NULL);
    for (size_t i = 0; i < m * p.ldx; i++) p.x[i] = (float)wn_rng_normal(&r);
    for (size_t i = 0; i < n * k; i++) p.w[i] = (float)wn_rng_normal(&r);
    for (size_t i = 0; i < n; i++) p.bias[i] = (float)wn_rng_normal(&r);
    for (size_t i = 0; i < m; i++)
        if (i % each % 2 == 0 && i % each + 1 < each && i + 1 < m) p.first[p.rows.pairs++] = (uint32_t)i;
    for (size_t i = 0; i < m; i++)
        if (i % each % 2 == 0 && !(i % each + 1 < each && i + 1 < m))
            p.first[p.rows.pairs + p.rows.singles++] = (uint32_t)i;
    p.rows.first = p.first;
    cr_assert_eq(wn_row_pairs_rows(&p.rows), m);
    return p;
}

static void drop(problem *p) {
    free(p->x), free(p->w), free(p->bias), free(p->y), free(p->first);
    wn_free(p->scratch);
}

static void apply(const kind *of, const problem *p, const float *bias, wn_paired_finish finish, void *ctx) {
    wn_paired packed;
    cr_assert_eq(wn_paired_pack(&packed, of->kern, of->integers, p->w, p->n, p->k, NULL), WN_OK);
    for (size_t i = 0; i < p->m * p->ldy; i++) p->y[i] = 7;
    wn_paired_apply(&packed, p->x, p->ldx, &p->rows, bias, p->y, p->ldy, p->scratch, finish, ctx);
    wn_paired_free(&packed);
}

static double exact(const problem *p, size_t i, size_t j, double *size) {
    double s = 0, q = 0;
    for (size_t k = 0; k < p->k; k++) {
        double t = (double)p->x[i * p->ldx + k] * (double)p->w[j * p->k + k];
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
    const float *x = p->x + i * p->ldx, *w = p->w + j * p->k;
    const size_t half = p->k / 2;
    double s = 0, squares = 0;
    for (size_t from = 0; from < half; from += WN_PAIRED_KC16) {
        const size_t part = half - from < WN_PAIRED_KC16 ? half - from : WN_PAIRED_KC16;
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

Test(paired, against_double_for_every_shape) {
    kind all[KINDS];
    for (size_t t = 0, n = kinds(all); t < n; t++) {
        for (size_t s = 0; s < SHAPES; s++) {
            if (all[t].integers && !wn_paired_fits16(shapes[s][1], shapes[s][2])) continue;
            problem p = make(shapes[s][0], shapes[s][1], shapes[s][2], shapes[s][3], s);
            const bool biased = s % 2;
            apply(&all[t], &p, biased ? p.bias : NULL, NULL, NULL);
            double worst = 0;
            size_t outside = 0;
            for (size_t i = 0; i < p.m; i++) {
                for (size_t j = 0; j < p.n; j++) {
                    double size, want = all[t].integers ? rounded(&p, i, j, &size) : exact(&p, i, j, &size);
                    double e = fabs((double)p.y[i * p.ldy + j] - want - (biased ? (double)p.bias[j] : 0)) / (1 + size);
                    if (!(e <= worst)) worst = e;
                }
                for (size_t j = p.n; j < p.ldy; j++) outside += p.y[i * p.ldy + j] != 7;
            }
            cr_expect_lt(worst, 3e-7 + 3e-7 * sqrt((double)p.k), "%s, shape %zu: %.2e", all[t].name, s, worst);
            cr_expect_eq(outside, 0, "%s, shape %zu", all[t].name, s);
            drop(&p);
        }
    }
}

Test(paired, fused_levels_give_the_same_bits) {
    kind all[KINDS];
    size_t n = kinds(all);
    if (n < 3) cr_skip_test("no AVX2 on this processor");
    for (size_t s = 0; s < SHAPES; s++) {
        problem p = make(shapes[s][0], shapes[s][1], shapes[s][2], shapes[s][3], s),
                q = make(shapes[s][0], shapes[s][1], shapes[s][2], shapes[s][3], s);
        for (size_t t = 1; t < n; t++) {
            if (all[t].integers && !wn_paired_fits16(p.n, p.k)) continue;
            apply(&all[t], all[t].kern == &wn_kern_avx2 ? &p : &q, NULL, NULL, NULL);
            if (all[t].kern != &wn_kern_avx2)
                cr_expect_eq(memcmp(p.y, q.y, p.m * p.ldy * sizeof *p.y), 0, "%s, shape %zu", all[t].name, s);
        }
        drop(&p), drop(&q);
    }
}

static void bits_of_each_pair(const kind *of, size_t m, size_t n, size_t k) {
    problem p = make(m, n, k, 5, 11);
    wn_paired packed;
    cr_assert_eq(wn_paired_pack(&packed, of->kern, of->integers, p.w, p.n, p.k, NULL), WN_OK);
    wn_paired_apply(&packed, p.x, p.ldx, &p.rows, NULL, p.y, p.ldy, p.scratch, NULL, NULL);
    float two[2 * 768];
    for (size_t e = 0; e < p.rows.pairs + p.rows.singles; e++) {
        const bool pair = e < p.rows.pairs;
        const wn_row_pairs one = {.first = &(uint32_t){0}, .pairs = pair, .singles = !pair};
        wn_paired_apply(&packed, p.x + p.first[e] * p.ldx, p.ldx, &one, NULL, two, n, p.scratch, NULL, NULL);
        for (size_t r = 0; r < (pair ? 2 : 1); r++)
            cr_expect_eq(memcmp(two + r * n, p.y + (p.first[e] + r) * p.ldy, n * sizeof *two), 0, "%s, row %zu",
                         of->name, p.first[e] + r);
    }
    wn_paired_free(&packed);
    drop(&p);
}

Test(paired, bits_depend_on_the_pair_alone) {
    kind all[KINDS];
    for (size_t t = 0, n = kinds(all); t < n; t++) {
        bits_of_each_pair(&all[t], 401, 64, 392);
        bits_of_each_pair(&all[t], 33, 768, 768);
    }
}

/* R. P. Brent's equations: the terms add up to the product, coefficient by coefficient; and what rows without a partner
 * rely on. */
static void holds(const wn_paired_scheme *s) {
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
        alone += wn_paired_sum_of(s->terms[q].x, 1).count > 0 && wn_paired_sum_of(s->terms[q].y, 1).count > 0;
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
        cr_assert(x_blocks <= WN_PAIRED_BLOCKS && w_blocks <= WN_PAIRED_BLOCKS && targets <= WN_PAIRED_TARGETS);
        for (size_t rows = 1; rows <= 2; rows++) {
            const wn_paired_sum x = wn_paired_sum_of(s->terms[q].x, rows), w = wn_paired_sum_of(s->terms[q].w, n);
            cr_expect((x.count == 0 && rows == 1) || x.sign[0] == 1.0f, "%zu parts, product %zu", n, q);
            cr_expect_eq(w.sign[0], 1.0f);
        }
    }
}

Test(paired, the_terms_add_up_to_the_product) {
    holds(&wn_paired_halves);
    holds(&wn_paired_thirds);
}

Test(paired, packing_is_the_same_for_any_number_of_threads) {
    problem p = make(1, 192, 386, 1, 5);
    wn_paired one, four;
    wn_threads_set(1);
    cr_assert_eq(wn_paired_init(&one, p.w, p.n, p.k, NULL), WN_OK);
    wn_threads_set(4);
    cr_assert_eq(wn_paired_init(&four, p.w, p.n, p.k, NULL), WN_OK);
    cr_assert_eq(memcmp(one.data, four.data, 7 * p.n / 2 * p.k / 2 * sizeof(float)), 0);
    wn_paired_free(&one);
    wn_paired_free(&four);
    drop(&p);
}

typedef struct {
    problem *p;
    float *seen;
    unsigned char *times;
} told;

static void note(void *ctx, float *y, size_t rows, size_t stride, size_t column, size_t columns) {
    told *t = ctx;
    for (size_t r = 0; r < rows; r++) {
        size_t at = (size_t)(y + r * stride - t->p->y);
        cr_assert_eq(at % t->p->ldy, column);
        for (size_t j = 0; j < columns; j++) {
            t->seen[at + j] = y[r * stride + j];
            t->times[at + j]++;
        }
    }
}

Test(paired, every_element_is_told_of_once_and_finished) {
    kind all[KINDS];
    for (size_t t = 0, n = kinds(all); t < n; t++) {
        for (size_t s = 0; s < SHAPES; s++) {
            if (all[t].integers && !wn_paired_fits16(shapes[s][1], shapes[s][2])) continue;
            problem p = make(shapes[s][0], shapes[s][1], shapes[s][2], shapes[s][3], s);
            told notes = {.p = &p, .seen = calloc(p.m * p.ldy + 1, sizeof(float)), .times = calloc(p.m * p.ldy + 1, 1)};
            apply(&all[t], &p, p.bias, note, &notes);
            size_t wrong = 0;
            for (size_t i = 0; i < p.m; i++)
                for (size_t j = 0; j < p.ldy; j++) {
                    size_t at = i * p.ldy + j;
                    wrong += notes.times[at] != (j < p.n) ||
                             (j < p.n && memcmp(&notes.seen[at], &p.y[at], sizeof(float)) != 0);
                }
            cr_expect_eq(wrong, 0, "%s, shape %zu: %zu elements", all[t].name, s, wrong);
            free(notes.seen), free(notes.times);
            drop(&p);
        }
    }
}

/* One row of W far larger than the others, as an encoder's outlying dimension has: its partner's results stay exact. */
static void large_row(const kind *of, size_t m, size_t n, size_t k) {
    problem p = make(m, n, k, 8, 21);
    wn_paired packed;
    cr_assert_eq(wn_paired_pack(&packed, of->kern, of->integers, p.w, n, k, NULL), WN_OK);
    const size_t parts = ((const wn_paired_scheme *)packed.scheme)->parts;
    wn_paired_free(&packed);
    for (size_t e = 0; e < k; e++) p.w[3 * k + e] *= 1000;
    memset(p.w + 5 * k, 0, k * sizeof *p.w);
    apply(of, &p, NULL, NULL, NULL);
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

Test(paired, a_large_row_does_not_spoil_its_partner) {
    kind all[KINDS];
    for (size_t t = 0, n = kinds(all); t < n; t++) {
        large_row(&all[t], 40, 64, 384);
        large_row(&all[t], 16, 768, 768);
    }
}

/* Rows of nothing but their largest element: integers, and the sums on the way, as large as they get. */
Test(paired, sums_of_the_largest_integers) {
    kind all[KINDS];
    for (size_t t = 0, n = kinds(all); t < n; t++) {
        for (int signs = 0; signs < 4; signs++) {
            problem p = make(6, 64, 776, 4, 41);
            for (size_t i = 0; i < p.m * p.ldx; i++) p.x[i] = signs & 1 ? -3 : 3;
            for (size_t i = 0; i < p.n * p.k; i++) p.w[i] = signs & 2 ? -5 : 5;
            apply(&all[t], &p, NULL, NULL, NULL);
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
Test(paired, rows_of_extreme_size) {
    kind all[KINDS];
    for (size_t t = 0, n = kinds(all); t < n; t++) {
        problem p = make(6, 64, 384, 2, 31);
        for (size_t k = 0; k < p.k; k++) p.w[3 * p.k + k] *= 1e-41f, p.w[7 * p.k + k] *= 1e30f;
        for (size_t k = 0; k < p.k; k++) p.x[2 * p.ldx + k] *= 1e-41f;
        apply(&all[t], &p, NULL, NULL, NULL);
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

Test(paired, what_is_not_finite_shows) {
    kind all[KINDS];
    static const float odd[] = {NAN, INFINITY};
    for (size_t t = 0, n = kinds(all); t < n; t++) {
        for (int which = 0; which < 2; which++) {
            problem p = make(6, 64, 384, 2, 32);
            p.x[3 * p.ldx + 5] = odd[which];
            p.w[9 * p.k + 380] = odd[which];
            apply(&all[t], &p, NULL, NULL, NULL);
            for (size_t i = 0; i < p.m; i++) cr_expect(!isfinite(p.y[i * p.ldy + 9]), "%s: row %zu", all[t].name, i);
            for (size_t j = 0; j < p.n; j++) cr_expect(!isfinite(p.y[3 * p.ldy + j]), "%s: column %zu", all[t].name, j);
            if (all[t].integers)
                cr_expect(isfinite(p.y[2 * p.ldy + 8]) && isfinite(p.y[2 * p.ldy + 41])); /* partners */
            drop(&p);
        }
    }
}

Test(paired, shapes_that_fit) {
    cr_assert(wn_paired_fits(64, 2) && wn_paired_fits(1152, 384));
    cr_assert(wn_paired_fits16(64, 8) && !wn_paired_fits16(64, 4));
    cr_assert(!wn_paired_fits(32, 2) && !wn_paired_fits(96, 2) && !wn_paired_fits(64, 3) && !wn_paired_fits(0, 2) &&
              !wn_paired_fits(64, 0));
}

Test(paired, every_failed_allocation) {
    problem p = make(1, 64, 8, 1, 1);
    for (int integers = 0; integers < 2; integers++) {
        for (long nth = 0;; nth++) {
            wn_paired packed;
            wn_err err;
            wn_mem_fail_after(nth, false);
            wn_code rc = integers ? wn_paired_init16(&packed, p.w, p.n, p.k, &err)
                                  : wn_paired_init(&packed, p.w, p.n, p.k, &err);
            wn_mem_fail_after(-1, false);
            if (rc == WN_OK) {
                wn_paired_free(&packed);
                cr_assert_eq(nth, integers ? 4 : 3);
                break;
            }
            cr_assert_eq(rc, WN_EMEMORY);
            cr_assert_null(packed.data);
        }
    }
    wn_paired_free(NULL);
    drop(&p);
}
