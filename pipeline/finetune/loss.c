#include "loss.h"

#include <math.h>

/* log sum exp(l), with the largest taken out first so that nothing overflows. */
static double log_sum_exp(const double *l, size_t c) {
    double most = l[0], sum = 0;
    for (size_t j = 1; j < c; j++)
        if (l[j] > most) most = l[j];
    for (size_t j = 0; j < c; j++) sum += exp(l[j] - most);
    return most + log(sum);
}

double wn_loss_classes_forward(double *prob, const double *logits, const uint32_t *target, const double *weight,
                               size_t n, size_t c) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double *l = logits + i * c;
        double whole = log_sum_exp(l, c);
        for (size_t j = 0; j < c; j++) prob[i * c + j] = exp(l[j] - whole);
        sum += (weight ? weight[target[i]] : 1) * (whole - l[target[i]]);
    }
    return sum;
}

/* d/dl_j of -log softmax(l)_t is p_j - [j = t]. */
void wn_loss_classes_backward(double *dlogits, const double *prob, const uint32_t *target, const double *weight,
                              double scale, size_t n, size_t c) {
    for (size_t i = 0; i < n; i++) {
        double s = scale * (weight ? weight[target[i]] : 1);
        for (size_t j = 0; j < c; j++) dlogits[i * c + j] = s * (prob[i * c + j] - (j == target[i] ? 1 : 0));
    }
}

double wn_loss_square_forward(const double *x, const float *value, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (x[i] - (double)value[i]) * (x[i] - (double)value[i]);
    return sum;
}

void wn_loss_square_backward(double *dx, const double *x, const float *value, double scale, size_t n) {
    for (size_t i = 0; i < n; i++) dx[i] = scale * 2 * (x[i] - (double)value[i]);
}
