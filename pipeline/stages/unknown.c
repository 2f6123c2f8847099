#include "unknown.h"

#include <stdio.h>

bool wn_unknown_warning(char out[WN_UNKNOWN_SIZE], size_t zero, size_t n, bool texts, bool chosen) {
    if (zero == 0 || zero < n - zero) return false;
    (void)snprintf(out, WN_UNKNOWN_SIZE, "%zu of %zu rows (%.0f%%) have %s%s%s", zero, n,
                   100.0 * (double)zero / (double)n,
                   texts ? "no word that occurs in another text: their vectors are zero" : "a zero vector",
                   chosen ? ", and of those the first in the file are taken, which is no choice" : "",
                   texts ? "; a language model (--model) knows words of its own" : "");
    return true;
}

bool wn_classes_warning(char out[WN_UNKNOWN_SIZE], size_t classes, size_t labelled) {
    if (classes < 2 || classes < labelled / 3) return false;
    (void)snprintf(out, WN_UNKNOWN_SIZE,
                   "%zu classes for %zu rows: with so few rows each, choosing by class is little more than taking the "
                   "first rows of the file; is it the right label field? (--labels ignore chooses without labels)",
                   classes, labelled);
    return true;
}
