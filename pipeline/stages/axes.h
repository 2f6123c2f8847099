#ifndef WN_PIPELINE_AXES_H
#define WN_PIPELINE_AXES_H
/* The two halves of wn_space_make, for rows that several processes hold: axes from all rows, scores of each row. */
#include <winnow/stages.h>
#include <wn/pca.h>

/* The axes of v's kept rows; v has more columns than `o` wants components. Release *out with wn_pca_free. */
wn_code wn_axes_fit(wn_pca *out, const wn_vectors *v, const wn_copies *c, const wn_space_opts *o, wn_io *io,
                    wn_err *err);
/* v->space of the first c->m rows; a row's bits depend on the row and the axes alone. */
wn_code wn_axes_apply(wn_vectors *v, const wn_copies *c, const wn_pca *axes, wn_err *err);
/* zero[x->rows]: does the row have no direction? */
void wn_vectors_zero(bool *zero, const wn_mat *x);

#endif
