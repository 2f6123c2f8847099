/* The encoder's operations of every instruction set against the same mathematics in double. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wn/cpu.h>
#include <winnow/mem.h>

#include "embed/bert/bert_private.h"

static uint64_t state = 3;
static float draw(void) { /* -1 .. 1 */
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (float)(int32_t)(state >> 32) * 0x1p-31f;
}

static size_t sets(const wn_bert_ops *out[3], const char *names[3]) {
    size_t n = 0;
    out[n] = &wn_bert_ref_ops, names[n++] = "plain";
#if defined(__x86_64__)
    if (wn_cpu_has(WN_CPU_AVX2)) out[n] = &wn_bert_avx2_ops, names[n++] = "avx2";
    if (wn_cpu_has(WN_CPU_AVX512)) out[n] = &wn_bert_avx512_ops, names[n++] = "avx512";
#endif
    return n;
}

static double exact(wn_activation a, double v) {
    switch (a) {
    case WN_ACT_GELU: return 0.5 * v * erfc(-v / sqrt(2.0));
    case WN_ACT_GELU_TANH: return 0.5 * v * (1 + tanh(sqrt(2 / 3.14159265358979323846) * (v + 0.044715 * v * v * v)));
    case WN_ACT_RELU: return v > 0 ? v : 0;
    case WN_ACT_TANH: return tanh(v);
    case WN_ACT_IDENTITY: break;
    }
    return v;
}

/* Error over the size of x (at least 1/16), which is what reaches the next product. */
static double activation_error(const wn_bert_ops *ops, wn_activation a) {
    enum { N = 1003 };
    static float x[N], y[N];
    double worst = 0;
    for (int round = 0; round < 200; round++) {
        float reach = round < 100 ? 4 : round < 190 ? 14 : 300;
        for (size_t i = 0; i < N; i++) x[i] = reach * draw();
        x[0] = 0, x[1] = -0.0f, x[2] = 1e-30f, x[3] = -1e-30f;
        ops->bias_activate(NULL, a, x, N, 1, N, y, N);
        for (size_t i = 0; i < N; i++) {
            double e = fabs((double)y[i] - exact(a, (double)x[i])) / fmax(fabs((double)x[i]), 0.0625);
            worst = isfinite(y[i]) ? fmax(worst, e) : INFINITY;
        }
    }
    return worst;
}

Test(bert_ops, activations) {
    static const struct {
        wn_activation a;
        const char *name;
        double bar;
    } all[] = {{WN_ACT_GELU, "gelu", 2.5e-7},
               {WN_ACT_GELU_TANH, "gelu_tanh", 4e-7},
               {WN_ACT_RELU, "relu", 1e-30},
               {WN_ACT_TANH, "tanh", 4e-7},
               {WN_ACT_IDENTITY, "identity", 1e-30}};
    const wn_bert_ops *ops[3];
    const char *names[3];
    for (size_t s = 0, n = sets(ops, names); s < n; s++) {
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
            double e = activation_error(ops[s], all[i].a);
            cr_expect_lt(e, all[i].bar, "%s %s: %.2e", names[s], all[i].name, e);
        }
    }
}

Test(bert_ops, gelu_far_out) { /* where erf is 1 the result is v or 0, exactly */
    const wn_bert_ops *ops[3];
    const char *names[3];
    for (size_t s = 0, n = sets(ops, names); s < n; s++) {
        float x[34], y[34];
        for (int i = 0; i < 34; i++) x[i] = (i % 2 ? -1.0f : 1.0f) * ldexpf(6, i / 2);
        ops[s]->bias_activate(NULL, WN_ACT_GELU, x, 34, 1, 34, y, 34);
        for (int i = 0; i < 34; i++)
            cr_expect_eq(y[i], i % 2 ? 0 : x[i], "%s: gelu(%g) = %g", names[s], (double)x[i], (double)y[i]);
    }
}

