/* winnow score: a trained model over records: predictions, and how good they are. */
#include "finetune/plan.h"
#include "finetune/predict.h"
#include "learning.h"
#include "outcome/layout.h"
#include "outcome/target.h"
#include "score_out.h"
#include "stages/memory.h"
#include "stages/say.h"
#include "stages/whole_file.h"

#include <string.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/path.h>

typedef struct {
    const wn_config *c;
    wn_io *io;
    wn_finetune_task task;
    const char *label_field; /* NULL: none */
    size_t outputs;          /* of a text */
    wn_base_model source;
    wn_examples examples;
    wn_classes classes; /* n = 0: a number */
    wn_trainee *trainee;
    size_t *rows;
    float *out;
    wn_scored scored;
} scoring;

static void scoring_free(scoring *s) {
    wn_metrics_free(&s->scored.metrics);
    wn_trainee_close(s->trainee);
    wn_examples_free(&s->examples);
    wn_classes_free(&s->classes);
    wn_base_model_close(&s->source);
    wn_free(s->rows);
    wn_free(s->out);
}

static wn_code check_outputs(const wn_config *c, wn_err *err) {
    wn_code code = WN_OK;
    if (c->predictions) code = wn_output_check(c->predictions, c->overwrite, wn_predictions_ours, err);
    if (code != WN_OK || !c->metrics) return code;
    return wn_output_check(c->metrics, c->overwrite, wn_metrics_ours, err);
}

/* ---- what the model is for ---- */

/* The task that winnow train wrote into the folder's manifest, or AUTO. */
static wn_code recorded_task(wn_finetune_task *task, const char *folder, wn_err *err) {
    cJSON *manifest = NULL;
    char *path = wn_path_join(folder, WN_FILE_MANIFEST, err);
    wn_code code = path ? WN_OK : WN_EMEMORY;
    *task = WN_TASK_AUTO;
    if (code != WN_OK || access(path, F_OK) != 0) goto out;
    if ((code = wn_json_read(path, &manifest, err)) != WN_OK) goto out;
    const cJSON *training = cJSON_GetObjectItemCaseSensitive(manifest, "training");
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(training, "task"));
    for (wn_finetune_task t = WN_TASK_CLASSIFY; name && t <= WN_TASK_REGRESS; t++)
        if (strcmp(name, wn_finetune_task_name(t)) == 0) *task = t;
out:
    cJSON_Delete(manifest);
    wn_free(path);
    return code;
}

static bool task_fits(wn_finetune_task task, wn_finetune_task head) {
    return task == head || (task == WN_TASK_PAIRS && head == WN_TASK_CLASSIFY);
}

static wn_code find_task(scoring *s, wn_err *err) {
    const wn_config *c = s->c;
    wn_finetune_task head = s->source.task, recorded = WN_TASK_AUTO;
    if (head == WN_TASK_AUTO)
        return wn_err_set(err, WN_EUSAGE,
                          "%s: its config.json names no head that gives classes or choices (\"architectures\"); winnow "
                          "train makes one",
                          c->model);
    s->task = wn_learning_task(c);
    if (s->task == WN_TASK_AUTO) {
        wn_code code = recorded_task(&recorded, s->source.dir, err);
        if (code != WN_OK) return code;
        s->task = task_fits(recorded, head) ? recorded : head;
    }
    if (!task_fits(s->task, head))
        return wn_err_set(err, WN_EUSAGE, "%s is a model for the task %s, not %s", c->model,
                          wn_finetune_task_name(head), wn_finetune_task_name(s->task));
    if (s->task == WN_TASK_PAIRS && c->ntext_fields != 2)
        return wn_err_set(err, WN_EUSAGE, "%s was trained on pairs: two --text-field, not %zu", c->model,
                          c->ntext_fields);
    if (s->task == WN_TASK_CHOICE && c->record_template == WN_TEMPLATE_NONE && c->nchoices < 2)
        return wn_err_set(err, WN_EUSAGE, "%s was trained on choices: two or more --choices, not %zu", c->model,
                          c->nchoices);
    if (s->task != WN_TASK_CHOICE && c->nchoices)
        return wn_err_set(err, WN_EUSAGE, "--choices has no effect: %s is not a model of choices", c->model);
    return WN_OK;
}

/* ---- classes and targets ---- */

static wn_code find_classes(scoring *s, const wn_examples_opts *o, wn_err *err) {
    const wn_corpus *corpus = &s->examples.corpus;
    s->outputs = 1;
    if (s->task == WN_TASK_REGRESS) return WN_OK;
    if (s->task == WN_TASK_CHOICE) {
        bool named =
            s->source.classes.n == o->nchoices && corpus->label && wn_classes_cover(&s->source.classes, corpus);
        if (!named) return wn_classes_of_choices(&s->classes, corpus, o->choices, o->nchoices, err);
    }
    s->classes = s->source.classes;
    s->source.classes = (wn_classes){0};
    if (s->task != WN_TASK_CHOICE) s->outputs = s->classes.n;
    return WN_OK;
}

