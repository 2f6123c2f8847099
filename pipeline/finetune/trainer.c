#include "trainer.h"

#include "classes.h"
#include "groups.h"
#include "loss.h"
#include "predict.h"
#include "schedule.h"
#include "stages/say.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/rng.h>

static const uint64_t order_stream = 0x6f7264657200; /* "order", and the epoch */

/* Targets and losses of some examples; room for `room` of them, of c outputs each. */
typedef struct {
    size_t room, c;    /* c: outputs of an example */
    float *out, *dout; /* [room, c] */
    double *logits, *prob, *dlogits;
    uint32_t *target; /* [room] */
    float *value;
} loss_room;

typedef struct {
    wn_trainee *t;
    wn_params *params;
    wn_adamw *adamw;
    const wn_example_set *train, *dev;
    const wn_trainer_opts *o;
    wn_lr_schedule schedule;
    size_t steps, total; /* of an epoch, and in all */
    size_t *order, *texts;
    wn_example_batch batch;
    loss_room loss;
    double *weight; /* [classes] or NULL */
    float *best;    /* [params->total] */
    wn_train_state state;
    wn_step_log *log;
    double seconds;
    size_t resumed; /* rows that went through the model before this run */
    char unit[48];
} trainer;

size_t wn_trainer_steps(const wn_finetune_opts *o, size_t n) {
    size_t group = o->batch * o->accumulate;
    return n / group + (n % group != 0);
}

/* ---- losses ---- */

static void loss_room_free(loss_room *r) {
    wn_free(r->out);
    wn_free(r->dout);
    wn_free(r->logits);
    wn_free(r->prob);
    wn_free(r->dlogits);
    wn_free(r->target);
    wn_free(r->value);
    *r = (loss_room){0};
}

static wn_code loss_room_init(loss_room *r, size_t room, size_t c, wn_err *err) {
    *r = (loss_room){.room = room, .c = c};
    if (!(r->out = wn_alloc(room * c, sizeof *r->out, err)) || !(r->dout = wn_alloc(room * c, sizeof *r->dout, err)) ||
        !(r->logits = wn_alloc(room * c, sizeof *r->logits, err)) ||
        !(r->prob = wn_alloc(room * c, sizeof *r->prob, err)) ||
        !(r->dlogits = wn_alloc(room * c, sizeof *r->dlogits, err)) ||
        !(r->target = wn_alloc(room, sizeof *r->target, err)) || !(r->value = wn_alloc(room, sizeof *r->value, err)))
        return WN_EMEMORY;
    return WN_OK;
}

/* The sum of losses of the m examples `rows` of e from r->out; their weights are added to *weights. */
static double loss_forward(loss_room *r, const wn_examples *e, const size_t *rows, size_t m, const double *weight,
                           double *weights) {
    for (size_t i = 0; i < m * r->c; i++) r->logits[i] = r->out[i];
    for (size_t i = 0; i < m; i++) {
        if (e->value)
            r->value[i] = e->value[rows[i]];
        else
            r->target[i] = e->target[rows[i]];
        *weights += weight ? weight[r->target[i]] : 1;
    }
    return e->value ? wn_loss_square_forward(r->logits, r->value, m)
                    : wn_loss_classes_forward(r->prob, r->logits, r->target, weight, m, r->c);
}

static void loss_backward(loss_room *r, const wn_examples *e, const double *weight, double scale, size_t m) {
    if (e->value)
        wn_loss_square_backward(r->dlogits, r->logits, r->value, scale, m);
    else
        wn_loss_classes_backward(r->dlogits, r->prob, r->target, weight, scale, m, r->c);
    for (size_t i = 0; i < m * r->c; i++) r->dout[i] = (float)r->dlogits[i];
}

wn_code wn_trainer_loss(double *loss, wn_trainee *t, const wn_example_set *s, const wn_trainer_opts *o,
                        const double *weight, wn_progress *p, wn_err *err) {
    loss_room r = {0};
    double weights = 0;
    wn_code code = loss_room_init(&r, s->n, s->of->per * o->outputs, err);
    if (code != WN_OK) goto out;
    const wn_predict_opts how = {.outputs = o->outputs, .stage = "evaluate", .p = p};
    if ((code = wn_predict(r.out, t, s->of, s->rows, s->n, &how, err)) != WN_OK) goto out;
    double sum = loss_forward(&r, s->of, s->rows, s->n, weight, &weights);
    *loss = sum / weights;
out:
    loss_room_free(&r);
    return code;
}

/* ---- one step ---- */

