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

/* Nothing after the first failure, which n->code keeps. */
static void add(notes *n, wn_buf *out, const char *kind, const char *name) {
    if (n->code != WN_OK || (n->code = wn_buf_append(out, kind, strlen(kind), n->err)) != WN_OK) return;
    n->code = wn_buf_append(out, name, strlen(name), n->err);
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

/* Loads the checkpoint as the encoder would, for what it asks for on the way. Only what is wrong with the checkpoint is
 * told of, in `problem`; running out of memory is an error. */
static wn_code note_tensors(wn_bert *m, const char *dir, notes *n, char problem[512], wn_err *err) {
    wn_err why = {0};
    m->opts = (wn_bert_opts){.precision = WN_PREC_F32, .layer = WN_BERT_LAST_LAYER};
    const wn_code loaded = wn_bert_load_noted(m, dir, note, n, &why);
    if (loaded == WN_EMEMORY) {
        *err = why;
        return loaded;
    }
    (void)snprintf(problem, 512, "%s", loaded != WN_OK && n->nmissing == 0 ? why.msg : "");
    return n->code;
}

static void list_tensors(notes *n, const char *problem, wn_buf *out) {
    char line[256], shape[128];
    (void)snprintf(line, sizeof line, "weights: %zu tensors in %s, %zu parameters in use\n", wn_weights_count(n->w),
                   wn_weights_container(n->w), n->parameters);
    add(n, out, line, "");
    if (n->nmissing) add(n, out, n->missing.data, "");
    if (*problem) {
        add(n, out, "problem  ", problem);
        add(n, out, "\n", "");
    }
    for (size_t i = 0; i < wn_weights_count(n->w); i++) {
        const wn_tensor *t = wn_weights_at(n->w, i);
        if (n->used[i]) continue;
        add(n, out, "not used ", t->name);
        (void)snprintf(line, sizeof line, " (%s)\n", shape_text(t, shape));
        add(n, out, line, "");
    }
}

wn_code wn_bert_describe(const char *dir, const wn_model_config *config, char **text, wn_err *err) {
    char problem[512] = "";
    wn_buf out = {0};
    notes n = {.err = err};
    char *encoder = NULL;
    wn_code code = WN_EMEMORY;
    *text = NULL;
    wn_bert *m = wn_alloc(1, sizeof *m, err);
    if (!m) goto out;
    m->config = *config;
    if ((code = wn_model_folder(&encoder, dir, config->path, err)) != WN_OK) goto out;
    if ((code = wn_weights_open(&m->weights, encoder, err)) != WN_OK) goto out;
    n.w = m->weights;
    n.used = wn_alloc(wn_weights_count(m->weights), sizeof *n.used, err);
    code = n.used ? note_tensors(m, dir, &n, problem, err) : WN_EMEMORY;
    if (code != WN_OK) goto out;
    list_tensors(&n, problem, &out);
    if ((code = n.code) != WN_OK) goto out;
    *text = out.data;
    out.data = NULL;
out:
    wn_bert_close(m);
    wn_free(encoder);
    wn_free(n.used);
    wn_free(n.missing.data);
    wn_free(out.data);
    return code;
}
