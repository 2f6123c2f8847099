/* selector: rows toward queries. rds against a plain walk over all cosines in double; tsds against the minimum of its
 * transport problem, searched for among all values that the heap may stop at. */
#include <criterion/criterion.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

#include "naive.h"
#include "refuse.h"

enum { INSTANCES = 6000, N_MAX = 48, Q_MAX = 9, D_MAX = 9, LISTED_MOST = 1024 };
static const double sigma_squared = .1;

typedef struct {
    wn_mat x, q;
    wn_select_opts o;
    size_t keep[N_MAX], exclude[N_MAX];
    double room; /* within which cosines may be taken for equal */
} instance;

/* Rows with four coordinates of 1/2 or -1/2, or a single 1: cosines are exact, and many are equal. */
static void set_exact(wn_mat *x, wn_rng *r) {
    for (size_t i = 0; i < x->rows; i++) {
        float *row = wn_mat_row(x, i);
        const size_t ones = wn_rng_below(r, 3) ? 4 : 1;
        memset(row, 0, x->cols * sizeof *row);
        for (size_t set = 0; set < ones;) {
            const size_t c = (size_t)wn_rng_below(r, x->cols);
            if (row[c] != 0) continue;
            row[c] = (ones == 4 ? .5f : 1.f) * (wn_rng_below(r, 2) ? 1 : -1);
            set++;
        }
    }
}

/* Zero rows and copies among the rows, zero queries and queries that are rows; must-keep and excluded rows. */
static void make(instance *in, wn_objective objective, uint64_t seed) {
    wn_rng r = wn_rng_init(seed, 5);
    const bool exact = wn_rng_below(&r, 2);
    size_t n = 2 + (size_t)wn_rng_below(&r, N_MAX - 1), q = 1 + (size_t)wn_rng_below(&r, Q_MAX);
    size_t d = exact ? 4 + (size_t)wn_rng_below(&r, 4) : 1 + (size_t)wn_rng_below(&r, D_MAX);
    *in = (instance){.room = exact ? 0 : 1e-6,
                     .o = {.objective = objective, .kernel.kind = WN_COSINE, .seed = seed, .lambda = NAN}};
    in->x = clustered_rows(n, d, 1 + (size_t)wn_rng_below(&r, n), .03 + wn_rng_uniform(&r), true, seed);
    in->q = clustered_rows(q, d, 1 + (size_t)wn_rng_below(&r, q), .5, true, seed + 1);
    if (exact) set_exact(&in->x, &r), set_exact(&in->q, &r);
    spoil_rows(&in->x, &r);
    for (size_t i = 0; i < q; i++) {
        const size_t how = (size_t)wn_rng_below(&r, 8);
        if (how == 0) memcpy(wn_mat_row(&in->q, i), wn_mat_row(&in->x, wn_rng_below(&r, n)), d * sizeof(float));
        if (how == 1 && i > 0) memset(wn_mat_row(&in->q, i), 0, d * sizeof(float));
    }
    for (size_t c = 0; c < d; c++) wn_mat_row(&in->q, 0)[c] = c == 0; /* one that is none of those */
    draw_lists(&in->o, in->keep, in->exclude, n, &r);
    in->o.query = &in->q;
    in->o.alpha = (double[]){.02, .3, .5, .8, 1}[wn_rng_below(&r, 5)];
    in->o.listed = (size_t)wn_rng_below(&r, 5);
}

static double cosine(const instance *in, size_t row, size_t query) {
    double s = 0;
    const float *x = wn_mat_row(&in->x, row), *q = wn_mat_row(&in->q, query);
    for (size_t c = 0; c < in->x.cols; c++) s += (double)x[c] * (double)q[c];
    return s;
}

static bool is_zero(const wn_mat *x, size_t row) {
    double s = 0;
    for (size_t c = 0; c < x->cols; c++) s += fabs((double)wn_mat_row(x, row)[c]);
    return s == 0;
}

