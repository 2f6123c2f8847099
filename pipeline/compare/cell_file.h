#ifndef WN_COMPARE_CELL_FILE_H
#define WN_COMPARE_CELL_FILE_H
/* A finished cell as a file, so that a comparison that was stopped goes on from what it has. The name is the cell's
 * key: whatever stands there was worked out from the same data by the same means. */
#include "cells.h"

/* The rows of a cell's subset as they were taught. Zero-initialise. */
typedef struct {
    size_t n, pool;  /* rows, and those they were chosen from (0: read from a file) */
    size_t *row;     /* [n] rows of the data */
    uint32_t *label; /* [n] */
} wn_subset;
void wn_subset_free(wn_subset *s);

char *wn_cell_path(const wn_cell *c, const char *folder, wn_err *err); /* wn_free it */
/* The file appears whole or not at all, unless the power is cut. */
wn_code wn_cell_write(const wn_cell *c, const wn_subset *subset, size_t tests, const char *folder, wn_err *err);
/* Fills the results of c (predicted [tests] among them), and *subset unless it is NULL. *there is false, and c as it
 * was, where there is no such file or it is damaged. */
wn_code wn_cell_read(wn_cell *c, wn_subset *subset, const wn_compare_data *data, const char *folder, bool *there,
                     wn_err *err);

#endif
