#include "save_folder.h"

#include "outcome/folder_files.h"
#include "outcome/manifest_doc.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/rows.h>
#include <wn/jsonfile.h>

#define FILE_CONFIG "config.json"
#define FILE_WEIGHTS "model.safetensors"
#define FILE_TOKENIZER "tokenizer_config.json"

enum { TOKENIZER_MAX = 256 << 20 };

/* ---- config.json and the tokenizer ---- */

/* Replaces a member, or adds it. */
static bool set_member(cJSON *in, const char *name, cJSON *v) {
    cJSON_DeleteItemFromObjectCaseSensitive(in, name);
    if (v && cJSON_AddItemToObject(in, name, v)) return true;
    cJSON_Delete(v);
    return false;
}

/* id2label and label2id. */
static bool set_labels(cJSON *json, const wn_classes *classes) {
    cJSON *names = cJSON_CreateObject(), *ids = cJSON_CreateObject();
    bool ok = names && ids;
    for (size_t i = 0; ok && i < classes->n; i++) {
        char key[24];
        (void)snprintf(key, sizeof key, "%zu", i);
        ok = cJSON_AddStringToObject(names, key, classes->names[i]) &&
             cJSON_AddNumberToObject(ids, classes->names[i], (double)i);
    }
    if (!ok) {
        cJSON_Delete(names);
        cJSON_Delete(ids);
        return false;
    }
    ok = set_member(json, "id2label", names);
    return set_member(json, "label2id", ids) && ok;
}

