/* Matrices that others wrote, and files that are none: what is read, and what the messages say. */
#include <hdf5.h>

#include "store_util.h"

static hid_t half_type(void) {
    hid_t t = H5Tcopy(H5T_IEEE_F32LE);
    cr_assert(H5Tset_fields(t, 15, 10, 5, 0, 10) >= 0 && H5Tset_size(t, 2) >= 0 && H5Tset_ebias(t, 15) >= 0);
    return t;
}

/* Dataset `name` of `type` and `dims`, written from doubles `cell`. */
static void put(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dims) {
    size_t n = 1;
    for (int i = 0; i < rank; i++) n *= (size_t)dims[i];
    double *x = calloc(n + 1, sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = (double)cell(i / (size_t)dims[rank - 1], i % (size_t)dims[rank - 1]);
    hid_t s = H5Screate_simple(rank, dims, NULL),
          d = H5Dcreate2(file, name, type, s, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    cr_assert(d >= 0 && H5Dwrite(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) >= 0);
    H5Dclose(d);
    H5Sclose(s);
    free(x);
}

static void expect_open(const char *path, const char *dataset, wn_code code, const char *text) {
    wn_err e = {0};
    wn_matrix_file *m = NULL;
    cr_assert_eq(wn_matrix_open(&m, path, dataset, &e), code, "%s: code %d, %s", text, e.code, e.msg);
    cr_assert_not_null(strstr(e.msg, text), "wanted \"%s\": %s", text, e.msg);
    cr_assert_null(m);
}

Test(store_foreign, every_float_type_is_read) {
    enum { N = 300, COLS = 11 };
    scratch s = scratch_new();
    wn_err e = {0};
    hid_t half = half_type(), half_big = H5Tcopy(half);
    H5Tset_order(half_big, H5T_ORDER_BE);
    const hid_t types[] = {half, half_big, H5T_IEEE_F32LE, H5T_IEEE_F32BE, H5T_IEEE_F64LE, H5T_IEEE_F64BE};
    const hsize_t dims[2] = {N, COLS};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        wn_matrix_file *m = NULL;
        wn_mat x;
        size_t wrong = 0;
        hid_t f = H5Fcreate(scratch_path(&s, "x.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        put(f, "x", types[t], 2, dims);
        H5Fclose(f);
        cr_assert_eq(wn_matrix_open(&m, s.path, NULL, &e), WN_OK, "%s", e.msg);
        cr_assert_eq(wn_matrix_read_all(m, &x, &e), WN_OK, "%s", e.msg);
        /* f16 has 11 bits: between 32 and 64 its rounding is up to 2^-6 */
        for (size_t i = 0; i < N * COLS; i++)
            wrong += fabsf(wn_mat_row(&x, i / COLS)[i % COLS] - cell(i / COLS, i % COLS)) > (t < 2 ? 0x1p-6f : 0);
        cr_assert_eq(wrong, 0, "type %zu: %zu of %d values differ", t, wrong, N * COLS);
        wn_mat_free(&x);
        wn_matrix_close(m);
    }
    H5Tclose(half);
    H5Tclose(half_big);
    scratch_free(&s);
}

Test(store_foreign, files_that_are_no_matrix_are_named) {
    scratch s = scratch_new();
    wn_err e = {0};
    expect_open(scratch_path(&s, "none.h5"), NULL, WN_EIO, "No such file");
    expect_open(s.dir, NULL, WN_EIO, "a folder");
    spill(scratch_path(&s, "x.h5"), "", 0);
    expect_open(s.path, NULL, WN_EINPUT, "empty");
    spill(s.path, "{\"text\": \"a\"}\n", 14);
    expect_open(s.path, NULL, WN_EINPUT, "not an HDF5 file");
    spill(s.path, "\x89HDF\r\n\x1a\n", 8);
    expect_open(s.path, NULL, WN_EINPUT, "x.h5");
    cr_assert_eq(wn_store_check(s.path, NULL, 0, &e), WN_EINPUT);
    cr_assert_eq(wn_store_check("/nowhere/x.h5", NULL, 0, &e), WN_EIO);
    scratch_free(&s);
}

Test(store_foreign, the_right_dataset_is_asked_for) {
    scratch s = scratch_new();
    const hsize_t two[2] = {4, 3}, three[3] = {2, 2, 2}, none[2] = {4, 0};
    hid_t f = H5Fcreate(scratch_path(&s, "x.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t g = H5Gcreate2(f, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    put(f, "a", H5T_IEEE_F32LE, 2, two);
    put(g, "b", H5T_IEEE_F64LE, 2, two);
    put(f, "whole", H5T_STD_I32LE, 2, two);
    put(f, "cube", H5T_IEEE_F32LE, 3, three);
    put(f, "line", H5T_IEEE_F32LE, 1, two);
    hid_t sp = H5Screate_simple(2, none, NULL);
    H5Dclose(H5Dcreate2(f, "hollow", H5T_IEEE_F32LE, sp, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(sp);
    H5Gclose(g);
    H5Fclose(f);
    expect_open(s.path, NULL, WN_EUSAGE, "/a [4, 3], /g/b [4, 3], /hollow [4, 0]. Choose one with --dataset");
    expect_open(s.path, "nothing", WN_EUSAGE, "no dataset \"nothing\"");
    expect_open(s.path, "g", WN_EUSAGE, "g is a group");
    expect_open(s.path, "whole", WN_EINPUT, "integers");
    expect_open(s.path, "cube", WN_EINPUT, "3 dimensions");
    expect_open(s.path, "line", WN_EINPUT, "1 dimension");
    expect_open(s.path, "hollow", WN_EINPUT, "at least one column");
    scratch_free(&s);
}

/* A .npy file with this header text (padded) and `bytes` of data. */
static void put_npy(const char *path, const char *dict, unsigned char version, size_t data) {
    char file[400] = "\x93NUMPY";
    size_t n = strlen(dict), at = version == 1 ? 10 : 12;
    file[6] = (char)version;
    file[8] = (char)n;
    memcpy(file + at, dict, n);
    spill(path, file, at + n + data);
}

Test(store_foreign, broken_npy_files_are_named) {
    static const struct {
        const char *dict;
        unsigned char version;
        size_t data;
        const char *text;
    } cases[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 1, 23,
         "truncated: 23 bytes of data where (2, 3) needs 24"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 4, 24, "version 4"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (6,), }", 1, 24, "1 dimension;"},
        {"{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }", 1, 24, "'<i4'"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }", 1, 24, "Python objects"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3), }", 1, 24, "holds records"},
        {"{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2, 3), }", 1, 24, "broken .npy header"},
        {"{'descr': '<f4', 'shape': (2, 3), }", 1, 24, "broken .npy header"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3), }", 1, 24, "broken .npy header"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 3), }", 1, 24, "broken .npy header"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 8), }", 1, 24, "impossible shape"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 0), }", 1, 24, "no columns"},
        {"not a dictionary", 1, 24, "broken .npy header"},
        {"", 1, 24, "broken .npy header"},
    };
    scratch s = scratch_new();
    wn_err e = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_npy(scratch_path(&s, "x.npy"), cases[i].dict, cases[i].version, cases[i].data);
        expect_open(s.path, NULL, WN_EINPUT, cases[i].text);
        expect_open(s.path, NULL, WN_EINPUT, "x.npy");
    }
    spill(s.path, "\x93NUMPY\x01\0\x76\0{'descr", 17);
    expect_open(s.path, NULL, WN_EINPUT, "truncated within the .npy header");
    spill(s.path, "\x93NUMPY\x01", 7);
    expect_open(s.path, NULL, WN_EINPUT, "truncated within the .npy header");
    spill(s.path, "\x93NUMPY\x02\0\xff\xff\xff\xff", 12);
    expect_open(s.path, NULL, WN_EINPUT, "not credible");
    put_npy(s.path, "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }", 1, 26);
    cr_assert_eq(wn_store_check(s.path, NULL, 0, &e), WN_EINPUT);
    cr_assert_not_null(strstr(e.msg, "2 bytes follow"), "%s", e.msg);
    scratch_free(&s);
}

