/* What a folder with a static table holds, as far as names, shapes and settings tell. */
#include "static_private.h"

#include <stdio.h>
#include <string.h>
#include <winnow/bert.h>
#include <wn/jsonfile.h>

enum { DEFAULT_LENGTH = 512, LENGTH_MAX = 1 << 30 };

static const char *type_name(wn_dtype t) {
    switch (t) {
    case WN_F32:
        return wn_precision_name(WN_PREC_F32);
    case WN_F16:
        return wn_precision_name(WN_PREC_F16);
    case WN_BF16:
        return wn_precision_name(WN_PREC_BF16);
    case WN_F64:
        return "f64";
    case WN_I8:
        return wn_precision_name(WN_PREC_INT8);
    case WN_I32:
    case WN_I64:
    case WN_OTHER:
        break;
    }
    return NULL;
}

/* The settings of model2vec. A file of another kind, or none, leaves its defaults. */
static wn_code read_settings(wn_static_config *c, const char *folder, wn_err *err) {
    cJSON *json;
    char file[WN_MODEL_FILE_PATH];
    (void)snprintf(file, sizeof file, "%.4000s/config.json", folder);
    c->max_tokens = DEFAULT_LENGTH;
    wn_code code = wn_jsonfile_read(&json, folder, "config.json", WN_MODEL_JSON_MAX, false, err);
    if (code != WN_OK || !json) return code;
    const cJSON *length = cJSON_GetObjectItemCaseSensitive(json, "max_length");
    c->normalize |= cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(json, "normalize"));
    if (cJSON_IsNull(length))
        c->max_tokens = 0;
    else
        code = wn_field_size(&c->max_tokens, json, file, "max_length", 1, LENGTH_MAX, DEFAULT_LENGTH, err);
    cJSON_Delete(json);
    return code;
}

wn_code wn_static_find(wn_static_tensors *t, const wn_weights *w, wn_err *err) {
    const char *path = wn_weights_path(w);
    *t = (wn_static_tensors){.table = wn_weights_find(w, "embeddings")};
    t->model2vec = t->table != NULL;
    if (!t->table) t->table = wn_weights_find(w, "embedding.weight");
    if (!t->table)
        return wn_err_set(err, WN_EINPUT,
                          "%s: holds neither \"embeddings\", as model2vec writes, nor \"embedding.weight\", as "
                          "sentence-transformers does",
                          path);
    if (t->table->rank != 2 || t->table->count == 0)
        return wn_err_set(err, WN_EINPUT, "%s: tensor \"%s\" is no table of rows and columns", path, t->table->name);
    if (!type_name(t->table->dtype))
        return wn_err_set(err, WN_EINPUT, "%s: tensor \"%s\" holds numbers of a type that is not supported; f32, f16, "
                          "bf16, f64 and int8 are",
                          path, t->table->name);
    if (!t->model2vec) return WN_OK;
    t->mapping = wn_weights_find(w, "mapping");
    t->weights = wn_weights_find(w, "weights");
    for (size_t i = 0; i < 2; i++) {
        const wn_tensor *v = i ? t->weights : t->mapping;
        if (v && v->rank != 1)
            return wn_err_set(err, WN_EINPUT, "%s: tensor \"%s\" is no list of one number a token", path, v->name);
    }
    return WN_OK;
}

wn_code wn_static_config_read(wn_static_config *c, const char *dir, wn_err *err) {
    wn_model_layout layout;
    wn_static_tensors t;
    wn_weights *w = NULL;
    char *folder = NULL, unknown[WN_MODEL_UNKNOWN] = "";
    *c = (wn_static_config){0};
    wn_code code = wn_model_layout_read(&layout, dir, unknown, err);
    if (code != WN_OK) goto out;
    if (!layout.static_table) {
        code = wn_err_set(err, WN_EINPUT,
                          "%s: not a table of token vectors: modules.json lists no StaticEmbedding, and the model_type "
                          "of config.json is not model2vec",
                          dir);
        goto out;
    }
    (void)snprintf(c->path, sizeof c->path, "%s", layout.encoder);
    c->normalize = layout.normalize;
    if ((code = wn_model_folder(&folder, dir, layout.encoder, err)) != WN_OK) goto out;
    if ((code = wn_weights_open(&w, folder, err)) != WN_OK) goto out;
    if ((code = wn_static_find(&t, w, err)) != WN_OK) goto out;
    c->model2vec = t.model2vec;
    c->mapped = t.mapping != NULL;
    c->weighted = t.weights != NULL;
    c->rows = t.table->shape[0], c->dims = t.table->shape[1];
    c->type = type_name(t.table->dtype);
    if (c->model2vec) code = read_settings(c, folder, err);
out:
    wn_weights_close(w);
    wn_free(folder);
    return code;
}
