#include "examples.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <xxhash.h>

enum { BATCH = 4096, GRAIN = 32, PIECES = BATCH / GRAIN };

/* ---- tokens ---- */

typedef struct {
    uint32_t *ids;
    uint8_t *types;
    size_t n, ids_cap, types_cap, length[GRAIN], truncated;
    wn_err err;
} example_piece;

/* What is tokenised: text j of example i is first[i], with second[j][i] where there is a second. */
typedef struct {
    const wn_tok *tok;
    const wn_texts *first;
    const wn_corpus *second; /* [nsecond] */
    size_t nsecond, per, max_tokens, begin;
    wn_ids *scratch;       /* one a worker */
    example_piece *pieces; /* [PIECES] */
} example_tokens;

static wn_code encode_text(const example_tokens *t, size_t text, wn_ids *ids, wn_err *err) {
    size_t row = text / t->per;
    const wn_texts *a = t->first, *b = t->nsecond ? &t->second[text % t->per].texts : NULL;
    size_t na = (size_t)(a->off[row + 1] - a->off[row]), nb = b ? (size_t)(b->off[row + 1] - b->off[row]) : 0;
    return wn_tok_encode(t->tok, a->base + a->off[row], na, b ? b->base + b->off[row] : NULL, nb, t->max_tokens, ids,
                         err);
}

static void tokenize_examples(void *ctx, size_t begin, size_t end, int worker) {
    example_tokens *t = ctx;
    wn_ids *ids = &t->scratch[worker];
    example_piece *p = &t->pieces[begin / GRAIN];
    p->n = p->truncated = 0;
    p->err.code = WN_OK;
    for (size_t i = begin; i < end; i++) {
        if (encode_text(t, t->begin + i, ids, &p->err) != WN_OK) {
            (void)wn_err_prefix(&p->err, "record %zu: ", (t->begin + i) / t->per + 1);
            return;
        }
        void *v = p->ids, *w = p->types;
        wn_code code = wn_reserve(&v, &p->ids_cap, p->n + ids->n, sizeof *p->ids, &p->err);
        p->ids = v;
        if (code != WN_OK) return;
        code = wn_reserve(&w, &p->types_cap, p->n + ids->n, sizeof *p->types, &p->err);
        p->types = w;
        if (code != WN_OK) return;
        memcpy(p->ids + p->n, ids->ids, ids->n * sizeof *p->ids);
        memcpy(p->types + p->n, ids->types, ids->n * sizeof *p->types);
        p->length[i - begin] = ids->n;
        p->n += ids->n;
        p->truncated += ids->truncated;
    }
}

/* Appends the pieces of m texts to e; *cap: of ids and of types. */
static wn_code gather_pieces(wn_examples *e, const example_tokens *t, size_t m, size_t cap[2], wn_err *err) {
    size_t pieces = (m + GRAIN - 1) / GRAIN, have = e->offsets[t->begin], total = have;
    for (size_t i = 0; i < pieces; i++) {
        if (t->pieces[i].err.code != WN_OK) {
            *err = t->pieces[i].err;
            return err->code;
        }
        total += t->pieces[i].n;
    }
    void *ids = e->ids, *types = e->types;
    wn_code code = wn_reserve(&ids, &cap[0], total, sizeof *e->ids, err);
    e->ids = ids;
    if (code != WN_OK) return code;
    code = wn_reserve(&types, &cap[1], total, sizeof *e->types, err);
    e->types = types;
    if (code != WN_OK) return code;
    for (size_t i = 0; i < pieces; i++) {
        const example_piece *p = &t->pieces[i];
        memcpy(e->ids + have, p->ids, p->n * sizeof *p->ids);
        memcpy(e->types + have, p->types, p->n * sizeof *p->types);
        have += p->n;
        e->truncated += p->truncated;
    }
    for (size_t i = 0; i < m; i++)
        e->offsets[t->begin + i + 1] = e->offsets[t->begin + i] + t->pieces[i / GRAIN].length[i % GRAIN];
    return WN_OK;
}