static double nearest_cosine(const instance *in, size_t row) {
    double best = -INFINITY;
    for (size_t j = 0; j < in->q.rows; j++)
        if (!is_zero(&in->q, j)) best = fmax(best, cosine(in, row, j));
    return best;
}

static size_t count_live(const instance *in) {
    size_t live = 0;
    for (size_t j = 0; j < in->q.rows; j++) live += !is_zero(&in->q, j);
    return live;
}

/* What both promise: rows once each and none that is excluded, kept rows first and in order, a gain that is the cosine
 * to a query that is no zero vector, sums. */
static void follow(const instance *in, const wn_selection *s, char *why, size_t size) {
    bool taken[N_MAX] = {0};
    double sum = 0;
    for (size_t i = 0; i < in->o.nexclude; i++) taken[in->exclude[i]] = true;
    for (size_t t = 0; t < s->k; t++) {
        const size_t row = s->ids[t];
        if (taken[row]) (void)snprintf(why, size, "step %zu: row %zu is not free", t, row);
        taken[row] = true;
        if (t < in->o.nkeep && row != in->keep[t]) (void)snprintf(why, size, "step %zu: kept row missing", t);
        if (is_zero(&in->q, s->query[t])) (void)snprintf(why, size, "step %zu: query %zu is zero", t, s->query[t]);
        if (fabs(s->gain[t] - cosine(in, row, s->query[t])) > 1e-12) (void)snprintf(why, size, "step %zu: gain", t);
        const bool nearest = t < in->o.nkeep || in->o.objective == WN_TSDS;
        if (nearest && s->gain[t] < nearest_cosine(in, row) - in->room)
            (void)snprintf(why, size, "step %zu: query %zu is not the nearest", t, s->query[t]);
        sum += s->gain[t];
        if (sum != s->objective[t]) (void)snprintf(why, size, "step %zu: objective is not the sum of gains", t);
    }
    double value = 0;
    wn_err e = {0};
    const wn_code code = wn_select_evaluate(&in->x, &in->o, s->ids, s->k, &value, &e);
    if (code != WN_OK || fabs(value - sum) > 1e-6 * (1 + fabs(sum)))
        (void)snprintf(why, size, "f(S) is %.17g, the sum of gains %.17g; %.60s", value, sum, e.msg);
}

/* ---- rds ---- */

static void follow_rounds(const instance *in, const wn_selection *s, char *why, size_t size) {
    const size_t live = count_live(in), first = in->o.nkeep;
    bool taken[N_MAX] = {0}, had[Q_MAX] = {0};
    for (size_t i = 0; i < in->o.nexclude; i++) taken[in->exclude[i]] = true;
    for (size_t t = 0; t < s->k; t++) {
        const size_t row = s->ids[t], query = s->query[t];
        for (size_t i = 0; t >= first && i < in->x.rows; i++) {
            if (taken[i]) continue;
            const double mine = cosine(in, row, query), other = cosine(in, i, query);
            if (other > mine + in->room || (i < row && (same_row(&in->x, i, row) || (in->room == 0 && other == mine))))
                (void)snprintf(why, size, "step %zu: row %zu has %.17g, %zu has %.17g", t, i, other, row, mine);
        }
        if (t >= first && t < first + live) {
            if (had[query]) (void)snprintf(why, size, "step %zu: query %zu twice in a round", t, query);
            had[query] = true;
        } else if (t >= first && query != s->query[t - live]) {
            (void)snprintf(why, size, "step %zu: the turn of query %zu, not %zu", t, s->query[t - live], query);
        }
        taken[row] = true;
    }
}

