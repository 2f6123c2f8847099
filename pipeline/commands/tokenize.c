/* winnow tokenize: token ids or pieces, one line a text. */
#include "input.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <winnow/mem.h>
#include <winnow/model.h>
#include <winnow/progress.h>
#include <wn/text.h>
#include <winnow/threads.h>
#include <winnow/tokenizer.h>

enum { BATCH = 8192, GRAIN = 64, PIECES = BATCH / GRAIN };

typedef struct {
    wn_buf lines;
    wn_err err;
} token_piece;

typedef struct {
    const wn_tok *tok;
    const wn_texts *a, *b; /* b: second texts of pairs, or NULL */
    size_t max, begin;
    bool as_pieces;
    wn_ids *ids; /* one a worker */
    token_piece piece[PIECES];
} tokenizing;

static wn_code put_token_line(const tokenizing *t, const wn_ids *ids, wn_buf *out, wn_err *err) {
    enum { TELL = 1 << 18 };
    wn_code code;
    for (size_t i = 0; i < ids->n; i++) {
        /* a single text may be long */
        if (i % TELL == TELL - 1 && (code = wn_tick(NULL, "tokenize", "tokens", i, ids->n, err)) != WN_OK) return code;
        char number[16];
        size_t len = 0;
        const char *text = t->as_pieces ? wn_tok_piece(t->tok, ids->ids[i], &len) : NULL;
        if (!text) {
            len = (size_t)snprintf(number, sizeof number, "%u", ids->ids[i]);
            text = number;
        }
        if (i && (code = wn_buf_append(out, " ", 1, err)) != WN_OK) return code;
        if ((code = wn_buf_append(out, text, len, err)) != WN_OK) return code;
    }
    return wn_buf_append(out, "\n", 1, err);
}

static void tokenize_piece(void *ctx, size_t begin, size_t end, int worker) {
    tokenizing *t = ctx;
    token_piece *p = &t->piece[begin / GRAIN];
    wn_ids *ids = &t->ids[worker];
    p->lines.len = 0;
    p->err.code = WN_OK;
    for (size_t i = t->begin + begin; i < t->begin + end; i++) {
        const char *a = t->a->base + t->a->off[i], *b = t->b ? t->b->base + t->b->off[i] : NULL;
        size_t na = (size_t)(t->a->off[i + 1] - t->a->off[i]),
               nb = t->b ? (size_t)(t->b->off[i + 1] - t->b->off[i]) : 0;
        if (wn_tok_encode(t->tok, a, na, b, nb, t->max, ids, &p->err) != WN_OK) {
            (void)wn_err_prefix(&p->err, "text %zu: ", i + 1);
            return;
        }
        if (put_token_line(t, ids, &p->lines, &p->err) != WN_OK) return;
    }
    (void)wn_buf_append(&p->lines, "", 1, &p->err); /* the final zero */
}

/* The next m texts to io, in order. */
static wn_code tokenize_batch(tokenizing *t, size_t m, wn_io *io, wn_err *err) {
    wn_parallel_for(m, GRAIN, tokenize_piece, t);
    for (size_t i = 0; i < (m + GRAIN - 1) / GRAIN; i++) {
        const token_piece *p = &t->piece[i];
        if (p->err.code != WN_OK) {
            *err = p->err;
            return p->err.code;
        }
        io->print(io->ctx, p->lines.data);
    }
    return wn_tick(io->progress, "tokenize", "texts", t->begin + m, t->a->n, err);
}

static wn_code tokenize_all(tokenizing *t, wn_io *io, wn_err *err) {
    int workers = wn_threads_get();
    wn_code code = WN_OK;
    t->ids = wn_alloc((size_t)workers, sizeof *t->ids, err);
    if (!t->ids) return WN_EMEMORY;
    for (t->begin = 0; t->begin < t->a->n; t->begin += BATCH) {
        size_t left = t->a->n - t->begin;
        if ((code = tokenize_batch(t, left < BATCH ? left : BATCH, io, err)) != WN_OK) break;
    }
    for (int i = 0; i < workers; i++) wn_ids_free(&t->ids[i]);
    for (size_t i = 0; i < PIECES; i++) wn_free(t->piece[i].lines.data);
    wn_free(t->ids);
    return code;
}

/* A folder without weights will do here. */
static wn_code open_tokenizer(const wn_config *c, wn_tok **tok, size_t *max, wn_err *err) {
    struct stat s;
    wn_model_config m;
    char *dir = NULL;
    wn_code code;
    if (stat(c->model, &s) == 0 && S_ISDIR(s.st_mode)) {
        dir = wn_strndup(c->model, strlen(c->model), err);
        code = dir ? WN_OK : WN_EMEMORY;
    } else
        code = wn_model_find(&dir, c->model, err);
    if (code != WN_OK) goto out;
    if ((code = wn_tok_open(tok, dir, err)) != WN_OK) goto out;
    *max = c->max_tokens;
    if (!*max && wn_model_config_read(&m, dir, &(wn_err){0}) == WN_OK) *max = m.max_tokens;
out:
    wn_free(dir);
    return code;
}

/* The second texts of pairs, from a second reading: row by row beside the first. */
static wn_code read_pairs(const wn_config *c, const wn_corpus *first, wn_corpus *second, wn_io *io, wn_err *err) {
    wn_records_opts o = wn_input_options(c);
    if (c->skip_path) return wn_err_set(err, WN_EUSAGE, "--on-error skip does not go with pairs");
    for (size_t i = 0; i < c->ninputs; i++) {
        struct stat s;
        if (strcmp(c->inputs[i], "-") == 0)
            return wn_err_set(err, WN_EUSAGE, "pairs are read twice; standard input cannot be");
        if (stat(c->inputs[i], &s) == 0 && !S_ISREG(s.st_mode))
            return wn_err_set(err, WN_EUSAGE, "pairs are read twice; %s is a pipe, which cannot be", c->inputs[i]);
    }
    o.only_text = 2;
    wn_code code = wn_corpus_read(second, &o, io->progress, err);
    if (code == WN_OK && second->n != first->n)
        code = wn_err_set(err, WN_EIO, "%s changed while it was read", c->inputs[0]);
    return code;
}

wn_code wn_tokenize(const wn_config *c, wn_io *io, wn_err *err) {
    wn_corpus first = {0}, second = {0};
    wn_tok *tok = NULL;
    tokenizing *t = NULL;
    size_t max = 0;
    wn_records_opts o = wn_input_options(c);
    wn_code code;
    bool pairs = c->ntext_fields == 2;
    if (pairs) o.only_text = 1;
    if ((code = open_tokenizer(c, &tok, &max, err)) != WN_OK) goto out;
    if ((code = wn_corpus_take_opts(&first, c, &o, io, err)) != WN_OK) goto out;
    if (pairs && first.n && (code = read_pairs(c, &first, &second, io, err)) != WN_OK) goto out;
    t = wn_alloc(1, sizeof *t, err);
    if (!t) {
        code = WN_EMEMORY;
        goto out;
    }
    *t = (tokenizing){
        .tok = tok, .a = &first.texts, .b = pairs ? &second.texts : NULL, .max = max, .as_pieces = c->pieces};
    code = tokenize_all(t, io, err);
out:
    wn_free(t);
    wn_corpus_free(&first);
    wn_corpus_free(&second);
    wn_tok_close(tok);
    return code;
}
