#ifndef WN_PIPELINE_NUMBERS_H
#define WN_PIPELINE_NUMBERS_H
/* Numbers that rows bring: what each is worth by itself, how often it counts as one to represent, what it costs. */
#include <winnow/stages.h>

/* A field that holds a number in every row. */
typedef struct {
    const char *name, *option; /* what names it, in messages */
    double low, high;          /* both may be had; high infinite: any finite number above low */
    const wn_texts *texts;     /* [n] of the records (wn_corpus.more); NULL: the rows have none */
} wn_number_field;

/* *out [n], wn_free it: of the texts or, without, of a column of `in`. WN_EINPUT names file and line of a record, or
 * file and row of a matrix, that has no such number. O(n). */
wn_code wn_numbers_read(double **out, const wn_rows *rows, const wn_matrices *in, const wn_number_field *f,
                        wn_err *err);
/* WN_EINPUT where the files have no such column of /obs. */
wn_code wn_column_want(const wn_matrices *in, const char *name, const char *option, wn_err *err);
/* *out [m] = times v of the kept rows, in the order of the matrix; what it held is freed. */
wn_code wn_numbers_of_kept(double **out, const double *v, double times, const wn_copies *c, wn_err *err);

#endif