Test(target, rds_takes_the_nearest_free_row_of_each_query_in_turn) {
    for (uint64_t seed = 0; seed < INSTANCES; seed++) {
        instance in;
        wn_selection one, other;
        wn_err e = {0};
        char why[200] = "";
        make(&in, WN_RDS, seed);
        wn_threads_set(1);
        cr_assert_eq(wn_select(&in.x, &in.o, &one, &e), WN_OK, "seed %zu: %s", (size_t)seed, e.msg);
        follow(&in, &one, why, sizeof why);
        follow_rounds(&in, &one, why, sizeof why);
        cr_assert_eq(why[0], 0, "seed %zu: %s", (size_t)seed, why);
        wn_threads_set(seed % 2 ? 2 : 4);
        in.o.listed = (in.o.listed + 1) % 5; /* lists of any length give the same picks */
        cr_assert_eq(wn_select(&in.x, &in.o, &other, &e), WN_OK, "%s", e.msg);
        cr_assert(same_selection(&one, &other) && !memcmp(one.query, other.query, one.k * sizeof *one.query));
        wn_selection_free(&one);
        wn_selection_free(&other);
        wn_mat_free(&in.x);
        wn_mat_free(&in.q);
    }
    wn_threads_set(0);
}

/* ---- tsds ---- */

typedef struct {
    size_t K, count[Q_MAX], row[Q_MAX][N_MAX], live[Q_MAX], nlive; /* lists, by falling cosine */
    double distance[Q_MAX][N_MAX], rho[N_MAX], mass[N_MAX];
} plan;

static double squared(const float *a, const float *b, size_t d) {
    double s = 0;
    for (size_t c = 0; c < d; c++) s += ((double)a[c] - (double)b[c]) * ((double)a[c] - (double)b[c]);
    return s;
}

static void make_lists(plan *p, const instance *in, const bool *free_row) {
    bool listed[N_MAX] = {0};
    const size_t d = in->x.cols;
    p->nlive = 0;
    for (size_t j = 0; j < in->q.rows; j++) {
        if (is_zero(&in->q, j)) continue;
        const size_t l = p->nlive++;
        size_t n = 0;
        for (size_t i = 0; i < in->x.rows; i++) {
            if (!free_row[i]) continue;
            size_t at = n++;
            while (at > 0 && cosine(in, p->row[l][at - 1], j) < cosine(in, i, j)) {
                p->row[l][at] = p->row[l][at - 1];
                at--;
            }
            p->row[l][at] = i;
        }
        p->live[l] = j;
        p->count[l] = n < p->K ? n : p->K;
        for (size_t k = 0; k < p->count[l]; k++) {
            listed[p->row[l][k]] = true;
            p->distance[l][k] = is_zero(&in->x, p->row[l][k]) /* near nothing: as if across */
                                    ? sqrt(2)
                                    : sqrt(squared(wn_mat_row(&in->x, p->row[l][k]), wn_mat_row(&in->q, j), d));
        }
    }
    for (size_t i = 0; i < in->x.rows; i++) {
        p->rho[i] = 1;
        for (size_t j = 0; j < in->x.rows; j++)
            if (listed[j] && j != i && !is_zero(&in->x, i))
                p->rho[i] += fmax(0, 1 - squared(wn_mat_row(&in->x, i), wn_mat_row(&in->x, j), d) / sigma_squared);
    }
}

/* Every query fills its nearest rows up to 1 / (M s rho): what that costs, and the mass if asked for. */
static double fill(const plan *p, double alpha, double s, double *mass) {
    const double all = 1 / (double)p->nlive;
    double cost = (1 - alpha) / s;
    for (size_t l = 0; l < p->nlive; l++) {
        double left = all;
        for (size_t k = 0; k < p->count[l] && left > 1e-12 * all; k++) {
            const double part = fmin(left, all / s / p->rho[p->row[l][k]]);
            cost += alpha * part * p->distance[l][k];
            if (mass) mass[p->row[l][k]] += part;
            left -= part;
        }
    }
    return cost;
}

/* What moving mass on to the next rows costs at s, in total; where there is none, at least what moving it to the last
 * one did. */
