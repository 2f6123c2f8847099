#ifndef WN_PIPELINE_COVER_H
#define WN_PIPELINE_COVER_H
/* How well the first rows of an order cover all rows, budget by budget. */
#include <winnow/stages.h>

typedef struct {
    const size_t *order; /* [budget[npoints - 1]] rows of the matrix */
    const size_t *budget; /* [npoints], rising */
    size_t npoints;
    const wn_kernel *kernel; /* NULL: no value is wanted */
    bool given;              /* the rows are those of a matrix of similarities, which take the place of cosines */
    bool in_space;           /* by cosines of v->space, where there is one */
    wn_ranks *ranks;         /* who hold v->x, too; NULL: nobody */
} wn_cover_opts;

/* best, at [m]: cosine to, and place in `order` of, the nearest of all. mean [npoints]: mean cosine of all input rows
 * to the nearest of order[0 .. budget). value [npoints] (may be NULL): facility location of each budget. */
typedef struct {
    float *best;
    size_t *at;
    double *mean, *value;
} wn_cover;

/* One pass over the chunks between budgets, O(m k d). */
wn_code wn_cover_curve(wn_cover *out, const wn_vectors *v, const wn_copies *c, const wn_cover_opts *o, wn_io *io,
                       wn_err *err);

#endif
