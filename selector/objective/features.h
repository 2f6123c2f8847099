#ifndef WINNOW_SELECTOR_FEATURES_H
#define WINNOW_SELECTOR_FEATURES_H
/* Feature-based, by what a set has: [2, d] of each column the positive and the negative part, and the roots of these
 * (features.c). */
#include <stddef.h>

double wn_features_gain(const float *x, const double *has, const double *root, size_t d);
void wn_features_take(const float *x, double *has, double *root, size_t d);

#endif
