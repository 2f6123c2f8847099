#ifndef WINNOW_FINETUNE_H
#define WINNOW_FINETUNE_H
/* How a model is fine-tuned: what winnow train's options say. */
#include <stdbool.h>
#include <stddef.h>
#include <winnow/names.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* AUTO: what the model was trained for (winnow score). CLASSIFY: one text, a class. PAIRS: two texts, a class. CHOICE:
 * a text and its possible continuations, the right one. REGRESS: one text, a number. */
#define WN_TASKS(X)                                                                                                    \
    X(WN_TASK_AUTO, "auto")                                                                                            \
    X(WN_TASK_CLASSIFY, "classify") X(WN_TASK_PAIRS, "pairs") X(WN_TASK_CHOICE, "choice")                              \
        X(WN_TASK_REGRESS, "regress")
typedef enum { WN_TASKS(WN_NAME_VALUE) } wn_finetune_task;
const char *wn_finetune_task_name(wn_finetune_task t);

/* Columns that a known data set has. STORY_CLOZE: four sentences, two endings, the right one. */
#define WN_TEMPLATES(X) X(WN_TEMPLATE_NONE, "none") X(WN_TEMPLATE_STORY_CLOZE, "story-cloze")
typedef enum { WN_TEMPLATES(WN_NAME_VALUE) } wn_template;

/* Of step s from 0 among `steps`, after `warm` of warm-up in which the rate rises from 0: LINEAR falls to 0 at the end,
 * lr (steps - s) / (steps - warm); CONSTANT stays. */
#define WN_SCHEDULES(X) X(WN_SCHEDULE_LINEAR, "linear") X(WN_SCHEDULE_CONSTANT, "constant")
typedef enum { WN_SCHEDULES(WN_NAME_VALUE) } wn_schedule_kind;

/* BALANCED: the loss of an example counts n / (classes n_c) for one of n_c of its class. */
#define WN_CLASS_WEIGHTS(X) X(WN_WEIGHTS_NONE, "none") X(WN_WEIGHTS_BALANCED, "balanced")
typedef enum { WN_CLASS_WEIGHTS(WN_NAME_VALUE) } wn_class_weights;

/* A count, or a percentage of something. */
typedef struct {
    double value;
    bool percent;
} wn_amount;

/* Parameters whose name matches get a learning rate of their own. */
typedef struct {
    const char *pattern;
    double lr;
} wn_lr_group;

typedef struct {
    size_t epochs, batch, accumulate; /* a step takes the gradient of batch x accumulate examples */
    size_t steps; /* after which training ends, whatever the epochs; 0: they decide */
    double lr, weight_decay;
    double clip;    /* of the global norm; 0: none */
    double dropout; /* NaN: as the model's configuration says; else everywhere */
    wn_amount warmup;
    wn_schedule_kind schedule;
    wn_class_weights class_weights;
    bool input_order;    /* else shuffled anew for every epoch */
    const char **freeze; /* [nfreeze] patterns of parameters that stay as they are */
    size_t nfreeze;
    const wn_lr_group *lr_groups; /* [nlr_groups] the last that matches counts */
    size_t nlr_groups;
    const char *dev_path;    /* held-out records, or NULL */
    double dev_percent;      /* of the training records, held out by the seed; 0: none */
    size_t patience;         /* epochs without a better loss on the held-out records after which training stops */
    size_t checkpoint_every; /* steps; 0: at the end of every epoch */
} wn_finetune_opts;

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
