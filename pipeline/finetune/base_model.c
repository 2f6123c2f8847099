#include "base_model.h"

#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/jsonfile.h>

enum { CONFIG_MAX = 16 << 20 };

const char *wn_finetune_task_name(wn_finetune_task t) {
    switch (t) { WN_TASKS(WN_NAME_CASE) }
    return NULL;
}

wn_head_kind wn_base_model_head(wn_finetune_task task) {
    switch (task) {
    case WN_TASK_PAIRS:
        return WN_HEAD_PAIRS;
    case WN_TASK_CHOICE:
        return WN_HEAD_CHOICE;
    case WN_TASK_REGRESS:
        return WN_HEAD_REGRESS;
    case WN_TASK_CLASSIFY:
    case WN_TASK_AUTO:
        break;
    }
    return WN_HEAD_CLASSIFY;
}

const char *wn_base_model_architecture(wn_arch arch, wn_finetune_task task) {
    static const char *const names[][2] = {
        [WN_BERT] = {"BertForSequenceClassification", "BertForMultipleChoice"},
        [WN_ROBERTA] = {"RobertaForSequenceClassification", "RobertaForMultipleChoice"},
        [WN_DISTILBERT] = {"DistilBertForSequenceClassification", "DistilBertForMultipleChoice"},
        [WN_ALBERT] = {"AlbertForSequenceClassification", "AlbertForMultipleChoice"}};
    return names[arch][task == WN_TASK_CHOICE];
}

static bool named_architecture(const cJSON *json, const char *end) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "architectures"), *v;
    cJSON_ArrayForEach(v, list) {
        size_t n = cJSON_IsString(v) ? strlen(v->valuestring) : 0, m = strlen(end);
        if (n >= m && strcmp(v->valuestring + n - m, end) == 0) return true;
    }
    return false;
}

static bool problem_is(const cJSON *json, const char *type) {
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(json, "problem_type");
    return cJSON_IsString(v) && strcmp(v->valuestring, type) == 0;
}

/* What the configuration says of a head, and the names of its classes: two where it names none, as transformers. */
static wn_code read_head(wn_base_model *s, wn_err *err) {
    wn_code code;
    s->task = WN_TASK_AUTO;
    if (named_architecture(s->json, "ForMultipleChoice")) s->task = WN_TASK_CHOICE;
    if (named_architecture(s->json, "ForSequenceClassification")) s->task = WN_TASK_CLASSIFY;
    if (s->task == WN_TASK_AUTO) return WN_OK;
    if ((code = wn_classes_of_config(&s->classes, s->json, "config.json", err)) != WN_OK) return code;
    if (s->task == WN_TASK_CHOICE) return WN_OK;
    if (problem_is(s->json, "multi_label_classification")) {
        s->task = WN_TASK_AUTO; /* a head of another kind */
        wn_classes_free(&s->classes);
        return WN_OK;
    }
    if (s->classes.n == 1 || problem_is(s->json, "regression")) s->task = WN_TASK_REGRESS;
    return s->classes.n ? WN_OK : wn_classes_numbered(&s->classes, 2, err);
}

/* A folder for transformers cannot say what sentence-transformers does to a text before the tokenizer sees it. */
static wn_code check_texts(const wn_base_model *s, wn_err *err) {
    bool lower = s->config.lowercase && !wn_tok_lowercase(s->tok);
    if (!s->config.prompt[0] && !lower) return WN_OK;
    return wn_err_set(err, WN_EUSAGE,
                      "%s: its sentence-transformers files %s, which a trained model could not repeat; take a copy of "
                      "the folder without modules.json and sentence_bert_config.json",
                      s->dir, lower ? "lower the case of every text" : "put a prompt before every text");
}

static wn_code check_source(wn_base_model *s, size_t max_tokens, wn_err *err) {
    const wn_model_config *m = &s->config;
    size_t most = m->arch == WN_ROBERTA ? m->positions - m->pad - 1 : m->positions;
    if (max_tokens > most)
        return wn_err_set(err, WN_EUSAGE, "--max-tokens %zu: this model has positions for %zu", max_tokens, most);
    s->max_tokens = max_tokens ? max_tokens : m->max_tokens;
    if (wn_tok_size(s->tok) > m->vocab)
        return wn_err_set(err, WN_EINPUT,
                          "%s: the tokenizer has ids up to %zu, but config.json says a vocabulary of %zu", s->dir,
                          wn_tok_size(s->tok) - 1, m->vocab);
    return check_texts(s, err);
}

wn_code wn_base_model_open(wn_base_model *s, const char *name, size_t max_tokens, wn_err *err) {
    wn_code code;
    if ((code = wn_model_find(&s->dir, name, err)) != WN_OK) return code;
    if ((code = wn_model_config_read(&s->config, s->dir, err)) != WN_OK) return code;
    if ((code = wn_model_folder(&s->folder, s->dir, s->config.path, err)) != WN_OK) return code;
    if ((code = wn_jsonfile_read(&s->json, s->folder, "config.json", CONFIG_MAX, true, err)) != WN_OK) return code;
    if ((code = wn_tok_open(&s->tok, s->dir, err)) != WN_OK) return code;
    if ((code = check_source(s, max_tokens, err)) != WN_OK) return code;
    code = read_head(s, err);
    return code == WN_EINPUT ? wn_err_prefix(err, "%s/", s->folder) : code;
}

void wn_base_model_close(wn_base_model *s) {
    wn_tok_close(s->tok);
    cJSON_Delete(s->json);
    wn_free(s->folder);
    wn_free(s->dir);
    wn_classes_free(&s->classes);
    *s = (wn_base_model){0};
}

bool wn_base_model_drawn(const wn_params *p, char *out, size_t size) {
    size_t at = 0;
    bool any = false;
    out[0] = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (!p->list[i].fresh) continue;
        int n = snprintf(out + at, size - at, "%s%s", any ? ", " : "", p->list[i].name);
        any = true;
        if (n < 0 || (size_t)n >= size - at) break;
        at += (size_t)n;
    }
    return any;
}
