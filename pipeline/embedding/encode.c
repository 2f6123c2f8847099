#include "encode.h"

#include "stages/common.h"
#include "commands/kind.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/similarity.h>
#include <winnow/threads.h>
#include <wn/path.h>

static wn_lsa_opts lsa_options(const wn_config *c) {
    wn_lsa_opts o = wn_lsa_defaults();
    if (c->dims) o.dims = c->dims;
    if (c->min_df) o.min_df = c->min_df;
    o.iterations = c->iterations;
    o.seed = c->seed;
    return o;
}

static wn_doc2vec_opts doc2vec_options(const wn_config *c) {
    wn_doc2vec_opts o = wn_doc2vec_defaults();
    o.mode = c->doc2vec_mode;
    o.dbow_words = c->dbow_words;
    o.hierarchical = c->hierarchical;
    if (c->dims) o.dims = c->dims;
    if (c->window) o.window = c->window;
    if (c->min_count) o.min_count = c->min_count;
    if (c->epochs) o.epochs = c->epochs;
    o.negative = c->negative;
    o.seed = c->seed;
    return o;
}

/* The configuration of the model that c names; zeros where it cannot be read (opening it says why). */
static wn_model_config model_config(const wn_config *c, size_t *bytes) {
    wn_model_config m;
    struct stat file;
    char *dir = NULL, *path = NULL;
    if (wn_model_find(&dir, c->model, NULL) != WN_OK || wn_model_config_read(&m, dir, NULL) != WN_OK) m = (wn_model_config){0};
    size_t parts = m.arch == WN_ALBERT ? m.groups * m.inner : m.layers;
    *bytes = 4 * (parts * (4 * m.hidden + 2 * m.intermediate) * m.hidden + (m.vocab + m.positions) * m.embedding);
    if (dir && (path = wn_path_join(dir, "model.safetensors", NULL)) && stat(path, &file) == 0 && (size_t)file.st_size > *bytes)
        *bytes = (size_t)file.st_size;
    wn_free(path);
    wn_free(dir);
    return m;
}

double wn_encode_flops(const wn_config *c, size_t bytes) {
    size_t weights;
    if (c->encoder != WN_ENC_BERT || !c->model) return 0;
    wn_model_config m = model_config(c, &weights);
    double tokens = (double)bytes / 4.4, h = (double)m.hidden; /* English prose */
    return 2 * tokens * (double)m.layers * h * (4 * h + 2 * (double)m.intermediate);
}

size_t wn_encode_dims(const wn_config *c) {
    size_t bytes;
    if (c->encoder == WN_ENC_BERT && c->model) {
        wn_model_config m = model_config(c, &bytes);
        return m.dense_out ? m.dense_out : m.hidden ? m.hidden : 1;
    }
    if (c->dims) return c->dims;
    return c->encoder == WN_ENC_DOC2VEC ? wn_doc2vec_defaults().dims : wn_lsa_defaults().dims;
}

/* Weights mapped and packed; a window of ids and vectors; what finds equal texts. */
static size_t bert_memory(const wn_config *c, size_t n, size_t bytes, bool keep) {
    size_t weights, workers = (size_t)wn_threads_get();
    wn_model_config m = model_config(c, &weights);
    size_t scratch = 4 * 512 * (6 * m.hidden + m.intermediate) * workers;
    size_t width = wn_encode_dims(c) + (c->all_layers ? (m.layers + 1) * m.hidden : 0);
    if (c->all_layers) scratch += 4 * m.max_tokens * (m.layers + 1) * m.hidden * workers;
    size_t window = n * (width * 4 + 2048) < (110u << 20) ? n * (width * 4 + 2048) : 110u << 20;
    return 2 * weights + scratch + window + n * 56 + bytes + (keep ? n * width * 4 : 0) + (60u << 20);
}

bool wn_encode_streams(const wn_config *c) { return c->encoder != WN_ENC_DOC2VEC || c->load_encoder; }