static wn_code refuse_diverged(const trainer *r, const char *what, wn_err *err) {
    uint64_t kept = 0;
    char where[96] = "";
    if (r->o->checkpoint && wn_checkpoint_steps(&kept, r->o->checkpoint))
        (void)snprintf(where, sizeof where, "; the checkpoint of step %llu is kept", (unsigned long long)kept);
    return wn_err_set(err, WN_EINPUT,
                      "step %llu (epoch %llu): the %s is not a finite number, so training stops%s. Try a lower --lr, "
                      "more --warmup or a smaller --clip",
                      (unsigned long long)r->state.step + 1, (unsigned long long)(r->state.step / r->steps) + 1, what,
                      where);
}

/* Rows that go through the model in so many steps. */
static size_t rows_of_steps(const trainer *r, size_t steps) {
    size_t group = r->o->o->batch * r->o->o->accumulate;
    return steps / r->steps * r->train->n + steps % r->steps * group;
}

/* Rows that have gone through the model, with `more` of the step that is being made. */
static size_t rows_done(const trainer *r, size_t more) {
    return rows_of_steps(r, (size_t)r->state.step) + more;
}

static wn_code trainer_tick(trainer *r, size_t more, wn_err *err) {
    if (r->state.weight > 0)
        (void)snprintf(r->unit, sizeof r->unit, "rows at loss %.4g", r->state.loss / r->state.weight);
    return wn_tick(r->o->io ? r->o->io->progress : NULL, "train", r->unit, rows_done(r, more) - r->resumed,
                   rows_of_steps(r, r->total) - r->resumed, err);
}

/* One batch of a step: loss and weights are added up; the gradient is that of its losses times scale. */
static wn_code train_batch(trainer *r, const size_t *rows, size_t m, uint64_t mask, double scale, double *loss,
                           wn_err *err) {
    const wn_examples *e = r->train->of;
    double ignored = 0;
    for (size_t i = 0; i < m * e->per; i++) r->texts[i] = rows[i / e->per] * e->per + i % e->per;
    wn_code code = wn_example_batch_take(&r->batch, e, r->texts, m * e->per, err);
    if (code != WN_OK) return code;
    if ((code = wn_trainee_forward(r->t, &r->batch.view, mask, true, r->loss.out, err)) != WN_OK) return code;
    *loss += loss_forward(&r->loss, e, rows, m, r->weight, &ignored);
    loss_backward(&r->loss, e, r->weight, scale, m);
    wn_trainee_backward(r->t, r->loss.dout);
    return WN_OK;
}

static double rows_weight(const trainer *r, const size_t *rows, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += r->weight ? r->weight[r->train->of->target[rows[i]]] : 1;
    return sum;
}

/* The gradient of the mean loss of a step's rows, in batches; then the update. */
static wn_code train_step(trainer *r, wn_err *err) {
    const wn_finetune_opts *o = r->o->o;
    size_t at = (size_t)r->state.step % r->steps * o->batch * o->accumulate;
    size_t n = r->train->n - at < o->batch * o->accumulate ? r->train->n - at : o->batch * o->accumulate, part = 0;
    const size_t *rows = r->order + at;
    double start = wn_now(), weights = rows_weight(r, rows, n), loss = 0;
    wn_code code;
    for (size_t i = 0; i < n; i += o->batch, part++) {
        size_t m = n - i < o->batch ? n - i : o->batch;
        if ((code = trainer_tick(r, i, err)) != WN_OK) return code;
        uint64_t mask = r->state.step * o->accumulate + part;
        if ((code = train_batch(r, rows + i, m, mask, 1 / weights, &loss, err)) != WN_OK) return code;
    }
    if (!isfinite(loss)) return refuse_diverged(r, "loss", err);
    double norm = wn_params_grad_norm(r->params), lr = wn_lr_at(&r->schedule, (size_t)r->state.step);
    if (!isfinite(norm)) return refuse_diverged(r, "norm of the gradient", err);
    double scale = o->clip > 0 && o->clip < norm ? o->clip / (norm + 1e-6) : 1;
    wn_adamw_step(r->adamw, r->params, lr, scale);
    r->state.step++;
    r->state.loss += loss;
    r->state.weight += weights;
    double seconds = wn_now() - start;
    r->seconds += seconds;
    if (!r->log) return WN_OK;
    const wn_step_entry entry = {.step = r->state.step,
                                 .epoch = (double)r->state.step / (double)r->steps,
                                 .loss = loss / weights,
                                 .grad_norm = norm,
                                 .lr = lr,
                                 .seconds = seconds};
    return wn_step_log_append(r->log, &entry, err);
}

/* ---- checkpoints ---- */

/* Steps may overflow a parameter before a loss shows it: such a state is no good to go on from. */
static bool all_finite(const float *v, size_t n) {
    float sum = 0;
    for (size_t i = 0; i < n; i++) sum += v[i] * 0;
    return sum == 0;
}