static double cost_of_moving(const plan *p, double s) {
    double total = 0;
    for (size_t l = 0; l < p->nlive; l++) {
        double full = 0, nearest = 0;
        size_t k = 0;
        for (; k + 1 < p->count[l] && full + 1 / p->rho[p->row[l][k]] <= s * (1 + 1e-11); k++) {
            full += 1 / p->rho[p->row[l][k]];
            nearest += p->distance[l][k] / p->rho[p->row[l][k]];
        }
        if (k > 0) total += p->distance[l][k] * full - nearest;
    }
    return total;
}

/* The least s of least cost, among those at which some query has filled a row; beyond the least one at which a query
 * has filled all of its list there is no solution. *ended: it is that one, and mass would move on if it could. */
static double best_spread(const plan *p, double alpha, bool *ended) {
    double last = INFINITY, best = 0, least = INFINITY;
    for (size_t l = 0; l < p->nlive; l++) {
        double full = 0;
        for (size_t k = 0; k < p->count[l]; k++) full += 1 / p->rho[p->row[l][k]];
        last = fmin(last, full);
    }
    for (size_t l = 0; l < p->nlive; l++) {
        double full = 0;
        for (size_t k = 0; k < p->count[l]; k++) {
            full += 1 / p->rho[p->row[l][k]];
            if (full > last * (1 + 1e-12)) continue;
            const double cost = fill(p, alpha, full, NULL);
            const bool same = fabs(cost - least) < 1e-11;
            if (cost < least - 1e-11 || (same && full < best)) best = full, least = fmin(cost, least);
        }
    }
    *ended = best >= last * (1 - 1e-12) && alpha * cost_of_moving(p, last) < (1 - alpha) * (double)p->nlive;
    return best;
}

static double draw_key(const instance *in, const plan *p, size_t row) {
    uint32_t u[4];
    wn_rng_block(in->o.seed, 0x74736473, row, u);
    const double uniform = ((double)(((uint64_t)u[0] << 32 | u[1]) >> 12) + .5) * 0x1p-52;
    return p->mass[row] > 0 ? -log(uniform) / p->mass[row] : INFINITY;
}

static void follow_draws(const instance *in, const wn_selection *s, char *why, size_t size) {
    plan p = {.K = in->o.listed ? in->o.listed : 64};
    bool free_row[N_MAX], ended = true;
    const size_t n = in->x.rows, most = n < LISTED_MOST ? n : LISTED_MOST;
    size_t turn = 0;
    for (size_t i = 0; i < n; i++) free_row[i] = true;
    for (size_t i = 0; i < in->o.nexclude; i++) free_row[in->exclude[i]] = false;
    for (size_t i = 0; i < in->o.nkeep; i++) free_row[in->keep[i]] = false;
    for (;; p.K *= 4) {
        if (p.K > most) p.K = most;
        make_lists(&p, in, free_row);
        if (p.count[0] == 0) return;
        const double spread = best_spread(&p, in->o.alpha, &ended);
        if (ended && p.K < most) continue;
        (void)fill(&p, in->o.alpha, spread, p.mass);
        break;
    }
    for (size_t t = in->o.nkeep; t < s->k; t++) {
        const size_t row = s->ids[t];
        const double mine = draw_key(in, &p, row);
        double least = INFINITY, near = -INFINITY;
        for (size_t i = 0; i < n; i++)
            if (free_row[i]) least = fmin(least, draw_key(in, &p, i)), near = fmax(near, cosine(in, i, p.live[turn]));
        if (isfinite(least) && mine > least * (1 + (in->room > 0 ? 1e-4 : 1e-9)))
            (void)snprintf(why, size, "step %zu: row %zu has the key %.17g, another %.17g", t, row, mine, least);
        if (!isfinite(least) && cosine(in, row, p.live[turn]) < near - in->room)
            (void)snprintf(why, size, "step %zu: row %zu is not the nearest of query %zu", t, row, p.live[turn]);
        if (!isfinite(least)) turn = (turn + 1) % p.nlive;
        free_row[row] = false;
    }
}

