/* Products in reduced precision against plain ones on equally rounded numbers, for every kernel: those that this
 * processor lacks are compiled against an emulation of their instructions. Then whole encoders against f32. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winnow/bert.h>
#include <wn/cpu.h>
#include <wn/rng.h>
#include <winnow/threads.h>

#include "embed/linear/quant.h"
#include "f16.h"

extern const wn_quant_kernel wn_quant_f16_emulated, wn_quant_bf16_amx_emulated;

static uint64_t state = 7;
static float draw(void) { /* roughly normal, now and then large, as hidden states are */
    float s = 0;
    for (int i = 0; i < 4; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        s += (float)(int32_t)(state >> 32) * 0x1p-31f;
    }
    return state >> 59 == 0 ? 8 * s : s;
}

static double as_bf16(float x) {
    uint32_t b;
    memcpy(&b, &x, sizeof b);
    b = (b + 0x7fff + (b >> 16 & 1)) & 0xffff0000u;
    memcpy(&x, &b, sizeof b);
    return (double)x;
}

/* The product's element from rows a and b [k]; *size gets the sum of the terms' sizes. */
static double plain_pairs(wn_precision p, const float *a, const float *b, size_t k, double *size) {
    double s = 0;
    *size = 0;
    for (size_t i = 0; i < k; i++) {
        double t = p == WN_PREC_BF16 ? as_bf16(a[i]) * as_bf16(b[i]) : as_f16((double)a[i]) * as_f16((double)b[i]);
        s += t;
        *size += fabs(t);
    }
    return s;
}

static double plain_int8(const float *a, const float *b, size_t k, double *size) {
    double s = 0;
    *size = 0;
    for (size_t from = 0; from < k; from += 64) {
        size_t to = from + 64 < k ? from + 64 : k;
        float least = a[from], most = a[from], top = 0;
        if (to - from < 64) least = fminf(least, 0), most = fmaxf(most, 0); /* the padding counts */
        for (size_t i = from; i < to; i++) {
            least = fminf(least, a[i]);
            most = fmaxf(most, a[i]);
            top = fmaxf(top, fabsf(b[i]));
        }
        float step = (most - least) / 255.0f, wide = top / 127.0f;
        for (size_t i = from; i < to; i++) {
            float q = rintf((a[i] - least) * (1.0f / step)), r = rintf(b[i] * (1.0f / wide));
            cr_assert(q >= 0 && q <= 255 && fabsf(r) <= 127);
            double t = ((double)least + (double)step * (double)q) * (double)wide * (double)r;
            s += t;
            *size += fabs(t) + fabs((double)least * (double)wide * (double)r);
        }
    }
    return s;
}

/* The f16 kernel's own order, in scalar arithmetic. */
static float plain_f16(const float *a, const float *b, size_t k) {
    float s = 0;
    for (size_t from = 0; from < k; from += 128) {
        double half[2] = {0, 0};
        for (size_t i = from; i < from + 128 && i < k; i++)
            half[i % 2] = as_f16(as_f16((double)a[i]) * as_f16((double)b[i]) + half[i % 2]);
        s = (float)half[0] + (float)half[1] + (from ? s : 0);
    }
    return s;
}

static void keep(const float *bias, wn_activation a, const float *x, size_t ldx, size_t m, size_t n, float *y,
                 size_t ldy) {
    cr_assert(!bias && a == WN_ACT_IDENTITY);
    for (size_t i = 0; i < m; i++) memcpy(y + i * ldy, x + i * ldx, n * sizeof *y);
}

static void multiply(const wn_quant *l, const float *x, size_t m, float *y, void *scratch) {
    const wn_linear_rows rows = {.x = x, .stride = l->k, .texts = m};
    const wn_epilogue e = {.activation = WN_ACT_IDENTITY, .activate = keep};
    wn_quant_apply(l, &rows, &e, y, l->n, scratch);
}