Test(store_foreign, mutated_npy_headers_never_crash) {
    static const char good[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    scratch s = scratch_new();
    wn_err e = {0};
    wn_rng r = wn_rng_init(3, 0);
    size_t opened = 0;
    for (int i = 0; i < 800; i++) {
        char dict[sizeof good];
        memcpy(dict, good, sizeof good);
        for (uint64_t k = wn_rng_below(&r, 3) + 1; k; k--)
            dict[wn_rng_below(&r, sizeof good - 1)] =
                (char)(wn_rng_below(&r, 2) ? 32 + wn_rng_below(&r, 95) : 1 + wn_rng_below(&r, 255));
        put_npy(scratch_path(&s, "x.npy"), dict, (unsigned char)(1 + wn_rng_below(&r, 3)), 24);
        wn_matrix_file *m = NULL;
        wn_mat x = {0};
        if (wn_matrix_open(&m, s.path, NULL, &e) == WN_OK) {
            opened++;
            (void)wn_matrix_read_all(m, &x, &e);
        }
        wn_mat_free(&x);
        wn_matrix_close(m);
    }
    cr_assert(opened > 0 && opened < 400, "%zu of 800 mutants opened", opened);
    scratch_free(&s);
}

Test(store_foreign, an_npy_file_has_no_columns_beside_it) {
    scratch s = scratch_new();
    wn_err e = {0};
    wn_matrix_file *m = NULL;
    wn_csr g;
    char *text = NULL;
    double v[2];
    put_npy(scratch_path(&s, "x.npy"), "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 2, 24);
    cr_assert_eq(wn_matrix_open(&m, s.path, NULL, &e), WN_OK, "%s", e.msg);
    cr_assert_not(wn_matrix_has_obs(m, "_index"));
    cr_assert_eq(wn_matrix_obs_f64(m, "label", v, &e), WN_EUSAGE);
    cr_assert_not_null(strstr(e.msg, "no /obs"), "%s", e.msg);
    cr_assert_eq(wn_matrix_obsp(m, "similarity", &g, &e), WN_EUSAGE);
    cr_assert_eq(wn_matrix_uns_string(m, "command", &text, &e), WN_EUSAGE);
    wn_matrix_close(m);
    scratch_free(&s);
}