Test(target, tsds_draws_by_the_mass_of_the_best_transport) {
    for (uint64_t seed = 0; seed < INSTANCES; seed++) {
        instance in;
        wn_selection one, other;
        wn_err e = {0};
        char why[200] = "";
        make(&in, WN_TSDS, seed);
        wn_threads_set(1);
        cr_assert_eq(wn_select(&in.x, &in.o, &one, &e), WN_OK, "seed %zu: %s", (size_t)seed, e.msg);
        follow(&in, &one, why, sizeof why);
        follow_draws(&in, &one, why, sizeof why);
        cr_assert_eq(why[0], 0, "seed %zu: %s", (size_t)seed, why);
        wn_threads_set(seed % 2 ? 2 : 4);
        cr_assert_eq(wn_select(&in.x, &in.o, &other, &e), WN_OK, "%s", e.msg);
        cr_assert(same_selection(&one, &other) && !memcmp(one.query, other.query, one.k * sizeof *one.query));
        wn_selection_free(&one);
        wn_selection_free(&other);
        wn_mat_free(&in.x);
        wn_mat_free(&in.q);
    }
    wn_threads_set(0);
}

/* Two rows at the same distance, one of which has three copies: each of the two places gets about half. */
Test(target, tsds_counts_near_copies_as_one) {
    enum { SEEDS = 4000, ROWS = 6 };
    wn_mat x, q;
    wn_err e = {0};
    size_t first = 0;
    cr_assert_eq(wn_mat_init(&x, ROWS, 3, &e), WN_OK);
    cr_assert_eq(wn_mat_init(&q, 1, 3, &e), WN_OK);
    wn_mat_row(&q, 0)[0] = 1;
    for (size_t i = 0; i < ROWS; i++) { /* 0: one place; 1 .. 4: the other; 5: far away */
        wn_mat_row(&x, i)[0] = i == 5 ? -1 : .6f;
        wn_mat_row(&x, i)[i == 0 ? 1 : 2] = i == 5 ? 0 : .8f;
    }
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        const wn_select_opts o = {
            .objective = WN_TSDS, .kernel.kind = WN_COSINE, .k = 1, .query = &q, .alpha = .5, .seed = seed};
        wn_selection s;
        cr_assert_eq(wn_select(&x, &o, &s, &e), WN_OK, "%s", e.msg);
        cr_assert_neq(s.ids[0], 5);
        first += s.ids[0] == 0;
        wn_selection_free(&s);
    }
    const double sd = sqrt(.25 * SEEDS);
    cr_assert(fabs((double)first - .5 * SEEDS) < 4 * sd, "%zu of %d", first, SEEDS);
    wn_mat_free(&x);
    wn_mat_free(&q);
}

/* Blocks of rows and of queries that are not full; more threads than one. */
Test(target, many_rows_and_queries_are_the_same_for_any_threads) {
    wn_mat x = clustered_rows(3000, 37, 60, .4, true, 3), q = clustered_rows(101, 37, 7, .4, true, 4);
    wn_err e = {0};
    for (size_t m = 0; m < 2; m++) {
        const wn_select_opts o = {
            .objective = m ? WN_TSDS : WN_RDS, .kernel.kind = WN_COSINE, .k = 1500, .query = &q, .alpha = .5};
        wn_selection s[3];
        double *best = wn_alloc(x.rows, sizeof *best, &e);
        for (int i = 0; i < 3; i++) {
            wn_threads_set(1 << i);
            cr_assert_eq(wn_select(&x, &o, &s[i], &e), WN_OK, "%s", e.msg);
            cr_assert(same_selection(&s[0], &s[i]) && !memcmp(s[0].query, s[i].query, o.k * sizeof *s->query));
        }
        for (size_t t = 0; t < q.rows && m == 0; t++) { /* the first round, by brute force */
            double most = -1, mine = 0;
            for (size_t i = 0; i < x.rows; i++) {
                double c = 0;
                for (size_t k = 0; k < x.cols; k++)
                    c += (double)wn_mat_row(&x, i)[k] * (double)wn_mat_row(&q, s[0].query[t])[k];
                bool free_row = true;
                for (size_t u = 0; u < t; u++) free_row = free_row && s[0].ids[u] != i;
                if (free_row) most = fmax(most, c);
                if (i == s[0].ids[t]) mine = c;
            }
            cr_assert(mine >= most - 1e-6);
        }
        for (int i = 0; i < 3; i++) wn_selection_free(&s[i]);
        wn_free(best);
    }
    wn_threads_set(0);
    wn_mat_free(&x);
    wn_mat_free(&q);
}

