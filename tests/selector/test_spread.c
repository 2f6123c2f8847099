/* One greedy over several ranks, simulated by threads, against wn_select over all rows. */
#include <criterion/criterion.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/gemm.h>
#include <wn/rowsums.h>
#include <wn/spread.h>

#include "naive.h"
#include "simulated.h"

typedef struct {
    const wn_mat *x;
    const wn_select_opts *o;
    wn_selection s[RANKS_MOST];
    wn_spread_cost cost[RANKS_MOST];
    wn_err err[RANKS_MOST];
    wn_code code[RANKS_MOST];
    double *T; /* of rank 0 */
} spread_case;

static void select_share(void *ctx, wn_comm *comm) {
    spread_case *c = ctx;
    const size_t first = wn_spread_first(c->x->rows, comm->rank, comm->size),
                 end = wn_spread_first(c->x->rows, comm->rank + 1, comm->size);
    const int r = comm->rank;
    wn_mat mine = *c->x;
    mine.data = wn_mat_row(c->x, first), mine.rows = end - first;
    c->code[r] =
        wn_spread_select(&mine, c->x->rows, c->o, comm, &c->s[r], r == 0 ? &c->T : NULL, &c->cost[r], &c->err[r]);
}

static void free_case(spread_case *c, int size) {
    for (int i = 0; i < size; i++) wn_selection_free(&c->s[i]);
    wn_free(c->T);
}

static void same_as_one(const wn_mat *x, const wn_select_opts *o, int size, const char *what) {
    spread_case c = {.x = x, .o = o};
    wn_select_opts certified = *o;
    wn_selection one = {0};
    wn_err e = {0};
    certified.certify = true;
    const wn_code code = wn_select(x, &certified, &one, &e);
    cr_assert_eq(code, WN_OK, "%s: %s", what, e.msg);
    simulate(size, select_share, &c);
    for (int i = 0; i < size; i++) {
        cr_assert_eq(c.code[i], WN_OK, "%s: rank %d: %s", what, i, c.err[i].msg);
        cr_assert(same_selection(&one, &c.s[i]), "%s: rank %d of %d", what, i, size);
    }
    cr_assert_eq(wn_spread_bound(&c.s[0], x, o, c.T, &e), WN_OK, "%s", e.msg);
    cr_assert(one.bound == c.s[0].bound, "%s: bounds %a, %a", what, one.bound, c.s[0].bound);
    wn_selection_free(&one);
    free_case(&c, size);
}

static const wn_kernel kernels[] = {{WN_RBF, 6}, {WN_COSINE, 0}, {WN_DOT, 0}, {WN_RBF, .7}};

/* Copies, zeros, opposites, must-keep and excluded rows, fewer rows than ranks. */
Test(spread, random_instances_are_those_of_one_process) {
    wn_threads_set(1);
    for (uint64_t seed = 1; seed <= 10000; seed++) {
        wn_rng r = wn_rng_init(seed, 71);
        const size_t n = 2 + (size_t)wn_rng_below(&r, 40), d = 1 + (size_t)wn_rng_below(&r, 9);
        const wn_kernel kernel = kernels[seed % 4];
        const int size = 1 + (int)wn_rng_below(&r, 6);
        wn_mat x = clustered_rows(n, d, 1 + (size_t)wn_rng_below(&r, 12), .3, kernel.kind != WN_DOT, seed);
        size_t keep[42], exclude[42];
        wn_select_opts o = {.objective = WN_GRAPH_CUT, .kernel = kernel, .seed = seed};
        o.lambda = seed % 3 ? (double)wn_rng_below(&r, 12) : NAN;
        char what[80];
        spoil_rows(&x, &r);
        draw_lists(&o, keep, exclude, n, &r);
        (void)snprintf(what, sizeof what, "instance %d, n %zu, d %zu, k %zu, %d ranks", (int)seed, n, d, o.k, size);
        same_as_one(&x, &o, size, what);
        wn_mat_free(&x);
    }
}

/* More than one block of columns, several pieces of each, shares that end within them. */
Test(spread, blocks_and_pieces_of_sums_end_anywhere) {
    wn_threads_set(2);
    for (size_t i = 0; i < 4; i++)
        for (int size = 2; size <= 5; size += 3) {
            const size_t n = 5003;
            wn_mat x = clustered_rows(n, i % 2 ? 300 : 20, 300, .4, kernels[i].kind != WN_DOT, i + n);
            wn_select_opts o = {.objective = WN_GRAPH_CUT, .kernel = kernels[i], .lambda = NAN, .k = 250};
            char what[60];
            (void)snprintf(what, sizeof what, "kernel %zu, %zu rows, %d ranks", i, n, size);
            cr_assert(wn_packed_columns(x.cols) < n && WN_PIECE_ROWS < n);
            same_as_one(&x, &o, size, what);
            wn_mat_free(&x);
        }
}

/* Pieces of 65,536 rows that begin in one share and end in another, or are all in one. */
Test(spread, sums_of_vectors_go_from_share_to_share) {
    wn_mat x = clustered_rows(200000, 3, 50, .5, true, 8);
    wn_select_opts o = {.objective = WN_GRAPH_CUT, .kernel = {WN_COSINE, 0}, .lambda = NAN, .k = 40};
    for (int size = 2; size <= 8; size += 3) same_as_one(&x, &o, size, "200,000 rows");
    wn_mat_free(&x);
}