static wn_checkpoint checkpoint_of(trainer *r) {
    return (wn_checkpoint){.params = r->params, .adamw = r->adamw, .best = r->best, .state = &r->state};
}

static wn_code save_checkpoint(trainer *r, wn_err *err) {
    if (!r->o->checkpoint) return WN_OK;
    wn_params_settle(r->params);
    if (!all_finite(r->params->value, r->params->total)) return refuse_diverged(r, "update", err);
    r->state.log_bytes = wn_step_log_bytes(r->log);
    const wn_checkpoint c = checkpoint_of(r);
    wn_code code = wn_checkpoint_write(r->o->checkpoint, r->o->key, &c, err);
    return code == WN_OK ? code
                         : wn_err_prefix(err, "the checkpoint of step %llu: ", (unsigned long long)r->state.step);
}

/* err holds the interruption; it says where to go on, or why that cannot be. */
static wn_code keep_interrupted(trainer *r, wn_err *err) {
    if (!r->o->checkpoint) return err->code;
    wn_err failed = {0};
    unsigned long long step = r->state.step, all = r->total;
    if (save_checkpoint(r, &failed) != WN_OK)
        return wn_err_set(err, WN_EINTERRUPT, "interrupted at step %llu of %llu; %s", step, all, failed.msg);
    return wn_err_set(err, WN_EINTERRUPT, "interrupted at step %llu of %llu; --resume goes on from there", step, all);
}

static wn_code load_checkpoint(trainer *r, size_t *resumed, wn_err *err) {
    bool found = false;
    wn_checkpoint c = checkpoint_of(r);
    if (!r->o->checkpoint || !r->o->resume) return WN_OK;
    wn_code code = wn_checkpoint_read(&found, r->o->checkpoint, r->o->key, &c, err);
    if (code != WN_OK) return code;
    if (!found) {
        wn_sayf(r->o->io, "note: --resume: there is no %s; starting from the beginning", r->o->checkpoint);
        return WN_OK;
    }
    *resumed = (size_t)r->state.step;
    r->resumed = rows_done(r, 0);
    wn_sayf(r->o->io, "resuming  at step %zu of %zu, from %s", *resumed, r->total, r->o->checkpoint);
    return WN_OK;
}

/* ---- epochs ---- */

static void make_order(trainer *r, size_t epoch) {
    wn_rng rng = wn_rng_init(r->o->seed, order_stream + epoch);
    memcpy(r->order, r->train->rows, r->train->n * sizeof *r->order);
    if (!r->o->o->input_order) wn_rng_shuffle(&rng, r->order, r->train->n);
}

/* Evaluation is part of the training whose progress is shown: a stage of its own would begin the other anew. */
typedef struct {
    wn_progress base;
    trainer *trainer;
} evaluation_progress;
static void report_evaluation(wn_progress *self, const char *stage, const char *unit, size_t done, size_t total) {
    wn_err ignored;
    (void)stage, (void)unit, (void)done, (void)total;
    (void)trainer_tick(((evaluation_progress *)(void *)self)->trainer, 0, &ignored);
}

/* The loss on held-out records; *stop where it has not fallen for too long. */
static wn_code end_epoch(trainer *r, bool *stop, wn_err *err) {
    wn_train_state *s = &r->state;
    double dev = NAN;
    char held[64] = "";
    wn_code code;
    if (r->dev->n) {
        wn_params_settle(r->params);
        evaluation_progress p = {.base = {.report = report_evaluation}, .trainer = r};
        if ((code = wn_trainer_loss(&dev, r->t, r->dev, r->o, r->weight, &p.base, err)) != WN_OK) return code;
        if (!isfinite(dev)) return refuse_diverged(r, "loss on the held-out records", err);
        if (!s->best_epoch || dev < s->best_loss) {
            s->best_epoch = s->epochs + 1, s->best_loss = dev, s->worse = 0;
            memcpy(r->best, r->params->value, r->params->total * sizeof *r->best);
        } else {
            s->worse++;
        }
        *stop = s->worse >= r->o->o->patience;
        (void)snprintf(held, sizeof held, ", %.4g on the held-out records%s", dev, s->worse ? "" : ", the best so far");
    }
    s->epochs++;
    s->epoch_loss = s->loss / s->weight;
    s->loss = s->weight = 0;
    wn_sayf(r->o->io, "epoch     %llu of %zu: loss %.4g%s", (unsigned long long)s->epochs,
            (r->total + r->steps - 1) / r->steps,
            s->epoch_loss, held);
    return WN_OK;
}

