/* Fine-tuning as a learner: every subset trains the same model from its beginning, with a new head for the classes.
 * The texts are tokenised once; a subset is a list of rows of them. */
#include "learner.h"

#include "embedding/model_files.h"
#include "finetune/base_model.h"
#include "finetune/groups.h"
#include "finetune/plan.h"
#include "finetune/predict.h"
#include "finetune/save_folder.h"
#include "finetune/trainer.h"
#include "stages/say.h"

#include <winnow/mem.h>

/* What all cells share. */
typedef struct {
    wn_base_model source;
    char fingerprint[33];
    wn_examples texts[2]; /* those of the data, without targets */
} finetuning;

/* What one subset made of the model. */
typedef struct {
    wn_trainee *trainee;
    wn_progress *progress;
} finetuned;

/* ---- open ---- */

static wn_trainee_opts trainee_options(const wn_learner *l, uint64_t seed) {
    return (wn_trainee_opts){.head = WN_HEAD_CLASSIFY,
                             .outputs = l->data->classes,
                             .dropout = l->opts.finetune.training->dropout,
                             .seed = seed,
                             .fresh_head = true};
}

/* Whether the weights can be read, and every pattern names some of them. */
static wn_code check_weights(const wn_learner *l, const finetuning *f, wn_err *err) {
    const wn_trainee_opts o = trainee_options(l, 1);
    wn_trainee *trainee = NULL;
    wn_code code = wn_trainee_open(&trainee, f->source.dir, &o, err);
    if (code != WN_OK) return code;
    code = wn_groups_apply(wn_trainee_params(trainee), l->opts.finetune.training, err);
    wn_trainee_close(trainee);
    return code;
}

static wn_code tokenize_data(wn_learner *l, finetuning *f, wn_err *err) {
    wn_io *io = l->opts.io;
    size_t cut = 0, all = 0;
    for (size_t i = 0; i < 2; i++) {
        const wn_texts *texts = l->data->texts[i];
        wn_examples *e = &f->texts[i];
        if (texts->n == 0) continue;
        wn_code code =
            wn_examples_of_texts(e, texts, f->source.max_tokens, f->source.tok, io ? io->progress : NULL, err);
        if (code != WN_OK) return code;
        l->held += e->offsets[e->n] * (sizeof *e->ids + sizeof *e->types) + (e->n + 1) * sizeof *e->offsets;
        cut += e->truncated, all += e->n;
    }
    if (cut)
        wn_sayf(io, "note: %zu of %zu texts are longer than %zu tokens, and are cut for training (--max-tokens)", cut,
                all, f->source.max_tokens);
    return WN_OK;
}

static wn_code finetune_open(wn_learner *l, wn_err *err) {
    finetuning *f = wn_alloc(1, sizeof *f, err);
    wn_code code;
    if (!f) return WN_EMEMORY;
    l->own = f;
    if ((code = wn_base_model_open(&f->source, l->opts.finetune.model, l->opts.finetune.max_tokens, err)) != WN_OK)
        return code;
    if ((code = wn_model_fingerprint(f->source.dir, &f->source.config, f->fingerprint, err)) != WN_OK) return code;
    if ((code = wn_model_sha256(f->source.dir, f->source.config.path, l->sha256, err)) != WN_OK) return code;
    if ((code = check_weights(l, f, err)) != WN_OK) return code;
    if ((code = tokenize_data(l, f, err)) != WN_OK) return code;
    wn_tok_close(f->source.tok);
    f->source.tok = NULL;
    return WN_OK;
}

static void finetune_close(wn_learner *l) {
    finetuning *f = l->own;
    if (!f) return;
    for (size_t i = 0; i < 2; i++) wn_examples_free(&f->texts[i]);
    wn_base_model_close(&f->source);
    wn_free(f);
}

static void finetune_describe(const wn_learner *l, wn_writer *out) {
    const finetuning *f = l->own;
    char settings[WN_CHECKPOINT_SETTINGS];
    wn_finetune_settings(settings, sizeof settings, l->opts.finetune.training, WN_TASK_CLASSIFY, f->source.max_tokens,
                         0);
    wn_writer_printf(out, "finetune: model %s, %s", f->fingerprint, settings);
}

