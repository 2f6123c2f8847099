/* selector: class herding against the plain loop in double that its definition is; how k is shared among classes. */
#include <criterion/criterion.h>
#include <winnow/mem.h>
#include <winnow/quota.h>
#include <winnow/threads.h>

#include "naive.h"
#include "refuse.h"

enum { INSTANCES = 10000, N_MAX = 60, CLASSES_MAX = 7 };

typedef struct {
    wn_mat x;
    wn_select_opts o;
    size_t keep[N_MAX], exclude[N_MAX];
    uint32_t label[N_MAX];
    double weight[N_MAX], share[CLASSES_MAX], push[CLASSES_MAX];
} instance;

/* Rows of any sign with zero rows, copies and opposite rows; classes of any size, empty ones and those of one row too;
 * must-keep and excluded rows, weights, shares. */
static void make(instance *in, uint64_t seed) {
    wn_rng r = wn_rng_init(seed, 1);
    size_t n = 2 + (size_t)wn_rng_below(&r, N_MAX - 1), d = 1 + (size_t)wn_rng_below(&r, 9);
    *in = (instance){.o = {.objective = WN_CLASS_HERDING, .kernel.kind = WN_COSINE, .seed = seed}};
    in->x = clustered_rows(n, d, 1 + (size_t)wn_rng_below(&r, n), 0.1 + wn_rng_uniform(&r), true, seed);
    spoil_rows(&in->x, &r);
    in->o.classes = 1 + (size_t)wn_rng_below(&r, CLASSES_MAX);
    for (size_t i = 0; i < n; i++) {
        const uint64_t a = wn_rng_below(&r, in->o.classes), b = wn_rng_below(&r, in->o.classes);
        in->label[i] = (uint32_t)(a < b ? a : b); /* the first classes are larger */
    }
    draw_lists(&in->o, in->keep, in->exclude, n, &r);
    for (size_t c = 0; c < in->o.classes; c++) in->push[c] = (double[]){0, .25, 1, 3}[wn_rng_below(&r, 4)];
    in->o.quota_power = (double[]){0, .5, 1}[wn_rng_below(&r, 3)];
    for (size_t i = 0; i < n; i++) in->weight[i] = (double[]){.5, 1, 1, 2, 7}[wn_rng_below(&r, 5)];
    for (size_t c = 0; c < in->o.classes; c++) in->share[c] = (double[]){.5, 1, 10}[wn_rng_below(&r, 3)];
    if (wn_rng_below(&r, 4) == 0) in->o.weight = in->weight;
    if (wn_rng_below(&r, 4) == 0) in->o.share = in->share;
    in->o.label = in->label, in->o.push = in->push;
}

static double weight_of(const instance *in, size_t i) {
    return in->o.weight ? in->o.weight[i] : 1;
}

static double dot(const wn_mat *x, size_t a, size_t b) {
    double s = 0;
    for (size_t c = 0; c < x->cols; c++) s += (double)wn_mat_row(x, a)[c] * (double)wn_mat_row(x, b)[c];
    return s;
}

/* x . t of a row for its class's target, as sums of similarities. */
static double toward(const instance *in, size_t row) {
    double own = 0, rest = 0, nown = 0, nrest = 0;
    for (size_t i = 0; i < in->x.rows; i++) {
        const double w = weight_of(in, i), s = w * dot(&in->x, row, i);
        if (in->label[i] == in->label[row]) own += s, nown += w;
        else rest += s, nrest += w;
    }
    own /= nown;
    return own + in->push[in->label[row]] * (own - (nrest > 0 ? rest / nrest : own));
}

/* Shares of k one row at a time would need no bounds to be solved for; here by bisection on the common factor instead:
 * share_c = clamp(factor weight_c, least_c, most_c). */
static void quotas_by_bisection(double *share, const wn_quota_class *c, size_t classes, size_t k) {
    double low = 0, high = 1e12;
    for (int step = 0; step < 400; step++) {
        const double mid = low / 2 + high / 2;
        double sum = 0;
        for (size_t i = 0; i < classes; i++)
            sum += share[i] = fmin(fmax(mid * c[i].weight, (double)c[i].least), (double)c[i].most);
        if (sum < (double)k) low = mid;
        else high = mid;
    }
}