static wn_code save_config(const wn_finetune_result *r, wn_outdir *d, wn_err *err) {
    const char *architecture = wn_base_model_architecture(r->source->config.arch, r->task);
    wn_classes value = {0};
    wn_code code = WN_OK;
    cJSON *json = cJSON_Duplicate(r->source->json, true);
    const char *problem = r->task == WN_TASK_REGRESS ? "regression" : "single_label_classification";
    static const char *const stale[] = {"_name_or_path", "torch_dtype", "dtype", "num_labels", "finetuning_task"};
    for (size_t i = 0; json && i < sizeof stale / sizeof stale[0]; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(json, stale[i]);
    if (r->task == WN_TASK_REGRESS && (code = wn_classes_numbered(&value, 1, err)) != WN_OK) goto out;
    if (!json || !set_member(json, "architectures", cJSON_CreateStringArray(&architecture, 1)) ||
        !set_member(json, "problem_type", cJSON_CreateString(problem)) ||
        !set_labels(json, r->task == WN_TASK_REGRESS ? &value : r->classes)) {
        code = wn_err_set(err, WN_EMEMORY, "out of memory while " FILE_CONFIG " was written");
        goto out;
    }
    code = wn_outdir_json(d, FILE_CONFIG, json, true, err);
out:
    wn_classes_free(&value);
    cJSON_Delete(json);
    return code;
}

/* A file of the tokenizer as it is, where the model has it. */
static wn_code copy_file(const wn_finetune_result *r, const char *name, wn_outdir *d, wn_err *err) {
    wn_outfile *f = NULL;
    char *data = NULL;
    size_t n = 0;
    wn_code code = wn_file_read(&data, &n, r->source->folder, name, TOKENIZER_MAX, err);
    if (code != WN_OK || !data) return code;
    if ((code = wn_outfile_open(&f, d, name, err)) != WN_OK) goto out;
    wn_outfile_write(f, data, n);
    code = wn_outfile_close(f, err);
out:
    wn_free(data);
    return code;
}

/* Its configuration says how many tokens the model was trained on, so that others cut texts there, too. */
static wn_code save_tokenizer_config(const wn_finetune_result *r, wn_outdir *d, wn_err *err) {
    cJSON *json = NULL;
    wn_code code = wn_jsonfile_read(&json, r->source->folder, FILE_TOKENIZER, TOKENIZER_MAX, false, err);
    if (code != WN_OK || !json) goto out;
    if (set_member(json, "model_max_length", cJSON_CreateNumber((double)r->source->max_tokens)))
        code = wn_outdir_json(d, FILE_TOKENIZER, json, true, err);
    else
        code = wn_err_set(err, WN_EMEMORY, "out of memory while " FILE_TOKENIZER " was written");
out:
    cJSON_Delete(json);
    return code;
}

static wn_code save_tokenizer(const wn_finetune_result *r, wn_outdir *d, wn_err *err) {
    static const char *const names[] = {"vocab.txt",      "vocab.json",        "merges.txt",
                                        "tokenizer.json", "added_tokens.json", "special_tokens_map.json"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        wn_code code = copy_file(r, names[i], d, err);
        if (code != WN_OK) return code;
    }
    return save_tokenizer_config(r, d, err);
}

static wn_code save_weights(const wn_finetune_result *r, wn_outdir *d, wn_err *err) {
    char *path = wn_outdir_path(d, FILE_WEIGHTS, err);
    wn_code code = path ? wn_params_save(r->params, path, err) : WN_EMEMORY;
    wn_free(path);
    return code == WN_OK ? wn_outdir_adopt(d, FILE_WEIGHTS, err) : code;
}

/* ---- README.md ---- */

static void card_labels(wn_outfile *f, const wn_classes *c) {
    enum { SHOWN = 20 };
    for (size_t i = 0; i < c->n && i < SHOWN; i++) {
        if (i) wn_outfile_printf(f, ", ");
        wn_outfile_markdown(f, c->names[i]);
    }
    if (c->n > SHOWN) wn_outfile_printf(f, ", ... (%zu)", c->n);
}

static wn_code save_card(const wn_finetune_result *r, wn_outdir *d, wn_err *err) {
    wn_outfile *f = NULL;
    const wn_trained *t = r->trained;
    wn_code code = wn_outfile_open(&f, d, "README.md", err);
    if (code != WN_OK) return code;
    wn_outfile_printf(f, "# A model for the task %s\n\n", wn_finetune_task_name(r->task));
    wn_outfile_printf(f, "Fine-tuned by winnow %s from ", WINNOW_VERSION);
    wn_outfile_markdown(f, r->source_name);
    wn_outfile_printf(f, " (weights: SHA-256 %.16s...).\n\n- Records: %zu of ", r->sha256, r->rows);
    wn_outfile_markdown(f, r->corpus->sources[0].path);
    wn_outfile_printf(f, "%s; held out: %zu\n", r->corpus->nsources > 1 ? " and others" : "", r->dev_rows);
    if (r->task != WN_TASK_REGRESS) {
        wn_outfile_printf(f, "- Labels: ");
        card_labels(f, r->classes);
        wn_outfile_printf(f, "\n");
    }
    wn_outfile_printf(f, "- Settings: ");
    wn_outfile_markdown(f, r->settings);
    wn_outfile_printf(f, "\n- Loss: %.4g while it was trained", t->loss);
    if (r->dev_rows) wn_outfile_printf(f, ", %.4g on the held-out records after epoch %zu", t->dev_loss, t->best_epoch);
    wn_outfile_printf(f, "\n- Use: `winnow score FOLDER test.jsonl`, or `%s.from_pretrained(FOLDER)` of transformers\n",
                      wn_base_model_architecture(r->source->config.arch, r->task));
    wn_outfile_printf(f, "- Licence: whatever that of the first model and of the records permits\n");
    return wn_outfile_close(f, err);
}

/* ---- manifest.json ---- */

static void add_training(wn_manifest_doc *d, const wn_finetune_result *r) {
    const wn_trained *t = r->trained;
    cJSON *o = wn_doc_object(d, d->root, "training");
    wn_doc_text(d, o, "task", wn_finetune_task_name(r->task));
    cJSON *labels = cJSON_AddArrayToObject(o, "labels");
    d->failed |= !labels;
    for (size_t i = 0; !d->failed && i < r->classes->n; i++)
        d->failed |= !cJSON_AddItemToArray(labels, cJSON_CreateString(r->classes->names[i]));
    wn_doc_text(d, o, "head", r->drawn ? "drawn" : "of the model");
    wn_doc_text(d, o, "settings", r->settings);
    wn_doc_count(d, o, "max_tokens", r->source->max_tokens);
    wn_doc_count(d, o, "records", r->rows);
    wn_doc_count(d, o, "held_out", r->dev_rows);
    wn_doc_count(d, o, "truncated", r->truncated);
    wn_doc_count(d, o, "steps", t->steps);
    wn_doc_count(d, o, "epochs", t->epochs);
    wn_doc_count(d, o, "best_epoch", t->best_epoch);
    wn_doc_real(d, o, "loss", t->loss);
    wn_doc_real(d, o, "held_out_loss", t->dev_loss);
}

static wn_code save_manifest(const wn_finetune_result *r, wn_outdir *dir, wn_err *err) {
    wn_input *inputs = wn_inputs_of(r->corpus, err);
    if (!inputs) return WN_EMEMORY;
    wn_manifest_doc d = wn_doc_begin(r->command, r->config, r->seed);
    wn_doc_inputs(&d, inputs, r->corpus->nsources);
    cJSON *model = wn_doc_object(&d, d.root, "model");
    wn_doc_path(&d, model, r->source->dir);
    wn_doc_text(&d, model, "sha256", r->sha256);
    add_training(&d, r);
    wn_doc_outputs(&d, dir);
    wn_doc_versions(&d);
    cJSON *run = wn_doc_this_run(&d), *seconds = wn_doc_object(&d, run, "seconds");
    for (size_t i = 0; i < r->timings->n; i++)
        wn_doc_seconds(&d, seconds, r->timings->stages[i].name, r->timings->stages[i].seconds);
    wn_doc_seconds(&d, seconds, "total", wn_now() - r->timings->started);
    wn_doc_count(&d, run, "steps_resumed", r->trained->resumed);
    wn_doc_count(&d, run, "peak_memory_bytes", wn_mem_peak());
    wn_free(inputs);
    return wn_doc_write(&d, dir, err);
}

wn_code wn_finetune_save(const wn_finetune_result *r, const char *path, bool overwrite, wn_err *err) {
    wn_outdir d;
    wn_code code = wn_outdir_create(&d, path, overwrite, err);
    if (code != WN_OK) return code;
    if ((code = save_config(r, &d, err)) != WN_OK) goto out;
    if ((code = save_weights(r, &d, err)) != WN_OK) goto out;
    if ((code = save_tokenizer(r, &d, err)) != WN_OK) goto out;
    if ((code = save_card(r, &d, err)) != WN_OK) goto out;
    if ((code = wn_outdir_sums(&d, err)) != WN_OK) goto out;
    if ((code = save_manifest(r, &d, err)) != WN_OK) goto out;
    return wn_outdir_commit(&d, err);
out:
    wn_outdir_abort(&d);
    return code;
}
