/* winnow tokenize: token ids or pieces, one line a text. */
#include "stages/common.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <winnow/model.h>
#include <wn/text.h>
#include <winnow/threads.h>
#include <winnow/tokenizer.h>

enum { BATCH = 8192, GRAIN = 64, PIECES = BATCH / GRAIN };

typedef struct {
    wn_buf lines;
    wn_err err;
} piece;

typedef struct {
    const wn_tok *tok;
    const wn_texts *a, *b; /* b: second texts of pairs, or NULL */
    size_t max, begin;
    bool as_pieces;
    wn_ids *ids; /* one a worker */
    piece piece[PIECES];
} job;

static wn_code put_line(const job *j, const wn_ids *ids, wn_buf *out, wn_err *err) {
    wn_code code = WN_OK;
    for (size_t t = 0; code == WN_OK && t < ids->n; t++) {
        char number[16];
        size_t len = 0;
        const char *text = j->as_pieces ? wn_tok_piece(j->tok, ids->ids[t], &len) : NULL;
        if (!text) {
            len = (size_t)snprintf(number, sizeof number, "%u", ids->ids[t]);
            text = number;
        }
        if (t) code = wn_buf_append(out, " ", 1, err);
        if (code == WN_OK) code = wn_buf_append(out, text, len, err);
    }
    return code == WN_OK ? wn_buf_append(out, "\n", 1, err) : code;
}

static void run_piece(void *ctx, size_t begin, size_t end, int worker) {
    job *j = ctx;
    piece *p = &j->piece[begin / GRAIN];
    wn_ids *ids = &j->ids[worker];
    p->lines.len = 0;
    p->err.code = WN_OK;
    for (size_t i = j->begin + begin; i < j->begin + end && p->err.code == WN_OK; i++) {
        const char *b = j->b ? j->b->base + j->b->off[i] : NULL;
        size_t nb = j->b ? (size_t)(j->b->off[i + 1] - j->b->off[i]) : 0;
        wn_code code = wn_tok_encode(j->tok, j->a->base + j->a->off[i], (size_t)(j->a->off[i + 1] - j->a->off[i]), b,
                                     nb, j->max, ids, &p->err);
        if (code != WN_OK)
            (void)wn_err_prefix(&p->err, "text %zu: ", i + 1);
        else if (put_line(j, ids, &p->lines, &p->err) != WN_OK)
            return;
    }
}

static wn_code run(job *j, wn_io *io, wn_err *err) {
    wn_code code = WN_OK;
    int workers = wn_threads_get();
    j->ids = wn_alloc((size_t)workers, sizeof *j->ids, err);
    if (!j->ids) return WN_EMEMORY;
    for (j->begin = 0; code == WN_OK && j->begin < j->a->n; j->begin += BATCH) {
        size_t m = j->a->n - j->begin < BATCH ? j->a->n - j->begin : BATCH;
        wn_parallel_for(m, GRAIN, run_piece, j);
        for (size_t i = 0; code == WN_OK && i < (m + GRAIN - 1) / GRAIN; i++) {
            piece *p = &j->piece[i];
            if (p->err.code == WN_OK) (void)wn_buf_append(&p->lines, "", 1, &p->err);
            code = p->err.code;
            if (code == WN_OK)
                io->print(io->ctx, p->lines.data);
            else if (err)
                *err = p->err;
        }
        if (code == WN_OK) code = wn_tick(io->progress, "tokenize", "texts", j->begin + m, j->a->n, err);
    }
    for (int i = 0; i < workers; i++) wn_ids_free(&j->ids[i]);
    for (size_t i = 0; i < PIECES; i++) wn_free(j->piece[i].lines.data);
    wn_free(j->ids);
    return code;
}

/* A folder without weights will do here. */
static wn_code open_tokenizer(const wn_config *c, wn_tok **tok, size_t *max, wn_err *err) {
    struct stat s;
    wn_model_config m;
    char *dir = NULL;
    wn_code code = WN_OK;
    if (stat(c->model, &s) == 0 && S_ISDIR(s.st_mode)) {
        dir = wn_strndup(c->model, strlen(c->model), err);
        if (!dir) code = WN_EMEMORY;
    } else
        code = wn_model_find(&dir, c->model, err);
    if (code == WN_OK) code = wn_tok_open(tok, dir, err);
    *max = c->max_tokens;
    if (code == WN_OK && !*max && wn_model_config_read(&m, dir, NULL) == WN_OK) *max = m.max_tokens;
    wn_free(dir);
    return code;
}

/* The second texts of pairs, from a second reading: row by row beside the first. */
static wn_code read_pairs(const wn_config *c, const wn_corpus *first, wn_corpus *second, wn_io *io, wn_err *err) {
    wn_records_opts o = wn_input_options(c);
    if (c->skip_path) return wn_err_set(err, WN_EUSAGE, "--on-error skip does not go with pairs");
    for (size_t i = 0; i < c->ninputs; i++)
        if (strcmp(c->inputs[i], "-") == 0)
            return wn_err_set(err, WN_EUSAGE, "pairs are read twice; standard input cannot be");
    o.text_fields = c->text_fields + 1;
    o.ntext_fields = 1;
    wn_code code = wn_corpus_read(second, &o, io->progress, err);
    if (code == WN_OK && second->n != first->n)
        code = wn_err_set(err, WN_EIO, "%s changed while it was read", c->inputs[0]);
    return code;
}

wn_code wn_tokenize(const wn_config *c, wn_io *io, wn_err *err) {
    wn_corpus first = {0}, second = {0};
    wn_tok *tok = NULL;
    size_t max = 0;
    wn_config one = *c;
    bool pairs = c->ntext_fields == 2;
    if (pairs) one.ntext_fields = 1;
    wn_code code = open_tokenizer(c, &tok, &max, err);
    if (code == WN_OK) code = wn_corpus_take(&first, &one, false, io, err);
    if (code == WN_OK && pairs && first.n) code = read_pairs(c, &first, &second, io, err);
    job *j = code == WN_OK ? wn_alloc(1, sizeof *j, err) : NULL;
    if (code == WN_OK && !j) code = WN_EMEMORY;
    if (code == WN_OK) {
        *j =
            (job){.tok = tok, .a = &first.texts, .b = pairs ? &second.texts : NULL, .max = max, .as_pieces = c->pieces};
        code = run(j, io, err);
    }
    wn_free(j);
    wn_corpus_free(&first);
    wn_corpus_free(&second);
    wn_tok_close(tok);
    return code;
}