/* From where the state is, to the end. */
static wn_code train_epochs(trainer *r, bool *stop, wn_err *err) {
    size_t total = r->total, every = r->o->o->checkpoint_every;
    bool ordered = false;
    wn_code code;
    *stop = r->dev->n && r->state.worse >= r->o->o->patience;
    for (;;) {
        bool ended = r->state.step >= (r->state.epochs + 1) * r->steps;
        if (ended && (code = end_epoch(r, stop, err)) != WN_OK) return code;
        if (*stop || r->state.step >= total) return WN_OK;
        if (ended && !every && (code = save_checkpoint(r, err)) != WN_OK) return code;
        if (ended || !ordered) make_order(r, (size_t)r->state.epochs);
        ordered = true;
        if ((code = train_step(r, err)) != WN_OK) return code;
        if (every && r->state.step % every == 0 && r->state.step < total && (code = save_checkpoint(r, err)) != WN_OK)
            return code;
    }
}

/* ---- all of it ---- */

static wn_code trainer_init(trainer *r, wn_err *err) {
    const wn_finetune_opts *o = r->o->o;
    const wn_adamw_opts adamw = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .decay = o->weight_decay};
    size_t per = r->train->of->per, batch = o->batch < r->train->n ? o->batch : r->train->n;
    wn_code code;
    r->params = wn_trainee_params(r->t);
    r->steps = wn_trainer_steps(o, r->train->n);
    r->total = o->steps ? o->steps : r->steps * o->epochs;
    r->schedule = wn_lr_schedule_of(o, r->total);
    (void)snprintf(r->unit, sizeof r->unit, "rows");
    if ((code = wn_groups_apply(r->params, o, err)) != WN_OK) return code;
    if ((code = wn_adamw_open(&r->adamw, r->params, &adamw, err)) != WN_OK) return code;
    if ((code = loss_room_init(&r->loss, batch, per * r->o->outputs, err)) != WN_OK) return code;
    if (!(r->order = wn_alloc(r->train->n, sizeof *r->order, err))) return WN_EMEMORY;
    if (!(r->texts = wn_alloc(batch * per, sizeof *r->texts, err))) return WN_EMEMORY;
    if (r->dev->n && !(r->best = wn_alloc(r->params->total, sizeof *r->best, err))) return WN_EMEMORY;
    if (o->class_weights == WN_WEIGHTS_BALANCED && r->o->classes) {
        if (!(r->weight = wn_alloc(r->o->classes, sizeof *r->weight, err))) return WN_EMEMORY;
        wn_classes_balance(r->weight, r->train->of, r->train->rows, r->train->n, r->o->classes);
    }
    return WN_OK;
}

/* The trainee is left with the best epoch's parameters. */
static wn_code trainer_finish(wn_trained *out, trainer *r, bool stopped, wn_err *err) {
    const wn_train_state *s = &r->state;
    wn_params_settle(r->params);
    bool best = r->best && s->best_epoch;
    if (best) memcpy(r->params->value, r->best, r->params->total * sizeof *r->best);
    if (!all_finite(r->params->value, r->params->total)) return refuse_diverged(r, "update", err);
    *out = (wn_trained){.steps = (size_t)s->step,
                        .epochs = (size_t)s->epochs,
                        .resumed = out->resumed,
                        .best_epoch = (size_t)(best ? s->best_epoch : s->epochs),
                        .loss = s->epochs ? s->epoch_loss : s->loss / s->weight,
                        .dev_loss = best ? s->best_loss : NAN,
                        .seconds = r->seconds,
                        .stopped = stopped && s->step < r->total};
    return WN_OK;
}

wn_code wn_trainer_run(wn_trained *out, wn_trainee *t, const wn_example_set *train, const wn_example_set *dev,
                       const wn_trainer_opts *o, wn_err *err) {
    trainer r = {.t = t, .train = train, .dev = dev, .o = o};
    bool stopped = false;
    wn_err ignored;
    *out = (wn_trained){0};
    wn_code code = trainer_init(&r, err);
    if (code != WN_OK) goto out;
    if ((code = load_checkpoint(&r, &out->resumed, err)) != WN_OK) goto out;
    if (o->log && (code = wn_step_log_open(&r.log, o->log, r.state.log_bytes, err)) != WN_OK) goto out;
    code = train_epochs(&r, &stopped, err);
    if (code == WN_EINTERRUPT) code = keep_interrupted(&r, err);
    if (code != WN_OK) goto out;
    if ((code = trainer_finish(out, &r, stopped, err)) != WN_OK) goto out;
    wn_step_log *log = r.log;
    r.log = NULL;
    code = wn_step_log_close(log, err);
out:
    (void)wn_step_log_close(r.log, &ignored);
    wn_adamw_close(r.adamw);
    loss_room_free(&r.loss);
    wn_example_batch_free(&r.batch);
    wn_free(r.order);
    wn_free(r.texts);
    wn_free(r.weight);
    wn_free(r.best);
    return code;
}
