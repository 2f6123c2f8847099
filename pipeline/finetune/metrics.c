#include <wn/metrics.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

/* ---- ranks ---- */

typedef struct {
    float value;
    size_t row;
} ranked;

static int by_value(const void *a, const void *b) {
    const float x = ((const ranked *)a)->value, y = ((const ranked *)b)->value;
    return (x > y) - (x < y);
}

/* rank[i] of value[i * stride], from 1; equal values share the mean of theirs. room [n]. */
static void mid_ranks(double *rank, ranked *room, const float *value, size_t stride, size_t n) {
    for (size_t i = 0; i < n; i++) room[i] = (ranked){.value = value[i * stride], .row = i};
    qsort(room, n, sizeof *room, by_value);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && !(room[end].value > room[i].value); end++) continue;
        for (size_t j = i; j < end; j++) rank[room[j].row] = (double)(i + 1 + end) / 2;
    }
}

/* ---- classes ---- */

/* Probability that a row of the class ranks above another one: (sum of its ranks - m (m + 1) / 2) / (m (n - m)), the
 * statistic of Mann and Whitney 1947. NaN where there is no row or no other. */
static double area_under_curve(const double *rank, const uint32_t *truth, size_t n, uint32_t class) {
    double sum = 0, m = 0;
    for (size_t i = 0; i < n; i++)
        if (truth[i] == class) {
            sum += rank[i];
            m++;
        }
    const double others = (double)n - m;
    return m > 0 && others > 0 ? (sum - m * (m + 1) / 2) / (m * others) : NAN;
}

static wn_code classify_auc(wn_metrics *out, const float *probs, const uint32_t *truth, wn_err *err) {
    const size_t n = out->n, classes = out->classes;
    double *rank = wn_alloc(n, sizeof *rank, err);
    ranked *room = wn_alloc(n, sizeof *room, err);
    const wn_code code = rank && room ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    double sum = 0;
    size_t defined = 0;
    for (size_t c = classes == 2 ? 1 : 0; c < classes; c++) {
        mid_ranks(rank, room, probs + c, classes, n);
        const double area = area_under_curve(rank, truth, n, (uint32_t)c);
        if (isnan(area)) continue;
        sum += area;
        defined++;
    }
    out->auc = defined ? sum / (double)defined : NAN;
out:
    wn_free(rank);
    wn_free(room);
    return code;
}

static wn_code classify_check(const float *probs, const uint32_t *truth, size_t n, size_t classes, wn_err *err) {
    if (n == 0 || classes == 0) return wn_err_set(err, WN_EINPUT, "no predictions to score: %zu rows", n);
    for (size_t i = 0; i < n; i++) {
        if (truth[i] >= classes)
            return wn_err_set(err, WN_EINPUT, "row %zu has class %u, the predictions %zu classes", i, truth[i],
                              classes);
        for (size_t c = 0; c < classes; c++)
            if (!(probs[i * classes + c] >= 0 && probs[i * classes + c] <= 1.0001f))
                return wn_err_set(err, WN_EINPUT, "row %zu, class %zu: %g is not a probability", i, c,
                                  (double)probs[i * classes + c]);
    }
    return WN_OK;
}

size_t wn_metrics_likeliest(const float *probs, size_t classes) {
    size_t best = 0;
    for (size_t c = 1; c < classes; c++)
        if (probs[c] > probs[best]) best = c;
    return best;
}

/* Confusion, log loss and calibration error: mean over rows |right - confidence| of sums in bins of equal width. */
static void classify_rows(wn_metrics *out, const float *probs, const uint32_t *truth) {
    const size_t n = out->n, classes = out->classes;
    double loss = 0, off[WN_METRICS_BINS] = {0};
    size_t right = 0;
    for (size_t i = 0; i < n; i++) {
        const float *p = probs + i * classes;
        const size_t best = wn_metrics_likeliest(p, classes);
        out->confusion[truth[i] * classes + best]++;
        right += best == truth[i];
        loss -= log(fmax((double)p[truth[i]], WN_METRICS_FLOOR));
        const double up = ceil((double)p[best] * WN_METRICS_BINS) - 1;
        const size_t bin = up < 0 ? 0 : up >= WN_METRICS_BINS ? WN_METRICS_BINS - 1 : (size_t)up;
        off[bin] += (best == truth[i] ? 1 : 0) - (double)p[best];
    }
    out->accuracy = (double)right / (double)n;
    out->log_loss = loss / (double)n;
    for (size_t b = 0; b < WN_METRICS_BINS; b++) out->calibration_error += fabs(off[b]) / (double)n;
}

static double ratio(size_t part, size_t whole) {
    return whole ? (double)part / (double)whole : NAN;
}
static double or_zero(double x) {
    return isnan(x) ? 0 : x;
}

