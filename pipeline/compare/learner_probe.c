/* The probe as a learner: logistic regression on the vectors that were chosen by. */
#include "learner.h"

#include <string.h>
#include <winnow/mem.h>
#include <wn/probe.h>

/* The rows together, and in double while they are fitted: rows, their copy in the folds, weights and their history. */
static size_t probe_memory(const wn_learner *l, size_t n) {
    size_t d = l->data->x.cols + 1, classes = l->data->classes;
    return n * (d * 3 * sizeof(double) + classes * 3 * sizeof(double)) + 24 * classes * d * sizeof(double) +
           l->data->tests * classes * (sizeof(float) + sizeof(double));
}

static void probe_describe(const wn_learner *l, wn_writer *out) {
    (void)l;
    wn_writer_printf(out, "probe: c by cross-validation of random rows, %d folds", (int)WN_PROBE_FOLDS);
}

static wn_code gather_rows(wn_mat *x, wn_probe_rows *rows, const wn_learner *l, const wn_taught *t, wn_err *err) {
    const wn_mat *from = &l->data->x;
    wn_code code = wn_mat_init(x, t->n, from->cols, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < t->n; i++)
        memcpy(wn_mat_row(x, i), wn_mat_row(from, t->row[i]), from->cols * sizeof *from->data);
    *rows = (wn_probe_rows){
        .x = x->data, .ld = x->stride, .d = x->cols, .n = x->rows, .y = t->label, .classes = l->data->classes};
    return WN_OK;
}

/* c is that of random rows: a chosen subset is no sample, and what it says of rows that it leaves out misleads. */
static wn_code probe_fit(void **model, const wn_learner *l, const wn_lesson *lesson, wn_err *err) {
    wn_probe_opts o = {.seed = lesson->seed};
    wn_probe *probe = wn_alloc(1, sizeof *probe, err);
    wn_probe_rows rows;
    wn_mat x = {0};
    wn_code code = probe ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = gather_rows(&x, &rows, l, &lesson->tuned_on, err)) != WN_OK) goto out;
    if ((code = wn_probe_choose_c(&o.c, &rows, &o, err)) != WN_OK) goto out;
    wn_mat_free(&x);
    if ((code = gather_rows(&x, &rows, l, &lesson->taught, err)) != WN_OK) goto out;
    if ((code = wn_probe_fit(probe, &rows, &o, err)) != WN_OK) goto out;
    *model = probe;
    probe = NULL;
out:
    wn_free(probe);
    wn_mat_free(&x);
    return code;
}

static wn_code probe_predict(const wn_learner *l, const void *model, float *probs, wn_err *err) {
    const wn_compare_data *data = l->data;
    return wn_probe_predict(model, wn_mat_row(&data->x, data->n), data->x.stride, data->tests, probs, err);
}

static void probe_forget(void *model) {
    if (model) wn_probe_free(model);
    wn_free(model);
}

const wn_learner_vt wn_learner_probe = {.tunes = true,
                                        .memory = probe_memory,
                                        .describe = probe_describe,
                                        .fit = probe_fit,
                                        .predict = probe_predict,
                                        .forget = probe_forget};
