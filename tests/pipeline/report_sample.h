/* A made-up selection for the report's tests: three clusters, some copies, hostile texts. */
#ifndef WN_TEST_REPORT_SAMPLE_H
#define WN_TEST_REPORT_SAMPLE_H
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wn/outcome.h>
#include <wn/rng.h>

typedef struct {
    wn_outcome outcome;
    wn_mat x;
    char *text_base, *id_base;
    unsigned long long *text_off, *id_off;
    uint32_t *label;
    size_t *ids, *by, *dup, *stands, *rank, points[20], nearest[WN_CURVE_BINS];
    float *sim;
    double *gain, *value, cover[20], cover_random[20], value_random[20];
} sample;

static const char *const sample_labels[] = {"noun.animal", "<b>verb</b>", "adj \"all\" & more"};
static const char *const sample_texts[] = {
    "A small bird that sings at dusk and builds its nest in the reeds.",
    "<script>alert('x')</script> & \"quotes\"",
    ("tab\there, bell \x07, override \xE2\x80\xAE" "desrever, bad \xFF byte, isolate \xE2\x81\xA6, mark \xEF\xBB\xBF"),
    "Grüße aus Köln, 東京の夜, مرحبا بالعالم, e\xCC\x81t\xC3\xA9.",
};

/* k >= 20 */
static inline void sample_init(sample *s, size_t n, size_t k) {
    memset(s, 0, sizeof *s);
    size_t d = 16, cap = n * 128;
    wn_rng g = wn_rng_init(5, 1);
    wn_mat_init(&s->x, n, d, &(wn_err){0});
    s->text_base = calloc(cap, 1), s->id_base = calloc(n, 16);
    s->text_off = calloc(n + 1, sizeof *s->text_off), s->id_off = calloc(n + 1, sizeof *s->id_off);
    s->label = calloc(n, sizeof *s->label), s->sim = calloc(n, sizeof *s->sim);
    s->ids = calloc(k, sizeof *s->ids), s->by = calloc(n, sizeof *s->by), s->dup = calloc(n, sizeof *s->dup);
    s->rank = calloc(n, sizeof *s->rank), s->stands = calloc(k, sizeof *s->stands);
    s->gain = calloc(k, sizeof *s->gain), s->value = calloc(k, sizeof *s->value);
    for (size_t i = 0; i < n; i++) {
        double norm = 0;
        float *v = wn_mat_row(&s->x, i);
        s->label[i] = i % 17 == 0 ? 2 : i % 3 == 0 ? 1 : 0;
        for (size_t j = 0; j < d; j++)
            v[j] = (float)(wn_rng_normal(&g) * (j < 2 ? 1.0 : .5) + (j == s->label[i] ? 3 : 0));
        for (size_t j = 0; j < d; j++) norm += (double)v[j] * (double)v[j];
        for (size_t j = 0; j < d; j++) v[j] /= (float)sqrt(norm);
        s->text_off[i + 1] = s->text_off[i] + (unsigned long long)sprintf(s->text_base + s->text_off[i], "%s",
                                                                         sample_texts[i % 4]);
        s->id_off[i + 1] = s->id_off[i] + (unsigned long long)sprintf(s->id_base + s->id_off[i], "id-%zu", i);
        s->rank[i] = SIZE_MAX;
        s->dup[i] = i % 25 == 24 ? i - 24 : i;
    }
    for (size_t i = 0; i < k; i++) {
        s->ids[i] = i * (n / k);
        s->rank[s->ids[i]] = i + 1;
        s->gain[i] = 40.0 / (double)(i + 1) - .3;
        s->value[i] = (i ? s->value[i - 1] : 0) + s->gain[i];
    }
    for (size_t i = 0; i < n; i++) {
        size_t at = i / (n / k);
        s->by[i] = s->ids[at < k ? at : k - 1];
        s->stands[at < k ? at : k - 1]++;
        s->nearest[i % 7 + 20]++;
        s->sim[i] = s->by[i] == i ? 1 : (float)(.3 + .6 * wn_rng_uniform(&g));
    }
    for (size_t i = 0; i < 20; i++) {
        double t = (double)(i + 1) / 20;
        s->points[i] = k * (i + 1) / 20;
        s->cover[i] = .2 + .42 * sqrt(t);
        s->cover_random[i] = .15 + .40 * sqrt(t);
        s->value_random[i] = 60 * t;
    }
    static const wn_input inputs[] = {
        {.path = "data/<odd> name.jsonl",
         .sha256 = "3b1f0c0a5e8d0e8c0a5e8d0e8c0a5e8d0e8c0a5e8d0e8c0a5e8d0e8c0a5e8d0e",
         .format = "jsonl"}};
    s->outcome = (wn_outcome){
        .command = "winnow run 'data/<odd> name.jsonl' -k 10%", .version = "0.1.0", .seed = 1,
        .inputs = inputs, .ninputs = 1, .encoder = "LSA, 128 dimensions",
        .objective = WN_GRAPH_CUT, .similarity = WN_RBF, .lambda = 8, .gamma = 7.93, .push = NAN, .quota_power = NAN,
        .gamma_median = NAN, .cut_off = NAN,
        .n = n, .k = k, .dropped = n / 25, .skipped = 3, .empty = 2, .zero_rows = 7,
        .rows = {.n = n, .ids = {s->id_base, s->id_off, n}, .texts = {s->text_base, s->text_off, n},
                 .label = s->label, .labels = sample_labels, .nlabels = 3},
        .x = &s->x, .column = {.rank = s->rank, .represented_by = s->by, .represented_sim = s->sim, .copy_of = s->dup},
        .chosen = s->ids, .gain = s->gain, .value = s->value, .n_represented = s->stands, .negative_from = k,
        .day = "2031-07-24", .nearest_random = s->nearest,
        .npoints = 20, .points = s->points, .coverage = s->cover, .coverage_random = s->cover_random,
        .value_random = s->value_random};
}

static inline void sample_free(sample *s) {
    wn_mat_free(&s->x);
    free(s->text_base), free(s->id_base), free(s->text_off), free(s->id_off), free(s->label), free(s->sim);
    free(s->ids), free(s->by), free(s->dup), free(s->gain), free(s->value), free(s->stands), free(s->rank);
}
#endif