Test(spread, an_error_of_one_is_that_of_all) {
    wn_mat x = clustered_rows(50, 4, 5, .5, true, 2);
    wn_select_opts o = {.objective = WN_GRAPH_CUT, .kernel = {WN_RBF, 6}, .lambda = NAN, .k = 5};
    spread_case c = {.x = &x, .o = &o};
    wn_mat_row(&x, 25)[1] = NAN;
    simulate(4, select_share, &c);
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(c.code[i], WN_EINPUT);
        cr_assert_str_eq(c.err[i].msg, "rank 2 of 4: select: row 25 holds NaN or infinity");
    }
    free_case(&c, 4);
    wn_mat_free(&x);
}

static void refused(const wn_mat *x, const wn_select_opts *o, wn_code code, const char *why) {
    spread_case c = {.x = x, .o = o};
    simulate(3, select_share, &c);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(c.code[i], code, "%s: %d, %s", why, (int)c.code[i], c.err[i].msg);
        cr_assert(strstr(c.err[i].msg, why), "%s: %s", why, c.err[i].msg);
    }
    free_case(&c, 3);
}

Test(spread, what_cannot_be_met_is_refused) {
    wn_mat x = clustered_rows(30, 4, 5, .5, true, 2);
    const size_t twice[] = {3, 3}, beyond[] = {30}, one[] = {7};
    wn_select_opts o = {.objective = WN_GRAPH_CUT, .kernel = {WN_RBF, 6}, .lambda = NAN, .k = 31};
    refused(&x, &o, WN_ECONSTRAINT, "k is 31 but only 30 of 30");
    o.k = 0;
    refused(&x, &o, WN_EUSAGE, "k is 0");
    o.k = 5, o.keep = twice, o.nkeep = 2;
    refused(&x, &o, WN_EUSAGE, "named twice");
    o.keep = beyond, o.nkeep = 1;
    refused(&x, &o, WN_EUSAGE, "row 30 must be kept");
    o.keep = o.exclude = one, o.nexclude = 1;
    refused(&x, &o, WN_ECONSTRAINT, "both to be kept and excluded");
    o.nkeep = o.nexclude = 0, o.lambda = -1;
    refused(&x, &o, WN_EUSAGE, "lambda is -1");
    o.lambda = NAN, o.objective = WN_FACILITY_LOCATION;
    refused(&x, &o, WN_EUSAGE, "only graph-cut");
    o.objective = WN_GRAPH_CUT;
    const double number[30] = {0};
    wn_select_opts odd[7];
    for (size_t i = 0; i < 7; i++) odd[i] = o;
    odd[0].value = odd[1].weight = odd[2].limit.cost = number, odd[2].limit.budget = 5;
    odd[3].limit.apart = true, odd[3].limit.max_similarity = .5;
    odd[4].limit.had = 3;
    odd[5].kernel = (wn_kernel){WN_BALL, 1};
    odd[6].kernel.kind = WN_PRECOMPUTED;
    for (size_t i = 0; i < 7; i++) refused(&x, &odd[i], WN_EUSAGE, "only graph-cut");
    o.sum_rows = 29;
    refused(&x, &o, WN_EUSAGE, "sums are over all rows, not over a sample of 29");
    o.sum_rows = 0, o.memory = 1;
    refused(&x, &o, WN_EMEMORY, "1 are allowed");
    wn_mat_free(&x);
}

/* What travels is what the header says. */
Test(spread, a_pick_costs_its_vector) {
    wn_mat x = clustered_rows(3000, 24, 100, .4, true, 5);
    wn_select_opts o = {.objective = WN_GRAPH_CUT, .kernel = {WN_COSINE, 0}, .lambda = NAN, .k = 100};
    spread_case c = {.x = &x, .o = &o};
    uint64_t vectors = 0;
    simulate(4, select_share, &c);
    for (int i = 0; i < 4; i++) vectors += c.cost[i].picks_bytes;
    /* two bids of 24 bytes, as 4 is two doublings; the vector to 3 of 4; and two agreements, which are bids */
    cr_assert_eq(vectors, 4 * 100 * 2 * 24 + 100 * 3 * 24 * sizeof(float) + 4 * 2 * 2 * 24);
    free_case(&c, 4);
    wn_mat_free(&x);
}

/* An allocation that fails anywhere, at whichever rank, ends all ranks. */
Test(spread, survives_any_failed_allocation) {
    wn_threads_set(1);
    wn_mat x = clustered_rows(60, 5, 8, .4, true, 3);
    for (size_t i = 0; i < 2; i++) {
        wn_select_opts o = {.objective = WN_GRAPH_CUT, .kernel = kernels[i], .lambda = NAN, .k = 12};
        bool done = false;
        for (long after = 0; !done; after++) {
            spread_case c = {.x = &x, .o = &o};
            wn_mem_fail_after(after, false);
            simulate(3, select_share, &c);
            wn_mem_fail_after(-1, false);
            for (int r = 1; r < 3; r++) cr_assert_eq(c.code[r], c.code[0]);
            cr_assert(c.code[0] == WN_OK || c.code[0] == WN_EMEMORY);
            done = c.code[0] == WN_OK;
            cr_assert(after < 2000);
            free_case(&c, 3);
        }
    }
    wn_mat_free(&x);
}
