#include "plan.h"

#include "predict.h"

#include <stdlib.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

enum { LIBRARIES = 60 << 20 };

size_t wn_finetune_parameters(const wn_model_config *m, size_t outputs) {
    size_t h = m->hidden, parts = m->arch == WN_ALBERT ? m->groups * m->inner : m->layers;
    size_t layer = 4 * h * (h + 1) + 2 * h * m->intermediate + m->intermediate + 5 * h;
    size_t tables = (m->vocab + m->positions + m->types) * m->embedding + 2 * m->embedding;
    if (m->embedding != h) tables += (m->embedding + 1) * h;
    return tables + parts * layer + h * (h + 1) + outputs * (h + 1);
}

/* Tokens of the texts of one example, and of its longest text. */
static void example_tokens_of(const wn_examples *e, size_t row, size_t *all, size_t *longest) {
    const size_t *off = e->offsets + row * e->per;
    *all = off[e->per] - off[0];
    for (size_t j = 0; j < e->per; j++)
        if (off[j + 1] - off[j] > *longest) *longest = off[j + 1] - off[j];
}

static int falling_size(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* Tokens of the `batch` longest examples; *longest: of a text. Without memory to sort them: as if all were longest. */
static size_t largest_batch(const wn_examples *e, size_t batch, size_t *longest) {
    wn_err ignored;
    size_t *sizes = wn_alloc(e->n, sizeof *sizes, &ignored), most = 0, sum = 0, n = batch < e->n ? batch : e->n;
    *longest = 0;
    for (size_t i = 0; i < e->n; i++) {
        size_t all = 0;
        example_tokens_of(e, i, &all, longest);
        if (sizes) sizes[i] = all;
        if (all > most) most = all;
    }
    if (sizes) qsort(sizes, e->n, sizeof *sizes, falling_size);
    for (size_t i = 0; i < n; i++) sum += sizes ? sizes[i] : most;
    wn_free(sizes);
    return sum;
}

static size_t examples_bytes(const wn_examples *e) {
    size_t texts = e->n * e->per;
    return e->offsets[texts] * (sizeof *e->ids + sizeof *e->types) + texts * sizeof *e->offsets + e->n * 96;
}

/* Floats of a pass over so many tokens that is kept for the way back, or, without training, of one layer at a time; and
 * the weights of one layer in the order of the products, both ways. */
static size_t pass_floats(const wn_model_config *m, size_t tokens, bool train) {
    size_t h = m->hidden, i = m->intermediate, layers = train ? m->layers : 1;
    size_t token = layers * (6 * h + i + 2) + 2 * m->embedding + 6 * h + (train ? i : 0);
    size_t workers = (size_t)wn_threads_get(), chunk = 512;
    return tokens * token + workers * chunk * (4 * h + 2 * i) + 3 * (4 * h * h + 2 * h * i);
}

size_t wn_finetune_memory(const wn_model_config *m, const wn_examples *e, const wn_finetune_opts *o, size_t outputs) {
    size_t longest = 0, tokens = largest_batch(e, o->batch, &longest), dev = o->dev_path || o->dev_percent > 0;
    if (dev && tokens < WN_PREDICT_TOKENS) tokens = WN_PREDICT_TOKENS;
    return 4 * ((4 + dev) * wn_finetune_parameters(m, outputs) + pass_floats(m, tokens, true)) + examples_bytes(e) +
           LIBRARIES;
}

size_t wn_predict_memory(const wn_model_config *m, const wn_examples *e, size_t outputs) {
    size_t longest = 0;
    (void)largest_batch(e, 1, &longest);
    size_t tokens = longest > WN_PREDICT_TOKENS ? longest : WN_PREDICT_TOKENS, results = 2 * e->n * e->per * outputs;
    return 4 * (2 * wn_finetune_parameters(m, outputs) + pass_floats(m, tokens, false) + results) + examples_bytes(e) +
           LIBRARIES;
}
