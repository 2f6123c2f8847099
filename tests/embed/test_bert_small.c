/* Encoders of a few layers with random weights, wide enough for every kind of product: values, bits, precision,
 * watching. */
#include "tests/formats/weights_build.h"
#include "bert_double.h"
#include <math.h>
#include <winnow/bert.h>
#include <winnow/mem.h>
#include <wn/rng.h>
#include <winnow/threads.h>

static char *folder;
static void begin(void) {
    folder = new_folder();
}
static void end(void) {
    remove_folder(folder);
}
TestSuite(small, .init = begin, .fini = end);

enum { WORDS = 50, POSITIONS = 64, TEXTS = 60 };

typedef struct {
    char header[16384];
    size_t at, offset;
    struct {
        size_t from, n;
    } norms[16]; /* weights of layer norms, around 1 */
    size_t norm_count;
} table;

static void add(table *t, const char *base, const char *name, size_t rows, size_t cols) {
    t->at += (size_t)snprintf(t->header + t->at, sizeof t->header - t->at,
                              "%s\"%s%s\":{\"dtype\":\"F32\",\"shape\":[%zu", t->offset ? "," : "{", base, name, rows);
    if (cols) t->at += (size_t)snprintf(t->header + t->at, sizeof t->header - t->at, ",%zu", cols);
    size_t size = 4 * rows * (cols ? cols : 1);
    t->at += (size_t)snprintf(t->header + t->at, sizeof t->header - t->at, "],\"data_offsets\":[%zu,%zu]}", t->offset,
                              t->offset + size);
    t->offset += size;
}

static void add_linear(table *t, const char *base, const char *name, size_t n, size_t k) {
    char full[128];
    if (k == 0) {
        t->norms[t->norm_count].from = t->offset / 4;
        t->norms[t->norm_count++].n = n;
    }
    (void)snprintf(full, sizeof full, "%s.weight", name);
    add(t, base, full, n, k);
    (void)snprintf(full, sizeof full, "%s.bias", name);
    add(t, base, full, n, 0);
}

/* All tensors of a model, one behind the other. */
static float *make_weights(const table *t) {
    wn_rng r = wn_rng_init(9, 0);
    float *data = malloc(t->offset);
    for (size_t i = 0; i < t->offset / 4; i++) data[i] = 0.15f * (float)wn_rng_normal(&r);
    for (size_t i = 0; i < t->norm_count; i++)
        for (size_t j = 0; j < t->norms[i].n; j++) data[t->norms[i].from + j] += 1;
    return data;
}

static void put_model(const char *config, const table *t) {
    char path[512];
    float *data = make_weights(t);
    bytes b = safetensors(t->header, data, t->offset);
    (void)snprintf(path, sizeof path, "%s/model.safetensors", folder);
    write_file(path, b.p, b.n);
    (void)snprintf(path, sizeof path, "%s/config.json", folder);
    write_file(path, config, strlen(config));
    free(data);
    drop(&b);
}

static table put_bert(size_t h, size_t wide) {
    static const char *const halves[] = {"encoder.layer.0.", "encoder.layer.1."};
    table t = {0};
    char config[400];
    add(&t, "embeddings.", "word_embeddings.weight", WORDS, h);
    add(&t, "embeddings.", "position_embeddings.weight", POSITIONS, h);
    add(&t, "embeddings.", "token_type_embeddings.weight", 2, h);
    add_linear(&t, "embeddings.", "LayerNorm", h, 0);
    for (size_t i = 0; i < 2; i++) {
        add_linear(&t, halves[i], "attention.self.query", h, h);
        add_linear(&t, halves[i], "attention.self.key", h, h);
        add_linear(&t, halves[i], "attention.self.value", h, h);
        add_linear(&t, halves[i], "attention.output.dense", h, h);
        add_linear(&t, halves[i], "attention.output.LayerNorm", h, 0);
        add_linear(&t, halves[i], "intermediate.dense", wide, h);
        add_linear(&t, halves[i], "output.dense", h, wide);
        add_linear(&t, halves[i], "output.LayerNorm", h, 0);
    }
    (void)snprintf(t.header + t.at, sizeof t.header - t.at, "}");
    (void)snprintf(config, sizeof config,
                   "{\"model_type\":\"bert\",\"vocab_size\":%d,\"num_hidden_layers\":2,\"num_attention_heads\":4,"
                   "\"intermediate_size\":%zu,"
                   "\"max_position_embeddings\":%d,\"hidden_size\":%zu}",
                   WORDS, wide, POSITIONS, h);
    put_model(config, &t);
    return t;
}