/* The step at which row `t` of its class with quota q stands among all, for rows that need not be kept. */
static bool before(double key, size_t label, double other, size_t other_label) {
    return key < other || (key == other && label < other_label);
}

/* Follows the picks: each is of the class whose turn it is, the best of that class within rounding, and before its
 * equals; gains and values are those of f. */
static void follow(const instance *in, const wn_selection *s, const size_t *quota, char *why, size_t size) {
    const size_t n = in->x.rows;
    size_t had[CLASSES_MAX] = {0}, kept[CLASSES_MAX] = {0};
    double pairs[CLASSES_MAX] = {0}, value = 0, at[N_MAX];
    bool taken[N_MAX] = {0};
    for (size_t i = 0; i < n; i++) at[i] = toward(in, i);
    for (size_t i = 0; i < in->o.nexclude; i++) taken[in->exclude[i]] = true;
    for (size_t i = 0; i < in->o.nkeep; i++) kept[in->label[in->keep[i]]]++;
    for (size_t t = 0; t < s->k; t++) {
        const size_t row = s->ids[t], c = in->label[row];
        double along[N_MAX] = {0};
        if (taken[row]) (void)snprintf(why, size, "step %zu: row %zu is not free", t, row);
        for (size_t i = 0; i < n; i++)
            for (size_t u = 0; u < t; u++)
                if (in->label[s->ids[u]] == in->label[i]) along[i] += dot(&in->x, i, s->ids[u]);
        if (t < in->o.nkeep) {
            if (row != in->keep[t]) (void)snprintf(why, size, "step %zu: kept row missing", t);
        } else {
            const double key = ((double)had[c] + .5) / (double)quota[c];
            for (size_t b = 0; b < in->o.classes; b++)
                if (had[b] < quota[b] && before(((double)had[b] + .5) / (double)quota[b], b, key, c))
                    (void)snprintf(why, size, "step %zu: class %zu before its turn", t, c);
            for (size_t i = 0; i < n; i++) {
                const bool zero = dot(&in->x, i, i) == 0, own_zero = dot(&in->x, row, row) == 0;
                if (taken[i] || in->label[i] != c || (zero && !own_zero)) continue;
                if (own_zero && !zero) (void)snprintf(why, size, "step %zu: zero row %zu before row %zu", t, row, i);
                const double mine = at[row] - along[row] / (double)(had[c] + 1),
                             other = at[i] - along[i] / (double)(had[c] + 1);
                const double room = 1e-13 * (1 + in->push[c]) * (double)(had[c] + 1);
                if (other > mine + room || (i < row && same_row(&in->x, i, row)))
                    (void)snprintf(why, size, "step %zu: row %zu has %.17g, %zu has %.17g", t, i, other, row, mine);
            }
        }
        const double j = (double)had[c];
        double gain = at[row] - along[row] / (j + 1);
        if (j > 0) gain += pairs[c] / (j * (j + 1));
        value += gain;
        if (fabs(gain - s->gain[t]) > 1e-12 * (1 + in->push[c]) * (j + 1))
            (void)snprintf(why, size, "step %zu: gain %.17g, reference %.17g", t, s->gain[t], gain);
        pairs[c] += along[row];
        taken[row] = true;
        had[c]++;
        if (why[0]) return;
    }
    double f = 0;
    wn_err e = {0};
    if (wn_select_evaluate(&in->x, &in->o, s->ids, s->k, &f, &e) != WN_OK || fabs(f - value) > 1e-10 * (double)n)
        (void)snprintf(why, size, "evaluated %.17g, gains sum up to %.17g %.200s", f, value, e.msg);
    for (size_t c = 0; c < in->o.classes; c++)
        if (had[c] != quota[c]) (void)snprintf(why, size, "class %zu has %zu rows, quota %zu", c, had[c], quota[c]);
}

