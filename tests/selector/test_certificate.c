/* selector: the certificate. `bound` is never below what the best set reaches, which brute force finds, on ten thousand
 * small instances of all kinds; and it is not so far above that it says nothing. */
#include <criterion/criterion.h>
#include <malloc.h>
#include <winnow/threads.h>

#include "naive.h"

enum { INSTANCES = 10000, ROWS_MAX = 12, EDGES = 2 };

typedef struct {
    wn_mat x;
    wn_select_opts o;
    size_t keep[ROWS_MAX], exclude[ROWS_MAX];
    double weight[ROWS_MAX], value[ROWS_MAX];
    wn_mix_part mix[4];
    bool other; /* than those that have bounds of their own */
    naive v;    /* over a graph its edges alone */
    bool graph;
    wn_csr edges;
    long long indptr[ROWS_MAX + 1], indices[ROWS_MAX * EDGES];
    float data[ROWS_MAX * EDGES];
} instance;

/* Each row lists EDGES others, and v has what the edges tell. */
static void make_graph(instance *in, wn_rng *r) {
    const size_t n = in->x.rows;
    const wn_kernel cosine = {.kind = WN_COSINE};
    naive full = naive_init(&in->x, &cosine);
    bool known[ROWS_MAX][ROWS_MAX] = {{false}};
    for (size_t i = 0; i < n; i++) {
        for (size_t e = 0; e < EDGES; e++) {
            const size_t j = (i + 1 + (size_t)wn_rng_below(r, n - 1)) % n, at = i * EDGES + e;
            in->indices[at] = (long long)j;
            in->data[at] = (float)full.w[i * n + j];
            known[i][j] = known[j][i] = true;
        }
        in->indptr[i + 1] = (long long)((i + 1) * EDGES);
        known[i][i] = true;
    }
    for (size_t i = 0; i < n * n; i++)
        if (!known[i / n][i % n]) in->v.w[i] = 0;
    in->edges = (wn_csr){.rows = n, .cols = n, .indptr = in->indptr, .indices = in->indices, .data = in->data};
    in->o.graph = &in->edges;
    free(full.w);
}

static void make(instance *in, uint64_t seed, bool other) {
    wn_rng r = wn_rng_init(seed, 7);
    const size_t n = 2 + (size_t)wn_rng_below(&r, ROWS_MAX - 1), d = 1 + (size_t)wn_rng_below(&r, 6);
    *in = (instance){.o = {.certify = true, .objective = wn_rng_below(&r, 2) ? WN_GRAPH_CUT : WN_FACILITY_LOCATION}};
    in->other = other;
    if (other)
        in->o.objective = (wn_objective[]){WN_SATURATED_COVERAGE, WN_LOG_DETERMINANT, WN_FEATURE_BASED, WN_MIXTURE,
                                           WN_FACILITY_LOCATION}[wn_rng_below(&r, 5)];
    const bool facility = in->o.objective == WN_FACILITY_LOCATION;
    in->o.kernel.kind = (wn_kernel_kind[]){WN_COSINE, WN_DOT, WN_RBF}[wn_rng_below(&r, 3)];
    in->o.kernel.gamma = (double[]){.5, 2, 8, 64}[wn_rng_below(&r, 4)];
    if (in->o.objective == WN_FEATURE_BASED && in->o.kernel.kind == WN_RBF) in->o.kernel.kind = WN_DOT;
    const bool unit = in->o.kernel.kind != WN_DOT, rbf = in->o.kernel.kind == WN_RBF;
    in->x = clustered_rows(n, d, 1 + (size_t)wn_rng_below(&r, n), .1 + wn_rng_uniform(&r), unit, seed);
    spoil_rows(&in->x, &r);
    draw_lists(&in->o, in->keep, in->exclude, n, &r);
    in->o.lambda = (double[]){0, .5, 3, 10, NAN, NAN}[wn_rng_below(&r, 6)];
    for (size_t i = 0; i < n; i++) in->weight[i] = (double[]){0, .5, 1, 1, 2, 7}[wn_rng_below(&r, 6)];
    if (wn_rng_below(&r, 3) == 0) in->o.weight = in->weight;
    in->v = naive_init(&in->x, &in->o.kernel);
    in->v.weight = in->o.weight;
    for (size_t i = 0; i < n; i++) in->value[i] = (double[]){-2, 0, .1, 1, 5}[wn_rng_below(&r, 5)];
    if (in->other) {
        in->o.maximizer = (wn_maximizer)wn_rng_below(&r, 3);
        in->o.saturation = (double[]){0, .05, .3, 1}[wn_rng_below(&r, 4)];
        if (in->o.objective == WN_MIXTURE) in->o.mix = in->mix, in->o.nmix = draw_mix(in->mix, in->o.kernel.kind, &r);
        for (size_t p = 0; p < in->o.nmix; p++) /* has no bound by gains */
            if (in->mix[p].objective == WN_GRAPH_CUT) in->mix[p] = in->mix[--in->o.nmix];
        if (wn_rng_below(&r, 3) == 0) in->v.value = in->o.value = in->value;
        in->v.mix = in->o.mix, in->v.nmix = in->o.nmix;
        return;
    }
    in->graph = facility && unit && n > EDGES && wn_rng_below(&r, 3) == 0;
    if (in->graph) {
        make_graph(in, &r);
        return;
    }
    in->o.storage = (wn_storage[]){WN_STORAGE_AUTO, WN_DENSE, WN_MATRIX_FREE}[wn_rng_below(&r, 3)];
    if (facility || in->o.storage != WN_DENSE)
        in->o.maximizer = facility || rbf ? (wn_maximizer)wn_rng_below(&r, 3) : (wn_maximizer)wn_rng_below(&r, 2);
}