typedef struct {
    uint32_t *ids;
    uint8_t *types; /* the second half of a text is of the other type */
    size_t offsets[TEXTS + 1];
} texts;

static texts make_texts(void) {
    texts t = {.ids = malloc(TEXTS * POSITIONS * sizeof *t.ids), .types = malloc(TEXTS * POSITIONS)};
    for (size_t i = 0; i < TEXTS; i++) t.offsets[i + 1] = t.offsets[i] + 1 + i * 7 % 40;
    for (size_t i = 0; i < t.offsets[TEXTS]; i++) t.ids[i] = (uint32_t)(i * i % 47);
    for (size_t i = 0; i < TEXTS; i++)
        for (size_t at = t.offsets[i]; at < t.offsets[i + 1]; at++)
            t.types[at] = 2 * (at - t.offsets[i]) > t.offsets[i + 1] - t.offsets[i];
    return t;
}

static void drop_texts(texts *t) {
    free(t->ids), free(t->types);
}

static wn_bert *open_model(wn_precision p) {
    wn_err e = {0};
    wn_bert *m = NULL;
    wn_bert_opts o = {.layer = -1, .precision = p, .normalize = 1};
    if (wn_precision_check(p, &e)) cr_skip_test("%s", e.msg);
    cr_assert_eq(wn_bert_open(&m, folder, &o, &e), WN_OK, "%s", e.msg);
    return m;
}

/* Every seventh text against the textbook in double. */
static void check_values(wn_precision p, size_t h, size_t wide, double bar) {
    table tensors = put_bert(h, wide);
    float *weights = make_weights(&tensors), *got = malloc(TEXTS * h * sizeof *got);
    double *want = malloc(h * sizeof *want), worst = 0;
    const bert_shape shape = {
        .layers = 2, .h = h, .heads = 4, .wide = wide, .words = WORDS, .positions = POSITIONS, .eps = 1e-12};
    wn_bert *m = open_model(p);
    texts t = make_texts();
    cr_assert_eq(wn_bert_forward(m, &(wn_token_batch){t.ids, t.types, t.offsets, TEXTS}, got, h, NULL, &(wn_err){0}),
                 WN_OK);
    for (size_t i = 0; i < TEXTS; i += 7) {
        double_bert(&shape, weights, t.ids + t.offsets[i], t.types + t.offsets[i], t.offsets[i + 1] - t.offsets[i],
                    want);
        for (size_t j = 0; j < h; j++) worst = fmax(worst, fabs((double)got[i * h + j] - want[j]));
    }
    cr_assert_lt(worst, bar, "%zu x %zu: %.2e", h, wide, worst);
    free(weights), free(got), free(want), drop_texts(&t);
    wn_bert_close(m);
}

Test(small, values_f32) {
    check_values(WN_PREC_F32, 64, 448, 3e-7);
}
Test(small, values_f32_of_shapes_that_do_not_pair) {
    check_values(WN_PREC_F32, 36, 72, 1e-7);
}
Test(small, values_int16) {
    check_values(WN_PREC_INT16, 64, 448, 1.5e-3);
}

static void check_bits(wn_precision p, size_t h, size_t wide) {
    put_bert(h, wide);
    wn_bert *m = open_model(p);
    texts t = make_texts();
    float *all = malloc(TEXTS * h * sizeof *all), *same = malloc(TEXTS * h * sizeof *same),
          *one = malloc(h * sizeof *one);
    for (int threads = 1; threads <= 4; threads++) {
        wn_threads_set(threads);
        cr_assert_eq(wn_bert_forward(m, &(wn_token_batch){t.ids, t.types, t.offsets, TEXTS}, threads == 1 ? all : same,
                                     h, NULL, &(wn_err){0}),
                     WN_OK);
        if (threads > 1) cr_assert_eq(memcmp(all, same, TEXTS * h * sizeof *all), 0, "%d threads", threads);
    }
    for (size_t i = 0; i < TEXTS; i++) {
        size_t offsets[2] = {t.offsets[i], t.offsets[i + 1]};
        cr_assert_eq(wn_bert_forward(m, &(wn_token_batch){t.ids, t.types, offsets, 1}, one, h, NULL, &(wn_err){0}),
                     WN_OK);
        cr_expect_eq(memcmp(one, all + i * h, h * sizeof *one), 0, "text %zu alone", i);
    }
    free(all), free(same), free(one), drop_texts(&t);
    wn_bert_close(m);
}

