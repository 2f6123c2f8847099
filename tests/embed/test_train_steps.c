/* Training in the library's float: vector kernels against their plain twins, the same bits for any number of threads,
 * the lazy table against a dense update, saving, freezing, running out of memory. */
#include "embed/train_fixture.h"

#include <winnow/threads.h>
#include <wn/cpu.h>
#include <wn/rng.h>
#include <wn/weights.h>

#include "bert/train/trainee.h"

static float drawn(uint64_t stream, uint64_t i) {
    wn_rng r = wn_rng_init(stream, i);
    return (float)wn_rng_normal(&r);
}

/* ---- kernels ---- */

enum { M = 3, N = 83 };

static double apart(const float *a, const float *b, size_t n) {
    double worst = 0, top = 1e-6;
    for (size_t i = 0; i < n; i++) top = fmax(top, fabs((double)b[i]));
    for (size_t i = 0; i < n; i++) worst = fmax(worst, fabs((double)a[i] - (double)b[i]) / top);
    return worst;
}

typedef struct {
    float x[M * N], d[M * N], y[M * N], scale[M], dwdb[2 * N], first[M * N], second[M * N];
} op_results;

/* Every operation on the same input. */
static op_results results_of(const wn_train_ops *ops, int which, size_t n, wn_activation a) {
    op_results r = {0};
    float w[2 * N];
    const size_t m = M;
    for (size_t i = 0; i < M * N; i++) {
        r.x[i] = 2 * drawn(1, i);
        r.d[i] = drawn(2, i);
        r.first[i] = 0.1f * drawn(3, i);
        r.second[i] = fabsf(drawn(4, i));
    }
    for (size_t i = 0; i < 2 * N; i++) w[i] = drawn(5, i);
    const wn_dropout p = {.seed = 3, .stream = 4, .below = 1u << 30, .scale = 4.0f / 3};
    const wn_adamw_factors f = {.keep = 0.999f, .beta1 = 0.9f, .beta2 = 0.999f, .rate = 0.01f, .root = 2, .eps = 1e-8f,
                                .grad_scale = 0.5f};
    const wn_adamw_rows rows = {.value = r.x, .grad = r.d, .first = r.first, .second = r.second};
    switch (which) {
    case 0: ops->activate(a, r.y, r.x, m * n); break;
    case 1: ops->activate_backward(a, r.x, r.d, m * n); break;
    case 2: ops->norm(r.y, r.scale, r.x, m, n, 1e-12); break;
    case 3:
        ops->norm(r.y, r.scale, r.x, m, n, 1e-12);
        ops->norm_backward(r.d, r.y, r.scale, w, r.dwdb, m, n);
        break;
    case 4: ops->softmax(r.x, 0.3f, m, n); break;
    case 5:
        ops->softmax(r.x, 0.3f, m, n);
        ops->softmax_backward(r.d, r.x, 0.3f, m, n);
        break;
    case 6: ops->dropout(r.x, &p, 77, m * n); break;
    case 7: ops->adamw(&rows, &f, m * n); break;
    case 8: ops->norm_affine(r.y, r.x, w, w + n, m, n); break;
    case 9: ops->add_bias(r.x, w, m, n); break;
    case 10: ops->add(r.x, r.d, m * n); break;
    case 11: ops->add_rows(r.dwdb, r.x, n, m, n); break;
    default: ops->multiply(r.x, w, 5, m * n); break;
    }
    return r;
}

static void twins(const wn_train_ops *ops) {
    static const size_t widths[] = {1, 5, 16, 37, 64, 83};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        for (int which = 0; which <= 12; which++)
            for (wn_activation a = WN_ACT_GELU; a <= (which < 2 ? WN_ACT_IDENTITY : WN_ACT_GELU); a++) {
                const op_results got = results_of(ops, which, widths[i], a),
                                 want = results_of(&wn_train_ref_ops, which, widths[i], a);
                const double off = fmax(fmax(apart(got.x, want.x, M * N), apart(got.d, want.d, M * N)),
                                        fmax(apart(got.y, want.y, M * N), apart(got.dwdb, want.dwdb, 2 * N)));
                cr_assert_lt(off, 2e-6, "operation %d, width %zu, activation %d: %g", which, widths[i], (int)a, off);
                cr_assert_lt(apart(got.scale, want.scale, M), 2e-6);
            }
}

Test(train_steps, kernels) {
    const char *levels[] = {"avx2", "avx512"};
    for (size_t i = 0; i < 2; i++)
        if (wn_cpu_use(levels[i])) twins(wn_train_ops_get());
}

/* ---- training ---- */

enum { TEXTS = 24, TOKENS = 400, CLASSES = 3 };
typedef struct {
    uint32_t ids[TOKENS];
    size_t offsets[TEXTS + 1];
} text_batch;