/* Precision, recall and F1 of each class from the confusion, and their means. */
static void classify_classes(wn_metrics *out) {
    const size_t classes = out->classes;
    size_t seen = 0, occurring = 0;
    for (size_t c = 0; c < classes; c++) {
        size_t truly = 0, predicted = 0;
        for (size_t o = 0; o < classes; o++) {
            truly += out->confusion[c * classes + o];
            predicted += out->confusion[o * classes + c];
        }
        const size_t hits = out->confusion[c * classes + c];
        out->precision[c] = ratio(hits, predicted);
        out->recall[c] = ratio(hits, truly);
        out->f1[c] = ratio(2 * hits, truly + predicted);
        occurring += truly > 0;
        seen += truly + predicted > 0;
        out->balanced_accuracy += or_zero(out->recall[c]);
        out->macro_precision += or_zero(out->precision[c]);
        out->macro_recall += or_zero(out->recall[c]);
        out->macro_f1 += or_zero(out->f1[c]);
    }
    out->balanced_accuracy /= (double)occurring;
    out->macro_precision /= (double)seen;
    out->macro_recall /= (double)seen;
    out->macro_f1 /= (double)seen;
}

wn_code wn_metrics_classify(wn_metrics *out, const float *probs, const uint32_t *truth, size_t n, size_t classes,
                            wn_err *err) {
    wn_metrics m = {.n = n, .classes = classes};
    wn_code code = classify_check(probs, truth, n, classes, err);
    if (code != WN_OK) goto out;
    code = WN_EMEMORY;
    if (!(m.confusion = wn_alloc(classes, classes * sizeof *m.confusion, err))) goto out;
    if (!(m.precision = wn_alloc(classes, sizeof *m.precision, err))) goto out;
    if (!(m.recall = wn_alloc(classes, sizeof *m.recall, err))) goto out;
    if (!(m.f1 = wn_alloc(classes, sizeof *m.f1, err))) goto out;
    if ((code = classify_auc(&m, probs, truth, err)) != WN_OK) goto out;
    classify_rows(&m, probs, truth);
    classify_classes(&m);
    *out = m;
    m = (wn_metrics){0};
out:
    wn_metrics_free(&m);
    return code;
}

void wn_metrics_free(wn_metrics *m) {
    if (!m) return;
    wn_free(m->confusion);
    wn_free(m->precision);
    wn_free(m->recall);
    wn_free(m->f1);
    *m = (wn_metrics){0};
}

/* ---- numbers ---- */

/* Pearson's correlation of a, b [n]; NaN where one has no spread. */
static double correlation(const double *a, const double *b, size_t n) {
    double mean_a = 0, mean_b = 0, aa = 0, bb = 0, ab = 0;
    for (size_t i = 0; i < n; i++) {
        mean_a += a[i] / (double)n;
        mean_b += b[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        aa += (a[i] - mean_a) * (a[i] - mean_a);
        bb += (b[i] - mean_b) * (b[i] - mean_b);
        ab += (a[i] - mean_a) * (b[i] - mean_b);
    }
    return aa > 0 && bb > 0 ? ab / (sqrt(aa) * sqrt(bb)) : NAN;
}

static bool constant(const float *v, size_t n) {
    for (size_t i = 1; i < n; i++)
        if (v[i] > v[0] || v[i] < v[0]) return false;
    return true;
}

wn_code wn_metrics_regress(wn_regress_metrics *out, const float *predicted, const float *truth, size_t n, wn_err *err) {
    if (n == 0) return wn_err_set(err, WN_EINPUT, "no predictions to score: 0 rows");
    for (size_t i = 0; i < n; i++)
        if (!isfinite(predicted[i]) || !isfinite(truth[i]))
            return wn_err_set(err, WN_EINPUT, "row %zu: predicted %g, true %g; finite numbers are wanted", i,
                              (double)predicted[i], (double)truth[i]);
    wn_code code = WN_EMEMORY;
    double *a = wn_alloc(n, sizeof *a, err), *b = wn_alloc(n, sizeof *b, err);
    ranked *room = wn_alloc(n, sizeof *room, err);
    if (!a || !b || !room) goto out;
    wn_regress_metrics m = {.n = n, .pearson = NAN, .spearman = NAN};
    for (size_t i = 0; i < n; i++) {
        a[i] = (double)predicted[i];
        b[i] = (double)truth[i];
        m.mse += (a[i] - b[i]) * (a[i] - b[i]) / (double)n;
        m.mae += fabs(a[i] - b[i]) / (double)n;
    }
    if (!constant(predicted, n) && !constant(truth, n)) {
        m.pearson = correlation(a, b, n);
        mid_ranks(a, room, predicted, 1, n);
        mid_ranks(b, room, truth, 1, n);
        m.spearman = correlation(a, b, n);
    }
    *out = m;
    code = WN_OK;
out:
    wn_free(a);
    wn_free(b);
    wn_free(room);
    return code;
}