/* What is pooled by default has no say in the hidden states of every layer. */
Test(small, hidden_states_whatever_layer_is_pooled) {
    enum { H = 64, T = 30 };
    put_bert(H, 128);
    texts t = make_texts();
    static float states[2][3 * T * H];
    for (int i = 0; i < 2; i++) {
        wn_err e = {0};
        wn_bert *m = NULL;
        const wn_bert_opts o = {.layer = i - 1};
        cr_assert_eq(wn_bert_open(&m, folder, &o, &e), WN_OK, "%s", e.msg);
        cr_assert_eq(wn_bert_hidden(m, &(wn_token_batch){t.ids, t.types, (size_t[]){0, T}, 1}, states[i], &e), WN_OK,
                     "%s", e.msg);
        wn_bert_close(m);
    }
    cr_assert_eq(memcmp(states[0], states[1], sizeof states[0]), 0);
    drop_texts(&t);
}

/* Where first tokens are pooled, the rest of the last layer is left out: of the hidden states nothing is missing. */
Test(small, first_tokens_are_those_of_the_hidden_states) {
    enum { H = 64 };
    put_bert(H, 448);
    texts t = make_texts();
    static float got[TEXTS * H], one[H], states[3 * POSITIONS * H];
    double worst = 0;
    for (int layer = 0; layer <= 2; layer++) {
        wn_err e = {0};
        wn_bert *m = NULL;
        const wn_bert_opts o = {.layer = layer, .pooling = WN_POOL_CLS};
        cr_assert_eq(wn_bert_open(&m, folder, &o, &e), WN_OK, "%s", e.msg);
        cr_assert_eq(wn_bert_forward(m, &(wn_token_batch){t.ids, t.types, t.offsets, TEXTS}, got, H, NULL,
                                     &(wn_err){0}),
                     WN_OK);
        for (size_t i = 0; i < TEXTS; i++) {
            const size_t at = t.offsets[i], n = t.offsets[i + 1] - at, alone[2] = {at, at + n};
            cr_assert_eq(wn_bert_hidden(m, &(wn_token_batch){t.ids + at, t.types + at, (size_t[]){0, n}, 1}, states,
                                        &e),
                         WN_OK, "%s", e.msg);
            for (size_t j = 0; j < H; j++)
                worst = fmax(worst, fabs((double)(got[i * H + j] - states[(size_t)layer * n * H + j])));
            cr_assert_eq(wn_bert_forward(m, &(wn_token_batch){t.ids, t.types, alone, 1}, one, H, NULL, &(wn_err){0}),
                         WN_OK);
            cr_expect_eq(memcmp(one, got + i * H, sizeof one), 0, "layer %d, text %zu alone", layer, i);
        }
        wn_bert_close(m);
    }
    cr_assert_lt(worst, 6e-6, "%.2e", worst);
    drop_texts(&t);
}