/* Fewer rows than queries: whose turn comes first is drawn, not the order of the file. */
Test(target, with_few_rows_the_queries_that_are_served_are_drawn) {
    wn_mat x = clustered_rows(300, 8, 40, .5, true, 5), q = clustered_rows(100, 8, 40, .5, true, 6);
    wn_err e = {0};
    size_t low = 0;
    for (uint64_t seed = 0; seed < 50; seed++) {
        const wn_select_opts o = {.objective = WN_RDS, .kernel.kind = WN_COSINE, .k = 20, .query = &q, .seed = seed};
        wn_selection s;
        cr_assert_eq(wn_select(&x, &o, &s, &e), WN_OK);
        for (size_t i = 0; i < s.k; i++) low += s.query[i] < 50;
        wn_selection_free(&s);
    }
    cr_assert(low > 430 && low < 570, "%zu of 1000", low);
    wn_mat_free(&x);
    wn_mat_free(&q);
}

Test(target, what_cannot_be_is_refused) {
    wn_mat x = clustered_rows(20, 4, 5, 1, true, 14), q = clustered_rows(3, 4, 3, 1, true, 15), other = {0}, zero = {0};
    wn_err e = {0};
    cr_assert_eq(wn_mat_init(&other, 2, 5, &e), WN_OK);
    cr_assert_eq(wn_mat_init(&zero, 2, 4, &e), WN_OK);
    const wn_select_opts ok = {.objective = WN_TSDS, .kernel.kind = WN_COSINE, .k = 3, .query = &q, .alpha = .5};
    wn_select_opts o = ok;
    o.query = NULL, refuse(&x, o, WN_EUSAGE, "there are none");
    o = ok, o.query = &other, refuse(&x, o, WN_EUSAGE, "queries have 5 columns, but the rows 4");
    o = ok, o.query = &zero, refuse(&x, o, WN_EUSAGE, "all 2 queries are zero");
    o = ok, o.alpha = 0, refuse(&x, o, WN_EUSAGE, "alpha is 0");
    o = ok, o.alpha = NAN, refuse(&x, o, WN_EUSAGE, "alpha is nan");
    o = ok, o.alpha = 1.5, refuse(&x, o, WN_EUSAGE, "alpha is 1.5");
    o = ok, o.kernel = (wn_kernel){WN_RBF, 8}, refuse(&x, o, WN_EUSAGE, "tsds under rbf");
    o = ok, o.storage = WN_DENSE, refuse(&x, o, WN_EUSAGE, "tsds under cosine");
    o = ok, o.memory = 100, refuse(&x, o, WN_EMEMORY, "bytes");
    wn_mat_row(&q, 1)[2] = NAN, o = ok, refuse(&x, o, WN_EINPUT, "query 1 holds NaN");
    wn_mat_row(&q, 1)[2] = 9, o = ok, o.objective = WN_RDS, refuse(&x, o, WN_EUSAGE, "query 1 has norm");
    double value;
    o = ok, o.query = NULL;
    cr_assert_eq(wn_select_evaluate(&x, &o, NULL, 0, &value, &e), WN_EUSAGE);
    wn_mat_free(&x);
    wn_mat_free(&q);
    wn_mat_free(&other);
    wn_mat_free(&zero);
}