/* Best f over all sets of k rows that have those to keep and none that is excluded. */
static double optimum(const instance *in, double lambda) {
    unsigned must = 0, never = 0;
    double best = -INFINITY;
    for (size_t i = 0; i < in->o.nkeep; i++) must |= 1u << in->keep[i];
    for (size_t i = 0; i < in->o.nexclude; i++) never |= 1u << in->exclude[i];
    for (unsigned mask = 0; mask < 1u << in->v.n; mask++) {
        size_t s[ROWS_MAX], m = 0;
        if ((mask & must) != must || mask & never || (size_t)__builtin_popcount(mask) != in->o.k) continue;
        for (size_t i = 0; i < in->v.n; i++)
            if (mask >> i & 1) s[m++] = i;
        best = fmax(best, naive_value(&in->v, in->o.objective, lambda, s, m));
    }
    return best;
}

/* Asking for a bound changes nothing else. */
static bool same_unasked(instance *in, const wn_selection *s) {
    wn_selection other = {0};
    in->o.certify = false;
    const bool ok = wn_select(&in->x, &in->o, &other, &(wn_err){0}) == WN_OK && same_selection(s, &other) &&
                    s->cut_off == other.cut_off && isnan(other.bound);
    wn_selection_free(&other);
    return ok;
}

/* f(S) over the bound, where both are above 0, added to *sum. */
static void check(uint64_t seed, bool other, char *why, size_t size, double *sum, size_t *counted) {
    instance in;
    wn_selection s;
    wn_err e = {0};
    make(&in, seed, other);
    if (wn_select(&in.x, &in.o, &s, &e) != WN_OK) {
        (void)snprintf(why, size, "%s", e.msg);
    } else {
        in.v.lambda = s.lambda, in.v.saturation = s.saturation;
        const double best = optimum(&in, naive_told(&s));
        const bool one_set = in.o.k == in.o.nkeep || in.o.k + in.o.nexclude == in.v.n;
        double reach = 0; /* as much as f can be made of */
        for (size_t i = 0; i < in.v.n; i++)
            for (size_t j = 0; j < in.v.n; j++)
                reach += (naive_weight(&in.v, i) + 2 + s.lambda) * fabs(in.v.w[i * in.v.n + j]);
        if (!(s.bound >= best)) /* NaN, too */
            (void)snprintf(why, size, "the best reaches %.17g, the bound is %.17g", best, s.bound);
        else if (!other && one_set && s.bound > best + 1e-5 * (2 + in.o.kernel.gamma) * reach + 1e-30)
            (void)snprintf(why, size, "only %.17g can be reached, the bound is %.17g", best, s.bound);
        else if (!same_unasked(&in, &s))
            (void)snprintf(why, size, "the choice is another one where no bound is asked for");
        if (best > 1e-3 * reach) *sum += best / s.bound, ++*counted;
        wn_selection_free(&s);
    }
    if (why[0])
        (void)fprintf(stderr,
                      "seed %llu: n %zu d %zu k %zu objective %d kernel %d gamma %g lambda %g storage %d maximizer %d "
                      "keep %zu exclude %zu weights %d graph %d: %s\n",
                      (unsigned long long)seed, in.x.rows, in.x.cols, in.o.k, (int)in.o.objective,
                      (int)in.o.kernel.kind, in.o.kernel.gamma, in.o.lambda, (int)in.o.storage, (int)in.o.maximizer,
                      in.o.nkeep, in.o.nexclude, in.o.weight != NULL, in.graph, why);
    free(in.v.w);
    wn_mat_free(&in.x);
}