static wn_code tokenize_all_examples(wn_examples *e, example_tokens *t, wn_progress *p, wn_err *err) {
    int workers = wn_threads_get();
    size_t texts = e->n * e->per, cap[2] = {0, 0};
    wn_code code = WN_EMEMORY;
    t->scratch = wn_alloc((size_t)workers, sizeof *t->scratch, err);
    t->pieces = t->scratch ? wn_alloc(PIECES, sizeof *t->pieces, err) : NULL;
    e->offsets = t->pieces ? wn_alloc(texts + 1, sizeof *e->offsets, err) : NULL;
    if (!e->offsets) goto out;
    for (t->begin = 0; t->begin < texts; t->begin += BATCH) {
        size_t m = texts - t->begin < BATCH ? texts - t->begin : BATCH;
        wn_parallel_for(m, GRAIN, tokenize_examples, t);
        if ((code = gather_pieces(e, t, m, cap, err)) != WN_OK) goto out;
        if ((code = wn_tick(p, "tokenize", "texts", t->begin + m, texts, err)) != WN_OK) goto out;
    }
    code = WN_OK;
out:
    for (int i = 0; t->scratch && i < workers; i++) wn_ids_free(&t->scratch[i]);
    for (size_t i = 0; t->pieces && i < PIECES; i++) {
        wn_free(t->pieces[i].ids);
        wn_free(t->pieces[i].types);
    }
    wn_free(t->scratch);
    wn_free(t->pieces);
    return code;
}

/* ---- records ---- */

static wn_code refuse_pipes(const wn_records_opts *o, wn_err *err) {
    struct stat s;
    for (size_t i = 0; i < o->npaths; i++)
        if (strcmp(o->paths[i], "-") == 0 || (stat(o->paths[i], &s) == 0 && !S_ISREG(s.st_mode)))
            return wn_err_set(err, WN_EUSAGE, "%s: pairs and choices are read more than once; a pipe cannot be",
                              o->paths[i]);
    return WN_OK;
}

/* One more reading, for the second texts: row by row beside the first. */
static wn_code read_beside(wn_corpus *out, wn_records_opts o, size_t n, wn_progress *p, wn_err *err) {
    o.label_field = o.id_field = NULL;
    wn_code code = wn_corpus_read(out, &o, p, err);
    if (code == WN_OK && out->n != n) code = wn_err_set(err, WN_EIO, "%s changed while it was read", o.paths[0]);
    return code;
}

/* The second texts: none, the second field of pairs, or a corpus a choice. */
static wn_code read_seconds(wn_corpus **out, size_t *count, const wn_examples_opts *o, size_t n, wn_progress *p,
                            wn_err *err) {
    bool pairs = o->task == WN_TASK_PAIRS, choice = o->task == WN_TASK_CHOICE;
    wn_records_opts r = o->records;
    wn_code code = WN_OK;
    if (!pairs && !choice) return WN_OK;
    size_t want = choice ? o->nchoices : 1;
    wn_corpus *list = wn_alloc(want, sizeof *list, err);
    if (!list) return WN_EMEMORY;
    *out = list;
    *count = want;
    for (size_t j = 0; j < want; j++) {
        if (choice)
            r.text_fields = &o->choices[j], r.ntext_fields = 1;
        else
            r.only_text = 2;
        if ((code = read_beside(&list[j], r, n, p, err)) != WN_OK) return code;
    }
    return code;
}

wn_code wn_examples_read(wn_examples *e, const wn_examples_opts *o, const wn_tok *tok, wn_progress *p, wn_err *err) {
    wn_examples made = {.per = o->task == WN_TASK_CHOICE ? o->nchoices : 1};
    wn_corpus *second = NULL;
    size_t nsecond = 0;
    wn_records_opts r = o->records;
    wn_code code = WN_OK;
    *e = (wn_examples){0};
    if (o->task == WN_TASK_PAIRS) r.only_text = 1;
    if ((o->task == WN_TASK_PAIRS || o->task == WN_TASK_CHOICE) && (code = refuse_pipes(&r, err)) != WN_OK) goto out;
    if ((code = wn_corpus_read(&made.corpus, &r, p, err)) != WN_OK) goto out;
    made.n = made.corpus.n;
    if (made.n == 0) {
        code = wn_err_set(err, WN_EINPUT, "%s holds no records", r.paths[r.npaths - 1]);
        goto out;
    }
    if ((code = read_seconds(&second, &nsecond, o, made.n, p, err)) != WN_OK) goto out;
    example_tokens t = {.tok = tok,
                        .first = &made.corpus.texts,
                        .second = second,
                        .nsecond = nsecond,
                        .per = made.per,
                        .max_tokens = o->max_tokens};
    if ((code = tokenize_all_examples(&made, &t, p, err)) != WN_OK) goto out;
    *e = made;
    made = (wn_examples){0};
out:
    for (size_t j = 0; j < nsecond; j++) wn_corpus_free(&second[j]);
    wn_free(second);
    wn_examples_free(&made);
    return code;
}

wn_code wn_examples_of_texts(wn_examples *e, const wn_texts *texts, size_t max_tokens, const wn_tok *tok,
                             wn_progress *p, wn_err *err) {
    wn_examples made = {.n = texts->n, .per = 1};
    example_tokens t = {.tok = tok, .first = texts, .per = 1, .max_tokens = max_tokens};
    *e = (wn_examples){0};
    wn_code code = tokenize_all_examples(&made, &t, p, err);
    if (code != WN_OK)
        wn_examples_free(&made);
    else
        *e = made;
    return code;
}

