/* A static table opened, and texts as means of its rows. */
#include "static_private.h"

#include <math.h>
#include <string.h>
#include <winnow/threads.h>
#include <winnow/tokenizer.h>

enum { GRAIN = 64 };

struct wn_static {
    wn_static_config config;
    wn_tok *tok;
    float *table;    /* [rows, dims] */
    uint32_t *row;   /* [tokens] of each token; NULL: its own id */
    float *weight;   /* [tokens]; NULL: 1 */
    size_t tokens;   /* ids below it have a row */
    size_t max;      /* tokens of a text; 0: all */
    size_t max_text; /* characters of a text; 0: all */
    uint32_t drop;   /* the token that never counts, or UINT32_MAX */
};

/* ---- opening ---- */

static wn_code read_table(wn_static *s, const wn_weights *w, const wn_tensor *t, wn_err *err) {
    if (!(s->table = wn_alloc(t->count, sizeof *s->table, err))) return WN_EMEMORY;
    wn_code code = t->dtype == WN_I8 ? wn_weights_read_whole(w, t, s->table, err)
                                     : wn_weights_read(w, t, s->table, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < t->count; i++)
        if (!isfinite(s->table[i]))
            return wn_err_set(err, WN_EINPUT, "%s: tensor \"%s\": row %zu, column %zu holds %g", wn_weights_path(w),
                              t->name, i / s->config.dims, i % s->config.dims, (double)s->table[i]);
    return WN_OK;
}

static wn_code read_weights(wn_static *s, const wn_weights *w, const wn_tensor *t, wn_err *err) {
    if (!(s->weight = wn_alloc(t->count + 1, sizeof *s->weight, err))) return WN_EMEMORY;
    const wn_code code = wn_weights_read(w, t, s->weight, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < t->count; i++)
        if (!isfinite(s->weight[i]))
            return wn_err_set(err, WN_EINPUT, "%s: the weight of token %zu is %g", wn_weights_path(w), i,
                              (double)s->weight[i]);
    return WN_OK;
}

static wn_code read_mapping(wn_static *s, const wn_weights *w, const wn_tensor *t, wn_err *err) {
    float *v = wn_alloc(t->count + 1, sizeof *v, err);
    wn_code code = v ? WN_OK : WN_EMEMORY;
    if (code == WN_OK && !(s->row = wn_alloc(t->count + 1, sizeof *s->row, err))) code = WN_EMEMORY;
    if (code == WN_OK) code = wn_weights_read_whole(w, t, v, err);
    for (size_t i = 0; code == WN_OK && i < t->count; i++) {
        if (v[i] >= 0 && v[i] < (float)s->config.rows)
            s->row[i] = (uint32_t)v[i];
        else
            code = wn_err_set(err, WN_EINPUT, "%s: \"mapping\" gives token %zu row %.0f of %zu", wn_weights_path(w), i,
                              (double)v[i], s->config.rows);
    }
    wn_free(v);
    return code;
}

static wn_code read_numbers(wn_static *s, const char *folder, wn_err *err) {
    wn_static_tensors t;
    wn_weights *w = NULL;
    wn_code code = wn_weights_open(&w, folder, err);
    if (code != WN_OK) return code;
    if ((code = wn_static_find(&t, w, err)) != WN_OK) goto out;
    if ((code = read_table(s, w, t.table, err)) != WN_OK) goto out;
    if (t.mapping && (code = read_mapping(s, w, t.mapping, err)) != WN_OK) goto out;
    if (t.weights && (code = read_weights(s, w, t.weights, err)) != WN_OK) goto out;
    s->tokens = t.mapping ? t.mapping->count : s->config.rows;
    if (t.weights && t.weights->count != s->tokens)
        code = wn_err_set(err, WN_EINPUT, "%s: \"weights\" has %zu numbers for %zu tokens", wn_weights_path(w),
                          t.weights->count, s->tokens);
out:
    wn_weights_close(w);
    return code;
}

static size_t characters(const char *s, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += ((unsigned char)s[i] & 0xC0) != 0x80;
    return count;
}

/* The median length of a token in characters, rounded down, of which none has more than 255 that matter. */
static size_t median_length(const wn_tok *tok) {
    enum { LONGEST = 256 };
    size_t count[LONGEST] = {0}, n = 0, len;
    for (size_t id = 0; id < wn_tok_size(tok); id++) {
        const char *piece = wn_tok_piece(tok, (uint32_t)id, &len);
        if (!piece) continue;
        len = characters(piece, len);
        count[len < LONGEST ? len : LONGEST - 1]++;
        n++;
    }
    size_t at[2] = {0}; /* the two in the middle */
    for (size_t i = 0; i < 2 && n; i++) {
        size_t below = count[0], rank = i ? n / 2 : (n - 1) / 2;
        while (below <= rank) below += count[++at[i]];
    }
    return (at[0] + at[1]) / 2;
}

static wn_code settle(wn_static *s, const char *folder, const wn_static_opts *o, wn_err *err) {
    const wn_static_config *c = &s->config;
    const size_t ids = wn_tok_size(s->tok);
    s->drop = c->model2vec ? wn_tok_special_ids(s->tok).unk : UINT32_MAX;
    s->max = c->model2vec ? c->max_tokens : wn_tok_written_max(s->tok);
    s->max_text = c->model2vec ? s->max * median_length(s->tok) : 0;
    if (o && o->max_tokens) s->max = o->max_tokens, s->max_text = 0;
    if (ids <= s->tokens) return WN_OK;
    return wn_err_set(err, WN_EINPUT, "%s: the tokenizer has ids up to %zu, but the table rows for %zu tokens", folder,
                      ids - 1, s->tokens);
}

