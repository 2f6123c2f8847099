#ifndef WN_PIPELINE_COMPARING_H
#define WN_PIPELINE_COMPARING_H
/* The rows of a comparison: read, their labels as classes, the test rows apart, their vectors. */
#include "compare/data.h"

#include <winnow/config.h>
#include <winnow/rows.h>

/* Zero-initialise. */
typedef struct {
    wn_compare_data data; /* what the cells see; its vectors come last */
    wn_rows pool, test;   /* test: empty where the test rows are some of the pool's */
    size_t *at;    /* [n + tests] where each row of the data was read: a row of pool; n .. of test, if it is read */
    size_t shared; /* test rows whose text a row of the pool has, too */
    wn_encoder *encoder; /* NULL: the vectors are read */
    /* what data points to */
    uint32_t *label;
    size_t *copy_of, *length;
} wn_comparing_rows;

/* Records, classes, the test rows, copies: all but vectors. WN_EINPUT names the record whose label is missing or
 * unknown. */
wn_code wn_comparing_read(wn_comparing_rows *r, const wn_config *c, wn_io *io, wn_err *err);
/* Columns of the vectors, before they are made, and bytes that making them takes. */
wn_code wn_comparing_plan(wn_comparing_rows *r, const wn_config *c, size_t *dims, size_t *bytes, wn_io *io,
                          wn_err *err);
/* data.x, by the encoder or from the matrices; and seals the data. */
wn_code wn_comparing_vectors(wn_comparing_rows *r, const wn_config *c, wn_io *io, wn_err *err);
void wn_comparing_free(wn_comparing_rows *r);

#endif
