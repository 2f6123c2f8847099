#ifndef WN_PIPELINE_SCORE_OUT_H
#define WN_PIPELINE_SCORE_OUT_H
/* What score makes: a line a prediction, and the metrics for people and for programs. */
#include "finetune/classes.h"

#include <winnow/io.h>
#include <wn/metrics.h>

typedef struct {
    const char *model; /* as one named it */
    wn_finetune_task task;
    const wn_examples *examples; /* with targets or values where there are labels */
    const wn_classes *classes;   /* n = 0: a number */
    const float *out;            /* [n, classes->n] probabilities, or [n] numbers */
    bool labelled;
    wn_metrics metrics;         /* of labelled classes */
    wn_regress_metrics numbers; /* of labelled numbers */
} wn_scored;

/* Files that may be replaced: earlier ones of the same kind, or empty ones. */
bool wn_predictions_ours(const char *path);
bool wn_metrics_ours(const char *path);

/* A line a record: jsonl by the path's end, else a table with tabs. */
wn_code wn_score_predictions(const wn_scored *s, const char *path, bool overwrite, wn_err *err);
wn_code wn_score_metrics(const wn_scored *s, const char *path, bool overwrite, wn_err *err);
void wn_score_print(const wn_scored *s, wn_io *io);

#endif
