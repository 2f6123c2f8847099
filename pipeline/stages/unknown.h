#ifndef WN_PIPELINE_UNKNOWN_H
#define WN_PIPELINE_UNKNOWN_H
/* Rows of which nothing is known. */
#include <stdbool.h>
#include <stddef.h>

enum { WN_UNKNOWN_SIZE = 400 };
/* The warning that is due where at least half of n rows have a zero vector; false: none is. texts: they were made of
 * words. chosen: rows were chosen by them. */
bool wn_unknown_warning(char out[WN_UNKNOWN_SIZE], size_t zero, size_t n, bool texts, bool chosen);

#endif
