#ifndef WN_COMPARE_LEARNER_H
#define WN_COMPARE_LEARNER_H
/* What learns from a subset. A family of learners is one wn_learner_vt in a file of its own and one row of WN_LEARNERS
 * (winnow/compare.h); cells speak to the functions at the end.
 *
 *     open      once a comparison: options checked, what all cells share is made
 *     fit       once a cell, from the rows of its subset and the labels they are taught with
 *     predict   the test rows, once
 *     forget, close */
#include "data.h"

#include <stdbool.h>
#include <winnow/compare.h>
#include <winnow/finetune.h>
#include <winnow/io.h>
#include <wn/buf.h>

/* Rows, as they are taught. */
typedef struct {
    const size_t *row;     /* [n] rows of the data */
    const uint32_t *label; /* [n] < data->classes */
    size_t n;
} wn_taught;

/* A subset, and how it is learnt from. */
typedef struct {
    wn_taught taught;
    wn_taught tuned_on; /* of a learner that tunes: as many random rows, the same for every method */
    uint64_t seed;   /* of the training */
    size_t steps_of; /* rows: as many steps as they would take, where a learner makes steps; 0: as its own rows take */
    wn_progress *progress; /* of this lesson and its test; NULL: nobody looks */
} wn_lesson;

/* Which learner, and what it is told: the options of a family are a field here. */
typedef struct {
    wn_learner_kind kind;
    wn_io *io; /* what opening tells; NULL: silent */
    struct {
        const char *model; /* folder or name */
        size_t max_tokens; /* 0: as many as the model says */
        const wn_finetune_opts *training;
    } finetune;
} wn_learner_opts;

typedef struct wn_learner wn_learner;

typedef struct {
    bool wide;  /* one cell uses all threads itself: cells come one after the other */
    bool tunes; /* it finds options of its own from rows that no method chose (wn_lesson.tuned_on) */
    /* Bytes that a cell of n rows takes beyond the data and `held`: an estimate from above. */
    size_t (*memory)(const wn_learner *l, size_t n);
    wn_code (*open)(wn_learner *l, wn_err *err);           /* sets own; NULL: nothing to open */
    void (*describe)(const wn_learner *l, wn_writer *out); /* every option that decides what is learnt */
    wn_code (*fit)(void **model, const wn_learner *l, const wn_lesson *lesson, wn_err *err);
    /* probs [data->tests, data->classes] */
    wn_code (*predict)(const wn_learner *l, const void *model, float *probs, wn_err *err);
    void (*forget)(void *model);  /* NULL is fine */
    void (*close)(wn_learner *l); /* NULL: nothing to close */
} wn_learner_vt;

struct wn_learner {
    const wn_learner_vt *vt;
    wn_learner_opts opts;
    const wn_compare_data *data;
    void *own;       /* the family's */
    size_t held;     /* bytes of it, for as long as it is open */
    char sha256[65]; /* of the weights that each cell starts from; empty: none */
};

wn_code wn_learner_open(wn_learner *l, const wn_learner_opts *o, const wn_compare_data *data, wn_err *err);
void wn_learner_close(wn_learner *l); /* one that was not opened is fine */
/* fit and predict: probs [data->tests, data->classes]. */
wn_code wn_learner_learn(const wn_learner *l, const wn_lesson *lesson, float *probs, wn_err *err);

extern const wn_learner_vt wn_learner_probe, wn_learner_finetune;

#endif