static void check(uint64_t seed, char *why, size_t size) {
    instance in;
    size_t quota[CLASSES_MAX];
    wn_selection s[3] = {0};
    wn_err e = {0};
    make(&in, seed);
    wn_code code = wn_select_quotas(&in.o, in.x.rows, quota, &e);
    for (int i = 0; i < 3 && code == WN_OK; i++) {
        wn_threads_set(1 << i);
        code = wn_select(&in.x, &in.o, &s[i], &e);
    }
    if (code != WN_OK) (void)snprintf(why, size, "%.300s", e.msg);
    else if (!same_selection(&s[0], &s[1]) || !same_selection(&s[0], &s[2]))
        (void)snprintf(why, size, "threads change the selection");
    else follow(&in, &s[0], quota, why, size);
    if (why[0])
        (void)fprintf(stderr, "seed %llu: n %zu k %zu classes %zu keep %zu exclude %zu: %s\n",
                      (unsigned long long)seed, in.x.rows, in.o.k, in.o.classes, in.o.nkeep, in.o.nexclude, why);
    for (int i = 0; i < 3; i++) wn_selection_free(&s[i]);
    wn_mat_free(&in.x);
}

Test(class_herding, is_the_plain_loop_on_ten_thousand_instances) {
    size_t wrong = 0;
    for (uint64_t seed = 0; seed < INSTANCES && wrong < 5; seed++) {
        char why[700] = "";
        check(seed, why, sizeof why);
        wrong += why[0] != 0;
    }
    cr_assert_eq(wrong, 0, "%zu instances went wrong", wrong);
}

/* What is chosen from a class that was cut into parts still follows its mean, and as closely as if it were whole. */
Test(class_herding, a_class_in_parts_is_still_represented) {
    enum { N = 40000, D = 16, K = 120 };
    wn_mat x = clustered_rows(N, D, 30, 0.6, true, 9);
    uint32_t *label = calloc(N, sizeof *label);
    const double push = 0;
    wn_select_opts o = {.objective = WN_CLASS_HERDING, .kernel.kind = WN_COSINE, .k = K, .label = label, .classes = 1,
                        .push = &push};
    wn_selection s, same;
    wn_err e = {0};
    cr_assert_eq(wn_select(&x, &o, &s, &e), WN_OK, "%s", e.msg);
    wn_threads_set(5);
    cr_assert_eq(wn_select(&x, &o, &same, &e), WN_OK, "%s", e.msg);
    cr_assert(same_selection(&s, &same));
    double off = 0, chance = 0;
    for (size_t c = 0; c < D; c++) {
        double all = 0, some = 0, first = 0;
        for (size_t i = 0; i < N; i++) all += (double)wn_mat_row(&x, i)[c] / N;
        for (size_t t = 0; t < K; t++) some += (double)wn_mat_row(&x, s.ids[t])[c] / K;
        for (size_t t = 0; t < K; t++) first += (double)wn_mat_row(&x, t)[c] / K;
        off += (some - all) * (some - all), chance += (first - all) * (first - all);
    }
    cr_assert_lt(off, chance / 50, "%g, by chance %g", off, chance);
    wn_selection_free(&s);
    wn_selection_free(&same);
    wn_mat_free(&x);
    free(label);
}

Test(class_herding, quotas_are_shares_within_bounds) {
    for (uint64_t seed = 0; seed < 3000; seed++) {
        wn_rng r = wn_rng_init(seed, 2);
        wn_quota_class c[9];
        size_t classes = 1 + (size_t)wn_rng_below(&r, 9), quota[9], least = 0, most = 0, sum = 0;
        double share[9];
        wn_err e = {0};
        for (size_t i = 0; i < classes; i++) {
            c[i] = (wn_quota_class){.weight = .1 + 10 * wn_rng_uniform(&r), .most = (size_t)wn_rng_below(&r, 30)};
            c[i].least = (size_t)wn_rng_below(&r, c[i].most + 1) * (size_t)wn_rng_below(&r, 2);
            least += c[i].least, most += c[i].most;
        }
        const size_t k = least + (size_t)wn_rng_below(&r, most - least + 1);
        cr_assert_eq(wn_quotas(quota, c, classes, k, &e), WN_OK, "%s", e.msg);
        quotas_by_bisection(share, c, classes, k);
        for (size_t i = 0; i < classes; i++) {
            sum += quota[i];
            cr_assert(quota[i] >= c[i].least && quota[i] <= c[i].most);
            cr_assert_lt(fabs((double)quota[i] - share[i]), 1 + 1e-6, "seed %zu, class %zu: %zu, share %g",
                         (size_t)seed, i, quota[i], share[i]);
        }
        cr_assert_eq(sum, k);
        cr_assert_eq(wn_quotas(quota, c, classes, most + 1, &e), WN_ECONSTRAINT);
        if (least > 0) cr_assert_eq(wn_quotas(quota, c, classes, least - 1, &e), WN_ECONSTRAINT);
    }
}

