#include "unknown.h"

#include <stdio.h>

bool wn_unknown_warning(char out[WN_UNKNOWN_SIZE], size_t zero, size_t n, bool texts, bool chosen) {
    if (zero == 0 || zero < n - zero) return false;
    (void)snprintf(out, WN_UNKNOWN_SIZE, "%zu of %zu rows (%.0f%%) have %s%s%s", zero, n,
                   100.0 * (double)zero / (double)n,
                   texts ? "no word that occurs in another text: their vectors are zero" : "a zero vector",
                   chosen ? ", and of those the first in the file are taken, which is no choice" : "",
                   texts ? "; words are what stands between spaces and punctuation, so texts of Chinese, Japanese or "
                           "Thai need --model"
                         : "");
    return true;
}