Test(bert_ops, bias_and_strides) { /* every width; in place or apart; nothing outside is touched */
    const wn_bert_ops *ops[3];
    const char *names[3];
    enum { LDX = 80, LDY = 90, M = 3 };
    for (size_t s = 0, sn = sets(ops, names); s < sn; s++) {
        for (size_t n = 1; n <= 70; n++) {
            float x[M * LDX], y[M * LDY], bias[LDX];
            for (size_t i = 0; i < M * LDX; i++) x[i] = draw();
            for (size_t i = 0; i < M * LDY; i++) y[i] = 7;
            for (size_t i = 0; i < LDX; i++) bias[i] = draw();
            size_t wrong = 0;
            ops[s]->bias_activate(bias, WN_ACT_IDENTITY, x, LDX, M, n, y, LDY);
            for (size_t i = 0; i < M; i++)
                for (size_t j = 0; j < LDY; j++) wrong += y[i * LDY + j] != (j < n ? x[i * LDX + j] + bias[j] : 7);
            ops[s]->bias_activate(bias, WN_ACT_IDENTITY, x, LDX, M, n, x, LDX);
            for (size_t i = 0; i < M; i++) wrong += memcmp(x + i * LDX, y + i * LDY, n * sizeof *x) != 0;
            cr_expect_eq(wrong, 0, "%s, %zu columns: %zu elements", names[s], n, wrong);
        }
    }
}

/* Largest error of y = x W^T + b, beside the sum of the sizes of its terms; x and W in middle -1 .. middle + 1. */
static double product_error(bool careful, size_t m, size_t n, size_t k, float middle) {
    const size_t ldx = k + 3, ldy = n + 5;
    float *x = calloc(m * ldx, sizeof *x), *w = calloc(n * k, sizeof *w), *bias = calloc(n, sizeof *bias),
          *y = calloc(m * ldy, sizeof *y);
    wn_affine l;
    for (size_t i = 0; i < m * ldx; i++) x[i] = middle + draw();
    for (size_t i = 0; i < n * k; i++) w[i] = middle + draw();
    for (size_t j = 0; j < n; j++) bias[j] = draw();
    for (size_t i = 0; i < m * ldy; i++) y[i] = 7;
    const wn_linear_opts o = {.precision = WN_PREC_F32, .careful = careful};
    cr_assert_eq(wn_affine_init(&l, &o, w, bias, n, k, &(wn_err){0}), WN_OK);
    void *room = wn_alloc(1, wn_linear_layer_scratch(&l.w, m), &(wn_err){0});
    wn_affine_apply(&l, WN_ACT_IDENTITY, &(wn_linear_rows){.x = x, .stride = ldx, .texts = m}, y, ldy, room);
    wn_affine_free(&l);
    double most = 0;
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            double sum = (double)bias[j], size = fabs(sum);
            for (size_t e = 0; e < k; e++) {
                const double term = (double)x[i * ldx + e] * (double)w[j * k + e];
                sum += term;
                size += fabs(term);
            }
            most = fmax(most, fabs((double)y[i * ldy + j] - sum) / size);
        }
        for (size_t j = n; j < ldy; j++) cr_assert_eq(y[i * ldy + j], 7);
    }
    free(x), free(w), free(bias), free(y), wn_free(room);
    return most;
}

Test(bert_ops, plain_products) {
    static const size_t shapes[][3] = {{1, 1, 1},     {3, 40, 31},  {43, 65, 32},
                                       {44, 100, 33}, {2, 130, 70}, {85, 96, 100}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int careful = 0; careful < 2; careful++) {
            const double e = product_error(careful, shapes[i][0], shapes[i][1], shapes[i][2], 0);
            cr_expect_lt(e, 4e-7, "shape %zu: %.2e", i, e);
        }
    /* sums that grow all the way: one chain over k keeps less of them */
    const double blocks = product_error(true, 40, 100, 1024, 2), chain = product_error(false, 40, 100, 1024, 2);
    cr_expect_lt(blocks, 5e-7, "%.2e", blocks);
    cr_expect_lt(blocks, chain / 2, "%.2e, one chain %.2e", blocks, chain);
}

