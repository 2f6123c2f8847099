/* selector: whatever stands in the tables of select.h. Every objective that has a word, by every kernel, storage and
 * maximizer that serves it, with must-keep and excluded rows and weights, is the plain greedy in double for its own
 * f(S), which wn_select_evaluate has from the definition: ten thousand random instances an objective. A new row of the
 * tables is tested here as soon as it stands there; that its f(S) is the one of the docs is said in naive.h. */
#include <criterion/criterion.h>
#include <malloc.h>
#include <winnow/threads.h>

#include "naive.h"

enum { INSTANCES = 10000 /* of an objective */, ROWS_MAX = 10, WAYS_MAX = 64, PARTS = 4 };

/* Objectives whose picks are no greedy for a function of the set, and who tests them; NULL: all others. */
static const char *own_test(wn_objective o) {
    switch ((int)o) {
    case WN_CLASS_HERDING:
        return "each pick is the best of its class, not of all: test_class_herding.c";
    case WN_BY_VALUE:
    case WN_KMEANS:
    case WN_TYPICLUST:
        return "no gain is sought: test_baselines.c";
    case WN_RANDOM:
        return "nothing is maximised: test_select.c";
    case WN_RDS:
    case WN_TSDS:
        return "rows are chosen toward queries: test_target.c";
    default:
        return NULL;
    }
}

/* How one objective can be maximised. */
typedef struct {
    wn_kernel_kind kernel;
    wn_storage storage;
    wn_maximizer maximizer;
} table_way;

/* All of the tables' ways that wn_select accepts; those of one kernel together. */
static size_t find_ways(table_way *out, wn_objective objective) {
    wn_mat vectors = clustered_rows(3, 2, 3, 0, true, 1), given = clustered_rows(3, 2, 3, 0, true, 1);
    const wn_mix_part mix = {WN_FACILITY_LOCATION, 1};
    size_t ways = 0;
    given_rows(&given);
    for (int kernel = 0; wn_kernel_name((wn_kernel_kind)kernel); kernel++)
        for (int storage = 0; wn_storage_name((wn_storage)storage); storage++)
            for (int m = 0; m <= WN_LAZY; m++) { /* those that draw: test_drawing.c */
                const table_way way = {(wn_kernel_kind)kernel, (wn_storage)storage, (wn_maximizer)m};
                const wn_select_opts o = {.objective = objective,
                                          .kernel = {way.kernel, 1},
                                          .storage = way.storage,
                                          .maximizer = way.maximizer,
                                          .lambda = 0,
                                          .mix = &mix,
                                          .nmix = 1,
                                          .k = 1};
                wn_selection s = {0};
                wn_err e = {0};
                const wn_code code = wn_select(kernel == WN_PRECOMPUTED ? &given : &vectors, &o, &s, &e);
                wn_selection_free(&s);
                cr_assert(code == WN_OK || (code == WN_EUSAGE && strstr(e.msg, "cannot be maximised")), "%s", e.msg);
                cr_assert_lt(ways, WAYS_MAX);
                if (code == WN_OK) out[ways++] = way;
            }
    wn_mat_free(&vectors);
    wn_mat_free(&given);
    return ways;
}

typedef struct {
    wn_mat x;
    wn_select_opts o;
    size_t keep[ROWS_MAX], exclude[ROWS_MAX];
    double weight[ROWS_MAX], value[ROWS_MAX];
    wn_mix_part mix[4];
    long long start[ROWS_MAX + 1];
    long long end[ROWS_MAX * ROWS_MAX];
    float cosine[ROWS_MAX * ROWS_MAX];
    wn_csr graph;
    uint32_t label[ROWS_MAX], group[ROWS_MAX];
    double share[ROWS_MAX], cost[ROWS_MAX];
} instance;