/* Every layer's vectors come with the pass that pools one of them, and leave its bits as they are. */
static void check_every_layer(wn_precision p, wn_pooling pooling, int layer) {
    enum { H = 64, ALL = 3 * H };
    wn_err e = {0};
    wn_bert *m = NULL;
    texts t = make_texts();
    static float plain[TEXTS * H], out[TEXTS * (H + ALL)], states[3 * POSITIONS * H];
    const wn_bert_opts o = {.layer = layer, .pooling = pooling, .precision = p, .normalize = 1};
    if (wn_precision_check(p, &e)) cr_skip_test("%s", e.msg);
    cr_assert_eq(wn_bert_open(&m, folder, &o, &e), WN_OK, "%s", e.msg);
    const wn_token_batch batch = {t.ids, t.types, t.offsets, TEXTS};
    const wn_bert_extras more = {.layers = out + H, .layers_stride = H + ALL};
    cr_assert_eq(wn_bert_forward(m, &batch, plain, H, NULL, &e), WN_OK);
    cr_assert_eq(wn_bert_forward(m, &batch, out, H + ALL, &more, &e), WN_OK);
    double worst = 0;
    for (size_t i = 0; i < TEXTS; i++) {
        const size_t at = t.offsets[i], n = t.offsets[i + 1] - at;
        const float *row = out + i * (H + ALL);
        cr_expect_eq(memcmp(row, plain + i * H, H * sizeof *row), 0, "text %zu, layer %d", i, layer);
        const wn_token_batch text = {t.ids + at, t.types + at, (size_t[]){0, n}, 1};
        cr_assert_eq(wn_bert_hidden(m, &text, states, &e), WN_OK);
        for (size_t l = 0; l < 3; l++) {
            double mean[H] = {0}, squares = 0;
            for (size_t k = 0; k < (pooling == WN_POOL_CLS ? 1 : n); k++)
                for (size_t j = 0; j < H; j++) mean[j] += (double)states[(l * n + k) * H + j];
            for (size_t j = 0; j < H; j++) squares += mean[j] * mean[j];
            for (size_t j = 0; j < H; j++)
                worst = fmax(worst, fabs(mean[j] / sqrt(squares) - (double)row[H + l * H + j]));
        }
    }
    cr_assert_lt(worst, 1e-7, "%.2e", worst);
    wn_bert_close(m);
    drop_texts(&t);
}

Test(small, every_layer_in_one_pass) {
    put_bert(64, 128);
    for (int layer = -1; layer <= 2; layer++) {
        check_every_layer(WN_PREC_F32, WN_POOL_MEAN, layer);
        check_every_layer(WN_PREC_F32, WN_POOL_CLS, layer);
    }
}
Test(small, every_layer_in_one_pass_int8) {
    put_bert(64, 128);
    check_every_layer(WN_PREC_INT8, WN_POOL_CLS, -1);
}

Test(small, bits_f32) {
    check_bits(WN_PREC_F32, 64, 128);
}
Test(small, bits_f32_of_shapes_that_do_not_pair) {
    check_bits(WN_PREC_F32, 36, 72);
}
Test(small, bits_int16) {
    check_bits(WN_PREC_INT16, 64, 448);
}
Test(small, bits_int8) {
    check_bits(WN_PREC_INT8, 36, 72);
}

static void check_drift(wn_precision p, double bar) {
    enum { H = 64 };
    put_bert(H, 448);
    wn_bert *plain = open_model(WN_PREC_F32), *m = open_model(p);
    texts t = make_texts();
    static float want[TEXTS * H], got[TEXTS * H];
    cr_assert_eq(wn_bert_forward(plain, &(wn_token_batch){t.ids, NULL, t.offsets, TEXTS}, want, H, NULL, &(wn_err){0}),
                 WN_OK);
    cr_assert_eq(wn_bert_forward(m, &(wn_token_batch){t.ids, NULL, t.offsets, TEXTS}, got, H, NULL, &(wn_err){0}),
                 WN_OK);
    double least = 1;
    for (size_t i = 0; i < TEXTS; i++) {
        double dot = 0;
        for (size_t j = 0; j < H; j++) dot += (double)want[i * H + j] * (double)got[i * H + j];
        least = fmin(least, dot);
    }
    cr_assert_gt(least, bar, "least cosine %.7f", least);
    cr_assert(memcmp(want, got, sizeof want) != 0, "the precision makes no difference");
    drop_texts(&t);
    wn_bert_close(plain);
    wn_bert_close(m);
}

Test(small, drift_int16) {
    check_drift(WN_PREC_INT16, 0.9999);
}
Test(small, drift_int8) {
    check_drift(WN_PREC_INT8, 0.999);
}

/* ---- watching ---- */

typedef struct {
    size_t calls, last, stop_at;
} watcher;

static wn_code watch(void *ctx, size_t tokens, wn_err *err) {
    watcher *w = ctx;
    w->calls++;
    cr_assert_gt(tokens, w->last);
    w->last = tokens;
    return w->calls == w->stop_at ? wn_err_set(err, WN_EINTERRUPT, "enough") : WN_OK;
}

