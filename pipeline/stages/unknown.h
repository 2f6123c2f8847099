#ifndef WN_PIPELINE_UNKNOWN_H
#define WN_PIPELINE_UNKNOWN_H
/* Rows of which nothing is known. */
#include <stdbool.h>
#include <stddef.h>

enum { WN_UNKNOWN_SIZE = 400 };
/* The warning that is due where at least half of n rows have a zero vector; false: none is. texts: they were made of
 * words. chosen: rows were chosen by them. */
bool wn_unknown_warning(char out[WN_UNKNOWN_SIZE], size_t zero, size_t n, bool texts, bool chosen);

/* The same where classes have so few rows each, a third as many classes as `labelled` rows or more, that choosing by
 * class is choosing the first rows of the file. */
bool wn_classes_warning(char out[WN_UNKNOWN_SIZE], size_t classes, size_t labelled);

#endif
