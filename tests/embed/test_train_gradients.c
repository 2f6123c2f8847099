/* Gradients against finite differences, in double: every operation, every architecture, every head, with dropout (the
 * same step has the same masks, so that the loss is a function). */
#include "embed/train_fixture.h"

#include <wn/rng.h>

#include "bert/train/trainee.h"

enum { MANY = 4 };
static const double bar = 1e-6;

static double drawn(uint64_t stream, uint64_t i) {
    wn_rng r = wn_rng_init(stream, i);
    return wn_rng_normal(&r);
}

static void fill(wn_real *x, size_t n, uint64_t stream) {
    for (size_t i = 0; i < n; i++) x[i] = drawn(stream, i);
}

/* A function of x[n] and what multiplies its results: loss = sum of results * weights. */
typedef double (*loss_of)(void *ctx);

/* Smaller gradients are compared with this rather than with the largest of their tensor. Whole models set it: a
 * millionth of their largest gradient, which is what rounding leaves of the differences. */
static double smallest = 1e-30;
/* Of the differences: where there are relus, so small that none changes sides within it. */
static double step = 1e-3;

/* d[n] against central differences of fourth order over x[n], in place; relative to the largest of d. */
static double off_differences(loss_of loss, void *ctx, wn_real *x, const wn_real *d, size_t n, size_t stride) {
    double worst = 0, top = smallest;
    for (size_t i = 0; i < n; i++) top = fmax(top, fabs(d[i]));
    for (size_t i = 0; i < n; i += stride) {
        const wn_real at = x[i];
        double f[4];
        static const double by[4] = {-2, -1, 1, 2};
        for (size_t k = 0; k < 4; k++) {
            x[i] = at + by[k] * step;
            f[k] = loss(ctx);
        }
        x[i] = at;
        worst = fmax(worst, fabs((f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * step) - d[i]) / top);
    }
    return worst;
}

/* ---- operations ---- */

enum { M = 5, H = 7 };
typedef struct {
    wn_real x[M * H], w[2 * H], weight[M * H], d[M * H], dwdb[2 * H];
    wn_activation a;
} rows_case;

static double weighted(const wn_real *y, const wn_real *weight, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += y[i] * weight[i];
    return sum;
}

static double norm_loss(void *ctx) {
    const rows_case *c = ctx;
    wn_real y[M * H], scale[M];
    wn_train_ref_ops.norm(y, scale, c->x, M, H, 1e-5);
    wn_train_ref_ops.norm_affine(y, y, c->w, c->w + H, M, H);
    return weighted(y, c->weight, M * H);
}

static double activation_loss(void *ctx) {
    const rows_case *c = ctx;
    wn_real y[M * H];
    wn_train_ref_ops.activate(c->a, y, c->x, M * H);
    return weighted(y, c->weight, M * H);
}

static double softmax_loss(void *ctx) {
    const rows_case *c = ctx;
    wn_real y[M * H];
    memcpy(y, c->x, sizeof y);
    wn_train_ref_ops.softmax(y, 0.7, M, H);
    return weighted(y, c->weight, M * H);
}

static rows_case drawn_rows(void) {
    rows_case c = {0};
    fill(c.x, M * H, 1);
    fill(c.w, 2 * H, 2);
    fill(c.weight, M * H, 3);
    memcpy(c.d, c.weight, sizeof c.d);
    return c;
}

Test(train_gradients, layer_norm) {
    rows_case c = drawn_rows();
    wn_real hat[M * H], scale[M];
    wn_train_ref_ops.norm(hat, scale, c.x, M, H, 1e-5);
    wn_train_ref_ops.norm_backward(c.d, hat, scale, c.w, c.dwdb, M, H);
    cr_assert_lt(off_differences(norm_loss, &c, c.x, c.d, M * H, 1), bar);
    cr_assert_lt(off_differences(norm_loss, &c, c.w, c.dwdb, 2 * H, 1), bar);
}