/* Words are taken as 5 bytes, distinct ones as 30 times the root of their number (Heaps' law, generously). */
size_t wn_encode_memory(const wn_config *c, size_t n, size_t bytes, bool keep) {
    if (c->encoder == WN_ENC_BERT) return bert_memory(c, n, bytes, keep);
    double words = (double)bytes / 5, dims = (double)wn_encode_dims(c), rows = (double)n, distinct = 1;
    while (distinct * distinct < 900 * words) distinct *= 1.1;
    double x = keep ? rows * dims * 4 : 2 * 4096 * dims * 4;
    double need = 20e6 + rows * 64 + (double)bytes;
    struct stat file;
    if (c->load_encoder) {
        need += x + (stat(c->load_encoder, &file) == 0 ? 3 * (double)file.st_size : 0);
    } else if (c->encoder == WN_ENC_DOC2VEC) {
        need += words * 20 + distinct * (dims * 8 + 96) + 2 * rows * dims * 4;
    } else { /* the Krylov space is gone before the vectors come */
        double krylov = distinct * (dims + 10) * 22, counting = rows * 800, most = x > krylov ? x : krylov;
        need += words * 16 + distinct * 64 + (most > counting ? most : counting);
    }
    return need < 0x1p62 ? (size_t)need : (size_t)1 << 62;
}

/* The kind of encoder in a file must be the one asked for: their options differ. */
static wn_code check_loaded(const wn_config *c, wn_err *err) {
    wn_kind kind;
    wn_code code = wn_kind_of(c->load_encoder, &kind, err);
    if (code != WN_OK) return code;
    if (kind == WN_KIND_LSA && c->encoder != WN_ENC_LSA)
        return wn_err_set(err, WN_EUSAGE, "--load-encoder %s holds an lsa encoder: give --encoder lsa", c->load_encoder);
    if (kind == WN_KIND_DOC2VEC && c->encoder != WN_ENC_DOC2VEC)
        return wn_err_set(err, WN_EUSAGE, "--load-encoder %s holds a doc2vec encoder: give --encoder doc2vec",
                          c->load_encoder);
    return WN_OK;
}

wn_code wn_encode_check(const wn_config *c, wn_err *err) {
    if (c->encoder == WN_ENC_BERT) return wn_bert_job_check(c, err);
    if (c->load_encoder && access(c->load_encoder, R_OK) != 0)
        return wn_err_errno(err, "--load-encoder %s", c->load_encoder);
    wn_code code = c->load_encoder ? check_loaded(c, err) : WN_OK;
    if (code != WN_OK) return code;
    return c->save_encoder ? wn_output_check(c->save_encoder, c->overwrite, false, err) : WN_OK;
}

static wn_code use_lsa(const wn_config *c, const wn_texts *texts, bool keep, wn_encoded *e, wn_progress *p, wn_err *err) {
    wn_lsa_opts o = lsa_options(c);
    wn_code code;
    if (c->load_encoder) {
        if ((code = wn_lsa_load(&e->lsa, c->load_encoder, err)) != WN_OK) return code;
        if (keep) code = wn_lsa_transform(e->lsa, texts, &e->x, &e->zero_rows, p, err);
    } else {
        code = wn_lsa_fit(&e->lsa, texts, &o, keep ? &e->x : NULL, &e->zero_rows, p, err);
        if (code == WN_OK && c->save_encoder) code = wn_lsa_save(e->lsa, c->save_encoder, c->overwrite, err);
    }
    if (code != WN_OK) return code;
    e->dims = wn_lsa_dims(e->lsa);
    (void)snprintf(e->name, sizeof e->name, "lsa, %zu dimensions, %zu words", e->dims, wn_lsa_words(e->lsa));
    return WN_OK;
}

static wn_code use_doc2vec(const wn_config *c, const wn_texts *texts, bool keep, wn_encoded *e, wn_progress *p,
                           wn_err *err) {
    wn_doc2vec_opts o = doc2vec_options(c);
    wn_code code;
    if (c->load_encoder) {
        if ((code = wn_doc2vec_load(&e->doc2vec, c->load_encoder, err)) != WN_OK) return code;
        if (keep) code = wn_doc2vec_infer(e->doc2vec, texts, 0, &e->x, &e->zero_rows, p, err);
    } else {
        code = wn_doc2vec_train(&e->doc2vec, texts, &o, keep ? &e->x : NULL, p, err);
        if (code == WN_OK && c->save_encoder) code = wn_doc2vec_save(e->doc2vec, c->save_encoder, c->overwrite, err);
    }
    if (code != WN_OK) return code;
    if (keep) e->zero_rows = wn_sim_normalize(&e->x);
    e->dims = wn_doc2vec_dims(e->doc2vec);
    (void)snprintf(e->name, sizeof e->name, "doc2vec %s, %zu dimensions, %zu words", wn_doc2vec_mode_name(c->doc2vec_mode), e->dims,
                   wn_doc2vec_words(e->doc2vec));
    return WN_OK;
}

