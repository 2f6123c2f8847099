/* What a checkpoint holds, against what the encoder takes from it. */
#include "bert_private.h"

#include <stdio.h>
#include <string.h>
#include <wn/text.h>

typedef struct {
    const wn_weights *w;
    bool *used; /* [count] */
    wn_buf missing;
    size_t nmissing, parameters;
    wn_err *err;
    wn_code code;
} notes;

static void add(notes *n, wn_buf *out, const char *kind, const char *name) {
    if (n->code == WN_OK) n->code = wn_buf_append(out, kind, strlen(kind), n->err);
    if (n->code == WN_OK) n->code = wn_buf_append(out, name, strlen(name), n->err);
}

static void note(void *ctx, const char *name, const wn_weights *w, const wn_tensor *t) {
    notes *n = ctx;
    if (!t) {
        n->nmissing++;
        add(n, &n->missing, "missing  ", name);
        add(n, &n->missing, "\n", "");
    }
    for (size_t i = 0; t && i < wn_weights_count(w); i++)
        if (wn_weights_at(w, i) == t && !n->used[i]) {
            n->used[i] = true;
            n->parameters += t->count;
        }
}

static const char *shape_text(const wn_tensor *t, char out[128]) {
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; i < t->rank && at + 24 < 128; i++)
        at += (size_t)snprintf(out + at, 128 - at, "%s%zu", i ? " x " : "", t->shape[i]);
    return t->rank ? out : "a scalar";
}

wn_code wn_bert_describe(const char *dir, const wn_model_config *config, char **text, wn_err *err) {
    char line[256], shape[128];
    wn_buf out = {0};
    wn_err problem = {0};
    notes n = {.err = err};
    *text = NULL;
    wn_bert *m = wn_alloc(1, sizeof *m, err);
    if (!m) return WN_EMEMORY;
    m->config = *config;
    wn_code code = wn_weights_open(&m->weights, dir, err);
    if (code == WN_OK && !(n.used = wn_alloc(wn_weights_count(m->weights), sizeof *n.used, err))) code = WN_EMEMORY;
    if (code == WN_OK) {
        n.w = m->weights;
        m->opts = (wn_bert_opts){.precision = WN_PREC_F32, .layer = -1};
        wn_code loaded = wn_bert_load_noted(m, dir, note, &n, &problem);
        code = loaded == WN_EMEMORY ? loaded : n.code;
        if (loaded == WN_EMEMORY && err) *err = problem;
        if (code == WN_OK) {
            (void)snprintf(line, sizeof line, "weights: %zu tensors in %s, %zu parameters in use\n",
                           wn_weights_count(n.w), wn_weights_container(n.w), n.parameters);
            add(&n, &out, line, "");
            if (n.nmissing)
                add(&n, &out, n.missing.data, "");
            else if (loaded != WN_OK) {
                add(&n, &out, "problem  ", problem.msg);
                add(&n, &out, "\n", "");
            }
        }
    }
    for (size_t i = 0; code == WN_OK && n.code == WN_OK && i < wn_weights_count(n.w); i++) {
        const wn_tensor *t = wn_weights_at(n.w, i);
        if (n.used[i]) continue;
        add(&n, &out, "not used ", t->name);
        (void)snprintf(line, sizeof line, " (%s)\n", shape_text(t, shape));
        add(&n, &out, line, "");
    }
    if (code == WN_OK) code = n.code;
    wn_bert_close(m);
    wn_free(n.used);
    wn_free(n.missing.data);
    if (code == WN_OK)
        *text = out.data;
    else
        wn_free(out.data);
    return code;
}