/* One limit of the table, tight or not, for rows of which any may be in it: a new limit needs its parameters here. */
static void draw_limit(instance *in, wn_limit limit, wn_rng *r) {
    wn_limits *l = &in->o.limit;
    double total = 0;
    switch (limit) {
    case WN_LIMIT_QUOTAS:
        l->quotas = true;
        in->o.label = in->label;
        in->o.classes = 1 + (size_t)wn_rng_below(r, 4);
        in->o.quota_power = (double[]){0, .5, 1}[wn_rng_below(r, 3)];
        for (size_t i = 0; i < ROWS_MAX; i++) in->label[i] = (uint32_t)wn_rng_below(r, in->o.classes);
        for (size_t c = 0; c < in->o.classes; c++) in->share[c] = (double)wn_rng_below(r, 4);
        if (wn_rng_below(r, 3) == 0) in->o.share = in->share;
        return;
    case WN_LIMIT_GROUPS:
        l->group = in->group;
        l->groups = 1 + (size_t)wn_rng_below(r, ROWS_MAX);
        l->per_group = 1 + (size_t)wn_rng_below(r, 3);
        for (size_t i = 0; i < ROWS_MAX; i++)
            in->group[i] = wn_rng_below(r, 6) ? (uint32_t)wn_rng_below(r, l->groups) : WN_NO_GROUP;
        return;
    case WN_LIMIT_BUDGET:
        l->cost = in->cost;
        l->cost_power = (double[]){0, .5, 1, 1, 2}[wn_rng_below(r, 5)];
        for (size_t i = 0; i < ROWS_MAX; i++) total += in->cost[i] = .25 * (double)(1 + wn_rng_below(r, 20));
        l->budget = total * wn_rng_uniform(r);
        return;
    case WN_LIMIT_APART:
        l->apart = true;
        l->max_similarity = (double[]){-.5, .3, .7, .95, 1}[wn_rng_below(r, 5)];
        return;
    }
}

/* Every row the neighbour of every other: over this graph f is what it is over all pairs. */
static void make_graph(instance *in) {
    const size_t n = in->x.rows;
    size_t edges = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            if (i == j) continue;
            double dot = 0;
            for (size_t c = 0; c < in->x.cols; c++)
                dot += (double)wn_mat_row(&in->x, i)[c] * (double)wn_mat_row(&in->x, j)[c];
            in->end[edges] = (long long)j;
            in->cosine[edges++] = (float)dot;
        }
        in->start[i + 1] = (long long)edges;
    }
    in->graph = (wn_csr){.rows = n, .cols = n, .indptr = in->start, .indices = in->end, .data = in->cosine};
    in->o.graph = &in->graph;
}

/* Few rows around fewer centres, some of them zero, opposite or copies. */
static void make(instance *in, wn_objective objective, wn_kernel_kind kernel, uint64_t seed) {
    wn_rng r = wn_rng_init(seed, 21);
    const size_t n = 2 + (size_t)wn_rng_below(&r, ROWS_MAX - 1), d = 1 + (size_t)wn_rng_below(&r, 5);
    *in = (instance){.o = {.objective = objective, .kernel = {.kind = kernel}}};
    in->o.kernel.gamma = (double[]){0.5, 2, 8}[wn_rng_below(&r, 3)];
    if (kernel == WN_BALL) in->o.kernel.gamma = (double[]){0.5, 0.9, 1.3}[wn_rng_below(&r, 3)];
    in->x = clustered_rows(n, d, 1 + (size_t)wn_rng_below(&r, n), 0.1 + wn_rng_uniform(&r), kernel != WN_DOT, seed);
    spoil_rows(&in->x, &r);
    if (kernel == WN_PRECOMPUTED) given_rows(&in->x);
    if (wn_objective_takes_limits(objective) && wn_rng_below(&r, 2)) {
        if (wn_rng_below(&r, 3) == 0) in->o.limit.had = (size_t)wn_rng_below(&r, n - 1);
        for (int l = 0; wn_limit_name((wn_limit)l); l++)
            if (wn_rng_below(&r, 3) == 0) draw_limit(in, (wn_limit)l, &r);
    }
    draw_lists(&in->o, in->keep, in->exclude, n - in->o.limit.had, &r);
    in->o.lambda = (double[]){0, 0.5, 10, NAN}[wn_rng_below(&r, 4)];
    in->o.saturation = (double[]){0, 0.05, 0.3, 1}[wn_rng_below(&r, 4)];
    for (size_t i = 0; i < n; i++) in->weight[i] = (double[]){0, 0.5, 1, 1, 2, 7}[wn_rng_below(&r, 6)];
    if (wn_rng_below(&r, 3) == 0) in->o.weight = in->weight;
    if (wn_rng_below(&r, 4) == 0 && kernel != WN_DOT && kernel != WN_PRECOMPUTED) make_graph(in);
    for (size_t i = 0; i < n; i++) in->value[i] = (double[]){-1, 0, 0.01, 0.5, 2, 30}[wn_rng_below(&r, 6)];
    if (wn_objective_adds_up(objective) && wn_rng_below(&r, 3) == 0) in->o.value = in->value;
    if (objective == WN_MIXTURE) in->o.mix = in->mix, in->o.nmix = draw_mix(in->mix, kernel, &r);
}

