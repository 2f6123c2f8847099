/* selector: the reference selections in $WINNOW_DATA/fixtures/select (a naive float64 greedy in numpy; its README says
 * how they were made). */
#include <criterion/criterion.h>
#include <hdf5.h>
#include <unistd.h>

#include "naive.h"

static const char *folder(void) {
    static char path[4096];
    const char *data = getenv("WINNOW_DATA");
    (void)snprintf(path, sizeof path, "%s/fixtures/select", data ? data : "../shared/data");
    return path;
}

static hid_t open_fixture(const char *name) {
    char path[4200];
    (void)snprintf(path, sizeof path, "%s/%s.h5", folder(), name);
    if (access(path, R_OK) != 0) cr_skip_test("no %s: set WINNOW_DATA to the folder that holds fixtures/", path);
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    cr_assert_geq(file, 0, "%s", path);
    return file;
}

static size_t read_dataset(hid_t file, const char *path, hid_t type, size_t cell, void **out, hsize_t dims[2]) {
    hid_t set = H5Dopen2(file, path, H5P_DEFAULT), space = H5Dget_space(set);
    dims[1] = 1;
    cr_assert_geq(H5Sget_simple_extent_dims(space, dims, NULL), 1, "%s", path);
    *out = malloc((size_t)(dims[0] * dims[1]) * cell);
    cr_assert_geq(H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, *out), 0, "%s", path);
    (void)H5Sclose(space);
    (void)H5Dclose(set);
    return (size_t)dims[0];
}

/* The rows as the objective needs them. shifted: (1 + cos)/2 is the inner product of (x, 1)/sqrt(2). */
static wn_mat rows(hid_t file, bool shifted) {
    float *data = NULL;
    hsize_t dims[2];
    size_t n = read_dataset(file, "X", H5T_NATIVE_FLOAT, sizeof *data, (void **)&data, dims), d = (size_t)dims[1];
    wn_mat x, y;
    cr_assert_eq(wn_mat_init(&x, n, d, &(wn_err){0}), WN_OK);
    for (size_t i = 0; i < n; i++) memcpy(wn_mat_row(&x, i), data + i * d, d * sizeof *data);
    free(data);
    unit_rows(&x);
    if (!shifted) return x;
    cr_assert_eq(wn_mat_init(&y, n, d + 1, &(wn_err){0}), WN_OK);
    for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < d; c++) wn_mat_row(&y, i)[c] = (float)((double)wn_mat_row(&x, i)[c] * sqrt(0.5));
        wn_mat_row(&y, i)[d] = (float)sqrt(0.5);
    }
    wn_mat_free(&x);
    return y;
}

static void compare(const char *name, const char *group, wn_select_opts o, bool shifted, bool ids) {
    hid_t file = open_fixture(name);
    char path[128];
    long long *want = NULL;
    double *gain = NULL;
    hsize_t dims[2];
    (void)snprintf(path, sizeof path, "%s/ids", group);
    o.k = read_dataset(file, path, H5T_NATIVE_LLONG, sizeof *want, (void **)&want, dims);
    (void)snprintf(path, sizeof path, "%s/gain", group);
    cr_assert_eq(read_dataset(file, path, H5T_NATIVE_DOUBLE, sizeof *gain, (void **)&gain, dims), o.k);
    wn_mat x = rows(file, shifted);
    for (int mode = WN_STORAGE_AUTO; mode <= WN_MATRIX_FREE; mode++) {
        wn_selection s;
        wn_err e;
        o.storage = (wn_storage)mode;
        cr_assert_eq(wn_select(&x, &o, &s, &e), WN_OK, "%s", e.msg);
        for (size_t t = 0; t < o.k; t++) {
            if (ids) cr_assert_eq(s.ids[t], (size_t)want[t], "%s %s mode %d step %zu", name, group, mode, t);
            cr_assert_float_eq(s.gain[t], gain[t], 1e-5 * fabs(gain[t]) + 1e-6,
                               "%s %s mode %d step %zu: %.10g not %.10g", name, group, mode, t, s.gain[t], gain[t]);
        }
        wn_selection_free(&s);
    }
    wn_mat_free(&x);
    free(want);
    free(gain);
    (void)H5Fclose(file);
}

static const char *const names[] = {"gauss", "clustered", "duplicates"};

Test(fixtures, graph_cut) {
    static const struct {
        const char *group;
        double lambda;
    } cases[] = {
        {"graph-cut/lambda=0.5/k=20", 0.5}, {"graph-cut/lambda=10/k=20", 10}, {"graph-cut/lambda=2/k=60", NAN}};
    for (size_t f = 0; f < 3; f++)
        for (size_t c = 0; c < 3; c++) {
            const char *group = f == 2 && c == 2 ? "graph-cut/lambda=1.33333/k=60" : cases[c].group;
            compare(names[f], group, (wn_select_opts){.kernel = {.kind = WN_COSINE}, .lambda = cases[c].lambda}, false,
                    true);
        }
}

Test(fixtures, facility_location) {
    for (size_t f = 0; f < 3; f++)
        compare(names[f], "facility-location/k=40",
                (wn_select_opts){.objective = WN_FACILITY_LOCATION, .kernel = {.kind = WN_COSINE}}, false, f != 2);
}

Test(fixtures, facility_location_shifted) {
    for (size_t f = 0; f < 3; f++)
        compare(names[f], "facility-location-shifted/k=40",
                (wn_select_opts){.objective = WN_FACILITY_LOCATION, .kernel = {.kind = WN_DOT}}, true, f != 2);
}
