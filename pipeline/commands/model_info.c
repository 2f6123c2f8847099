/* winnow info MODEL: what a model folder holds. */
#include "embedding/model_files.h"
#include "kind.h"
#include "stages/say.h"

#include <stdio.h>
#include <string.h>
#include <winnow/bert.h>
#include <winnow/mem.h>
#include <winnow/static.h>

static const char *const activations[] = {"gelu", "gelu (tanh)", "relu", "tanh", "identity"};

static void print_config(const wn_model_config *m, const char *dir, wn_io *io) {
    wn_print_name(io, dir);
    wn_printf(io, ": %s, %zu layers, %zu heads, hidden %zu, intermediate %zu, %s\n", wn_arch_name(m->arch), m->layers,
              m->heads, m->hidden, m->intermediate, activations[m->activation]);
    if (m->arch == WN_ALBERT)
        wn_printf(io, "  shared layers: %zu groups of %zu; embedding %zu\n", m->groups, m->inner, m->embedding);
    wn_printf(io, "  vocabulary: %zu; positions: %zu; token types: %zu\n", m->vocab, m->positions, m->types);
    wn_printf(io, "  texts: at most %zu tokens; %s pooling%s%s%s\n", m->max_tokens, wn_pooling_name(m->pooling),
              m->sentence_transformer ? "" : " (the folder names none)", m->normalize ? ", normalised" : "",
              m->dense_out ? ", a dense layer" : "");
    if (m->path[0]) wn_printf(io, "  encoder: in %s\n", m->path);
    if (m->lowercase) wn_printf(io, "  texts are put into lower case (sentence_bert_config.json)\n");
    if (m->prompt[0]) wn_printf(io, "  before every text: \"%s\" (config_sentence_transformers.json)\n", m->prompt);
    if (m->unknown[0]) wn_printf(io, "  settings left aside, unknown to winnow: %s\n", m->unknown);
    if (m->dense_out)
        wn_printf(io, "  dense layer: %zu to %zu, %s\n", m->hidden, m->dense_out, activations[m->dense_activation]);
}

static void print_tokenizer(const char *dir, const wn_model_config *m, wn_io *io) {
    wn_tok *tok = NULL;
    wn_err why = {0};
    if (wn_tok_open(&tok, dir, &why) != WN_OK) {
        wn_printf(io, "  tokenizer: cannot be used: %s\n", why.msg);
        return;
    }
    wn_printf(io, "  tokenizer: %s%s, ids below %zu%s\n",
              wn_tok_type(tok) == WN_WORDPIECE ? "WordPiece" : "byte-level BPE",
              wn_tok_type(tok) != WN_WORDPIECE ? ""
              : wn_tok_lowercase(tok)          ? ", lower case"
                                               : ", cased",
              wn_tok_size(tok), wn_tok_size(tok) > m->vocab ? ": MORE than the model's vocabulary" : "");
    if (*wn_tok_unknown(tok)) wn_printf(io, "  settings left aside, unknown to winnow: %s\n", wn_tok_unknown(tok));
    wn_tok_close(tok);
}

/* ---- a static table ---- */

static wn_code info_table(const char *dir, wn_io *io, wn_err *err) {
    wn_static_config c;
    wn_static *s = NULL;
    wn_err why = {0};
    char sha256[65];
    wn_code code = wn_static_config_read(&c, dir, err);
    if (code != WN_OK) return code;
    if ((code = wn_model_sha256(dir, c.path, sha256, err)) != WN_OK) return code;
    wn_print_name(io, dir);
    wn_printf(io, ": a static table of %s, %zu rows of %zu numbers, %s%s%s%s\n",
              c.model2vec ? "model2vec" : "sentence-transformers", c.rows, c.dims, c.type,
              c.mapped ? ", shared by tokens" : "", c.weighted ? ", with weights" : "",
              c.normalize ? ", normalised" : "");
    if (wn_static_open(&s, dir, NULL, &why) == WN_OK)
        wn_printf(io, "  tokenizer: ids below %zu\n", wn_static_tokens(s));
    else
        wn_printf(io, "  cannot be used: %s\n", why.msg);
    if (c.max_tokens) wn_printf(io, "  texts: at most %zu tokens\n", c.max_tokens);
    wn_printf(io, "  SHA-256: %s\n", sha256);
    wn_static_close(s);
    return WN_OK;
}

static wn_code check_table(const char *dir, char *summary, size_t size, wn_err *err) {
    wn_static *s = NULL;
    wn_code code = wn_static_open(&s, dir, NULL, err);
    if (code != WN_OK) return code;
    (void)snprintf(summary, size, "a static table of %zu rows with its tokenizer", wn_static_config_of(s)->rows);
    wn_static_close(s);
    return WN_OK;
}

/* ---- a model, whichever ---- */

static wn_code info_layers(const char *dir, wn_io *io, wn_err *err) {
    wn_model_config m;
    char *tensors = NULL, sha256[65];
    wn_code code = wn_model_config_read(&m, dir, err);
    if (code != WN_OK) goto out;
    if ((code = wn_bert_describe(dir, &m, &tensors, err)) != WN_OK) goto out;
    if ((code = wn_model_sha256(dir, m.path, sha256, err)) != WN_OK) goto out;
    print_config(&m, dir, io);
    print_tokenizer(dir, &m, io);
    for (char *line = tensors; *line;) {
        size_t n = strcspn(line, "\n");
        wn_printf(io, "  ");
        wn_print_text(io, line, n);
        wn_printf(io, "\n");
        line += n + (line[n] == '\n');
    }
    wn_printf(io, "  SHA-256: %s\n", sha256);
out:
    wn_free(tensors);
    return code;
}

static wn_code check_layers(const char *dir, char *summary, size_t size, wn_err *err) {
    const wn_bert_opts plain = {.precision = WN_PREC_F32, .layer = -1};
    wn_bert *model = NULL;
    wn_tok *tok = NULL;
    wn_code code = wn_tok_open(&tok, dir, err);
    if (code != WN_OK) goto out;
    if ((code = wn_bert_open(&model, dir, &plain, err)) != WN_OK) goto out;
    if (wn_tok_size(tok) > wn_bert_config(model)->vocab) {
        code =
            wn_err_set(err, WN_EINPUT, "%s: the tokenizer has ids up to %zu, but config.json says a vocabulary of %zu",
                       dir, wn_tok_size(tok) - 1, wn_bert_config(model)->vocab);
        goto out;
    }
    (void)snprintf(summary, size, "a %s model with its tokenizer", wn_arch_name(wn_bert_config(model)->arch));
out:
    wn_bert_close(model);
    wn_tok_close(tok);
    return code;
}

wn_code wn_info_model(const char *dir, wn_io *io, wn_err *err) {
    bool table;
    wn_code code = wn_model_is_static(&table, dir, err);
    if (code != WN_OK) return code;
    return table ? info_table(dir, io, err) : info_layers(dir, io, err);
}

wn_code wn_check_model(const char *dir, char *summary, size_t size, wn_err *err) {
    bool table;
    wn_code code = wn_model_is_static(&table, dir, err);
    if (code != WN_OK) return code;
    return table ? check_table(dir, summary, size, err) : check_layers(dir, summary, size, err);
}