/* Rows without a direction say nothing of a mean: herding takes them last, whatever f(S) gains by them. */
static bool comes_last(const instance *in, size_t row) {
    bool zero = in->o.objective == WN_HERDING;
    for (size_t c = 0; c < in->x.cols; c++) zero = zero && !(fabsf(wn_mat_row(&in->x, row)[c]) > 0);
    return zero;
}

static double value_of(const instance *in, const size_t *ids, size_t k) {
    double value = 0;
    wn_err e = {0};
    cr_assert_eq(wn_select_evaluate(&in->x, &in->o, ids, k, &value, &e), WN_OK, "%s", e.msg);
    return value;
}

/* What f32 may do to the gain of x on top of s[m]: a share of the similarities that can have gone into it. */
static double room_of(const instance *in, const naive *v, const size_t *s, size_t m, size_t x) {
    const wn_kernel *k = &in->o.kernel;
    double scale = 0;
    for (size_t i = 0; i < v->n; i++) scale += (1 + naive_weight(v, i)) * fabs(v->w[x * v->n + i]);
    for (size_t c = 0; c < m; c++) scale += (2 + in->o.lambda) * fabs(v->w[x * v->n + s[c]]);
    for (size_t p = 0; p < in->o.nmix; p++) scale *= p ? 1 : 12; /* weights of up to four parts */
    return scale * (k->kind == WN_RBF ? 4e-7 * (2 + k->gamma) : 1e-6);
}

/* A set on its way: rows that one has, then picks. */
typedef struct {
    size_t row[ROWS_MAX], n;
    double f;
} some_rows;

static some_rows rows_had(const instance *in) {
    some_rows s = {.n = in->o.limit.had};
    for (size_t i = 0; i < s.n; i++) s.row[i] = in->x.rows - s.n + i;
    s.f = value_of(in, s.row, s.n);
    return s;
}

/* What x adds, as it counts beside others. */
static double key_of(const instance *in, size_t x, double gain) {
    return in->o.limit.cost ? gain * pow(in->o.limit.cost[x], -in->o.limit.cost_power) : gain;
}

/* May x come next? */
static bool may_come(const instance *in, const some_rows *s, size_t x) {
    some_rows with = *s;
    bool free = x < in->x.rows - in->o.limit.had;
    for (size_t i = 0; i < s->n; i++) free = free && s->row[i] != x;
    for (size_t i = 0; i < in->o.nexclude; i++) free = free && in->o.exclude[i] != x;
    with.row[with.n++] = x;
    return free && wn_select_allows(&in->x, &in->o, with.row, with.n);
}

static double gain_of(const instance *in, const some_rows *s, size_t x) {
    some_rows with = *s;
    with.row[with.n++] = x;
    return value_of(in, with.row, with.n) - s->f;
}

static void add_row(const instance *in, some_rows *s, size_t x) {
    s->row[s->n++] = x;
    s->f = value_of(in, s->row, s->n);
}

/* The row of largest key that may come; by_cost false: of largest gain. n: none. */
static size_t best_row(const instance *in, const some_rows *s, bool by_cost, double *gain) {
    size_t best = in->x.rows;
    double top = 0;
    for (size_t i = 0; i < in->x.rows; i++) {
        if (!may_come(in, s, i)) continue;
        const double g = gain_of(in, s, i), key = by_cost ? key_of(in, i, g) : g;
        if (best < in->x.rows && key <= top) continue;
        best = i, top = key, *gain = g;
    }
    return best;
}

/* The plain greedy under a budget, from the rows to keep on: its f. */
static double greedy_value(const instance *in, some_rows s) {
    double gain = 0;
    for (size_t row; s.n < in->o.limit.had + in->o.k;) {
        if ((row = best_row(in, &s, true, &gain)) == in->x.rows) break;
        if (gain < 0 && s.n > in->o.limit.had) break; /* one row there is, whatever it adds */
        add_row(in, &s, row);
    }
    return s.f;
}