Test(small, a_watch_sees_progress_and_can_stop) {
    enum { H = 64 };
    put_bert(H, 128);
    wn_bert *m = open_model(WN_PREC_F32);
    texts t = make_texts();
    static float all[TEXTS * H], some[TEXTS * H];
    unsigned char ready[TEXTS];
    for (int threads = 1; threads <= 4; threads += 3) {
        watcher w = {.stop_at = SIZE_MAX};
        wn_err e = {0};
        wn_threads_set(threads);
        cr_assert_eq(wn_bert_forward(m, &(wn_token_batch){t.ids, NULL, t.offsets, TEXTS}, all, H,
                                     &(wn_bert_extras){.watch = watch, .ctx = &w, .ready = ready}, &e),
                     WN_OK);
        for (size_t i = 0; i < TEXTS; i++) cr_assert_eq(ready[i], 1);
        if (threads == 1)
            cr_assert(w.calls > 2 && w.last == t.offsets[TEXTS], "%zu calls, %zu tokens", w.calls, w.last);
        w = (watcher){.stop_at = 1};
        memset(some, 0, sizeof some);
        wn_code rc = wn_bert_forward(m, &(wn_token_batch){t.ids, NULL, t.offsets, TEXTS}, some, H,
                                     &(wn_bert_extras){.watch = watch, .ctx = &w, .ready = ready}, &e);
        size_t n = 0;
        for (size_t i = 0; i < TEXTS; i++) {
            n += ready[i];
            if (ready[i]) cr_expect_eq(memcmp(all + i * H, some + i * H, H * sizeof *all), 0, "text %zu", i);
        }
        if (threads > 1) continue; /* there the others may be done before the first tells */
        cr_assert_eq(rc, WN_EINTERRUPT);
        cr_assert_str_eq(e.msg, "enough");
        cr_assert(n > 0 && n < TEXTS, "%zu texts are ready", n);
    }
    drop_texts(&t);
    wn_bert_close(m);
}

/* ---- ALBERT whose feed-forward part is narrower than its hidden states: scratch must fit attention's results ---- */

Test(small, albert_with_a_narrow_feed_forward_part) {
    enum { H = 96, E = 4, WIDE = 8 };
    static table t;
    static const char group[] = "encoder.albert_layer_groups.0.albert_layers.0.";
    add(&t, "embeddings.", "word_embeddings.weight", WORDS, E);
    add(&t, "embeddings.", "position_embeddings.weight", POSITIONS, E);
    add(&t, "embeddings.", "token_type_embeddings.weight", 2, E);
    add_linear(&t, "embeddings.", "LayerNorm", E, 0);
    add_linear(&t, "encoder.", "embedding_hidden_mapping_in", H, E);
    add_linear(&t, group, "attention.query", H, H);
    add_linear(&t, group, "attention.key", H, H);
    add_linear(&t, group, "attention.value", H, H);
    add_linear(&t, group, "attention.dense", H, H);
    add_linear(&t, group, "attention.LayerNorm", H, 0);
    add_linear(&t, group, "ffn", WIDE, H);
    add_linear(&t, group, "ffn_output", H, WIDE);
    add_linear(&t, group, "full_layer_layer_norm", H, 0);
    (void)snprintf(t.header + t.at, sizeof t.header - t.at, "}");
    put_model("{\"model_type\":\"albert\",\"vocab_size\":50,\"num_hidden_layers\":3,\"num_attention_heads\":4,"
              "\"intermediate_size\":8,"
              "\"max_position_embeddings\":64,\"hidden_size\":96,\"embedding_size\":4,\"num_hidden_groups\":1,\"inner_"
              "group_num\":1}",
              &t);
    wn_bert *m = open_model(WN_PREC_F32);
    texts x = make_texts();
    static float out[TEXTS * H];
    cr_assert_eq(wn_bert_forward(m, &(wn_token_batch){x.ids, NULL, x.offsets, TEXTS}, out, H, NULL, &(wn_err){0}),
                 WN_OK);
    for (size_t i = 0; i < TEXTS * H; i++) cr_assert(isfinite(out[i]));
    drop_texts(&x);
    wn_bert_close(m);
}
