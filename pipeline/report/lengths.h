#ifndef WN_REPORT_LENGTHS_H
#define WN_REPORT_LENGTHS_H
/* How long texts are. */
#include "page.h"

/* Lengths of n texts in rising order, and their sum; wn_free(length). */
typedef struct {
    uint32_t *length;
    size_t n;
    double sum;
    bool words; /* runs of characters between white space; else characters */
} wn_sizes;

wn_code wn_sizes_make(wn_sizes *out, const wn_texts *t, const size_t *rows, size_t n, bool words, wn_err *err);
/* Of all texts: in words, or in characters where they hardly have any spaces. */
wn_code wn_sizes_pool(wn_sizes *out, const wn_texts *t, wn_err *err);
/* The words of one text that hold a letter or a digit. */
uint32_t wn_sizes_words(const wn_texts *t, size_t row);
/* The median of that. */
wn_code wn_sizes_median(uint32_t *median, const wn_texts *t, wn_err *err);
/* A line each, n >= 1. */
void wn_sizes_table(wn_page *p, const char *const *names, const wn_sizes *s, size_t n);

#endif
