/* Matrices as people keep them: quantised, in archives, behind links, in files of old AnnData. */
#include <hdf5.h>
#include <zip.h>

#include <winnow/mem.h>

#include "store_util.h"

static void expect_open(const char *path, const char *dataset, wn_code code, const char *text) {
    wn_err e = {0};
    wn_matrix_file *m = NULL;
    cr_assert_eq(wn_matrix_open(&m, path, dataset, &e), code, "%s: code %d, %s", text, e.code, e.msg);
    cr_assert_not_null(strstr(e.msg, text), "wanted \"%s\": %s", text, e.msg);
    cr_assert_null(m);
}

/* The matrix of the file is 2 x 3 of these values. */
static void expect_values_only(const char *path, const char *dataset, const float want[6]) {
    wn_err e = {0};
    wn_matrix_file *m = NULL;
    wn_mat x = {0};
    cr_assert_eq(wn_matrix_open(&m, path, dataset, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_matrix_read_all(m, &x, &e), WN_OK, "%s", e.msg);
    cr_assert(x.rows == 2 && x.cols == 3);
    for (size_t i = 0; i < 6; i++) cr_assert_float_eq(wn_mat_row(&x, i / 3)[i % 3], want[i], 0, "value %zu", i);
    wn_mat_free(&x);
    wn_matrix_close(m);
}

static void expect_values(const char *path, const char *dataset, const float want[6]) {
    wn_err e = {0};
    expect_values_only(path, dataset, want);
    cr_assert_eq(wn_store_check(path, NULL, 0, &e), WN_OK, "%s", e.msg);
}

/* The bytes of a 2 x 3 .npy file; returns their number. */
static size_t npy_bytes(char *out, const char *descr, const void *data, size_t n) {
    static const char head[] = "\x93NUMPY\x01\0\x76\0";
    memset(out, ' ', 128);
    memcpy(out, head, 10);
    int used = snprintf(out + 10, 118, "{'descr': '%s', 'fortran_order': False, 'shape': (2, 3), }", descr);
    out[10 + used] = ' ';
    out[127] = '\n';
    memcpy(out + 128, data, n);
    return 128 + n;
}

static const int8_t small[6] = {-128, -1, 0, 1, 2, 127};
static const float small_values[6] = {-128, -1, 0, 1, 2, 127}, unsigned_values[6] = {128, 255, 0, 1, 2, 127};
static const float real[6] = {1, 2, 3, 4, 5, 6};

static hid_t new_file(scratch *s, const char *name) {
    hid_t f = H5Fcreate(scratch_path(s, name), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    cr_assert(f >= 0);
    return f;
}

static void put_dataset(hid_t f, const char *name, hid_t type, hid_t create, const void *values, hid_t memory) {
    const hsize_t dims[2] = {2, 3};
    hid_t s = H5Screate_simple(2, dims, NULL), d = H5Dcreate2(f, name, type, s, H5P_DEFAULT, create, H5P_DEFAULT);
    cr_assert(d >= 0);
    if (values) cr_assert(H5Dwrite(d, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(d);
    H5Sclose(s);
}

Test(store_habits, eight_bit_integers_are_numbers) {
    scratch s = scratch_new();
    char file[200];
    spill(scratch_path(&s, "x.npy"), file, npy_bytes(file, "|i1", small, 6));
    expect_values(s.path, NULL, small_values);
    spill(s.path, file, npy_bytes(file, "|u1", small, 6));
    expect_values(s.path, NULL, unsigned_values);
    hid_t f = new_file(&s, "x.h5");
    put_dataset(f, "emb", H5T_STD_I8BE, H5P_DEFAULT, small, H5T_NATIVE_INT8);
    H5Fclose(f);
    expect_values(s.path, NULL, small_values);
    f = new_file(&s, "x.h5");
    put_dataset(f, "emb", H5T_STD_U8LE, H5P_DEFAULT, small, H5T_NATIVE_UINT8);
    H5Fclose(f);
    expect_values(s.path, NULL, unsigned_values);
    /* floats go first where both are there */
    f = new_file(&s, "x.h5");
    put_dataset(f, "quantised", H5T_STD_I8LE, H5P_DEFAULT, small, H5T_NATIVE_INT8);
    put_dataset(f, "emb", H5T_IEEE_F32LE, H5P_DEFAULT, real, H5T_NATIVE_FLOAT);
    H5Fclose(f);
    expect_values(s.path, NULL, real);
    expect_values(s.path, "quantised", small_values);
    scratch_free(&s);
}

Test(store_habits, other_types_are_named_with_what_would_do) {
    static const struct {
        const char *descr, *text;
    } cases[] = {{"<i8", "64-bit integers ('<i8')"},       {"<u2", "16-bit unsigned integers"},
                 {"|b1", "booleans"},                      {"<c8", "64-bit complex numbers"},
                 {"<U5", "strings"},                       {"<f16", "128-bit floats"},
                 {"|V2", "raw bytes"},                     {"<M8[ns]", "dates"}};
    scratch s = scratch_new();
    char file[400];
    static const char zeros[200];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        spill(scratch_path(&s, "x.npy"), file, npy_bytes(file, cases[i].descr, zeros, 96));
        expect_open(s.path, NULL, WN_EINPUT, cases[i].text);
        expect_open(s.path, NULL, WN_EINPUT, "astype(\"float32\")");
    }
    hid_t f = new_file(&s, "x.h5");
    put_dataset(f, "emb", H5T_STD_I32LE, H5P_DEFAULT, NULL, 0);
    H5Fclose(f);
    expect_open(s.path, NULL, WN_EINPUT, "/emb [2, 3] i32");
    expect_open(s.path, "emb", WN_EINPUT, "holds integers (i32)");
    expect_open(s.path, "emb", WN_EINPUT, "astype(\"float32\")");
    scratch_free(&s);
}

Test(store_habits, arrays_that_follow_are_noticed) {
    scratch s = scratch_new();
    char file[400];
    size_t n = npy_bytes(file, "<f4", real, sizeof real);
    spill(scratch_path(&s, "x.npy"), file, n);
    expect_values(s.path, NULL, real);
    n += npy_bytes(file + n, "<f4", real, sizeof real);
    spill(s.path, file, n);
    expect_open(s.path, NULL, WN_EINPUT, "another array follows");
    spill(s.path, file, 128 + sizeof real + 3);
    expect_open(s.path, NULL, WN_EINPUT, "3 bytes follow the matrix");
    scratch_free(&s);
}

/* An archive of these members, all of `bytes` [n]. */
static void put_npz(const char *path, const char *const *names, size_t count, const void *data, size_t n) {
    int why = 0;
    zip_t *z = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &why);
    cr_assert_not_null(z);
    for (size_t i = 0; i < count; i++) {
        zip_source_t *source = zip_source_buffer(z, data, n, 0);
        cr_assert(zip_file_add(z, names[i], source, 0) >= 0);
    }
    cr_assert_eq(zip_close(z), 0);
}

Test(store_habits, an_archive_of_one_matrix_is_read) {
    static const char *const one[] = {"emb.npy"}, *const two[] = {"a.npy", "b.npy"}, *const none[] = {"readme.txt"};
    scratch s = scratch_new();
    wn_err e = {0};
    char file[400];
    size_t n = npy_bytes(file, "<f4", real, sizeof real);
    put_npz(scratch_path(&s, "x.npz"), one, 1, file, n);
    expect_values(s.path, NULL, real);
    expect_values(s.path, "emb", real);
    expect_open(s.path, "other", WN_EUSAGE, "no array \"other\"");
    bytes whole = slurp(s.path);
    whole.data[60] ^= 1;
    spill(s.path, whole.data, whole.size);
    cr_assert_eq(wn_store_check(s.path, NULL, 0, &e), WN_EINPUT, "%s", e.msg);
    spill(s.path, whole.data, whole.size / 2);
    expect_open(s.path, NULL, WN_EINPUT, "a damaged zip archive");
    free(whole.data);
    put_npz(s.path, two, 2, file, n);
    expect_open(s.path, NULL, WN_EUSAGE, "several matrices in this archive (a, b)");
    expect_open(s.path, NULL, WN_EUSAGE, "np.save");
    expect_values_only(s.path, "b", real);
    put_npz(s.path, none, 1, file, n);
    expect_open(s.path, NULL, WN_EINPUT, "without arrays");
    n = npy_bytes(file, "<i8", real, sizeof real);
    put_npz(s.path, one, 1, file, n);
    expect_open(s.path, NULL, WN_EINPUT, "emb: holds 64-bit integers");
    scratch_free(&s);
}

static size_t pass_through(unsigned flags, size_t n, const unsigned values[], size_t nbytes, size_t *size, void **buf) {
    (void)flags, (void)n, (void)values, (void)size, (void)buf;
    return nbytes;
}

Test(store_habits, a_filter_that_is_missing_is_named) {
    enum { ID = 32000 };
    static const H5Z_class2_t filter = {
        .version = H5Z_CLASS_T_VERS, .id = ID, .encoder_present = 1, .name = "lzf", .filter = pass_through};
    scratch s = scratch_new();
    wn_err e = {0};
    char summary[400];
    const hsize_t chunk[2] = {2, 3};
    cr_assert(H5Zregister(&filter) >= 0);
    hid_t f = new_file(&s, "x.h5"), create = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(create, 2, chunk);
    H5Pset_filter(create, ID, H5Z_FLAG_MANDATORY, 0, NULL);
    put_dataset(f, "emb", H5T_IEEE_F32LE, create, real, H5T_NATIVE_FLOAT);
    H5Pclose(create);
    H5Fclose(f);
    expect_values(s.path, NULL, real);
    cr_assert(H5Zunregister(ID) >= 0);
    expect_open(s.path, NULL, WN_EINPUT, "/emb is compressed with lzf");
    expect_open(s.path, NULL, WN_EINPUT, "gzip");
    cr_assert_eq(wn_store_check(s.path, summary, sizeof summary, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(strncmp(summary, WN_STORE_UNREAD "/emb (lzf)", strlen(WN_STORE_UNREAD) + 10), 0, "%s", summary);
    scratch_free(&s);
}

Test(store_habits, links_to_other_files_are_followed_or_named) {
    scratch s = scratch_new();
    wn_err e = {0};
    hid_t f = new_file(&s, "big.h5"), g = H5Gcreate2(f, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    put_dataset(g, "d", H5T_IEEE_F32LE, H5P_DEFAULT, real, H5T_NATIVE_FLOAT);
    H5Gclose(g);
    H5Fclose(f);
    f = new_file(&s, "x.h5");
    cr_assert(H5Lcreate_external("big.h5", "/g/d", f, "emb", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    H5Fclose(f);
    expect_values(s.path, NULL, real);
    expect_values(s.path, "emb", real);
    f = new_file(&s, "x.h5");
    cr_assert(H5Lcreate_external("big.h5", "/g", f, "group", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    H5Fclose(f);
    expect_values(s.path, NULL, real);
    f = new_file(&s, "x.h5");
    cr_assert(H5Lcreate_external("gone.h5", "/d", f, "emb", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    H5Fclose(f);
    expect_open(s.path, NULL, WN_EINPUT, "emb is a link to /d of gone.h5");
    expect_open(s.path, "emb", WN_EINPUT, "emb is a link to /d of gone.h5");
    cr_assert_eq(wn_store_check(s.path, NULL, 0, &e), WN_EINPUT);
    cr_assert_not_null(strstr(e.msg, "gone.h5"), "%s", e.msg);
    scratch_free(&s);
}

Test(store_habits, values_kept_elsewhere_are_refused_by_name) {
    scratch s = scratch_new();
    wn_err e = {0};
    const hsize_t dims[2] = {2, 3};
    char raw[160];
    (void)snprintf(raw, sizeof raw, "%s/raw.bin", s.dir);
    hid_t f = new_file(&s, "x.h5"), create = H5Pcreate(H5P_DATASET_CREATE);
    cr_assert(H5Pset_external(create, raw, 0, H5F_UNLIMITED) >= 0);
    put_dataset(f, "emb", H5T_IEEE_F32LE, create, real, H5T_NATIVE_FLOAT);
    H5Pclose(create);
    H5Fclose(f);
    expect_open(s.path, NULL, WN_EINPUT, "raw.bin (external storage)");
    cr_assert_eq(wn_store_check(s.path, NULL, 0, &e), WN_EINPUT);
    f = new_file(&s, "y.h5"), create = H5Pcreate(H5P_DATASET_CREATE);
    hid_t space = H5Screate_simple(2, dims, NULL);
    cr_assert(H5Pset_virtual(create, space, "part.h5", "/d", space) >= 0);
    put_dataset(f, "emb", H5T_IEEE_F32LE, create, NULL, 0);
    H5Sclose(space);
    H5Pclose(create);
    H5Fclose(f);
    expect_open(s.path, NULL, WN_EINPUT, "a virtual dataset, put together from part.h5");
    cr_assert_eq(wn_store_check(s.path, NULL, 0, &e), WN_EINPUT);
    scratch_free(&s);
}

/* /obs as AnnData 0.6 wrote it: one table; categories of "kind" are in /uns. */
static void put_old_obs(hid_t f) {
    static const struct {
        char index[8];
        int32_t kind;
        double weight;
    } rows[2] = {{"cell0", 1, .5}, {"cell-one", 0, 2}};
    static const char *const kinds[] = {"b", "t"};
    const hsize_t n[1] = {2};
    hid_t text = H5Tcopy(H5T_C_S1), vlen = H5Tcopy(H5T_C_S1), t = H5Tcreate(H5T_COMPOUND, sizeof rows[0]);
    H5Tset_size(text, 8);
    H5Tset_strpad(text, H5T_STR_NULLPAD);
    H5Tset_size(vlen, H5T_VARIABLE);
    H5Tinsert(t, "index", 0, text);
    H5Tinsert(t, "kind", 8, H5T_NATIVE_INT32);
    H5Tinsert(t, "weight", 16, H5T_NATIVE_DOUBLE);
    hid_t s = H5Screate_simple(1, n, NULL);
    hid_t d = H5Dcreate2(f, "obs", t, s, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    cr_assert(H5Dwrite(d, t, H5S_ALL, H5S_ALL, H5P_DEFAULT, rows) >= 0);
    H5Dclose(d);
    hid_t g = H5Gcreate2(f, "uns", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    d = H5Dcreate2(g, "kind_categories", vlen, s, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    cr_assert(H5Dwrite(d, vlen, H5S_ALL, H5S_ALL, H5P_DEFAULT, kinds) >= 0);
    H5Dclose(d);
    H5Gclose(g);
    H5Sclose(s);
    H5Tclose(t);
    H5Tclose(vlen);
    H5Tclose(text);
}

static void expect_strings(wn_matrix_file *m, const char *column, const char *first, const char *second) {
    wn_err e = {0};
    wn_strings t = {0};
    cr_assert_eq(wn_matrix_obs_strings(m, column, &t, &e), WN_OK, "%s", e.msg);
    const char *const want[] = {first, second};
    for (size_t i = 0; i < 2; i++) {
        size_t n = (size_t)(t.off[i + 1] - t.off[i]);
        cr_assert(n == strlen(want[i]) && memcmp(t.base + t.off[i], want[i], n) == 0, "%s %zu is %.*s", column, i,
                  (int)n, t.base + t.off[i]);
    }
    wn_strings_free(&t);
}

Test(store_habits, columns_of_old_anndata_are_read) {
    scratch s = scratch_new();
    wn_err e = {0};
    wn_matrix_file *m = NULL;
    double weight[2] = {0};
    wn_strings none = {0};
    hid_t f = new_file(&s, "x.h5ad");
    put_dataset(f, "X", H5T_IEEE_F32LE, H5P_DEFAULT, real, H5T_NATIVE_FLOAT);
    put_old_obs(f);
    H5Fclose(f);
    expect_values(s.path, NULL, real);
    cr_assert_eq(wn_matrix_open(&m, s.path, NULL, &e), WN_OK, "%s", e.msg);
    cr_assert(wn_matrix_has_obs(m, "_index") && wn_matrix_has_obs(m, "kind") && !wn_matrix_has_obs(m, "other"));
    expect_strings(m, "_index", "cell0", "cell-one");
    expect_strings(m, "kind", "t", "b");
    cr_assert_eq(wn_matrix_obs_f64(m, "weight", weight, &e), WN_OK, "%s", e.msg);
    cr_assert(weight[0] == .5 && weight[1] == 2);
    cr_assert_eq(wn_matrix_obs_strings(m, "other", &none, &e), WN_EUSAGE);
    cr_assert_not_null(strstr(e.msg, "(columns: kind, weight)"), "%s", e.msg);
    char summary[400] = "";
    cr_assert_eq(wn_store_check(s.path, summary, sizeof summary, &e), WN_OK, "%s", e.msg);
    cr_assert_not_null(strstr(summary, "columns: index (string), kind (i32), weight (f64)\n"), "%s", summary);
    for (long i = 0;; i++) {
        wn_strings t = {0};
        wn_mem_fail_after(i, false);
        wn_code code = wn_matrix_obs_strings(m, "kind", &t, &e);
        long made = wn_mem_count();
        wn_mem_fail_after(-1, false);
        wn_strings_free(&t);
        if (made <= i) break;
        cr_assert_eq(code, WN_EMEMORY, "allocation %ld: %s", i, e.msg);
    }
    wn_matrix_close(m);
    scratch_free(&s);
}
