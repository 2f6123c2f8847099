/* The folder of a table: what model2vec writes, and beside it what sentence-transformers looks for. */
#include "distill.h"

#include "outcome/folder_files.h"
#include "outcome/manifest_doc.h"

#include <string.h>
#include <winnow/mem.h>
#include <wn/tok_table.h>
#include <wn/weights.h>

#define FILE_WEIGHTS "model.safetensors"

/* A document under construction: one flag collects what memory was too little for. */
static wn_code write_or_say(cJSON *json, bool whole, wn_outdir *out, const char *name, bool indented, wn_err *err) {
    wn_code code = whole ? wn_outdir_json(out, name, json, indented, err)
                         : wn_err_set(err, WN_EMEMORY, "out of memory while %s was made", name);
    cJSON_Delete(json);
    return code;
}

/* max_length null: no text is cut, by either library. */
static wn_code save_config(const wn_distilled *d, const wn_distill_origin *o, wn_outdir *out, wn_err *err) {
    static const char *const architecture = "StaticModel";
    cJSON *json = cJSON_CreateObject();
    bool ok = json && cJSON_AddStringToObject(json, "model_type", "model2vec") &&
              cJSON_AddItemToObject(json, "architectures", cJSON_CreateStringArray(&architecture, 1)) &&
              cJSON_AddStringToObject(json, "tokenizer_name", o->opts->model) &&
              cJSON_AddNumberToObject(json, "apply_pca", (double)d->dims) &&
              cJSON_AddBoolToObject(json, "apply_zipf", o->opts->weights == WN_TOKENS_ZIPF) &&
              cJSON_AddNumberToObject(json, "hidden_dim", (double)d->dims) &&
              cJSON_AddNumberToObject(json, "seq_length", 1000000) && cJSON_AddTrueToObject(json, "normalize") &&
              cJSON_AddStringToObject(json, "pooling", wn_pooling_name(d->pooling)) &&
              cJSON_AddNullToObject(json, "max_length") &&
              cJSON_AddStringToObject(json, "embedding_dtype", "float32");
    if (ok && o->opts->weights == WN_TOKENS_SIF) ok = cJSON_AddNumberToObject(json, "sif_coefficient", 1e-4);
    return write_or_say(json, ok, out, "config.json", true, err);
}

static bool add_module(cJSON *list, const char *index, const char *path, const char *type) {
    cJSON *m = cJSON_CreateObject();
    return m && cJSON_AddItemToArray(list, m) && cJSON_AddNumberToObject(m, "idx", *index - '0') &&
           cJSON_AddStringToObject(m, "name", index) && cJSON_AddStringToObject(m, "path", path) &&
           cJSON_AddStringToObject(m, "type", type);
}

static wn_code save_modules(wn_outdir *out, wn_err *err) {
    cJSON *list = cJSON_CreateArray();
    bool ok = list && add_module(list, "0", ".", "sentence_transformers.models.StaticEmbedding") &&
              add_module(list, "1", "1_Normalize", "sentence_transformers.models.Normalize");
    return write_or_say(list, ok, out, "modules.json", true, err);
}

static wn_code save_weights(const wn_distilled *d, wn_outdir *out, wn_err *err) {
    const wn_weights_item item = {.name = "embeddings", .rank = 2, .shape = {d->n, d->dims}, .data = d->rows};
    char *path = wn_outdir_path(out, FILE_WEIGHTS, err);
    wn_code code = path ? wn_weights_write(path, &item, 1, err) : WN_EMEMORY;
    wn_free(path);
    return code == WN_OK ? wn_outdir_adopt(out, FILE_WEIGHTS, err) : code;
}

static wn_code save_tokenizer(const wn_distilled *d, wn_outdir *out, wn_err *err) {
    cJSON *json = NULL;
    wn_code code = wn_tok_table_json(&json, d->tok, d->ids, d->n, err);
    return code == WN_OK ? write_or_say(json, true, out, "tokenizer.json", false, err) : code;
}