/* In quarters, which run side by side. */
static double check_some(uint64_t quarter, bool other) {
    size_t wrong = 0, counted = 0;
    double sum = 0;
    wn_threads_set(1);
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 30); /* else most of the time goes to giving pages back and faulting them in */
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
    for (uint64_t seed = quarter; seed < INSTANCES && wrong < 10; seed += 4) {
        char why[600] = "";
        check(seed, other, why, sizeof why, &sum, &counted);
        wrong += why[0] != 0;
    }
    cr_assert_eq(wrong, 0, "%zu instances went wrong", wrong);
    return sum / (double)counted;
}

static void check_quarter(uint64_t quarter) {
    const double mean = check_some(quarter, false);
    cr_assert_geq(mean, .9, "of the bound the best is %.3f", mean);
}

/* Bounds by gains alone: of all that is monotone and submodular, with values and in mixtures. */
static void check_gains(uint64_t quarter) {
    const double mean = check_some(quarter, true);
    cr_assert_geq(mean, .7, "of the bound the best is %.3f", mean);
}

Test(certificate, by_gains_is_never_below_the_best_1) {
    check_gains(0);
}
Test(certificate, by_gains_is_never_below_the_best_2) {
    check_gains(1);
}
Test(certificate, by_gains_is_never_below_the_best_3) {
    check_gains(2);
}
Test(certificate, by_gains_is_never_below_the_best_4) {
    check_gains(3);
}

Test(certificate, is_never_below_the_best_1) {
    check_quarter(0);
}
Test(certificate, is_never_below_the_best_2) {
    check_quarter(1);
}
Test(certificate, is_never_below_the_best_3) {
    check_quarter(2);
}
Test(certificate, is_never_below_the_best_4) {
    check_quarter(3);
}

/* f of class herding from its definition (objective/herding.h). */
static double herding_value(const wn_mat *x, const wn_select_opts *o, unsigned mask) {
    double f = 0;
    for (size_t c = 0; c < o->classes; c++) {
        double in[8] = {0}, out[8] = {0}, nin = 0, nout = 0, toward = 0, pairs = 0, m = 0;
        for (size_t i = 0; i < x->rows; i++) {
            const double w = o->weight ? o->weight[i] : 1;
            for (size_t j = 0; j < x->cols; j++) (o->label[i] == c ? in : out)[j] += w * (double)wn_mat_row(x, i)[j];
            *(o->label[i] == c ? &nin : &nout) += w;
        }
        for (size_t i = 0; i < x->rows; i++) {
            if (!(mask >> i & 1) || o->label[i] != c) continue;
            m++;
            for (size_t j = 0; j < x->cols && nin > 0; j++) {
                const double mean = in[j] / nin, rest = nout > 0 ? out[j] / nout : mean;
                toward += (double)wn_mat_row(x, i)[j] * (mean + o->push[c] * (mean - rest));
            }
            for (size_t a = 0; a < i; a++)
                for (size_t j = 0; j < x->cols && mask >> a & 1 && o->label[a] == c; j++)
                    pairs += (double)wn_mat_row(x, i)[j] * (double)wn_mat_row(x, a)[j];
        }
        f += m > 0 ? toward - pairs / m : 0;
    }
    return f;
}

