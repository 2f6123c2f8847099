/* winnow train: records with labels and a model -> a trained model's folder. */
#include "embedding/model_files.h"
#include "finetune/plan.h"
#include "finetune/save_folder.h"
#include "learning.h"
#include "options.h"
#include "outcome/target.h"
#include "stages/memory.h"
#include "stages/say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <winnow/mem.h>
#include <wn/rng.h>

static const uint64_t dev_stream = 0x646576; /* "dev" */

typedef struct {
    const wn_config *c;
    wn_io *io;
    wn_finetune_task task;
    wn_timings timings;
    wn_base_model source;
    wn_examples examples, dev_examples;
    wn_classes classes; /* none where a number is learnt */
    bool of_model;      /* they are those that the model's head has */
    bool drawn;         /* the head is new */
    size_t outputs;     /* of a text */
    size_t *rows;       /* of examples: trained on, then held out */
    size_t *dev_rows;   /* of dev_examples */
    wn_example_set train, dev;
    wn_trainee *trainee;
    char *checkpoint;
    wn_checkpoint_key key;
    wn_trained trained;
} training;

static void training_free(training *t) {
    wn_trainee_close(t->trainee);
    wn_examples_free(&t->examples);
    wn_examples_free(&t->dev_examples);
    wn_classes_free(&t->classes);
    wn_base_model_close(&t->source);
    wn_free(t->rows);
    wn_free(t->dev_rows);
    wn_free(t->checkpoint);
}

/* ---- what may not be overwritten ---- */

static wn_code check_places(training *t, wn_err *err) {
    const wn_config *c = t->c;
    struct stat s;
    uint64_t steps = 0;
    wn_code code = wn_config_check_output(c, err);
    if (code != WN_OK) return code;
    if (!(t->checkpoint = wn_checkpoint_path(c->output, err))) return WN_EMEMORY;
    if (c->dry_run) return WN_OK;
    if (c->log_path && (code = wn_output_check(c->log_path, c->overwrite || c->resume, wn_step_log_ours, err)) != WN_OK)
        return code;
    if (wn_checkpoint_steps(&steps, t->checkpoint)) {
        if (c->resume || c->overwrite) return WN_OK;
        return wn_err_set(err, WN_EUSAGE,
                          "%s has %llu steps of interrupted training: --resume goes on with it, -f starts anew",
                          t->checkpoint, (unsigned long long)steps);
    }
    if (lstat(t->checkpoint, &s) == 0)
        return wn_err_set(err, WN_EUSAGE, "%s stands where a checkpoint is to be written, and is none; move it away",
                          t->checkpoint);
    return WN_OK;
}

/* ---- records, classes ---- */

static wn_code read_examples(training *t, wn_examples *e, const char *path, wn_err *err) {
    wn_examples_opts o = wn_learning_examples(t->c, t->task, t->source.max_tokens);
    if (path) o.records.paths = &path, o.records.npaths = 1, o.records.limit = 0;
    return wn_examples_read(e, &o, t->source.tok, t->io->progress, err);
}

/* The classes of the model's own head, where it has as many and knows all labels; else those of the records. */
static wn_code find_classes(training *t, wn_err *err) {
    const wn_corpus *corpus = &t->examples.corpus;
    wn_examples_opts o = wn_learning_examples(t->c, t->task, 0);
    bool same_kind = t->source.task == t->task || (t->source.task == WN_TASK_CLASSIFY && t->task == WN_TASK_PAIRS);
    wn_code code = wn_examples_labelled(&t->examples, o.records.label_field, err);
    if (code != WN_OK) return code;
    switch (t->task) {
    case WN_TASK_REGRESS:
        t->outputs = 1;
        t->of_model = same_kind;
        return WN_OK;
    case WN_TASK_CHOICE:
        t->outputs = 1;
        t->of_model = same_kind;
        return wn_classes_of_choices(&t->classes, corpus, o.choices, o.nchoices, err);
    case WN_TASK_AUTO:
    case WN_TASK_CLASSIFY:
    case WN_TASK_PAIRS:
        break;
    }
    if (corpus->nlabels < 2)
        return wn_err_set(err, WN_EINPUT,
                          "%s: every record has the label \"%.60s\" in field \"%s\": nothing to tell "
                          "apart",
                          t->c->inputs[0], corpus->labels[0], o.records.label_field);
    t->outputs = corpus->nlabels;
    t->of_model = same_kind && t->source.classes.n == corpus->nlabels && wn_classes_cover(&t->source.classes, corpus);
    return wn_classes_of_records(&t->classes, corpus, err);
}

static wn_code map_targets(training *t, wn_examples *e, wn_err *err) {
    const char *field = wn_learning_label_field(t->c);
    if (!e->n) return WN_OK;
    return t->task == WN_TASK_REGRESS ? wn_examples_values(e, field, err) : wn_classes_map(e, &t->classes, field, err);
}

