#ifndef WN_COMPARE_DATA_H
#define WN_COMPARE_DATA_H
/* What is compared on: the rows that may be chosen, and those that are tested on. */
#include <stdint.h>
#include <winnow/data.h>
#include <winnow/err.h>

/* Rows 0 .. n-1 are the pool, n .. n+tests-1 the test rows. A view: owns nothing. */
typedef struct {
    wn_mat x; /* [n + tests, d] normalised */
    size_t n, tests, classes;
    const uint32_t *label;    /* [n + tests] < classes */
    const char *const *names; /* [classes] */
    const size_t *copy_of;    /* [n] the lowest pool row of equal text */
    const size_t *length;     /* [n] bytes of the text */
    const wn_texts *texts[2]; /* of the pool's file and of the test rows', if they have one; see wn_compare_text */
    const size_t *at;         /* [n + tests] number of each row's text in the two, one behind the other */
    char sha256[65];          /* of all that; wn_compare_data_seal */
} wn_compare_data;

/* The text of a row, *len bytes, not zero-terminated. */
const char *wn_compare_text(const wn_compare_data *data, size_t row, size_t *len);
/* data->sha256: whatever a cell learns comes from what it covers. */
wn_code wn_compare_data_seal(wn_compare_data *data, wn_err *err);

#endif