/* Over all sets that have as many rows of each class as the choice has. */
static void check_herding(uint64_t seed) {
    enum { CLASSES = 3 };
    wn_rng r = wn_rng_init(seed, 8);
    const size_t n = 2 + (size_t)wn_rng_below(&r, ROWS_MAX - 1), d = 1 + (size_t)wn_rng_below(&r, 6);
    uint32_t label[ROWS_MAX];
    double push[CLASSES], weight[ROWS_MAX], best = -INFINITY;
    size_t keep[ROWS_MAX], exclude[ROWS_MAX], quota[CLASSES] = {0};
    unsigned must = 0, never = 0;
    wn_mat x = clustered_rows(n, d, 1 + (size_t)wn_rng_below(&r, n), .1 + wn_rng_uniform(&r), true, seed);
    wn_select_opts o = {
        .objective = WN_CLASS_HERDING, .kernel = {.kind = WN_COSINE}, .classes = CLASSES, .certify = true};
    wn_selection s;
    wn_err e = {0};
    spoil_rows(&x, &r);
    draw_lists(&o, keep, exclude, n, &r);
    for (size_t i = 0; i < n; i++) label[i] = (uint32_t)wn_rng_below(&r, CLASSES);
    for (size_t i = 0; i < n; i++) weight[i] = wn_rng_uniform(&r) * 3;
    for (size_t c = 0; c < CLASSES; c++) push[c] = (double[]){0, .25, 1, 4}[wn_rng_below(&r, 4)];
    o.label = label, o.push = push, o.quota_power = .5, o.part_rows = (size_t)wn_rng_below(&r, 3) * 2;
    if (wn_rng_below(&r, 3) == 0) o.weight = weight;
    wn_select_opts plain = o; /* herding of all rows is that of one class without a push */
    if (seed % 3 == 0) {
        plain.objective = WN_HERDING, plain.label = NULL, plain.push = NULL, plain.classes = 0;
        memset(label, 0, sizeof label);
        push[0] = 0;
    }
    cr_assert_eq(wn_select(&x, &plain, &s, &e), WN_OK, "%s", e.msg);
    for (size_t i = 0; i < s.k; i++) quota[label[s.ids[i]]]++;
    for (size_t i = 0; i < o.nkeep; i++) must |= 1u << keep[i];
    for (size_t i = 0; i < o.nexclude; i++) never |= 1u << exclude[i];
    for (unsigned mask = 0; mask < 1u << n; mask++) {
        size_t left[CLASSES];
        bool may = (mask & must) == must && !(mask & never) && (size_t)__builtin_popcount(mask) == s.k;
        memcpy(left, quota, sizeof left);
        for (size_t i = 0; i < n && may; i++) may = !(mask >> i & 1) || left[label[i]]-- > 0;
        if (may) best = fmax(best, herding_value(&x, &o, mask));
    }
    cr_assert_geq(s.bound, best, "seed %llu", (unsigned long long)seed);
    if (s.k + o.nexclude == n) cr_assert_leq(s.bound, best + 3 * (double)s.k, "seed %llu", (unsigned long long)seed);
    wn_selection_free(&s);
    wn_mat_free(&x);
}

Test(certificate, of_class_herding_is_never_below_the_best) {
    wn_threads_set(1);
    for (uint64_t seed = 0; seed < INSTANCES / 4; seed++) check_herding(seed);
}