static size_t finetune_memory(const wn_learner *l, size_t n) {
    const finetuning *f = l->own;
    const wn_model_config *m = &f->source.config;
    const wn_examples *tests = &f->texts[f->texts[1].n > 0];
    size_t train = wn_finetune_memory(m, &f->texts[0], l->opts.finetune.training, l->data->classes);
    size_t predict = wn_predict_memory(m, tests, l->data->classes), most = train > predict ? train : predict;
    return most + n * 3 * sizeof(size_t) + f->texts[0].n * sizeof(uint32_t);
}

/* ---- a cell ---- */

/* The texts of n rows of the data, as rows of f->texts[second]. */
static wn_code text_rows(size_t **out, const wn_learner *l, const size_t *row, size_t n, bool second, wn_err *err) {
    size_t first = second ? l->data->texts[0]->n : 0, *rows = wn_alloc(n, sizeof *rows, err);
    if (!rows) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++) rows[i] = l->data->at[row ? row[i] : l->data->n + i] - first;
    *out = rows;
    return WN_OK;
}

static wn_code train_on(finetuned *made, const wn_learner *l, const wn_lesson *lesson, const wn_example_set *rows,
                        wn_err *err) {
    const finetuning *f = l->own;
    const wn_trainee_opts open = trainee_options(l, lesson->seed);
    const wn_example_set none = {.of = rows->of};
    wn_finetune_opts training = *l->opts.finetune.training;
    wn_io io = {.progress = lesson->progress};
    wn_trained trained;
    if (lesson->steps_of) training.steps = wn_trainer_steps(&training, lesson->steps_of) * training.epochs;
    const wn_trainer_opts o = {
        .o = &training, .outputs = l->data->classes, .classes = l->data->classes, .seed = lesson->seed, .io = &io};
    wn_code code = wn_trainee_open(&made->trainee, f->source.dir, &open, err);
    if (code != WN_OK) return code;
    return wn_trainer_run(&trained, made->trainee, rows, &none, &o, err);
}

static void finetune_forget(void *model) {
    finetuned *m = model;
    if (m) wn_trainee_close(m->trainee);
    wn_free(m);
}

static wn_code finetune_fit(void **model, const wn_learner *l, const wn_lesson *lesson, wn_err *err) {
    const finetuning *f = l->own;
    wn_examples taught = f->texts[0]; /* a view, with the labels of this lesson */
    size_t *rows = NULL;
    finetuned *made = wn_alloc(1, sizeof *made, err);
    taught.target = NULL;
    wn_code code = made ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    made->progress = lesson->progress;
    if ((code = text_rows(&rows, l, lesson->taught.row, lesson->taught.n, false, err)) != WN_OK) goto out;
    code = WN_EMEMORY;
    if (!(taught.target = wn_alloc(taught.n, sizeof *taught.target, err))) goto out;
    for (size_t i = 0; i < lesson->taught.n; i++) taught.target[rows[i]] = lesson->taught.label[i];
    const wn_example_set set = {.of = &taught, .rows = rows, .n = lesson->taught.n};
    if ((code = train_on(made, l, lesson, &set, err)) != WN_OK) goto out;
    *model = made;
    made = NULL;
out:
    finetune_forget(made);
    wn_free(taught.target);
    wn_free(rows);
    return code;
}

static wn_code finetune_predict(const wn_learner *l, const void *model, float *probs, wn_err *err) {
    const finetuning *f = l->own;
    const finetuned *m = model;
    const wn_compare_data *data = l->data;
    const wn_predict_opts o = {.outputs = data->classes, .stage = "predict", .p = m->progress};
    bool second = f->texts[1].n > 0;
    size_t *rows = NULL;
    wn_code code = text_rows(&rows, l, NULL, data->tests, second, err);
    if (code != WN_OK) return code;
    code = wn_predict(probs, m->trainee, &f->texts[second], rows, data->tests, &o, err);
    wn_free(rows);
    if (code != WN_OK) return code;
    wn_predict_softmax(probs, data->tests, data->classes);
    return WN_OK;
}

const wn_learner_vt wn_learner_finetune = {.wide = true,
                                           .memory = finetune_memory,
                                           .open = finetune_open,
                                           .describe = finetune_describe,
                                           .fit = finetune_fit,
                                           .predict = finetune_predict,
                                           .forget = finetune_forget,
                                           .close = finetune_close};