wn_code wn_static_open(wn_static **out, const char *dir, const wn_static_opts *o, wn_err *err) {
    char *folder = NULL;
    *out = NULL;
    wn_static *s = wn_alloc(1, sizeof *s, err);
    if (!s) return WN_EMEMORY;
    wn_code code = wn_static_config_read(&s->config, dir, err);
    if (code != WN_OK) goto out;
    if ((code = wn_model_folder(&folder, dir, s->config.path, err)) != WN_OK) goto out;
    if ((code = wn_tok_open(&s->tok, dir, err)) != WN_OK) goto out;
    if ((code = read_numbers(s, folder, err)) != WN_OK) goto out;
    code = settle(s, folder, o, err);
out:
    wn_free(folder);
    if (code == WN_OK)
        *out = s;
    else
        wn_static_close(s);
    return code;
}

void wn_static_close(wn_static *s) {
    if (!s) return;
    wn_tok_close(s->tok);
    wn_free(s->table);
    wn_free(s->row);
    wn_free(s->weight);
    wn_free(s);
}

const wn_static_config *wn_static_config_of(const wn_static *s) {
    return &s->config;
}
size_t wn_static_tokens(const wn_static *s) {
    return wn_tok_size(s->tok);
}

/* ---- texts ---- */

typedef struct {
    wn_static_counts counts;
    wn_err err;
} encode_piece;

typedef struct {
    const wn_static *s;
    const wn_texts *texts;
    wn_mat *x;
    wn_ids *ids;          /* [workers] */
    double *sums;         /* [workers, dims] */
    encode_piece *pieces; /* one for GRAIN texts */
} encoding;

/* Bytes of the first `most` characters. */
static size_t cut_bytes(const char *s, size_t n, size_t most) {
    size_t at = 0;
    if (most == 0 || n <= most) return n;
    for (size_t seen = 0; at < n; at++)
        if (((unsigned char)s[at] & 0xC0) != 0x80 && seen++ == most) break;
    return at;
}

/* sum = the rows of ids, each times its weight; returns how many count. */
static size_t add_rows(const wn_static *s, const wn_ids *ids, double *sum) {
    const size_t dims = s->config.dims;
    size_t n = 0;
    memset(sum, 0, dims * sizeof *sum);
    for (size_t i = 0; i < ids->n; i++) {
        const uint32_t id = ids->ids[i];
        if (id == s->drop) continue;
        const float *row = s->table + (s->row ? s->row[id] : id) * dims;
        const double weight = s->weight ? s->weight[id] : 1;
        for (size_t j = 0; j < dims; j++) sum[j] += weight * row[j];
        n++;
    }
    return n;
}

/* The mean has the direction of the sum. */
static bool put_unit(float *out, const double *sum, size_t dims) {
    double square = 0;
    for (size_t j = 0; j < dims; j++) square += sum[j] * sum[j];
    const double scale = square > 0 ? 1 / sqrt(square) : 0;
    for (size_t j = 0; j < dims; j++) out[j] = (float)(sum[j] * scale);
    return square > 0;
}

static void encode_texts(void *ctx, size_t begin, size_t end, int worker) {
    const encoding *e = ctx;
    const wn_static *s = e->s;
    encode_piece *p = &e->pieces[begin / GRAIN];
    wn_ids *ids = &e->ids[worker];
    double *sum = e->sums + (size_t)worker * s->config.dims;
    for (size_t i = begin; i < end; i++) {
        const char *text = e->texts->base + e->texts->off[i];
        const size_t n = (size_t)(e->texts->off[i + 1] - e->texts->off[i]), kept = cut_bytes(text, n, s->max_text);
        if (wn_tok_encode(s->tok, text, kept, NULL, 0, s->max, ids, &p->err) != WN_OK) return;
        p->counts.tokens += add_rows(s, ids, sum);
        p->counts.truncated += ids->truncated || kept < n;
        p->counts.zero += !put_unit(wn_mat_row(e->x, i), sum, s->config.dims);
    }
}

static wn_code gather(const encoding *e, size_t pieces, wn_static_counts *counts, wn_err *err) {
    for (size_t i = 0; i < pieces; i++) {
        const encode_piece *p = &e->pieces[i];
        if (p->err.code != WN_OK) {
            *err = p->err;
            return err->code;
        }
        counts->tokens += p->counts.tokens;
        counts->truncated += p->counts.truncated;
        counts->zero += p->counts.zero;
    }
    return WN_OK;
}

wn_code wn_static_encode(const wn_static *s, const wn_texts *texts, wn_mat *x, wn_static_counts *counts, wn_err *err) {
    const size_t workers = (size_t)wn_threads_get(), pieces = (texts->n + GRAIN - 1) / GRAIN;
    encoding e = {.s = s, .texts = texts, .x = x};
    wn_code code = wn_mat_init(x, texts->n, s->config.dims, err);
    if (code != WN_OK) return code;
    code = WN_EMEMORY;
    if (!(e.ids = wn_alloc(workers, sizeof *e.ids, err))) goto out;
    if (!(e.sums = wn_alloc(workers * s->config.dims, sizeof *e.sums, err))) goto out;
    if (!(e.pieces = wn_alloc(pieces + 1, sizeof *e.pieces, err))) goto out;
    wn_parallel_for(texts->n, GRAIN, encode_texts, &e);
    code = gather(&e, pieces, counts, err);
out:
    for (size_t i = 0; e.ids && i < workers; i++) wn_ids_free(&e.ids[i]);
    wn_free(e.ids);
    wn_free(e.sums);
    wn_free(e.pieces);
    if (code != WN_OK) wn_mat_free(x);
    return code;
}
