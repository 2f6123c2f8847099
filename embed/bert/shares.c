/* Queries, keys and values of the first layer, from what words, positions and types contribute to them.
 *
 * Its input is a layer norm of a sum: x = (w + p + t - mean) scale gamma + beta. So W x + b is scale times the sum of
 * the three rows' products with W gamma, each row less its own mean, plus W beta + b. A call has far fewer words than
 * tokens, so that most of this product falls away; what is left for a token is to add up three rows. */
#include "bert_private.h"

#include <string.h>
#include <winnow/threads.h>

enum { ROWS = 64 }; /* of one piece of work */

typedef struct {
    const wn_bert *m;
    const uint32_t *words; /* distinct ones, in the order of their rows */
    wn_bert_shares *out;
    size_t count;
    float *x;      /* [workers][ROWS, H] */
    char *product; /* [workers][scratch] bytes */
    size_t scratch;
} job;

/* The row of an embedding table that row i is the share of; NULL for row 0. */
static const float *source(const job *j, size_t i) {
    const wn_bert *m = j->m;
    const size_t h = m->config.hidden;
    if (i == 0) return NULL;
    if (i < j->out->positions) return m->types + (i - 1) * h;
    if (i < j->out->words) return m->positions + (i - j->out->positions) * h;
    return m->words + j->words[i - j->out->words] * h;
}

static void weigh(const float *row, const wn_norm *norm, size_t h, float *x) {
    double sum = 0;
    for (size_t c = 0; c < h; c++) sum += (double)row[c];
    const float mean = (float)(sum / (double)h);
    for (size_t c = 0; c < h; c++) x[c] = (row[c] - mean) * norm->weight[c];
}

static void fill(void *ctx, size_t begin, size_t end, int worker) {
    const job *j = ctx;
    const size_t h = j->m->config.hidden, width = 3 * h;
    const wn_affine *qkv = &j->m->layers[0].qkv;
    float *x = j->x + (size_t)worker * ROWS * h;
    for (size_t piece = begin; piece < end; piece++) {
        const size_t first = piece * ROWS, rows = j->count - first < ROWS ? j->count - first : ROWS;
        for (size_t i = 0; i < rows; i++) {
            const float *row = source(j, first + i);
            if (row) weigh(row, &j->m->embedding_norm, h, x + i * h);
            else memcpy(x + i * h, j->m->embedding_norm.bias, h * sizeof *x);
        }
        const wn_linear_rows alone = {.x = x, .stride = h, .texts = rows};
        wn_affine_product(qkv, &alone, j->out->rows + first * width, width, j->product + (size_t)worker * j->scratch);
        for (size_t c = 0; first == 0 && c < width; c++) j->out->rows[c] += qkv->bias[c];
    }
}

void wn_bert_shares_free(wn_bert_shares *s) {
    wn_free(s->rows);
    wn_free(s->of_word);
    *s = (wn_bert_shares){0};
}

/* Numbers the distinct words in the order of their first use. */
static size_t number_words(const uint32_t *ids, size_t n, uint32_t *of_word, uint32_t *words, size_t first) {
    size_t count = 0;
    for (size_t t = 0; t < n; t++) {
        if (of_word[ids[t]]) continue;
        of_word[ids[t]] = (uint32_t)(first + count);
        words[count++] = ids[t];
    }
    return count;
}

wn_code wn_bert_shares_init(wn_bert_shares *s, const wn_bert *m, const wn_token_batch *b, wn_err *err) {
    const wn_model_config *c = &m->config;
    const size_t *offsets = b->offsets, n = b->n;
    const size_t h = c->hidden, total = offsets[n] - offsets[0], workers = (size_t)wn_threads_get();
    size_t longest = 0;
    *s = (wn_bert_shares){0};
    if (c->arch == WN_ALBERT) return WN_OK;
    for (size_t i = 0; i < n; i++)
        if (offsets[i + 1] - offsets[i] > longest) longest = offsets[i + 1] - offsets[i];
    s->width = 3 * h;
    s->positions = 1 + (m->types ? c->types : 0);
    s->words = s->positions + longest + (c->arch == WN_ROBERTA ? c->pad + 1 : 0);
    s->of_word = wn_alloc(c->vocab, sizeof *s->of_word, err);
    uint32_t *words = wn_alloc(total, sizeof *words, err);
    job j = {.m = m, .words = words, .out = s, .scratch = wn_linear_layer_scratch(&m->layers[0].qkv.w, ROWS)};
    if (s->of_word && words) {
        j.count = s->words + number_words(b->ids + offsets[0], total, s->of_word, words, s->words);
        s->rows = wn_alloc(j.count * s->width, sizeof *s->rows, err);
        j.x = wn_alloc(workers * ROWS * h, sizeof *j.x, err);
        j.product = wn_alloc(workers, j.scratch, err);
    }
    const bool ready = s->rows && j.x && j.product;
    if (ready) wn_parallel_for((j.count + ROWS - 1) / ROWS, 1, fill, &j);
    else wn_bert_shares_free(s);
    wn_free(words);
    wn_free(j.x);
    wn_free(j.product);
    return ready ? WN_OK : WN_EMEMORY;
}

void wn_bert_shares_add(const wn_bert_shares *s, uint32_t word, size_t position, size_t type, float scale, float *out) {
    const float *all = s->rows, *w = all + s->of_word[word] * s->width, *p = all + (s->positions + position) * s->width;
    if (s->positions == 1) { /* no types */
        for (size_t j = 0; j < s->width; j++) out[j] = (w[j] + p[j]) * scale + all[j];
        return;
    }
    const float *t = all + (1 + type) * s->width;
    for (size_t j = 0; j < s->width; j++) out[j] = (w[j] + p[j] + t[j]) * scale + all[j];
}
