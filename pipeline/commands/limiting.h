#ifndef WN_PIPELINE_LIMITING_H
#define WN_PIPELINE_LIMITING_H
/* What `run` and `select` are told of rows that may be chosen together: read, and as the stages take it. */
#include <winnow/config.h>
#include <winnow/stages.h>
#include <wn/outcome.h>

/* Zero-initialise. */
typedef struct {
    wn_choice_limits limits;
    bool any;              /* is there any? */
    wn_label_codes groups; /* of the rows; codes of a field may be as many as rows */
    double *cost;          /* [n] */
    double total;          /* of all costs */
    wn_mat had;            /* [a, d] rows of --against, until the vectors have them */
} wn_limiting;

/* With the rows read; `in`: the matrix that they are, unless they are records. texts: of the records, whether or not
 * the choice looks at them. WN_EINPUT names file and line of a cost that is none. */
wn_code wn_limiting_read(wn_limiting *l, const wn_rows *rows, const wn_matrices *in, const wn_texts *texts,
                         const wn_config *c, wn_err *err);
/* The most of the kept rows that the budget buys. WN_ECONSTRAINT: not even the cheapest. */
wn_code wn_limiting_rows(size_t *wanted, const wn_limiting *l, const wn_copies *copies, wn_err *err);
/* As an outcome has it, with the rows chosen. */
wn_outcome_limits wn_limiting_outcome(const wn_limiting *l, const size_t *chosen, size_t k);
void wn_limiting_free(wn_limiting *l);

/* What the texts cost by --cost, [texts->n]: at least 1 each (costs.c). */
wn_code wn_costs_of_texts(double *cost, const wn_texts *texts, const wn_config *c, wn_err *err);

#endif