/* Every pick of s must be the row that raises f most, by its cost, the lowest of equal rows, and say by how much. */
static void check_pick(const instance *in, const naive *v, const wn_selection *s, size_t t, some_rows *set, char *why,
                       size_t size) {
    const size_t row = s->ids[t];
    const double gain = gain_of(in, set, row), room = room_of(in, v, set->row, set->n, row);
    const double tiny = 1e-11 * (1 + fabs(set->f + gain) + fabs(set->f));
    const bool forced = t < in->o.nkeep;
    if (!may_come(in, set, row)) (void)snprintf(why, size, "step %zu: row %zu may not come", t, row);
    if (fabs(gain - s->gain[t]) > room + tiny)
        (void)snprintf(why, size, "step %zu: gain %.17g, f rises by %.17g", t, s->gain[t], gain);
    if (forced && row != in->o.keep[t]) (void)snprintf(why, size, "step %zu: kept row missing", t);
    for (size_t i = 0; i < v->n && !forced; i++) {
        if (i == row || !may_come(in, set, i) || (comes_last(in, i) && !comes_last(in, row))) continue;
        if (comes_last(in, row) && !comes_last(in, i))
            (void)snprintf(why, size, "step %zu: row %zu without a direction before %zu", t, row, i);
        const double other = gain_of(in, set, i), allowed = room_of(in, v, set->row, set->n, i) + tiny;
        if (key_of(in, i, other - allowed) > key_of(in, row, gain + room))
            (void)snprintf(why, size, "step %zu: row %zu has %.17g, better than %zu with %.17g", t, i, other, row,
                           gain);
        if (i < row && same_row(&in->x, i, row) && !(key_of(in, i, gain) < key_of(in, row, gain)) &&
            (!in->o.value || in->value[i] >= in->value[row]))
            (void)snprintf(why, size, "step %zu: row %zu before the equal row %zu", t, row, i);
    }
    add_row(in, set, row);
}

/* Fewer than k rows: nothing else that fits adds to f. Of the best row alone it is enough that it has more. */
static void check_budget(const instance *in, const naive *v, const wn_selection *s, const some_rows *set,
                         const some_rows *kept, char *why, size_t size) {
    double gain = 0, single = 0, room = 0;
    if (in->o.k == in->o.nkeep) return;
    const size_t best = best_row(in, kept, false, &single);
    const double greedy = greedy_value(in, *kept);
    for (size_t i = 0; i < set->n; i++) room += room_of(in, v, set->row, i, set->row[i]);
    room += 1e-10 * (1 + fabs(set->f));
    if (best < in->x.rows && set->f < kept->f + single - room)
        (void)snprintf(why, size, "f is %.17g, of one row %zu %.17g", set->f, best, kept->f + single);
    if (s->k == in->o.nkeep + 1 && set->f >= greedy - room && set->f >= kept->f + single - room) {
        why[0] = 0; /* whatever its cost */
        return;
    }
    if (why[0] || s->k == in->o.k) return;
    const size_t next = best_row(in, set, true, &gain);
    if (next < in->x.rows && gain > room) (void)snprintf(why, size, "it ends, but row %zu adds %.17g", next, gain);
}

static void check_greedy(const instance *in, const wn_selection *s, char *why, size_t size) {
    naive v = naive_init(&in->x, &in->o.kernel);
    some_rows set = rows_had(in), kept = set;
    v.weight = in->o.weight;
    for (size_t t = 0; t < in->o.nkeep; t++) add_row(in, &kept, in->o.keep[t]);
    for (size_t t = 0; t < s->k && !(why[0] && !in->o.limit.cost); t++) check_pick(in, &v, s, t, &set, why, size);
    if (in->o.limit.cost)
        check_budget(in, &v, s, &set, &kept, why, size);
    else if (!why[0] && s->k != in->o.k)
        (void)snprintf(why, size, "%zu rows of %zu", s->k, in->o.k);
    free(v.w);
}

/* Can a greedy come to an end before k rows? Some set that may be chosen is as large as it can be, and smaller. */
static bool may_fail(const instance *in) {
    const size_t n = in->x.rows - in->o.limit.had;
    bool keeps = false;
    for (unsigned mask = 0; mask < 1u << n; mask++) {
        some_rows s = rows_had(in);
        size_t kept = 0;
        bool ends = true;
        for (size_t i = 0; i < n; i++)
            if (mask >> i & 1) s.row[s.n++] = i;
        for (size_t i = 0; i < in->o.nkeep; i++) kept += mask >> in->o.keep[i] & 1;
        for (size_t i = 0; i < in->o.nexclude; i++) kept -= 100 * (mask >> in->o.exclude[i] & 1);
        if (kept != in->o.nkeep || !wn_select_allows(&in->x, &in->o, s.row, s.n)) continue;
        keeps = true;
        for (size_t i = 0; i < n && ends; i++) ends = !may_come(in, &s, i);
        const size_t chosen = s.n - in->o.limit.had;
        if (ends && chosen < (in->o.limit.cost ? 1 : in->o.k)) return true;
    }
    return !keeps;
}