static wn_code read_records(scoring *s, wn_err *err) {
    const wn_examples_opts o = wn_learning_examples(s->c, s->task, s->source.max_tokens);
    wn_code code = wn_examples_read(&s->examples, &o, s->source.tok, s->io->progress, err);
    if (code != WN_OK) return code;
    wn_learning_notes(&s->source, &s->examples, s->io);
    if ((code = find_classes(s, &o, err)) != WN_OK || !s->label_field) return code;
    return s->task == WN_TASK_REGRESS ? wn_examples_values(&s->examples, s->label_field, err)
                                      : wn_classes_map(&s->examples, &s->classes, s->label_field, err);
}

/* ---- the model over them ---- */

static wn_code open_model(scoring *s, wn_err *err) {
    char drawn[300];
    const wn_trainee_opts o = {.head = wn_base_model_head(s->task), .outputs = s->outputs};
    wn_code code = wn_trainee_open(&s->trainee, s->source.dir, &o, err);
    if (code != WN_OK) return code;
    if (!wn_base_model_drawn(wn_trainee_params(s->trainee), drawn, sizeof drawn)) return WN_OK;
    return wn_err_set(err, WN_EINPUT, "%s: its weights have no head for the %zu classes of its config.json: %s",
                      s->c->model, s->outputs, drawn);
}

static wn_code predict_all(scoring *s, wn_err *err) {
    const wn_examples *e = &s->examples;
    size_t width = e->per * s->outputs;
    const wn_predict_opts o = {.outputs = s->outputs, .stage = "score", .p = s->io->progress};
    if (!(s->rows = wn_alloc(e->n, sizeof *s->rows, err))) return WN_EMEMORY;
    if (!(s->out = wn_alloc(e->n * width, sizeof *s->out, err))) return WN_EMEMORY;
    for (size_t i = 0; i < e->n; i++) s->rows[i] = i;
    wn_code code = wn_predict(s->out, s->trainee, e, s->rows, e->n, &o, err);
    if (code == WN_OK && s->task != WN_TASK_REGRESS) wn_predict_softmax(s->out, e->n, width);
    return code;
}

static wn_code measure(scoring *s, wn_err *err) {
    const wn_examples *e = &s->examples;
    s->scored = (wn_scored){.model = s->c->model,
                            .task = s->task,
                            .examples = e,
                            .classes = &s->classes,
                            .out = s->out,
                            .labelled = s->label_field != NULL};
    if (!s->scored.labelled) return WN_OK;
    return e->value ? wn_metrics_regress(&s->scored.numbers, s->out, e->value, e->n, err)
                    : wn_metrics_classify(&s->scored.metrics, s->out, e->target, e->n, s->classes.n, err);
}

static wn_code put_results(scoring *s, wn_err *err) {
    const wn_config *c = s->c;
    wn_code code = WN_OK;
    if (c->predictions && (code = wn_score_predictions(&s->scored, c->predictions, c->overwrite, err)) != WN_OK)
        return code;
    if (c->metrics && (code = wn_score_metrics(&s->scored, c->metrics, c->overwrite, err)) != WN_OK) return code;
    if (s->scored.labelled)
        wn_score_print(&s->scored, s->io);
    else
        wn_sayf(s->io, "%s: %zu predictions", c->predictions, s->examples.n);
    return WN_OK;
}

wn_code wn_score(const wn_config *c, wn_io *io, wn_err *err) {
    scoring s = {.c = c, .io = io, .label_field = wn_learning_label_field(c)};
    wn_code code;
    if ((code = check_outputs(c, err)) != WN_OK) goto out;
    if ((code = wn_base_model_open(&s.source, c->model, c->max_tokens, err)) != WN_OK) goto out;
    if ((code = find_task(&s, err)) != WN_OK) goto out;
    if ((code = read_records(&s, err)) != WN_OK) goto out;
    size_t need = wn_predict_memory(&s.source.config, &s.examples, s.outputs);
    if ((code = wn_memory_require(c->memory, need, "scoring", WN_OF_RECORDS, err)) != WN_OK) goto out;
    if ((code = open_model(&s, err)) != WN_OK) goto out;
    if ((code = predict_all(&s, err)) != WN_OK) goto out;
    if ((code = measure(&s, err)) != WN_OK) goto out;
    code = put_results(&s, err);
out:
    scoring_free(&s);
    return code;
}
