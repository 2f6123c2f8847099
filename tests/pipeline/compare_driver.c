/* compare_driver WHAT < numbers: what the probe, the metrics and the statistics say of the raw doubles that it reads,
 * as text with 17 digits. For compare_reference.py, which says what WHAT takes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wn/metrics.h>
#include <wn/probe.h>
#include <wn/stats.h>

static double *in; /* [given] */
static size_t given, taken;

static double next(void) {
    if (taken == given) exit(2);
    return in[taken++];
}

static float *floats(size_t n) {
    float *v = calloc(n + 1, sizeof *v);
    if (!v) exit(2);
    for (size_t i = 0; i < n; i++) v[i] = (float)next();
    return v;
}

static uint32_t *classes_of(size_t n) {
    uint32_t *v = calloc(n + 1, sizeof *v);
    if (!v) exit(2);
    for (size_t i = 0; i < n; i++) v[i] = (uint32_t)next();
    return v;
}

static const double *doubles(size_t n) {
    if (given - taken < n) exit(2);
    taken += n;
    return in + taken - n;
}

static void say(double x) {
    (void)printf("%.17g\n", x);
}

static void must(wn_code code, const wn_err *err) {
    if (code == WN_OK) return;
    (void)fprintf(stderr, "%s\n", err->msg);
    exit(1);
}

/* n, tests, d, classes, c, x, y, x of the tests: c, w, probabilities of the tests */
static void probe(void) {
    wn_err err = {0};
    wn_probe p = {0};
    const size_t n = (size_t)next(), tests = (size_t)next(), d = (size_t)next(), classes = (size_t)next();
    wn_probe_opts o = {.c = next(), .seed = 1};
    float *x = floats(n * d);
    uint32_t *y = classes_of(n);
    float *held = floats(tests * d), *probs = calloc(tests * classes, sizeof *probs);
    if (!probs) exit(2);
    const wn_probe_rows rows = {.x = x, .ld = d, .d = d, .n = n, .y = y, .classes = classes};
    if (isnan(o.c)) must(wn_probe_choose_c(&o.c, &rows, &o, &err), &err);
    must(wn_probe_fit(&p, &rows, &o, &err), &err);
    must(wn_probe_predict(&p, held, d, tests, probs, &err), &err);
    say(p.c);
    for (size_t i = 0; i < classes * (d + 1); i++) say(p.w[i]);
    for (size_t i = 0; i < tests * classes; i++) say((double)probs[i]);
    wn_probe_free(&p);
    free(x), free(y), free(held), free(probs);
}

/* n, classes, probabilities, truth */
static void classify(void) {
    wn_err err = {0};
    wn_metrics m;
    const size_t n = (size_t)next(), classes = (size_t)next();
    float *probs = floats(n * classes);
    uint32_t *truth = classes_of(n);
    must(wn_metrics_classify(&m, probs, truth, n, classes, &err), &err);
    const double whole[] = {m.accuracy, m.balanced_accuracy, m.macro_precision,  m.macro_recall, m.macro_f1,
                            m.auc,      m.log_loss,          m.calibration_error};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) say(whole[i]);
    for (size_t c = 0; c < classes; c++) say(m.precision[c]), say(m.recall[c]), say(m.f1[c]);
    for (size_t i = 0; i < classes * classes; i++) say((double)m.confusion[i]);
    wn_metrics_free(&m);
    free(probs), free(truth);
}

/* n, predicted, truth */
static void regress(void) {
    wn_err err = {0};
    wn_regress_metrics m;
    const size_t n = (size_t)next();
    float *predicted = floats(n), *truth = floats(n);
    must(wn_metrics_regress(&m, predicted, truth, n, &err), &err);
    say(m.mse), say(m.mae), say(m.pearson), say(m.spearman);
    free(predicted), free(truth);
}

static void say_interval(wn_interval i) {
    say(i.mean), say(i.sd), say(i.low), say(i.high), say(i.p);
}

/* n, level, a, b: of a, then of a - b */
static void intervals(void) {
    const size_t n = (size_t)next();
    const double level = next(), *a = doubles(n), *b = doubles(n);
    say_interval(wn_stats_mean(a, n, level));
    say_interval(wn_stats_paired(a, b, n, level));
}

/* seeds, items, draws, seed, level, a, b */
static void bootstrap(void) {
    wn_err err = {0};
    wn_interval out;
    const size_t seeds = (size_t)next(), items = (size_t)next(), draws = (size_t)next();
    const uint64_t seed = (uint64_t)next();
    const wn_bootstrap_opts o = {.draws = draws, .seed = seed, .level = next()};
    float *a = floats(seeds * items), *b = floats(seeds * items);
    must(wn_stats_bootstrap_items(&out, a, b, seeds, items, &o, &err), &err);
    say_interval(out);
    free(a), free(b);
}

/* pairs of p, df */
static void quantiles(void) {
    for (size_t n = given / 2; n; n--) {
        const double p = next();
        say(wn_stats_t_quantile(p, next()));
    }
}

/* pairs of t, df */
static void tails(void) {
    for (size_t n = given / 2; n; n--) {
        const double t = next();
        say(wn_stats_t_tail(t, next()));
    }
}

static void holm(void) {
    double *adjusted = calloc(given, sizeof *adjusted);
    if (!adjusted) exit(2);
    wn_stats_holm(adjusted, in, given);
    for (size_t i = 0; i < given; i++) say(adjusted[i]);
    free(adjusted);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*what)(void);
    } table[] = {{"probe", probe},         {"classify", classify},   {"regress", regress}, {"intervals", intervals},
                 {"bootstrap", bootstrap}, {"quantiles", quantiles}, {"tails", tails},     {"holm", holm}};
    enum { MOST = 4 << 20 };
    in = malloc(MOST * sizeof *in);
    if (argc != 2 || !in) return 2;
    given = fread(in, sizeof *in, MOST, stdin);
    int rc = 2;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(argv[1], table[i].name) == 0) {
            table[i].what();
            rc = 0;
        }
    free(in);
    return rc;
}
