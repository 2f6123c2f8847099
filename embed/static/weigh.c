/* How much a token counts, by its place in the vocabulary, which stands for how often it occurs. */
#include <math.h>
#include <winnow/static.h>
#include <wn/static_make.h>

const char *wn_token_weights_name(wn_token_weights w) {
    switch (w) { WN_TOKEN_WEIGHTS(WN_NAME_CASE) }
    return NULL;
}

static double weight_of(wn_token_weights kind, size_t i, double harmonic) {
    static const double smooth = 1e-4;
    switch (kind) {
    case WN_TOKENS_ZIPF:
        return log(1 + (double)i);
    case WN_TOKENS_SIF:
        return smooth / (smooth + 1 / ((double)(i + 2) * harmonic));
    case WN_TOKENS_ALIKE:
        break;
    }
    return 1;
}

void wn_static_weights(double *weight, size_t n, wn_token_weights kind) {
    double harmonic = 0;
    for (size_t i = 0; i < n; i++) harmonic += 1 / (double)(i + 2);
    for (size_t i = 0; i < n; i++) weight[i] = weight_of(kind, i, harmonic);
}
