#ifndef WN_PIPELINE_LIMITS_H
#define WN_PIPELINE_LIMITS_H
/* Limits on a choice, as the selector has them: by row of the matrix. */
#include <winnow/stages.h>

/* What belongs to them. Zero-initialise. */
typedef struct {
    uint32_t *group;    /* [m] */
    double *cost;       /* [m] */
    const char **names; /* [classes] */
    double *value, *weight; /* [m + had] */
    wn_mat x, compared; /* [m + had, d] with the rows that one has below; empty: there are none */
} wn_limited_rows;

/* Sets s->limit, quotas among them where classes are known to an objective that has no use for them; *x, the kept rows
 * where the choice compares them, gets the rows that one has. Both may look at *own, which wn_limited_rows_free
 * releases whatever was returned. */
wn_code wn_limits_set(wn_limited_rows *own, wn_select_opts *s, wn_mat *x, const wn_vectors *v, const wn_copies *c,
                      const wn_choice_opts *o, wn_err *err);
void wn_limited_rows_free(wn_limited_rows *r);
/* Is there any? */
bool wn_limits_any(const wn_choice_opts *o);
/* Bytes that they take for m rows of d values. */
size_t wn_limits_bytes(const wn_choice_opts *o, size_t m, size_t d);

#endif