Test(bert_ops, layer_norm) {
    static const size_t widths[] = {1, 5, 16, 48, 63, 64, 384, 1000};
    const wn_bert_ops *ops[3];
    const char *names[3];
    enum { M = 5, MAX = 1000 };
    static float x[M * MAX], r[M * MAX], y[M * MAX], w[MAX], b[MAX], bias[MAX], scales[M];
    for (size_t s = 0, sn = sets(ops, names); s < sn; s++) {
        for (size_t k = 0; k < 3 * sizeof widths / sizeof *widths; k++) {
            size_t h = widths[k / 3];
            bool with_bias = k % 3 > 0, with_residual = k % 3 > 1;
            for (size_t i = 0; i < M * h; i++) x[i] = 3 + 4 * draw(), r[i] = draw(); /* a mean far from 0 */
            for (size_t j = 0; j < h; j++) w[j] = 1 + draw() / 2, b[j] = draw(), bias[j] = draw();
            wn_norm norm = {.weight = w, .bias = b};
            memcpy(y, x, M * h * sizeof *x);
            ops[s]->norm_rows(&norm, 1e-12, with_bias ? bias : NULL, y, with_residual ? r : NULL, M, h, scales);
            double worst = 0;
            for (size_t i = 0; i < M; i++) {
                double v[MAX], mean = 0, squares = 0;
                for (size_t j = 0; j < h; j++) {
                    v[j] = (double)x[i * h + j] + (with_bias ? (double)bias[j] : 0) +
                           (with_residual ? (double)r[i * h + j] : 0);
                    mean += v[j] / (double)h;
                }
                for (size_t j = 0; j < h; j++) squares += (v[j] - mean) * (v[j] - mean);
                if (h == 1) continue; /* 0 / 0 but for rounding */
                double scale = 1 / sqrt(squares / (double)h + 1e-12);
                cr_expect_lt(fabs((double)scales[i] / scale - 1), 1e-6, "%s, width %zu: %g", names[s], h,
                             (double)scales[i] / scale - 1);
                for (size_t j = 0; j < h; j++)
                    worst =
                        fmax(worst, fabs((v[j] - mean) * scale * (double)w[j] + (double)b[j] - (double)y[i * h + j]));
            }
            cr_expect_lt(worst, 4e-6, "%s, width %zu: %.2e", names[s], h, worst);
        }
    }
}

/* The greatest error of attention over t tokens, where scores reach about `reach`. */
static double attention_error(const wn_bert_ops *ops, size_t t, size_t hidden, size_t heads, float reach) {
    size_t d = hidden / heads, ld = 3 * hidden, need = ops->attention_scratch(t, hidden, heads);
    float *qkv = malloc(t * ld * sizeof *qkv), *out = malloc(t * hidden * sizeof *out),
          *scratch = malloc((need + 1) * sizeof *scratch);
    double *p = malloc(t * sizeof *p), worst = 0;
    float size = sqrtf(reach * 3 / sqrtf((float)d));
    for (size_t i = 0; i < t * ld; i++) qkv[i] = (i % ld < 2 * hidden ? size : 1) * draw();
    scratch[need] = 42;
    ops->attention(qkv, t, hidden, heads, scratch, out);
    for (size_t a = 0; a < heads; a++) {
        for (size_t i = 0; i < t; i += 1 + t / 16) {
            double top = -INFINITY, sum = 0;
            for (size_t j = 0; j < t; j++) {
                p[j] = 0;
                for (size_t c = 0; c < d; c++)
                    p[j] += (double)qkv[i * ld + a * d + c] * (double)qkv[j * ld + hidden + a * d + c];
                p[j] /= sqrt((double)d);
                top = fmax(top, p[j]);
            }
            for (size_t j = 0; j < t; j++) sum += p[j] = exp(p[j] - top);
            for (size_t c = 0; c < d; c++) {
                double want = 0, got = (double)out[i * hidden + a * d + c];
                for (size_t j = 0; j < t; j++) want += p[j] / sum * (double)qkv[j * ld + 2 * hidden + a * d + c];
                worst = isfinite(got) ? fmax(worst, fabs(got - want)) : INFINITY;
            }
        }
    }
    if (scratch[need] != 42) worst = INFINITY;
    free(qkv), free(out), free(scratch), free(p);
    return worst;
}

Test(bert_ops, attention) {
    static const size_t shapes[][3] = {{1, 48, 4},    {2, 48, 4},    {15, 48, 4},  {16, 384, 12},
                                       {17, 384, 12}, {44, 384, 12}, {100, 20, 4}, {63, 64, 2},
                                       {512, 48, 4},  {512, 64, 1},  {7, 6, 6}};
    const wn_bert_ops *ops[3];
    const char *names[3];
    for (size_t s = 0, sn = sets(ops, names); s < sn; s++) {
        for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
            const size_t *x = shapes[i];
            double e = attention_error(ops[s], x[0], x[1], x[2], 4),
                   sharp = attention_error(ops[s], x[0], x[1], x[2], 300);
            cr_expect_lt(e, 2e-6, "%s, %zu tokens, %zu wide, %zu heads: %.2e", names[s], x[0], x[1], x[2], e);
            cr_expect_lt(sharp, 1e-4, "%s, %zu tokens, %zu wide, %zu heads, large scores: %.2e", names[s], x[0], x[1],
                         x[2], sharp);
        }
    }
}
