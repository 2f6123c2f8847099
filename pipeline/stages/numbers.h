#ifndef WN_PIPELINE_NUMBERS_H
#define WN_PIPELINE_NUMBERS_H
/* Numbers that rows bring: what each is worth by itself, how much it counts as something to represent. */
#include <winnow/stages.h>

/* *out [n], wn_free it: of the records' field or, where there are none, of a column of /obs. WN_EINPUT: a row without
 * such a number. */
wn_code wn_numbers_read(double **out, const wn_rows *rows, const wn_matrices *in, const wn_number_field *f,
                        wn_progress *p, wn_err *err);
/* *out [m] = times v of the kept rows, in the order of the matrix; what it held is freed. */
wn_code wn_numbers_of_kept(double **out, const double *v, double times, const wn_copies *c, wn_err *err);

#endif
