/* Principal components against what defines them, in double and by the plainest loops. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/pca.h>
#include <wn/rng.h>

enum { N = 300, D = 20, DIMS = 6 };

/* Columns of different spread, not centred, some of them mixed. */
static wn_mat rows(void) {
    wn_mat x;
    wn_err err = {0};
    wn_rng g = wn_rng_init(3, 1);
    cr_assert_eq(wn_mat_init(&x, N, D, &err), WN_OK);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < D; j++) {
            const double spread = 1 / (1 + (double)j), other = j ? (double)wn_mat_row(&x, i)[j - 1] : 0;
            wn_mat_row(&x, i)[j] = (float)(2 + spread * (wn_rng_uniform(&g) - .5) + .3 * other);
        }
    return x;
}

typedef struct {
    size_t at[N];
    wn_pca pca;
} found;

static void find(found *f, const wn_mat *x, size_t n) {
    wn_err err = {0};
    for (size_t i = 0; i < n; i++) f->at[i] = i * 7 % N;
    cr_assert_eq(wn_pca_fit(&f->pca, x, f->at, n, DIMS, NULL, &err), WN_OK, "%s", err.msg);
}

static double dot(const double *a, const double *b) {
    double sum = 0;
    for (size_t j = 0; j < D; j++) sum += a[j] * b[j];
    return sum;
}

/* C a of the covariance C of the n rows, straight from the rows. */
static void times_covariance(double out[D], const wn_mat *x, const found *f, size_t n, const double *a) {
    memset(out, 0, D * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        double row[D];
        for (size_t j = 0; j < D; j++) row[j] = (double)wn_mat_row(x, f->at[i])[j] - f->pca.mean[j];
        const double by = dot(row, a);
        for (size_t j = 0; j < D; j++) out[j] += by * row[j];
    }
}

Test(pca, axes_are_the_leading_eigenvectors_of_the_covariance) {
    enum { USED = 200 };
    wn_mat x = rows();
    found f;
    double image[D], last = HUGE_VAL, all = 0, held = 0;
    find(&f, &x, USED);
    for (size_t j = 0; j < D; j++) {
        double sum = 0, unit[D] = {0};
        for (size_t i = 0; i < USED; i++) sum += (double)wn_mat_row(&x, f.at[i])[j];
        cr_expect_float_eq(f.pca.mean[j], sum / USED, 1e-12);
        unit[j] = 1;
        times_covariance(image, &x, &f, USED, unit);
        all += image[j];
    }
    for (size_t a = 0; a < DIMS; a++) {
        const double *axis = f.pca.axes + a * D;
        double most = 0;
        times_covariance(image, &x, &f, USED, axis);
        const double value = dot(image, axis);
        cr_expect_leq(value, last * (1 + 1e-12), "axis %zu is out of order", a);
        last = value, held += value;
        for (size_t j = 0; j < D; j++) {
            cr_expect_float_eq(image[j], value * axis[j], 1e-10 * all, "axis %zu", a);
            if (fabs(axis[j]) > fabs(most)) most = axis[j];
        }
        cr_expect_gt(most, 0, "the sign of axis %zu", a);
        for (size_t b = 0; b <= a; b++) cr_expect_float_eq(dot(axis, f.pca.axes + b * D), a == b, 1e-12);
    }
    /* no direction beyond them has more variance than the last of them */
    for (size_t j = 0; j < D; j++) {
        double beyond[D] = {0};
        beyond[j] = 1;
        for (size_t a = 0; a < DIMS; a++)
            for (size_t i = 0; i < D; i++) beyond[i] -= f.pca.axes[a * D + j] * f.pca.axes[a * D + i];
        times_covariance(image, &x, &f, USED, beyond);
        cr_expect_leq(dot(image, beyond), last * dot(beyond, beyond) * (1 + 1e-9));
    }
    cr_expect_float_eq(f.pca.explained, held / all, 1e-12);
    wn_pca_free(&f.pca);
    wn_mat_free(&x);
}

Test(pca, scores_are_the_products_with_the_axes) {
    wn_mat x = rows(), out;
    found f;
    wn_err err = {0};
    find(&f, &x, N);
    cr_assert_eq(wn_pca_project(&f.pca, &x, &out, &err), WN_OK);
    cr_assert(out.rows == N && out.cols == DIMS);
    for (size_t i = 0; i < N; i++)
        for (size_t a = 0; a < DIMS; a++) {
            double want = 0;
            for (size_t j = 0; j < D; j++)
                want += ((double)wn_mat_row(&x, i)[j] - f.pca.mean[j]) * f.pca.axes[a * D + j];
            cr_expect_float_eq((double)wn_mat_row(&out, i)[a], want, 4e-6);
        }
    wn_mat_free(&out);
    wn_pca_free(&f.pca);
    wn_mat_free(&x);
}

Test(pca, threads_change_no_bit) {
    wn_mat x = rows(), out[2];
    found f[2];
    wn_err err = {0};
    for (int t = 0; t < 2; t++) {
        wn_threads_set(t ? 4 : 1);
        find(&f[t], &x, N);
        cr_assert_eq(wn_pca_project(&f[t].pca, &x, &out[t], &err), WN_OK);
    }
    cr_expect_arr_eq(f[0].pca.axes, f[1].pca.axes, sizeof(double) * DIMS * D);
    for (int t = 0; t < 2; t++) wn_pca_free(&f[t].pca);
    cr_expect_arr_eq(out[0].data, out[1].data, out[0].rows * out[0].stride * sizeof(float));
    wn_mat_free(&out[0]);
    wn_mat_free(&out[1]);
    wn_mat_free(&x);
}

Test(pca, asking_for_more_than_there_are_is_refused) {
    wn_mat x = rows();
    wn_pca none = {0};
    size_t at[1] = {0};
    wn_err err = {0};
    cr_expect_eq(wn_pca_fit(&none, &x, at, 1, D + 1, NULL, &err), WN_EUSAGE);
    cr_expect_eq(wn_pca_fit(&none, &x, at, 1, 0, NULL, &err), WN_EUSAGE);
    wn_mat_free(&x);
}