static wn_code keep_rows(void *ctx, const float *rows, size_t stride, size_t begin, size_t n, wn_err *err) {
    wn_encoded *e = ctx;
    (void)err;
    for (size_t i = 0; i < n; i++) memcpy(wn_mat_row(&e->x, begin + i), rows + i * stride, e->dims * sizeof *rows);
    return WN_OK;
}

static wn_code use_bert(const wn_config *c, const wn_texts *texts, bool keep, wn_encoded *e, wn_io *io, wn_err *err) {
    double start = wn_now();
    wn_code code = wn_bert_job_open(&e->bert, c, err);
    if (code != WN_OK) return code;
    if (c->verbose) wn_sayf(io, "model     %s, ready in %.3f s", wn_bert_job_dir(e->bert), wn_now() - start);
    e->dims = wn_bert_job_dims(e->bert);
    (void)snprintf(e->name, sizeof e->name, "%.80s, %zu dimensions, %s", c->model, e->dims, wn_bert_job_precision(e->bert));
    if (keep) code = wn_mat_init(&e->x, texts->n, e->dims, err);
    if (code == WN_OK && keep) code = wn_bert_job_run(e->bert, texts, keep_rows, e, io, err);
    if (code == WN_OK && keep) wn_bert_job_say(e->bert, io);
    return code;
}

void wn_encode_recommend(const wn_config *c, wn_io *io) {
    char *dir = NULL;
    if (c->encoder != WN_ENC_LSA || c->load_encoder) return;
    bool there = wn_model_find(&dir, "all-MiniLM-L6-v2", NULL) == WN_OK;
    wn_free(dir);
    if (there) wn_sayf(io, "hint: --model all-MiniLM-L6-v2 knows more about language than lsa does");
    else wn_sayf(io, "hint: a language model chooses better than lsa: tools/get-minilm fetches one, --model all-MiniLM-L6-v2 uses it");
}

wn_code wn_encoded_init(wn_encoded *e, const wn_config *c, const wn_texts *texts, bool keep, wn_io *io, wn_err *err) {
    wn_progress *p = io ? io->progress : NULL;
    *e = (wn_encoded){.dims = wn_encode_dims(c)};
    wn_code code = WN_OK;
    if (texts->n == 0) code = wn_mat_init(&e->x, 0, e->dims, err);
    else if (c->encoder == WN_ENC_LSA) code = use_lsa(c, texts, keep, e, p, err);
    else if (c->encoder == WN_ENC_DOC2VEC) code = use_doc2vec(c, texts, keep, e, p, err);
    else code = use_bert(c, texts, keep, e, io, err);
    if (code != WN_OK) wn_encoded_free(e);
    return code;
}

wn_code wn_encoded_block(const wn_encoded *e, const wn_texts *texts, size_t begin, size_t n, wn_mat *out, size_t *nzero,
                         wn_progress *p, wn_err *err) {
    wn_texts some = {.base = texts->base, .off = texts->off + begin, .n = n};
    if (e->lsa) return wn_lsa_transform(e->lsa, &some, out, nzero, p, err);
    wn_code code = wn_doc2vec_infer(e->doc2vec, &some, 0, out, nzero, p, err);
    if (code == WN_OK) *nzero = wn_sim_normalize(out);
    return code;
}

void wn_encoded_free(wn_encoded *e) {
    if (!e) return;
    wn_lsa_free(e->lsa);
    wn_doc2vec_free(e->doc2vec);
    wn_bert_job_close(e->bert);
    wn_mat_free(&e->x);
    *e = (wn_encoded){0};
}
