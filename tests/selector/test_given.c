/* selector: similarities that are given, and what makes no mixture, value or matrix. */
#include <criterion/criterion.h>

#include "naive.h"
#include "refuse.h"

static const wn_mix_part mix[] = {{WN_FACILITY_LOCATION, .5}, {WN_SATURATED_COVERAGE, 2}};
static double values[20];

/* A matrix of similarities has the picks of the vectors that it was made of. */
Test(given, given_similarities_have_the_picks_of_their_vectors) {
    static const wn_objective with[] = {WN_GRAPH_CUT, WN_FACILITY_LOCATION, WN_SATURATED_COVERAGE, WN_LOG_DETERMINANT,
                                        WN_MIXTURE};
    static const wn_objective without[] = {WN_DISPARITY_MIN, WN_FEATURE_BASED, WN_HERDING, WN_KMEANS, WN_TYPICLUST};
    wn_mat x = clustered_rows(120, 6, 120, 1, true, 8), w = clustered_rows(120, 6, 120, 1, true, 8);
    double weight[120];
    given_rows(&w);
    for (size_t i = 0; i < 120; i++) weight[i] = (double[]){1, 0, 3, 0.25, 1, 12}[i * i % 6];
    for (size_t i = 0; i < 5; i++)
        for (int weighted = 0; weighted < 2; weighted++) {
            wn_selection a = {0}, b = {0};
            wn_err e = {0};
            wn_select_opts o = {.objective = with[i],
                                .kernel = {.kind = WN_COSINE},
                                .k = 20,
                                .lambda = 3,
                                .mix = mix,
                                .nmix = 2,
                                .weight = weighted ? weight : NULL};
            cr_assert_eq(wn_select(&x, &o, &a, &e), WN_OK, "%s", e.msg);
            o.kernel.kind = WN_PRECOMPUTED;
            cr_assert_eq(wn_select(&w, &o, &b, &e), WN_OK, "%s", e.msg);
            cr_assert_eq(memcmp(a.ids, b.ids, 20 * sizeof *a.ids), 0, "%s", wn_objective_name(with[i]));
            for (size_t t = 0; t < 20; t++)
                cr_assert_float_eq(a.gain[t], b.gain[t], 1e-5 * (1 + fabs(a.gain[t])), "%s",
                                   wn_objective_name(with[i]));
            double f = 0;
            cr_assert_eq(wn_select_evaluate(&w, &o, b.ids, 20, &f, &e), WN_OK);
            cr_assert_float_eq(f, b.objective[19], 1e-5 * (1 + fabs(f)));
            wn_selection_free(&a);
            wn_selection_free(&b);
        }
    for (size_t i = 0; i < 5; i++) {
        const wn_select_opts o = {.objective = without[i], .kernel = {.kind = WN_PRECOMPUTED}, .k = 3};
        refuse(&w, o, WN_EUSAGE, "under precomputed cannot be maximised");
    }
    wn_mat_free(&x);
    wn_mat_free(&w);
}

Test(given, a_matrix_that_holds_no_similarities_is_refused) {
    wn_mat w = clustered_rows(9, 4, 9, 1, true, 2), narrow = clustered_rows(9, 4, 9, 1, true, 2);
    wn_select_opts o = {.objective = WN_FACILITY_LOCATION, .kernel = {.kind = WN_PRECOMPUTED}, .k = 3};
    given_rows(&w);
    refuse(&narrow, o, WN_EUSAGE, "given similarities are a square matrix, not 9 x 4");
    wn_mat_row(&w, 2)[5] += .25f;
    refuse(&w, o, WN_EINPUT, "the matrix must be symmetric");
    wn_mat_row(&w, 2)[5] = NAN;
    refuse(&w, o, WN_EINPUT, "it must be finite");
    wn_mat_row(&w, 2)[5] = wn_mat_row(&w, 5)[2] = 40;
    o.k = 9, o.objective = WN_LOG_DETERMINANT;
    refuse(&w, o, WN_EINPUT, "the matrix is not positive semidefinite");
    wn_mat_free(&w);
    wn_mat_free(&narrow);
}

Test(given, a_mixture_or_value_that_makes_no_sense_is_refused) {
    static const wn_mix_part twice[] = {{WN_GRAPH_CUT, 1}, {WN_GRAPH_CUT, 2}}, none[] = {{WN_HERDING, 1}},
                             zero[] = {{WN_GRAPH_CUT, 0}}, itself[] = {{WN_MIXTURE, 1}},
                             rbf[] = {{WN_FEATURE_BASED, 1}};
    double bad[20] = {[7] = NAN};
    wn_mat x = clustered_rows(20, 4, 5, .4, true, 1);
    const wn_select_opts o = {.objective = WN_MIXTURE, .kernel = {.kind = WN_COSINE}, .k = 3, .lambda = 1};
    wn_select_opts p = o;
    refuse(&x, p, WN_EUSAGE, "a mixture without parts");
    p.nmix = 2, p.mix = twice;
    refuse(&x, p, WN_EUSAGE, "graph-cut is twice a part of the mixture");
    p.nmix = 1, p.mix = none;
    refuse(&x, p, WN_EUSAGE, "herding has no gains");
    p.mix = itself;
    refuse(&x, p, WN_EUSAGE, "mixture has no gains");
    p.mix = zero;
    refuse(&x, p, WN_EUSAGE, "the weight of graph-cut is 0; it must be above 0");
    p.mix = rbf, p.kernel = (wn_kernel){WN_RBF, 1};
    refuse(&x, p, WN_EUSAGE, "mixture under rbf cannot be maximised");
    p = o, p.objective = WN_HERDING, p.value = values;
    refuse(&x, p, WN_EUSAGE, "herding has no gains that values could be added to");
    p.objective = WN_BY_VALUE, p.value = NULL;
    refuse(&x, p, WN_EUSAGE, "value chooses by values, but there are none");
    p.value = bad;
    refuse(&x, p, WN_EUSAGE, "the value of row 7 is nan");
    p.value = values, p.apart = 2;
    refuse(&x, p, WN_EUSAGE, "apart is 2");
    wn_mat_free(&x);
}