static text_batch batch_of(uint32_t step) {
    text_batch b = {0};
    for (uint32_t i = 0; i < TOKENS; i++) b.ids[i] = 5 + (i * 37 + step * 101 + i * i * (step + 1)) % 900;
    for (size_t i = 0; i <= TEXTS; i++) b.offsets[i] = i < TEXTS ? i * 16 + i % 5 : TOKENS;
    return b;
}

static wn_code train_step(wn_trainee *t, wn_adamw *s, uint32_t step, wn_err *err) {
    const text_batch b = batch_of(step);
    float out[TEXTS * CLASSES], d[TEXTS * CLASSES];
    uint32_t labels[TEXTS];
    for (uint32_t i = 0; i < TEXTS; i++) labels[i] = (i + step) % CLASSES;
    const wn_token_batch batch = {.ids = b.ids, .offsets = b.offsets, .n = TEXTS};
    const wn_code code = wn_trainee_forward(t, &batch, step, true, out, err);
    if (code != WN_OK) return code;
    (void)cross_entropy(out, labels, TEXTS, CLASSES, d);
    wn_trainee_backward(t, d);
    const double norm = wn_params_grad_norm(wn_trainee_params(t));
    wn_adamw_step(s, wn_trainee_params(t), 1e-3, fmin(1, 1 / norm));
    return WN_OK;
}

typedef struct {
    const char *freeze; /* parameters whose names hold this; NULL: none */
    bool dense;         /* every row of the table is updated at every step */
    uint32_t steps, settle_at;
} trained_how;

static const wn_adamw_opts adamw = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .decay = 0.01};

static wn_trainee *trained(const char *model, const trained_how *how) {
    const wn_trainee_opts o = {.outputs = CLASSES, .dropout = NAN, .seed = 3};
    char *dir = model_dir(model);
    wn_err e = {0};
    wn_trainee *t;
    wn_adamw *s;
    cr_assert_eq(wn_trainee_open(&t, dir, &o, &e), WN_OK, "%s", e.msg);
    wn_params *p = wn_trainee_params(t);
    for (size_t i = 0; how->freeze && i < p->n; i++) p->list[i].frozen = strstr(p->list[i].name, how->freeze) != NULL;
    for (size_t i = 0; how->dense && i < p->list[0].rows; i++) p->live[i] = true;
    cr_assert_eq(wn_adamw_open(&s, p, &adamw, &e), WN_OK);
    for (uint32_t i = 0; i < how->steps; i++) {
        if (i == how->settle_at) wn_params_settle(p);
        cr_assert_eq(train_step(t, s, i, &e), WN_OK, "%s", e.msg);
    }
    wn_params_settle(p);
    wn_adamw_close(s);
    wn_free(dir);
    return t;
}

static bool same_values(wn_trainee *a, wn_trainee *b) {
    const wn_params *p = wn_trainee_params(a), *q = wn_trainee_params(b);
    return memcmp(p->value, q->value, p->total * sizeof *p->value) == 0;
}

Test(train_steps, same_bits_for_any_threads) {
    static const char *const models[] = {"tiny-random-bert", "tiny-random-albert", "tiny-random-distilbert"};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        wn_trainee *t[3];
        for (int k = 0; k < 3; k++) {
            wn_threads_set(1 << k);
            t[k] = trained(models[i], &(trained_how){.steps = 3});
        }
        cr_assert(same_values(t[0], t[1]) && same_values(t[0], t[2]), "%s", models[i]);
        for (int k = 0; k < 3; k++) wn_trainee_close(t[k]);
    }
}

Test(train_steps, the_lazy_table_has_the_bits_of_a_dense_update) {
    const trained_how lazy = {.steps = WN_PENDING_MAX + 20, .settle_at = 10},
                      dense = {.steps = WN_PENDING_MAX + 20, .dense = true};
    wn_trainee *a = trained("tiny-random-distilbert", &lazy), *b = trained("tiny-random-distilbert", &dense);
    cr_assert(same_values(a, b));
    wn_trainee_close(a);
    wn_trainee_close(b);
}

/* What is frozen keeps its values, and the rest is trained as far as it goes. */
Test(train_steps, frozen_parameters_stay) {
    static const char *const patterns[] = {"embeddings", "bert.", "layer.0", "key"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        wn_trainee *before = trained("tiny-random-bert", &(trained_how){0}),
                   *after = trained("tiny-random-bert", &(trained_how){.freeze = patterns[i], .steps = 2});
        const wn_params *p = wn_trainee_params(before), *q = wn_trainee_params(after);
        for (size_t k = 0; k < p->n; k++) {
            const size_t at = p->list[k].at, bytes = wn_param_count(&p->list[k]) * sizeof *p->value;
            const bool same = memcmp(p->value + at, q->value + at, bytes) == 0;
            cr_assert_eq(same, q->list[k].frozen, "%s, freezing %s", p->list[k].name, patterns[i]);
        }
        wn_trainee_close(before);
        wn_trainee_close(after);
    }
}