Test(class_herding, quotas_add_up_and_keep_to_their_proportion) {
    const size_t size[] = {200, 100, 60, 40, 0, 1};
    wn_quota_class c[6];
    size_t q[6];
    wn_err err = {0};
    for (size_t k = 1; k <= 401; k++) {
        size_t sum = 0, most = 0;
        for (size_t i = 0; i < 6; i++)
            c[i] = (wn_quota_class){.weight = (double)size[i], .size = (double)size[i], .most = size[i]};
        cr_assert_eq(wn_quotas(q, c, 6, k, &err), WN_OK);
        for (size_t i = 0; i < 6; i++) {
            cr_assert_leq(q[i], size[i]);
            cr_assert(fabs((double)q[i] - (double)k * (double)size[i] / 401) < 1 + 1e-9);
            sum += q[i];
        }
        cr_assert_eq(sum, k);
        for (size_t i = 0; i < 6; i++) c[i].weight = size[i] > 0;
        cr_assert_eq(wn_quotas(q, c, 6, k, &err), WN_OK);
        sum = 0;
        for (size_t i = 0; i < 6; i++) sum += q[i], most = q[i] > most ? q[i] : most;
        cr_assert_eq(sum, k);
        for (size_t i = 0; i < 6; i++) cr_assert(q[i] == size[i] || q[i] + 1 >= most, "k %zu, class %zu", k, i);
    }
}

Test(class_herding, the_rest_goes_to_the_larger_class) {
    const wn_quota_class c[] = {{1, 2, 0, 9}, {1, 5, 0, 9}, {1, 4, 0, 9}, {0, 9, 0, 9}, {1, 5, 0, 1}};
    size_t quota[5];
    wn_err e = {0};
    cr_assert_eq(wn_quotas(quota, c, 5, 6, &e), WN_OK);
    cr_assert(quota[0] == 1 && quota[1] == 2 && quota[2] == 2 && quota[3] == 0 && quota[4] == 1);
    cr_assert_eq(wn_quotas(quota, c, 5, 2, &e), WN_OK, "two of four classes of equal shares");
    cr_assert(quota[0] == 0 && quota[1] == 1 && quota[2] == 0 && quota[4] == 1);
}

Test(class_herding, what_cannot_be_is_refused) {
    wn_mat x = clustered_rows(20, 4, 5, 1, true, 14);
    uint32_t label[20] = {0};
    double share[2] = {0, 1}, push[2] = {.25, .25};
    size_t beyond[] = {20};
    const wn_select_opts ok = {.objective = WN_CLASS_HERDING, .kernel.kind = WN_COSINE, .k = 3, .label = label,
                               .classes = 2, .push = push};
    wn_select_opts o = ok;
    o.label = NULL, refuse(&x, o, WN_EUSAGE, "no labels");
    o = ok, o.push = NULL, refuse(&x, o, WN_EUSAGE, "no labels");
    push[1] = -1, o = ok, refuse(&x, o, WN_EUSAGE, "push of class 1 is -1");
    push[1] = NAN, refuse(&x, o, WN_EUSAGE, "push of class 1 is nan");
    push[1] = .25;
    o = ok, o.quota_power = 2, refuse(&x, o, WN_EUSAGE, "quota_power is 2");
    o = ok, o.share = share, refuse(&x, o, WN_ECONSTRAINT, "no more than 0 rows");
    share[0] = NAN, refuse(&x, o, WN_EUSAGE, "share of class 0");
    label[7] = 2, o = ok, refuse(&x, o, WN_EUSAGE, "row 7 is of class 2");
    label[7] = 0, o.exclude = beyond, o.nexclude = 1, refuse(&x, o, WN_EUSAGE, "row 20");
    o = ok, o.kernel = (wn_kernel){WN_RBF, 8}, refuse(&x, o, WN_EUSAGE, "class-herding under rbf");
    double value;
    wn_err e = {0};
    o = ok, o.label = NULL;
    cr_assert_eq(wn_select_evaluate(&x, &o, beyond, 0, &value, &e), WN_EUSAGE);
    o = ok, o.memory = 100, refuse(&x, o, WN_EMEMORY, "bytes");
    wn_mat_free(&x);
}