/* Labels that cannot be learnt are told of before the model is opened. */
static wn_code map_all(training *t, wn_err *err) {
    wn_code code = map_targets(t, &t->examples, err);
    return code == WN_OK ? map_targets(t, &t->dev_examples, err) : code;
}

/* Opens the model; only now it is known whether its files have the head that its configuration tells of. */
static wn_code open_trainee(training *t, wn_err *err) {
    char drawn[400];
    const wn_trainee_opts o = {.head = wn_base_model_head(t->task),
                               .outputs = t->outputs,
                               .dropout = t->c->finetune.dropout,
                               .seed = t->c->seed,
                               .fresh_head = !t->of_model};
    wn_code code = wn_trainee_open(&t->trainee, t->source.dir, &o, err);
    if (code != WN_OK) return code;
    t->drawn = wn_base_model_drawn(wn_trainee_params(t->trainee), drawn, sizeof drawn);
    if (t->drawn)
        wn_sayf(t->io, "head      new, drawn by --seed %llu: %s", (unsigned long long)t->c->seed, drawn);
    else
        wn_sayf(t->io, "head      the model's own, for %s", wn_finetune_task_name(t->task));
    if (!t->of_model || t->drawn || t->task == WN_TASK_REGRESS || t->task == WN_TASK_CHOICE) return WN_OK;
    wn_classes_free(&t->classes);
    t->classes = t->source.classes;
    t->source.classes = (wn_classes){0};
    return map_all(t, err);
}

/* ---- what is trained on, and what is held out ---- */

static int row_order(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

static wn_code all_rows(size_t **rows, size_t n, wn_err *err) {
    if (!(*rows = wn_alloc(n, sizeof **rows, err))) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++) (*rows)[i] = i;
    return WN_OK;
}

static wn_code hold_out(training *t, wn_err *err) {
    const wn_finetune_opts *f = &t->c->finetune;
    size_t n = t->examples.n, held = 0;
    wn_code code = all_rows(&t->rows, n, err);
    if (code != WN_OK) return code;
    if (f->dev_percent > 0) {
        held = (size_t)((double)n * f->dev_percent / 100 + 0.5);
        if (held == 0 || held == n)
            return wn_err_set(err, WN_EUSAGE, "--dev %g%% of %zu records leaves %s", f->dev_percent, n,
                              held ? "none to train on" : "none to hold out");
        wn_rng r = wn_rng_init(t->c->seed, dev_stream);
        wn_rng_shuffle(&r, t->rows, n);
        qsort(t->rows, n - held, sizeof *t->rows, row_order);
        qsort(t->rows + (n - held), held, sizeof *t->rows, row_order);
    }
    t->train = (wn_example_set){&t->examples, t->rows, n - held};
    t->dev = (wn_example_set){&t->examples, t->rows + (n - held), held};
    if (!f->dev_path) return WN_OK;
    if ((code = all_rows(&t->dev_rows, t->dev_examples.n, err)) != WN_OK) return code;
    t->dev = (wn_example_set){&t->dev_examples, t->dev_rows, t->dev_examples.n};
    return WN_OK;
}

/* ---- the plan, the key ---- */

static wn_code training_plan(const training *t, size_t need, wn_err *err) {
    const wn_config *c = t->c;
    char a[32], b[32];
    size_t steps = wn_trainer_steps(&c->finetune, t->train.n) * c->finetune.epochs;
    size_t weights = 4 * wn_finetune_parameters(&t->source.config, t->outputs);
    wn_printf(t->io, "would train %s on %zu records (held out: %zu) for the task %s into %s\n", c->model, t->train.n,
              t->dev.n, wn_finetune_task_name(t->task), c->output);
    if (t->classes.n) wn_printf(t->io, "classes: %zu\n", t->classes.n);
    wn_printf(t->io, "steps: %zu, %zu of %zu tokens an epoch\n", steps, wn_trainer_steps(&c->finetune, t->train.n),
              t->examples.offsets[t->examples.n * t->examples.per]);
    wn_printf(t->io, "output: about %s, and %s for a checkpoint while the job runs\n", wn_bytes_text(weights, a),
              wn_bytes_text((t->dev.n ? 4 : 3) * weights, b));
    wn_printf(t->io, "memory: about %s\n", wn_bytes_text(need, a));
    return wn_memory_require(c->memory, need, "training", WN_OF_RECORDS, err);
}

static wn_code make_key(training *t, wn_err *err) {
    wn_checkpoint_key *k = &t->key;
    memset(k, 0, sizeof *k);
    wn_finetune_settings(k->settings, sizeof k->settings, &t->c->finetune, t->task, t->source.max_tokens, t->c->seed);
    wn_examples_fingerprint(&t->examples, k->examples);
    if (t->dev_examples.n) wn_examples_fingerprint(&t->dev_examples, k->dev);
    return wn_model_fingerprint(t->source.dir, &t->source.config, k->model, err);
}