/* A batch gives the same results whatever was passed before, with and without what training keeps. */
Test(train_steps, evaluation) {
    wn_trainee *t = trained("tiny-random-bert", &(trained_how){.steps = 1});
    const text_batch b = batch_of(9);
    const wn_token_batch all = {.ids = b.ids, .offsets = b.offsets, .n = TEXTS},
                         last = {.ids = b.ids, .offsets = b.offsets + TEXTS - 1, .n = 1};
    float first[TEXTS * CLASSES], again[TEXTS * CLASSES], alone[CLASSES];
    wn_err e;
    cr_assert_eq(wn_trainee_forward(t, &all, 0, false, first, &e), WN_OK);
    cr_assert_eq(wn_trainee_forward(t, &last, 3, false, alone, &e), WN_OK);
    cr_assert_eq(wn_trainee_forward(t, &all, 5, false, again, &e), WN_OK);
    cr_assert(memcmp(first, again, sizeof first) == 0);
    cr_assert(memcmp(first + (TEXTS - 1) * CLASSES, alone, sizeof alone) == 0);
    wn_trainee_close(t);
}

/* ---- saving ---- */

Test(train_steps, saved_and_read_again) {
    wn_err e = {0};
    char folder[] = "/tmp/winnow-train.XXXXXX", file[64];
    wn_weights *w;
    cr_assert(mkdtemp(folder));
    (void)snprintf(file, sizeof file, "%s/model.safetensors", folder);
    wn_trainee *t = trained("tiny-random-roberta", &(trained_how){.steps = 2});
    wn_params *p = wn_trainee_params(t);
    cr_assert_eq(wn_params_save(p, file, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_weights_open(&w, file, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_weights_count(w), p->n);
    for (size_t i = 0; i < p->n; i++) {
        const wn_tensor *tensor = wn_weights_find(w, p->list[i].name);
        cr_assert(tensor && tensor->count == wn_param_count(&p->list[i]), "%s", p->list[i].name);
        float *v = wn_alloc(tensor->count, sizeof *v, &e);
        cr_assert_eq(wn_weights_read(w, tensor, v, &e), WN_OK);
        cr_assert(memcmp(v, p->value + p->list[i].at, tensor->count * sizeof *v) == 0, "%s", p->list[i].name);
        wn_free(v);
    }
    wn_weights_close(w);
    wn_trainee_close(t);
    cr_assert(unlink(file) == 0 && rmdir(folder) == 0);
}

/* ---- memory ---- */

/* Everything once; the first failure ends it. */
static wn_code whole_life(const char *dir, const char *file, wn_err *err) {
    const wn_trainee_opts o = {.outputs = CLASSES, .dropout = NAN, .seed = 3};
    wn_trainee *t = NULL;
    wn_adamw *s = NULL;
    wn_code code = wn_trainee_open(&t, dir, &o, err);
    if (code != WN_OK) goto out;
    if ((code = wn_adamw_open(&s, wn_trainee_params(t), &adamw, err)) != WN_OK) goto out;
    if ((code = train_step(t, s, 0, err)) != WN_OK) goto out;
    code = wn_params_save(wn_trainee_params(t), file, err);
out:
    wn_adamw_close(s);
    wn_trainee_close(t);
    return code;
}

Test(train_steps, every_allocation_may_fail) {
    static const char *const models[] = {"tiny-random-bert", "tiny-random-albert"};
    char folder[] = "/tmp/winnow-train.XXXXXX", file[64];
    cr_assert(mkdtemp(folder));
    (void)snprintf(file, sizeof file, "%s/model.safetensors", folder);
    wn_threads_set(1);
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        char *dir = model_dir(models[i]);
        wn_err e = {0};
        wn_mem_fail_after(-1, false);
        cr_assert_eq(whole_life(dir, file, &e), WN_OK, "%s", e.msg);
        cr_assert_eq(unlink(file), 0);
        const long n = wn_mem_count();
        for (long at = 0; at < n; at += at < 40 || at > n - 40 ? 1 : 7) {
            wn_mem_fail_after(at, at % 2);
            const wn_code code = whole_life(dir, file, &e);
            wn_mem_fail_after(-1, false);
            cr_assert_eq(code, WN_EMEMORY, "allocation %ld of %ld: code %d", at, n, (int)code);
            cr_assert_neq(access(file, F_OK), 0, "allocation %ld left a file", at);
        }
        wn_free(dir);
    }
    cr_assert_eq(rmdir(folder), 0);
}
