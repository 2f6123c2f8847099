#ifndef WN_FINETUNE_STEP_LOG_H
#define WN_FINETUNE_STEP_LOG_H
/* The trace of training: one JSON object a step, written as it comes, so that one can follow it. */
#include <stdbool.h>
#include <stdint.h>
#include <winnow/err.h>

typedef struct wn_step_log wn_step_log;

/* What may be replaced: an empty file or an earlier log. */
bool wn_step_log_ours(const char *path);
/* keep: bytes of an existing log that stay, the rest is cut off (0: starts anew). */
wn_code wn_step_log_open(wn_step_log **out, const char *path, uint64_t keep, wn_err *err);
typedef struct {
    uint64_t step;                       /* from 1 */
    double epoch;                        /* of all records, done after it */
    double loss, grad_norm, lr, seconds; /* seconds: of this step */
} wn_step_entry;
wn_code wn_step_log_append(wn_step_log *l, const wn_step_entry *e, wn_err *err);
uint64_t wn_step_log_bytes(const wn_step_log *l);
wn_code wn_step_log_close(wn_step_log *l, wn_err *err); /* NULL is fine */

#endif