static wn_code save_card(const wn_distilled *d, const wn_distill_origin *o, wn_outdir *out, wn_err *err) {
    wn_outfile *f = NULL;
    wn_code code = wn_outfile_open(&f, out, "README.md", err);
    if (code != WN_OK) return code;
    wn_outfile_printf(f, "---\nlibrary_name: model2vec\n---\n# A table of token vectors\n\nMade by winnow %s of ",
                      WINNOW_VERSION);
    wn_outfile_markdown(f, o->opts->model);
    wn_outfile_printf(f, " (weights: SHA-256 %.16s...).\n\n", o->sha256);
    wn_outfile_printf(f, "- Rows: %zu tokens of %zu dimensions, float32; a text is the mean of its tokens' rows\n",
                      d->n, d->dims);
    wn_outfile_printf(f, "- Each: the token between the model's opening and closing tokens, pooling %s, arithmetic %s; "
                         "%zu principal axes of %zu (%.1f%% of the variance)\n",
                      wn_pooling_name(d->pooling), d->precision, d->dims, d->config.hidden, 100 * d->explained);
    wn_outfile_printf(f, "- Weights: %s, by the token's place in the vocabulary; padding and unknown tokens: zero\n",
                      wn_token_weights_name(o->opts->weights));
    wn_outfile_printf(f, "- Use: `winnow embed texts.jsonl --model FOLDER -o x.h5ad`, "
                         "`StaticModel.from_pretrained(FOLDER)` of model2vec, "
                         "`SentenceTransformer(FOLDER)` of sentence-transformers\n");
    wn_outfile_printf(f, "- Licence: whatever that of the model permits\n");
    return wn_outfile_close(f, err);
}

static wn_code save_manifest(const wn_distilled *d, const wn_distill_origin *o, wn_outdir *out, wn_err *err) {
    wn_manifest_doc doc = wn_doc_begin(o->command, o->config, o->seed);
    cJSON *model = wn_doc_object(&doc, doc.root, "model"), *table = wn_doc_object(&doc, doc.root, "table");
    wn_doc_path(&doc, model, d->dir);
    wn_doc_text(&doc, model, "sha256", o->sha256);
    wn_doc_text(&doc, model, "precision", d->precision);
    wn_doc_count(&doc, table, "tokens", d->n);
    wn_doc_count(&doc, table, "left_out", wn_tok_size(d->tok) - d->n);
    wn_doc_count(&doc, table, "dims", d->dims);
    wn_doc_text(&doc, table, "weights", wn_token_weights_name(o->opts->weights));
    wn_doc_text(&doc, table, "pooling", wn_pooling_name(d->pooling));
    wn_doc_real(&doc, table, "variance", d->explained);
    wn_doc_outputs(&doc, out);
    wn_doc_versions(&doc);
    cJSON *run = wn_doc_this_run(&doc), *seconds = wn_doc_object(&doc, run, "seconds");
    wn_doc_seconds(&doc, seconds, "total", wn_now() - o->timings->started);
    wn_doc_count(&doc, run, "peak_memory_bytes", wn_mem_peak());
    return wn_doc_write(&doc, out, err);
}

wn_code wn_distill_save(const wn_distilled *d, const wn_distill_origin *o, const char *path, bool overwrite,
                        wn_err *err) {
    wn_outdir out;
    wn_code code = wn_outdir_create(&out, path, overwrite, err);
    if (code != WN_OK) return code;
    if ((code = save_config(d, o, &out, err)) != WN_OK) goto out;
    if ((code = save_weights(d, &out, err)) != WN_OK) goto out;
    if ((code = save_tokenizer(d, &out, err)) != WN_OK) goto out;
    if ((code = save_modules(&out, err)) != WN_OK) goto out;
    if ((code = save_card(d, o, &out, err)) != WN_OK) goto out;
    if ((code = wn_outdir_sums(&out, err)) != WN_OK) goto out;
    if ((code = save_manifest(d, o, &out, err)) != WN_OK) goto out;
    return wn_outdir_commit(&out, err);
out:
    wn_outdir_abort(&out);
    return code;
}