static void check_product(const wn_quant_kernel *kernel, size_t m, size_t n, size_t k) {
    wn_err e;
    wn_quant *l;
    float *x = malloc(m * k * sizeof *x), *w = malloc(n * k * sizeof *w), *y = malloc(m * n * sizeof *y),
          *one = malloc(n * sizeof *one);
    void *scratch = wn_alloc(1, wn_quant_scratch(n, k, m), &e);
    for (size_t i = 0; i < m * k; i++) x[i] = draw();
    for (size_t i = 0; i < n * k; i++) w[i] = draw() / 16;
    cr_assert_eq(wn_quant_pack(&l, kernel, w, n, k, &e), WN_OK);
    multiply(l, x, m, y, scratch);
    double worst = 0;
    size_t apart = 0, wrong = 0;
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            double size, want = kernel->precision == WN_PREC_INT8
                                    ? plain_int8(x + i * k, w + j * k, k, &size)
                                    : plain_pairs(kernel->precision, x + i * k, w + j * k, k, &size);
            worst = fmax(worst, fabs((double)y[i * n + j] - want) / size);
            float scalar = kernel->precision == WN_PREC_F16 ? plain_f16(x + i * k, w + j * k, k) : 0;
            wrong += kernel->precision == WN_PREC_F16 && memcmp(&y[i * n + j], &scalar, sizeof scalar) != 0;
        }
        multiply(l, x + i * k, 1, one, scratch);
        apart += memcmp(one, y + i * n, n * sizeof *one) != 0;
    }
    cr_assert_eq(apart, 0, "%s %zu x %zu x %zu: %zu rows differ when multiplied alone",
                 wn_precision_name(kernel->precision), m, n, k, apart);
    cr_assert_eq(wrong, 0, "f16 %zu x %zu x %zu: %zu elements differ from scalar arithmetic in the same order", m, n, k,
                 wrong);
    /* f32 sums: rounding of k terms; f16 sums: of 64 */
    double bar = kernel->precision == WN_PREC_F16 ? 4e-3 : 3e-7 + 4e-8 * sqrt((double)k);
    cr_assert_lt(worst, bar, "%s %zu x %zu x %zu: %.2e of the terms' sizes", wn_precision_name(kernel->precision), m, n,
                 k, worst);
    wn_quant_free(l);
    wn_free(scratch);
    free(x), free(w), free(y), free(one);
}

static void check_same(const wn_quant_kernel *a, const wn_quant_kernel *b, size_t m, size_t n, size_t k) {
    float *x = malloc(m * k * sizeof *x), *w = malloc(n * k * sizeof *w), *y[2];
    for (size_t i = 0; i < m * k; i++) x[i] = draw();
    for (size_t i = 0; i < n * k; i++) w[i] = draw() / 16;
    for (int i = 0; i < 2; i++) {
        wn_quant *l;
        void *scratch = wn_alloc(1, wn_quant_scratch(n, k, m), &(wn_err){0});
        y[i] = malloc(m * n * sizeof *y[i]);
        cr_assert_eq(wn_quant_pack(&l, i ? b : a, w, n, k, &(wn_err){0}), WN_OK);
        multiply(l, x, m, y[i], scratch);
        wn_quant_free(l);
        wn_free(scratch);
    }
    cr_assert_eq(memcmp(y[0], y[1], m * n * sizeof(float)), 0);
    free(x), free(w), free(y[0]), free(y[1]);
}

