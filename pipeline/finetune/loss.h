#ifndef WN_FINETUNE_LOSS_H
#define WN_FINETUNE_LOSS_H
/* Losses, each a forward and a backward: sums over examples, so that batches that make one step add up. The caller
 * divides by the sum of weights of all of them (a mean, as torch's "mean" reduction has it). Double throughout: the
 * work is nothing beside the model's. */
#include <stddef.h>
#include <stdint.h>

/* Softmax and cross-entropy. logits [n, c], target [n] in [0, c), weight [c] of a class (NULL: 1). prob [n, c] gets the
 * probabilities. Returns the sum of weight[target_i] * -log prob[i, target_i]. A choice is the same with c choices. */
double wn_loss_classes_forward(double *prob, const double *logits, const uint32_t *target, const double *weight,
                               size_t n, size_t c);
/* dlogits [n, c] gets the derivative of scale times that sum. */
void wn_loss_classes_backward(double *dlogits, const double *prob, const uint32_t *target, const double *weight,
                              double scale, size_t n, size_t c);

/* Squares: the sum of (x_i - value_i)^2; x [n]. */
double wn_loss_square_forward(const double *x, const float *value, size_t n);
void wn_loss_square_backward(double *dx, const double *x, const float *value, double scale, size_t n);

#endif