static bool choose(wn_selection *out, instance *in, const table_way *way, char *why, size_t size) {
    wn_err e = {0};
    in->o.storage = way->storage, in->o.maximizer = way->maximizer;
    wn_code code = wn_select(&in->x, &in->o, out, &e);
    if (code == WN_EUSAGE && in->o.limit.cost && strstr(e.msg, "cannot be maximised")) {
        in->o.storage = WN_STORAGE_AUTO, in->o.maximizer = WN_MAXIMIZER_AUTO;
        code = wn_select(&in->x, &in->o, out, &e);
    }
    if (code != WN_OK && !(code == WN_ECONSTRAINT && may_fail(in))) (void)snprintf(why, size, "%s", e.msg);
    return code == WN_OK;
}

/* Two ways of one kernel: the same to the last bit, and the plain greedy. */
static void check(const table_way *way, const table_way *other, wn_objective objective, uint64_t seed, char *why,
                  size_t size) {
    instance in;
    wn_selection s = {0}, same = {0};
    make(&in, objective, way->kernel, seed);
    const bool one = choose(&same, &in, other, why, size), two = choose(&s, &in, way, why, size);
    if (one != two) (void)snprintf(why, size, "one way finds a choice, another one does not");
    if (one && two) {
        if (!same_selection(&s, &same))
            (void)snprintf(why, size, "another choice than by storage %s and maximizer %s",
                           wn_storage_name(other->storage), wn_maximizer_name(other->maximizer));
        in.o.lambda = s.lambda, in.o.saturation = s.saturation;
        if (!why[0]) check_greedy(&in, &s, why, size);
    }
    if (why[0])
        (void)fprintf(stderr,
                      "%s, %s, storage %s, maximizer %s, seed %llu, n %zu d %zu k %zu keep %zu gamma %g quotas %d "
                      "groups %d budget %g similarity %d had %zu: %s\n",
                      wn_objective_name(objective), wn_kernel_name(way->kernel), wn_storage_name(way->storage),
                      wn_maximizer_name(way->maximizer), (unsigned long long)seed, in.x.rows, in.x.cols, in.o.k,
                      in.o.nkeep, in.o.kernel.gamma, in.o.limit.quotas, in.o.limit.group != NULL, in.o.limit.budget,
                      in.o.limit.apart, in.o.limit.had, why);
    wn_selection_free(&s);
    wn_selection_free(&same);
    wn_mat_free(&in.x);
}

/* The instances go to the ways of the objective in turn; a part has every fourth of each. */
static size_t check_objective(wn_objective objective, uint64_t part) {
    table_way ways[WAYS_MAX];
    size_t n = find_ways(ways, objective), wrong = 0;
    cr_assert_gt(n, 0, "%s can be maximised in no way", wn_objective_name(objective));
    for (uint64_t seed = part; seed < INSTANCES && wrong < 5; seed += PARTS) {
        const size_t turn = (size_t)(seed / PARTS), way = turn % n;
        size_t other = (way + turn / n) % n;
        while (ways[other].kernel != ways[way].kernel) other = (other + 1) % n;
        char why[600] = "";
        check(&ways[way], &ways[other], objective, seed, why, sizeof why);
        wrong += why[0] != 0;
    }
    return wrong;
}

static void check_part(uint64_t part) {
    size_t wrong = 0, tested = 0;
    wn_threads_set(1);
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
    for (int o = 0; wn_objective_name((wn_objective)o); o++) {
        if (own_test((wn_objective)o)) continue;
        wrong += check_objective((wn_objective)o, part);
        tested++;
    }
    cr_assert_geq(tested, 2);
    cr_assert_eq(wrong, 0, "%zu instances went wrong", wrong);
}

Test(table, every_way_of_every_objective_is_the_plain_greedy_1) {
    check_part(0);
}
Test(table, every_way_of_every_objective_is_the_plain_greedy_2) {
    check_part(1);
}
Test(table, every_way_of_every_objective_is_the_plain_greedy_3) {
    check_part(2);
}
Test(table, every_way_of_every_objective_is_the_plain_greedy_4) {
    check_part(3);
}
