/* One thread of the encoder: a few chunks' forward pass, the matrix products of one alone, and the machine's best rate
 * of plain f32 products, in turn, the best of the rounds of each. usage: bench_bert MODEL PRECISION TOKENS_A_TEXT
 * ROUNDS */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/bert.h>
#include <wn/cpu.h>
#include <winnow/mem.h>
#include <winnow/progress.h>
#include <winnow/threads.h>

#include "embed/bert/bert_private.h"

enum { CHUNK = 252, CHUNKS = 4, TOKENS = CHUNKS * CHUNK, WORDS = TOKENS / 6, SIDE = 768 };

typedef struct {
    wn_bert *m;
    uint32_t ids[TOKENS];
    size_t offsets[TOKENS + 1], texts;
    size_t first_texts; /* those of the first chunk */
    float *x, *y, *out, *scratch;
} chunk;

static void make_texts(chunk *c, size_t each) {
    size_t words = wn_bert_config(c->m)->vocab;
    for (; c->offsets[c->texts] < TOKENS; c->texts++) {
        size_t at = c->offsets[c->texts], left = CHUNK - at % CHUNK;
        c->offsets[c->texts + 1] = at + (left < each ? left : each);
        if (c->offsets[c->texts + 1] == CHUNK) c->first_texts = c->texts + 1;
    }
    /* of many tokens in English every sixth is a word that was not there before */
    for (size_t i = 0; i < TOKENS; i++) c->ids[i] = (uint32_t)(i * 7919 % WORDS * 31 % words);
}

static void products(chunk *c) {
    const wn_bert *m = c->m;
    size_t h = m->config.hidden, wide = wn_bert_wide(&m->config);
    for (size_t i = 0; i < m->config.layers; i++) {
        const wn_layer *l = &m->layers[i % m->nlayers];
        wn_linear_rows rows = {.x = c->x, .stride = h, .offsets = c->offsets, .texts = c->first_texts};
        if (i || m->mapping.w.n) /* the first layer's come from their shares */
            wn_affine_product(&l->qkv, &rows, c->y, 3 * h, c->scratch);
        wn_affine_product(&l->out, &rows, c->y, h, c->scratch);
        wn_affine_product(&l->up, &rows, c->y, wide, c->scratch);
        rows.x = c->y;
        rows.stride = wide;
        wn_affine_product(&l->down, &rows, c->x, h, c->scratch);
    }
}

static double square(const float *a, float *c) {
    double start = wn_now();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, SIDE, SIDE, SIDE, 1, a, SIDE, a, SIDE, 0, c, SIDE);
    return wn_now() - start;
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    wn_blas_reexec(argv);
    static chunk c;
    wn_err err = {0};
    char *dir = NULL;
    wn_bert_opts o = {.layer = WN_BERT_LAST_LAYER};
    wn_threads_set(1);
    openblas_set_num_threads(1);
    while (wn_precision_name(o.precision) && strcmp(wn_precision_name(o.precision), argv[2]) != 0) o.precision++;
    if (!wn_precision_name(o.precision)) return 2;
    if (wn_model_find(&dir, argv[1], &err) || wn_bert_open(&c.m, dir, &o, &err)) {
        fprintf(stderr, "bench_bert: %s\n", err.msg);
        return 1;
    }
    if (strtoul(argv[3], NULL, 10) < 1) return 2;
    make_texts(&c, strtoul(argv[3], NULL, 10));
    const wn_model_config *g = wn_bert_config(c.m);
    size_t room = (CHUNK + SIDE) * (g->intermediate + 4 * g->hidden + SIDE);
    c.x = wn_alloc(room, sizeof(float), &err);
    c.y = wn_alloc(room, sizeof(float), &err);
    c.out = wn_alloc(TOKENS * wn_bert_dims(c.m), sizeof(float), &err);
    c.scratch = wn_alloc(1, wn_bert_product_scratch(c.m, CHUNK), &err);
    if (!c.x || !c.y || !c.out || !c.scratch) return 1;
    for (size_t i = 0; i < room; i++) c.x[i] = 0.1f;
    const wn_token_batch batch = {.ids = c.ids, .offsets = c.offsets, .n = c.texts};
    double forward = 1e30, alone = 1e30, best = 1e30;
    for (long round = strtol(argv[4], NULL, 10); round > 0; round--) {
        double start = wn_now();
        if (wn_bert_forward(c.m, &batch, c.out, wn_bert_dims(c.m), NULL, &err)) return 1;
        forward = wn_now() - start < forward ? wn_now() - start : forward;
        start = wn_now();
        products(&c);
        alone = wn_now() - start < alone ? wn_now() - start : alone;
        for (size_t i = 0; i < CHUNK * g->hidden; i++) c.x[i] = 0.1f;
        double s = square(c.x, c.y);
        best = s < best ? s : best;
    }
    double square_flops = 2.0 * CHUNK * (double)(g->hidden * g->hidden);
    double flops = (double)g->layers * (4 * square_flops + 4.0 * CHUNK * (double)(g->hidden * g->intermediate));
    if (!c.m->mapping.w.n) flops -= 3 * square_flops;
    double peak = 2.0 * SIDE * SIDE * SIDE / best;
    printf("%s, %s tokens a text: %.0f tokens/s; products %.0f%% of the time, at %.1f GFLOP/s = %.0f%% of the %.1f of "
           "plain products\n",
           argv[2], argv[3], TOKENS / forward, 100 * CHUNKS * alone / forward, flops / alone / 1e9,
           100 * flops / alone / peak, peak / 1e9);
    wn_free(c.x), wn_free(c.y), wn_free(c.out), wn_free(c.scratch), wn_free(dir);
    wn_bert_close(c.m);
    return 0;
}