Test(train_gradients, activations) {
    static const wn_activation kinds[] = {WN_ACT_GELU, WN_ACT_GELU_TANH, WN_ACT_RELU, WN_ACT_TANH, WN_ACT_IDENTITY};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        rows_case c = drawn_rows();
        wn_real x[M * H], y[M * H];
        c.a = kinds[i];
        memcpy(x, c.x, sizeof x);
        wn_train_ref_ops.activate(c.a, y, c.x, M * H);
        wn_train_ref_ops.activate_backward(c.a, x, c.d, M * H);
        cr_assert(memcmp(x, y, sizeof x) == 0, "the way back gives other values than the way forth");
        cr_assert_lt(off_differences(activation_loss, &c, c.x, c.d, M * H, 1), bar, "activation %d", (int)c.a);
    }
}

Test(train_gradients, softmax) {
    rows_case c = drawn_rows();
    wn_real p[M * H];
    memcpy(p, c.x, sizeof p);
    wn_train_ref_ops.softmax(p, 0.7, M, H);
    wn_train_ref_ops.softmax_backward(c.d, p, 0.7, M, H);
    cr_assert_lt(off_differences(softmax_loss, &c, c.x, c.d, M * H, 1), bar);
}

typedef struct {
    wn_real x[M * H], weight[H];
    wn_pooling p;
} pool_case;

static double pool_loss(void *ctx) {
    const pool_case *c = ctx;
    wn_real y[H];
    wn_pool_forward(y, c->x, c->p, M, H);
    return weighted(y, c->weight, H);
}

Test(train_gradients, pooling) {
    for (wn_pooling p = WN_POOL_MODEL; p <= WN_POOL_LAST; p++) {
        pool_case c = {.p = p};
        wn_real d[M * H];
        fill(c.x, M * H, 1);
        fill(c.weight, H, 3);
        wn_pool_backward(d, c.weight, c.x, p, M, H);
        cr_assert_lt(off_differences(pool_loss, &c, c.x, d, M * H, 1), bar, "%s", wn_pooling_name(p));
    }
}

enum { T = 6, WIDTH = 10 };
typedef struct {
    wn_attention a;
    wn_real qkv[T * 3 * WIDTH], weight[T * WIDTH], *scratch;
} attention_case;

static double attention_loss(void *ctx) {
    const attention_case *c = ctx;
    wn_real context[T * WIDTH];
    wn_attention_forward(context, c->qkv, &c->a, &wn_train_ref_ops, c->scratch);
    return weighted(context, c->weight, T * WIDTH);
}

Test(train_gradients, attention) {
    for (uint32_t dropped = 0; dropped < 2; dropped++) {
        wn_err e;
        attention_case c = {.a = {.t = T, .hidden = WIDTH, .heads = 2, .row = 3}};
        c.a.dropout = (wn_dropout){.seed = 1, .stream = 2, .below = dropped << 30, .scale = dropped ? 4.0 / 3 : 1};
        c.scratch = wn_alloc(wn_attention_scratch(T, WIDTH, 2), sizeof(wn_real), &e);
        wn_real d[T * 3 * WIDTH];
        fill(c.qkv, T * 3 * WIDTH, 4);
        fill(c.weight, T * WIDTH, 5);
        memcpy(d, c.qkv, sizeof d);
        wn_attention_backward(d, c.weight, &c.a, &wn_train_ref_ops, c.scratch);
        cr_assert_lt(off_differences(attention_loss, &c, c.qkv, d, T * 3 * WIDTH, 1), bar);
        wn_free(c.scratch);
    }
}

/* ---- whole models ---- */

typedef struct {
    wn_trainee *t;
    wn_token_batch b;
    wn_real *weight, *out;
    size_t results;
} model_case;