void wn_examples_free(wn_examples *e) {
    if (!e) return;
    wn_corpus_free(&e->corpus);
    wn_free(e->ids);
    wn_free(e->types);
    wn_free(e->offsets);
    wn_free(e->target);
    wn_free(e->value);
    *e = (wn_examples){0};
}

/* ---- targets ---- */

wn_code wn_examples_where(const wn_examples *e, size_t row, wn_err *err) {
    return wn_err_prefix(err, "%s:%llu: ", e->corpus.sources[e->corpus.file[row]].path,
                         (unsigned long long)e->corpus.line[row]);
}

wn_code wn_examples_labelled(const wn_examples *e, const char *label_field, wn_err *err) {
    for (size_t i = 0; i < e->n; i++) {
        if (e->corpus.label[i] != UINT32_MAX) continue;
        (void)wn_err_set(err, WN_EINPUT, "no label in field \"%s\"; every record needs one", label_field);
        return wn_examples_where(e, i, err);
    }
    return WN_OK;
}

wn_code wn_examples_values(wn_examples *e, const char *label_field, wn_err *err) {
    wn_code code = wn_examples_labelled(e, label_field, err);
    if (code != WN_OK) return code;
    wn_free(e->value);
    e->value = wn_alloc(e->n, sizeof *e->value, err);
    if (!e->value) return WN_EMEMORY;
    for (size_t i = 0; i < e->n; i++) {
        const char *text = e->corpus.labels[e->corpus.label[i]];
        char *end = NULL;
        double v = strspn(text, "0123456789+-.eE") == strlen(text) ? strtod(text, &end) : NAN;
        if (end && *end == 0 && end != text && fabs(v) <= (double)FLT_MAX) {
            e->value[i] = (float)v;
            continue;
        }
        (void)wn_err_set(err, WN_EINPUT, "\"%.60s\" in field \"%s\" is no number, and a number is to be learnt", text,
                         label_field);
        return wn_examples_where(e, i, err);
    }
    return WN_OK;
}

void wn_examples_fingerprint(const wn_examples *e, char hex[33]) {
    size_t texts = e->n * e->per;
    uint64_t seed = XXH3_64bits_withSeed(e->offsets, (texts + 1) * sizeof *e->offsets, e->per);
    seed = XXH3_64bits_withSeed(e->types, e->offsets[texts] * sizeof *e->types, seed);
    if (e->target) seed = XXH3_64bits_withSeed(e->target, e->n * sizeof *e->target, seed);
    if (e->value) seed = XXH3_64bits_withSeed(e->value, e->n * sizeof *e->value, seed);
    XXH128_hash_t h = XXH3_128bits_withSeed(e->ids, e->offsets[texts] * sizeof *e->ids, seed);
    (void)snprintf(hex, 33, "%016llx%016llx", (unsigned long long)h.high64, (unsigned long long)h.low64);
}

/* ---- batches ---- */

wn_code wn_example_batch_take(wn_example_batch *b, const wn_examples *e, const size_t *texts, size_t m, wn_err *err) {
    size_t total = 0, at = 0;
    for (size_t i = 0; i < m; i++) total += e->offsets[texts[i] + 1] - e->offsets[texts[i]];
    void *ids = b->ids, *types = b->types, *offsets = b->offsets;
    wn_code code = wn_reserve(&ids, &b->ids_cap, total, sizeof *b->ids, err);
    b->ids = ids;
    if (code != WN_OK) return code;
    code = wn_reserve(&types, &b->types_cap, total, sizeof *b->types, err);
    b->types = types;
    if (code != WN_OK) return code;
    code = wn_reserve(&offsets, &b->offsets_cap, m + 1, sizeof *b->offsets, err);
    b->offsets = offsets;
    if (code != WN_OK) return code;
    for (size_t i = 0; i < m; i++) {
        size_t from = e->offsets[texts[i]], n = e->offsets[texts[i] + 1] - from;
        b->offsets[i] = at;
        memcpy(b->ids + at, e->ids + from, n * sizeof *b->ids);
        memcpy(b->types + at, e->types + from, n * sizeof *b->types);
        at += n;
    }
    b->offsets[m] = at;
    b->view = (wn_token_batch){.ids = b->ids, .types = b->types, .offsets = b->offsets, .n = m};
    return WN_OK;
}

void wn_example_batch_free(wn_example_batch *b) {
    wn_free(b->ids);
    wn_free(b->types);
    wn_free(b->offsets);
    *b = (wn_example_batch){0};
}
