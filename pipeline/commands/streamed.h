#ifndef WN_PIPELINE_STREAMED_H
#define WN_PIPELINE_STREAMED_H
/* What winnow stream remembers of the records that have gone by: those that may still be chosen, and the texts. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/select.h>

/* Records by rising row. Zero-initialise; wn_streamed_free in the end. */
typedef struct {
    uint64_t row;
    char *raw;
    size_t len;
} wn_streamed_record;
typedef struct {
    wn_streamed_record *at; /* [n] */
    size_t n, cap;
} wn_streamed;
wn_code wn_streamed_put(wn_streamed *s, uint64_t row, const char *raw, size_t len, wn_err *err);
/* Only rows[n], rising, and those from `from` on stay. */
void wn_streamed_keep(wn_streamed *s, const uint64_t *rows, size_t n, uint64_t from);
const wn_streamed_record *wn_streamed_find(const wn_streamed *s, uint64_t row); /* it is there */
void wn_streamed_free(wn_streamed *s);

/* Texts that were seen, by 64-bit hashes (XXH3) of what wn_text_fold leaves of them: of 10^8 different ones fewer than
 * one in a thousand times one is taken for another. Zero-initialise, but for `most`; free `slot` in the end. */
typedef struct {
    uint64_t *slot; /* [mask + 1]; 0 is free */
    size_t mask, n;
    size_t most; /* slots, a power of two; half of them may be taken */
    bool full;   /* later texts are looked up, and not added */
} wn_seen;
wn_code wn_seen_add(wn_seen *s, uint64_t hash, bool *there, wn_err *err);

#endif