/* A part of a whole, whose sums come from outside: the best of the part's own rows. */
Test(certificate, of_a_part_is_never_below_its_best) {
    wn_threads_set(1);
    for (uint64_t seed = 0; seed < 600; seed++) {
        enum { WHOLE = 12, FIRST = 4, PART = 7 };
        const wn_kernel kernel = (wn_kernel[]){{WN_COSINE, 0}, {WN_DOT, 0}, {WN_RBF, 4}}[seed % 3];
        wn_mat x = clustered_rows(WHOLE, 4, 5, .6, kernel.kind != WN_DOT, seed), part = x;
        double sums[WHOLE], best = -INFINITY;
        wn_select_opts o = {
            .objective = WN_GRAPH_CUT, .kernel = kernel, .k = 1 + seed % PART, .lambda = NAN, .certify = true};
        wn_selection s;
        wn_err e = {0};
        cr_assert_eq(wn_select_sums(&x, &o, sums, &e), WN_OK, "%s", e.msg);
        part.rows = PART, part.data = wn_mat_row(&x, FIRST);
        o.first = FIRST, o.n_all = WHOLE;
        o.sums = kernel.kind == WN_RBF ? sums + FIRST : sums;
        cr_assert_eq(wn_select(&part, &o, &s, &e), WN_OK, "%s", e.msg);
        naive v = naive_init(&x, &kernel);
        for (unsigned mask = 0; mask < 1u << PART; mask++) {
            size_t ids[PART], m = 0;
            for (size_t i = 0; i < PART; i++)
                if (mask >> i & 1) ids[m++] = FIRST + i;
            if (m == o.k) best = fmax(best, naive_value(&v, WN_GRAPH_CUT, s.lambda, ids, m));
        }
        cr_assert_geq(s.bound, best, "seed %llu", (unsigned long long)seed);
        free(v.w);
        wn_selection_free(&s);
        wn_mat_free(&x);
    }
}

/* What f(S) is of the bound. */
static double certified(const wn_mat *x, const wn_select_opts *opts) {
    wn_selection s;
    wn_err e = {0};
    wn_select_opts o = *opts;
    o.certify = true;
    cr_assert_eq(wn_select(x, &o, &s, &e), WN_OK, "%s", e.msg);
    const double share = s.objective[s.k - 1] / s.bound;
    wn_selection_free(&s);
    return share;
}

/* 1 - 1/e is known of facility location before any choice: a certificate is there to say more. */
Test(certificate, says_more_than_what_is_known_beforehand) {
    for (uint64_t seed = 0; seed < 6; seed++) {
        wn_mat x = clustered_rows(400, 16, 20, .2, true, seed);
        const wn_kernel kernel = {.kind = seed % 2 ? WN_RBF : WN_COSINE, .gamma = 8};
        const wn_select_opts dense = {WN_FACILITY_LOCATION, kernel, .storage = WN_DENSE, .k = 20},
                             free = {WN_FACILITY_LOCATION, kernel, .storage = WN_MATRIX_FREE, .k = 20},
                             cut = {WN_GRAPH_CUT, {.kind = WN_COSINE}, .k = 40, .lambda = NAN};
        cr_assert_geq(certified(&x, &dense), .97);
        cr_assert_geq(certified(&x, &free), .5); /* from old gains, none of which is above the last one taken */
        cr_assert_geq(certified(&x, &cut), .9);
        wn_mat_free(&x);
    }
}

/* The same bytes on any number of threads. */
Test(certificate, does_not_depend_on_threads) {
    wn_mat x = clustered_rows(500, 8, 30, .4, true, 3);
    for (int i = 0; i < 4; i++) {
        const wn_select_opts o = {.objective = i % 2 ? WN_FACILITY_LOCATION : WN_GRAPH_CUT,
                                  .kernel = {.kind = i < 2 ? WN_RBF : WN_COSINE, .gamma = 8},
                                  .k = 50,
                                  .lambda = NAN};
        wn_threads_set(1);
        const double one = certified(&x, &o);
        wn_threads_set(4);
        cr_assert_eq(certified(&x, &o), one);
        cr_assert_geq(one, .3);
        cr_assert_lt(one, 1);
    }
    wn_mat_free(&x);
}

/* What has no value has no certificate, and it comes where it is asked for. */
Test(certificate, is_none_where_nothing_is_known) {
    wn_mat x = clustered_rows(30, 4, 5, .4, true, 4);
    const wn_select_opts random = {.objective = WN_RANDOM, .k = 5},
                         rds = {.objective = WN_RDS, .kernel = {.kind = WN_COSINE}, .query = &x, .k = 5};
    cr_assert(isnan(certified(&x, &random)));
    cr_assert(isnan(certified(&x, &rds)));
    wn_selection s;
    const wn_select_opts unasked = {.kernel = {.kind = WN_COSINE}, .k = 5, .lambda = 0};
    cr_assert_eq(wn_select(&x, &unasked, &s, &(wn_err){0}), WN_OK);
    cr_assert(isnan(s.bound));
    wn_selection_free(&s);
    wn_mat_free(&x);
}
