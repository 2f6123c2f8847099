/* What texts cost: words, characters, or tokens of the model that reads them. */
#include "limiting.h"

#include <winnow/mem.h>
#include <winnow/model.h>
#include <winnow/threads.h>
#include <winnow/tokenizer.h>
#include <wn/failure.h>

enum { GRAIN = 64 };

typedef struct {
    const wn_texts *texts;
    double *cost;
    bool words;
    const wn_tok *tok; /* NULL: words or characters */
    wn_ids *ids;       /* one a worker */
    wn_failure failure;
} text_costs;

/* Runs of characters without white space between them, or all characters. */
static size_t count_plain(const unsigned char *s, size_t n, bool words) {
    size_t count = 0;
    bool within = false;
    for (size_t i = 0; i < n; i++) {
        const bool space = s[i] == ' ' || (s[i] >= '\t' && s[i] <= '\r');
        count += words ? !space && !within : (s[i] & 0xC0) != 0x80;
        within = !space;
    }
    return count;
}

static void costs_task(void *ctx, size_t begin, size_t end, int worker) {
    text_costs *t = ctx;
    for (size_t i = begin; i < end; i++) {
        const char *s = t->texts->base + t->texts->off[i];
        size_t n = (size_t)(t->texts->off[i + 1] - t->texts->off[i]), count = 0;
        wn_err err = {0};
        if (t->tok && wn_tok_encode(t->tok, s, n, NULL, 0, 0, &t->ids[worker], &err) != WN_OK) {
            wn_failure_note(&t->failure, &err);
            return;
        }
        count = t->tok ? t->ids[worker].n : count_plain((const unsigned char *)s, n, t->words);
        t->cost[i] = count > 0 ? (double)count : 1;
    }
}

static wn_code open_tokenizer(wn_tok **tok, const wn_config *c, wn_err *err) {
    char *dir = NULL;
    wn_code code = wn_model_find(&dir, c->model, err);
    if (code == WN_OK) code = wn_tok_open(tok, dir, err);
    wn_free(dir);
    return code;
}

wn_code wn_costs_of_texts(double *cost, const wn_texts *texts, const wn_config *c, wn_err *err) {
    const int workers = wn_threads_get();
    wn_tok *tok = NULL;
    text_costs t = {.texts = texts, .cost = cost, .words = c->cost == WN_COST_WORDS, .failure = WN_FAILURE_INIT};
    wn_code code = WN_OK;
    if (c->cost == WN_COST_TOKENS && (code = open_tokenizer(&tok, c, err)) != WN_OK) goto out;
    t.tok = tok;
    if (!(t.ids = wn_alloc((size_t)workers, sizeof *t.ids, err))) {
        code = WN_EMEMORY;
        goto out;
    }
    wn_parallel_for(texts->n, GRAIN, costs_task, &t);
    code = wn_failure_take(&t.failure, err);
out:
    for (int i = 0; t.ids && i < workers; i++) wn_ids_free(&t.ids[i]);
    wn_free(t.ids);
    wn_tok_close(tok);
    return code;
}