static double model_loss(void *ctx) {
    const model_case *c = ctx;
    wn_err e;
    cr_assert_eq(wn_trainee_forward(c->t, &c->b, 7, true, c->out, &e), WN_OK);
    return weighted(c->out, c->weight, c->results);
}

static void whole_model(const char *name, wn_head_kind head, wn_pooling pooling, double dropout) {
    enum { TEXTS = 5, TOKENS = 24 };
    static const size_t offsets[TEXTS + 1] = {0, 4, 5, 12, 17, 24};
    char *dir = model_dir(name);
    uint32_t ids[TOKENS];
    uint8_t types[TOKENS];
    wn_err e = {0};
    const wn_trainee_opts o = {.head = head,
                               .outputs = head == WN_HEAD_CHOICE || head == WN_HEAD_REGRESS ? 1 : 3,
                               .dropout = dropout,
                               .seed = 5,
                               .pooling = pooling,
                               .fresh_head = true};
    model_case c = {.b = {.ids = ids, .types = types, .offsets = offsets, .n = TEXTS}, .results = TEXTS * o.outputs};
    cr_assert_eq(wn_trainee_open(&c.t, dir, &o, &e), WN_OK, "%s", e.msg);
    wn_params *p = wn_trainee_params(c.t);
    for (size_t i = 0; i < TOKENS; i++) {
        ids[i] = 5 + (uint32_t)(i * 37 % 40);
        types[i] = head == WN_HEAD_PAIRS && i % 3 == 0 && wn_trainee_config(c.t)->types > 1;
    }
    /* weights of a random checkpoint are so small that most gradients would be near nothing */
    for (size_t i = 0; i < p->total; i++) p->value[i] += 0.2 * drawn(9, i);
    c.weight = calloc(c.results, sizeof *c.weight);
    c.out = calloc(c.results, sizeof *c.out);
    fill(c.weight, c.results, 6);
    (void)model_loss(&c);
    wn_trainee_backward(c.t, c.weight);
    wn_real *grad = malloc(p->total * sizeof *grad);
    memcpy(grad, p->grad, p->total * sizeof *grad);
    double worst = 0, largest = 0;
    const char *where = "";
    for (size_t i = 0; i < p->total; i++) largest = fmax(largest, fabs(grad[i]));
    smallest = 1e-6 * largest;
    for (size_t i = 0; i < p->n; i++) {
        const wn_param *q = &p->list[i];
        /* of tables the rows that the batch has */
        const size_t n = wn_param_count(q), first = q->lazy ? 5 * q->cols : 0, some = q->lazy ? 40 * q->cols : n;
        if (strstr(q->name, "key.bias") || strstr(q->name, "k_lin.bias")) continue; /* zero but for rounding */
        const double off = off_differences(model_loss, &c, p->value + q->at + first, grad + q->at + first, some,
                                           some / MANY + 1);
        if (off > worst) worst = off, where = q->name;
    }
    fprintf(stderr, "%s, head %d: %.1e (%s)\n", name, (int)head, worst, where);
    cr_assert_lt(worst, bar);
    wn_trainee_close(c.t);
    wn_free(dir);
    free(grad), free(c.weight), free(c.out);
}

static void all_heads(const char *name) {
    whole_model(name, WN_HEAD_CLASSIFY, WN_POOL_MODEL, 0.3);
    whole_model(name, WN_HEAD_PAIRS, WN_POOL_MEAN, 0);
    whole_model(name, WN_HEAD_CHOICE, WN_POOL_MODEL, 0.3);
    whole_model(name, WN_HEAD_REGRESS, WN_POOL_MEAN_SQRT, 0); /* max has edges: on its own above */
}

Test(train_gradients, bert) { all_heads("tiny-random-bert"); }
Test(train_gradients, roberta) { all_heads("tiny-random-roberta"); }
Test(train_gradients, distilbert) {
    step = 1e-4;
    all_heads("tiny-random-distilbert");
}
Test(train_gradients, albert) { all_heads("tiny-random-albert"); }