/* ---- all of it ---- */

static wn_code run_training(training *t, wn_err *err) {
    const wn_config *c = t->c;
    const wn_trainer_opts o = {.o = &c->finetune,
                               .outputs = t->outputs,
                               .classes = t->classes.n,
                               .seed = c->seed,
                               .checkpoint = t->checkpoint,
                               .key = &t->key,
                               .resume = c->resume,
                               .log = c->log_path,
                               .io = t->io};
    if (!c->resume) wn_checkpoint_remove(t->checkpoint);
    wn_code code = wn_trainer_run(&t->trained, t->trainee, &t->train, &t->dev, &o, err);
    wn_timings_lap(&t->timings, "train");
    return code;
}

static wn_code save_training(training *t, wn_err *err) {
    const wn_config *c = t->c;
    char sha256[65];
    wn_code code = wn_model_sha256(t->source.dir, t->source.config.path, sha256, err);
    if (code != WN_OK) return code;
    const wn_finetune_result r = {.source = &t->source,
                                  .source_name = c->model,
                                  .sha256 = sha256,
                                  .params = wn_trainee_params(t->trainee),
                                  .task = t->task,
                                  .classes = &t->classes,
                                  .drawn = t->drawn,
                                  .trained = &t->trained,
                                  .corpus = &t->examples.corpus,
                                  .rows = t->train.n,
                                  .dev_rows = t->dev.n,
                                  .truncated = t->examples.truncated,
                                  .settings = t->key.settings,
                                  .command = wn_config_command(c),
                                  .config = wn_config_json(c),
                                  .seed = c->seed,
                                  .timings = &t->timings};
    if ((code = wn_finetune_save(&r, c->output, c->overwrite, err)) != WN_OK) return code;
    wn_checkpoint_remove(t->checkpoint);
    return WN_OK;
}

static void say_trained(const training *t) {
    const wn_trained *r = &t->trained;
    size_t here = r->steps - r->resumed, done = here * t->c->finetune.batch * t->c->finetune.accumulate;
    if (r->stopped) wn_sayf(t->io, "stopped after epoch %zu: the held-out records showed no more gain", r->epochs);
    if (t->dev.n) wn_sayf(t->io, "kept      epoch %zu, loss %.4g on the held-out records", r->best_epoch, r->dev_loss);
    wn_sayf(t->io, "%s: %zu steps, loss %.4g in the last epoch%s", t->c->output, r->steps, r->loss,
            here && r->seconds > 0 ? "" : ", all resumed");
    if (here && r->seconds > 0) wn_sayf(t->io, "speed     about %.1f records/s", (double)done / r->seconds);
}

/* Everything that is known before a step is made. */
static wn_code prepare_training(training *t, wn_err *err) {
    const wn_config *c = t->c;
    wn_code code;
    if ((code = check_places(t, err)) != WN_OK) return code;
    if ((code = wn_base_model_open(&t->source, c->model, c->max_tokens, err)) != WN_OK) return code;
    if ((code = read_examples(t, &t->examples, NULL, err)) != WN_OK) return code;
    if ((code = find_classes(t, err)) != WN_OK) return code;
    const char *dev = c->finetune.dev_path;
    if (dev && (code = read_examples(t, &t->dev_examples, dev, err)) != WN_OK) return code;
    if ((code = map_all(t, err)) != WN_OK) return code;
    if ((code = hold_out(t, err)) != WN_OK) return code;
    wn_learning_notes(&t->source, &t->examples, t->io);
    wn_tok_close(t->source.tok); /* all is tokenised */
    t->source.tok = NULL;
    wn_timings_lap(&t->timings, "read");
    return WN_OK;
}

wn_code wn_train(const wn_config *c, wn_io *io, wn_err *err) {
    training t = {.c = c, .io = io, .task = wn_learning_task(c), .timings = wn_timings_start()};
    wn_code code = prepare_training(&t, err);
    if (code != WN_OK) goto out;
    size_t need = wn_finetune_memory(&t.source.config, &t.examples, &c->finetune, t.outputs);
    if (c->dry_run) {
        code = training_plan(&t, need, err);
        goto out;
    }
    if ((code = wn_memory_require(c->memory, need, "training", WN_OF_RECORDS, err)) != WN_OK) goto out;
    if ((code = open_trainee(&t, err)) != WN_OK) goto out;
    if ((code = make_key(&t, err)) != WN_OK) goto out;
    if ((code = run_training(&t, err)) != WN_OK) goto out;
    if ((code = save_training(&t, err)) != WN_OK) goto out;
    say_trained(&t);
out:
    training_free(&t);
    return code;
}
