#ifndef WINNOW_METRICS_H
#define WINNOW_METRICS_H
/* How good predictions are. What has no value (a class that never occurs, no spread) is NaN, written as null. */
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>

enum { WN_METRICS_BINS = 15 }; /* of confidence, (i/15, (i+1)/15] */
#define WN_METRICS_FLOOR 0x1p-52 /* a smaller probability of the true class counts as this one in the log loss */

typedef struct {
    size_t n, classes;
    double accuracy, balanced_accuracy; /* balanced: mean recall of the classes that occur in truth */
    double macro_precision, macro_recall, macro_f1; /* over classes that occur or are predicted; no value counts 0 */
    double auc;               /* of class 1 where there are two; else mean of one against rest over defined classes */
    double log_loss;          /* nats */
    double calibration_error; /* expected, of the largest probability */
    size_t *confusion;        /* [classes, classes], truth x predicted */
    double *precision, *recall, *f1; /* [classes] */
} wn_metrics;

/* The predicted class: the most probable, the lowest of equals. */
size_t wn_metrics_likeliest(const float *probs /* [classes] */, size_t classes);
/* probs [n, classes], rows summing to 1; truth [n] < classes; n, classes > 0. A probability that is no number in
 * [0, 1 + 1e-4] or a class out of range is WN_EINPUT. O(n classes log n). */
wn_code wn_metrics_classify(wn_metrics *out, const float *probs, const uint32_t *truth, size_t n, size_t classes,
                            wn_err *err);
void wn_metrics_free(wn_metrics *m); /* empties *m; NULL is fine */

typedef struct {
    size_t n;
    double mse, mae, pearson, spearman; /* of ranks, equal values sharing their mean rank */
} wn_regress_metrics;

/* predicted, truth [n], finite; n > 0. O(n log n). */
wn_code wn_metrics_regress(wn_regress_metrics *out, const float *predicted, const float *truth, size_t n, wn_err *err);

#endif
