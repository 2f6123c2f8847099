#ifndef WN_PIPELINE_SLICE_H
#define WN_PIPELINE_SLICE_H
/* One shard of a corpus. */
#include <winnow/records.h>

/* Rows [begin, begin + n) of a corpus as one of their own, with the numbers of the rows where they have no ids.
 * Zero-initialise; the corpus must live as long. */
typedef struct {
    wn_corpus corpus;
    int64_t *row; /* [n] */
    char *text;   /* what ids point into, and where */
    unsigned long long *off;
} wn_slice;
wn_code wn_slice_init(wn_slice *s, const wn_corpus *corpus, size_t begin, size_t n, wn_err *err);
void wn_slice_free(wn_slice *s);

#endif