static void check_kernel(const wn_quant_kernel *kernel) {
    static const size_t shapes[][3] = {{1, 1, 1},    {1, 33, 12},  {13, 32, 31},  {14, 48, 64},  {15, 31, 65},
                                       {32, 64, 96}, {33, 16, 48}, {83, 32, 129}, {85, 40, 100}, {97, 32, 384},
                                       {193, 8, 16}, {5, 64, 1536}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        check_product(kernel, shapes[i][0], shapes[i][1], shapes[i][2]);
}

static void need(wn_precision p) {
    wn_err e;
    if (wn_precision_check(p, &e)) cr_skip_test("this processor has no %s", wn_precision_name(p));
}

static const wn_quant_kernel *have(wn_precision p) {
    need(p);
    return wn_quant_kernel_get(p);
}

static void need_avx512(void) {
    if (!wn_cpu_has(WN_CPU_AVX512)) cr_skip_test("the emulated kernels need AVX-512");
}

Test(precision, bf16) { check_kernel(have(WN_PREC_BF16)); }
Test(precision, int8) { check_kernel(have(WN_PREC_INT8)); }
Test(precision, int8_avx2) {
    if (!wn_cpu_has(WN_CPU_AVX2)) cr_skip_test("no AVX2 on this processor");
    check_kernel(&wn_quant_int8_avx2);
}
Test(precision, int8_of_avx512_and_avx2_have_the_same_bits) {
    if (!wn_cpu_has(WN_CPU_AVX512_VNNI)) cr_skip_test("no AVX512-VNNI on this processor");
    check_same(&wn_quant_int8_avx512, &wn_quant_int8_avx2, 61, 40, 200);
}
Test(precision, f16) { check_kernel(have(WN_PREC_F16)); }
Test(precision, f16_emulated) {
    need_avx512();
    check_kernel(&wn_quant_f16_emulated);
}
Test(precision, tiles_emulated) {
    have(WN_PREC_BF16); /* it rounds with AVX512-BF16 */
    check_kernel(&wn_quant_bf16_amx_emulated);
}

Test(precision, constant_rows) { /* no spread: no division by zero, the product exact */
    const wn_quant_kernel *kernel = have(WN_PREC_INT8);
    wn_err e;
    wn_quant *l;
    float x[64], w[64] = {0}, y[2];
    for (int i = 0; i < 64; i++) x[i] = 1.5f;
    w[3] = 2;
    void *scratch = wn_alloc(1, wn_quant_scratch(1, 64, 1), &e);
    cr_assert_eq(wn_quant_pack(&l, kernel, w, 1, 64, &e), WN_OK);
    multiply(l, x, 1, y, scratch);
    cr_assert_eq(y[0], 3.0f);
    memset(x, 0, sizeof x);
    multiply(l, x, 1, y, scratch);
    cr_assert_eq(y[0], 0.0f);
    wn_quant_free(l);
    wn_free(scratch);
}

Test(precision, names) {
    wn_err e;
    cr_assert_eq(wn_precision_check(WN_PREC_AUTO, &e), WN_OK);
    cr_assert_eq(wn_precision_resolve(WN_PREC_AUTO), WN_PREC_F32);
    cr_assert_eq(wn_precision_resolve(WN_PREC_INT8), WN_PREC_INT8);
    cr_assert_str_eq(wn_precision_name(WN_PREC_INT16), "int16");
    cr_assert_null(wn_precision_name(WN_PREC_INT8 + 1));
}

Test(precision, refused) { /* a test is a process of its own: nothing has asked for the processor yet */
    setenv("WINNOW_ISA", "portable", 1);
    wn_err e;
    cr_assert_eq(wn_precision_check(WN_PREC_INT8, &e), WN_EUSAGE);
    cr_assert(strstr(e.msg, "AVX512-VNNI or AVX2") && strstr(e.msg, "can do f32"), "%s", e.msg);
    cr_assert_eq(wn_precision_check(WN_PREC_F16, &e), WN_EUSAGE);
    wn_bert *m;
    char *dir = NULL;
    if (wn_model_find(&dir, "all-MiniLM-L6-v2", &e))
        cr_skip_test("no model (tools/get-minilm fetches all-MiniLM-L6-v2)");
    wn_bert_opts o = {.layer = -1, .precision = WN_PREC_BF16};
    cr_assert_eq(wn_bert_open(&m, dir, &o, &e), WN_EUSAGE);
    cr_assert(strstr(e.msg, "AVX512-BF16"), "%s", e.msg);
    wn_free(dir);
}

/* Texts of 1 to 256 tokens, their ids drawn like words: low ids more often. */
typedef struct {
    uint32_t *ids;
    size_t offsets[64], n, tokens;
} texts;

static texts make_texts(const wn_model_config *c) {
    static const size_t lengths[] = {1,  2,  3,  7,  12, 13, 14,  15,  16,  17, 31,
                                     32, 33, 44, 48, 60, 97, 128, 200, 255, 256};
    texts t = {.n = sizeof lengths / sizeof *lengths};
    for (size_t i = 0; i < t.n; i++)
        t.offsets[i + 1] =
            t.offsets[i] + (lengths[i] < c->positions - c->pad - 1 ? lengths[i] : c->positions - c->pad - 1);
    t.tokens = t.offsets[t.n];
    t.ids = malloc(t.tokens * sizeof *t.ids);
    for (size_t i = 0; i < t.tokens; i++)
        t.ids[i] = (uint32_t)(fabsf(draw()) / 32 * (float)c->vocab) % (uint32_t)c->vocab;
    return t;
}

static wn_bert *open_model(wn_precision p) {
    wn_err e;
    wn_bert *m;
    char *dir = NULL;
    if (wn_model_find(&dir, "all-MiniLM-L6-v2", &e))
        cr_skip_test("no model (tools/get-minilm fetches all-MiniLM-L6-v2)");
    wn_bert_opts o = {.layer = -1, .precision = p};
    cr_assert_eq(wn_bert_open(&m, dir, &o, &e), WN_OK, "%s", e.msg);
    wn_free(dir);
    return m;
}

static float *forward(const wn_bert *m, const texts *t) {
    wn_err e;
    float *out = malloc(t->n * wn_bert_dims(m) * sizeof *out);
    cr_assert_eq(wn_bert_forward(m, &(wn_token_batch){t->ids, NULL, t->offsets, t->n}, out, wn_bert_dims(m), NULL, &e),
                 WN_OK, "%s", e.msg);
    return out;
}

/* The same bits alone, together, in another order and on any number of threads. */
static void check_bits(wn_precision p) {
    need(p);
    wn_err e;
    wn_bert *m = open_model(p);
    texts t = make_texts(wn_bert_config(m)), back = {.n = t.n, .ids = malloc(t.tokens * sizeof *t.ids)};
    size_t d = wn_bert_dims(m), bytes = d * sizeof(float);
    wn_threads_set(1);
    float *together = forward(m, &t), *alone = malloc(bytes);
    for (size_t i = 0; i < t.n; i++) {
        size_t offsets[2] = {t.offsets[i], t.offsets[i + 1]};
        cr_assert_eq(wn_bert_forward(m, &(wn_token_batch){t.ids, NULL, offsets, 1}, alone, d, NULL, &e), WN_OK);
        cr_assert_eq(memcmp(alone, together + i * d, bytes), 0, "text %zu alone", i);
        size_t from = t.n - 1 - i, length = t.offsets[from + 1] - t.offsets[from];
        back.offsets[i + 1] = back.offsets[i] + length;
        memcpy(back.ids + back.offsets[i], t.ids + t.offsets[from], length * sizeof *t.ids);
    }
    for (int threads = 1; threads <= 4; threads *= 2) {
        wn_threads_set(threads);
        float *same = forward(m, &t), *reversed = forward(m, &back);
        cr_assert_eq(memcmp(same, together, t.n * bytes), 0, "%d threads", threads);
        for (size_t i = 0; i < t.n; i++)
            cr_assert_eq(memcmp(reversed + i * d, together + (t.n - 1 - i) * d, bytes), 0, "text %zu in another order",
                         i);
        free(same), free(reversed);
    }
    free(together), free(alone), free(t.ids), free(back.ids);
    wn_bert_close(m);
}

Test(precision, bits_f32) { check_bits(WN_PREC_F32); }
Test(precision, bits_bf16) { check_bits(WN_PREC_BF16); }
Test(precision, bits_f16) { check_bits(WN_PREC_F16); }
Test(precision, bits_int16) { check_bits(WN_PREC_INT16); }
Test(precision, bits_int8) { check_bits(WN_PREC_INT8); }

static double least_cosine(const float *a, const float *b, size_t n, size_t d) {
    double least = 1;
    for (size_t i = 0; i < n; i++) {
        double ab = 0, aa = 0, bb = 0;
        for (size_t j = 0; j < d; j++) {
            double x = (double)a[i * d + j], y = (double)b[i * d + j];
            ab += x * y, aa += x * x, bb += y * y;
        }
        least = fmin(least, ab / sqrt(aa * bb));
    }
    return least;
}

/* Word salad is harder than the measured text sets: its vectors are less sure of themselves. */
static void check_drift(wn_precision p, double bar) {
    need(p);
    wn_bert *plain = open_model(WN_PREC_F32), *m = open_model(p);
    texts t = make_texts(wn_bert_config(m));
    float *want = forward(plain, &t), *got = forward(m, &t);
    double cosine = least_cosine(got, want, t.n, wn_bert_dims(m));
    fprintf(stderr, "%s: least cosine to f32 %.6f\n", wn_precision_name(p), cosine);
    cr_assert_gt(cosine, bar);
    cr_assert_lt(cosine, 1 - 1e-9, "the precision makes no difference: is it used?");
    free(want), free(got), free(t.ids);
    wn_bert_close(plain);
    wn_bert_close(m);
}

Test(precision, drift_bf16) { check_drift(WN_PREC_BF16, 0.9995); }
Test(precision, drift_f16) { check_drift(WN_PREC_F16, 0.9995); }
Test(precision, drift_int16) { check_drift(WN_PREC_INT16, 0.9995); }
Test(precision, drift_int8) { check_drift(WN_PREC_INT8, 0.995); }
