/* HDF5 files with bytes changed, read in a process of their own: whatever libhdf5 does, the reader gets an answer. */
#include <hdf5.h>
#include <signal.h>
#include <winnow/mem.h>
#include <winnow/progress.h>

#include "store_util.h"

enum { N = 12, COLS = 5, FILES = 300, CHANGES = 8 };

/* Everything there is to be had from the file; the first failure. */
static wn_code read_everything(const char *path, wn_err *err) {
    wn_matrix_file *m = NULL;
    wn_mat x = {0};
    wn_strings text = {0};
    wn_csr g = {0};
    char *command = NULL;
    double real[64];
    int64_t whole[64];
    wn_code code = wn_matrix_open_apart(&m, path, NULL, err);
    if (code != WN_OK) goto out;
    if (wn_matrix_rows(m) > 64) goto out;
    if ((code = wn_matrix_read_all(m, &x, err)) != WN_OK) goto out;
    if (!wn_matrix_has_obs(m, "_index")) goto out;
    if ((code = wn_matrix_obs_strings(m, "_index", &text, err)) != WN_OK) goto out;
    wn_strings_free(&text);
    if ((code = wn_matrix_obs_strings(m, "label", &text, err)) != WN_OK) goto out;
    if ((code = wn_matrix_obs_i64(m, "line", whole, err)) != WN_OK) goto out;
    if ((code = wn_matrix_obs_f64(m, "sim", real, err)) != WN_OK) goto out;
    if ((code = wn_matrix_uns_string(m, "command", &command, err)) != WN_OK) goto out;
    code = wn_matrix_obsp(m, "similarity", &g, err);
out:
    wn_free(command);
    wn_csr_free(&g);
    wn_strings_free(&text);
    wn_mat_free(&x);
    wn_matrix_close(m);
    return code;
}

/* A plain HDF5 file with one compressed matrix and one beside it that is none. */
static void put_plain(const char *path) {
    const hsize_t dims[2] = {N, COLS}, chunk[2] = {4, COLS};
    float x[N * COLS];
    for (size_t i = 0; i < N * COLS; i++) x[i] = cell(i / COLS, i % COLS);
    hid_t f = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), s = H5Screate_simple(2, dims, NULL);
    hid_t p = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(p, 2, chunk);
    H5Pset_deflate(p, 6);
    hid_t d = H5Dcreate2(f, "emb", H5T_IEEE_F32LE, s, H5P_DEFAULT, p, H5P_DEFAULT);
    cr_assert(H5Dwrite(d, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) >= 0);
    H5Dclose(d);
    d = H5Dcreate2(f, "codes", H5T_STD_I32LE, s, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dclose(d);
    H5Pclose(p);
    H5Sclose(s);
    H5Fclose(f);
}

/* With the library of the file itself, by version bounds of its own: other object headers than winnow's. */
static void put_latest(const char *path) {
    const hsize_t dims[2] = {N, COLS}, n[1] = {N};
    float x[N * COLS];
    char ids[N][8] = {{0}};
    for (size_t i = 0; i < N * COLS; i++) x[i] = cell(i / COLS, i % COLS);
    for (size_t i = 0; i < N; i++) (void)snprintf(ids[i], 8, "c%zu", i);
    hid_t a = H5Pcreate(H5P_FILE_ACCESS), text = H5Tcopy(H5T_C_S1);
    H5Pset_libver_bounds(a, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    H5Tset_size(text, 8);
    hid_t f = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, a), s = H5Screate_simple(2, dims, NULL);
    hid_t d = H5Dcreate2(f, "X", H5T_IEEE_F64BE, s, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    cr_assert(H5Dwrite(d, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) >= 0);
    H5Dclose(d);
    hid_t g = H5Gcreate2(f, "obs", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), v = H5Screate_simple(1, n, NULL);
    static const char *const names[] = {"_index", "label"};
    for (size_t i = 0; i < 2; i++) {
        d = H5Dcreate2(g, names[i], text, v, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        cr_assert(H5Dwrite(d, text, H5S_ALL, H5S_ALL, H5P_DEFAULT, ids) >= 0);
        H5Dclose(d);
    }
    H5Gclose(g);
    H5Sclose(v);
    H5Sclose(s);
    H5Fclose(f);
    H5Tclose(text);
    H5Pclose(a);
}

static void expect_an_answer(const char *path, wn_code code, const wn_err *e, int file) {
    cr_assert(code == WN_OK || code == WN_EINPUT || code == WN_EIO || code == WN_EUSAGE || code == WN_EMEMORY,
              "file %d: code %d, %s", file, code, e->msg);
    if (code == WN_OK) return;
    cr_assert(e->msg[0] && !strchr(e->msg, '\n'), "file %d: %s", file, e->msg);
    cr_assert(code == WN_EMEMORY || strstr(e->msg, strrchr(path, '/')), "file %d: not named: %s", file, e->msg);
}

Test(store_apart, files_with_bytes_changed_get_an_answer) {
    scratch s = scratch_new();
    wn_err e = {0};
    bytes whole[3];
    cr_assert_eq(write_sample(scratch_path(&s, "0.h5ad"), N, COLS, 5, false, &e), WN_OK, "%s", e.msg);
    whole[0] = slurp(s.path);
    put_plain(scratch_path(&s, "1.h5"));
    whole[1] = slurp(s.path);
    put_latest(scratch_path(&s, "2.h5ad"));
    whole[2] = slurp(s.path);
    wn_rng r = wn_rng_init(11, 0);
    size_t broken = 0, good = 0;
    for (int i = 0; i < FILES; i++) {
        bytes b = whole[i % 3];
        char *data = malloc(b.size);
        memcpy(data, b.data, b.size);
        for (int k = 0; k < CHANGES; k++) /* headers stand at the beginning, mostly */
            data[wn_rng_below(&r, i % 2 && b.size > 3000 ? 3000 : b.size)] = (char)wn_rng_below(&r, 256);
        spill(scratch_path(&s, "x.h5ad"), data, b.size);
        free(data);
        wn_code code = read_everything(s.path, &e);
        expect_an_answer(s.path, code, &e, i);
        broken += code == WN_EINPUT && strstr(e.msg, "fails on it") != NULL;
        good += code == WN_OK;
        code = wn_store_check_apart(s.path, NULL, 0, &e);
        expect_an_answer(s.path, code, &e, i);
    }
    cr_assert(good > 0 && good < FILES, "%zu of %d could be read", good, FILES);
    cr_assert(broken > 0, "none of the files makes libhdf5 crash: the test is too kind");
    for (size_t i = 0; i < 3; i++) free(whole[i].data);
    scratch_free(&s);
}

Test(store_apart, what_is_read_is_what_is_there) {
    enum { ROWS = 700, WIDE = 900 }; /* several blocks */
    scratch s = scratch_new();
    wn_err e = {0};
    wn_matrix_file *m[2] = {NULL, NULL};
    wn_mat x[2];
    wn_strings t[2];
    wn_csr g[2];
    int64_t line[2][ROWS];
    double sim[2][ROWS];
    char *command[2], *none = NULL;
    cr_assert_eq(write_sample(scratch_path(&s, "x.h5ad"), ROWS, WIDE, 100, false, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_matrix_open(&m[0], s.path, NULL, &e), WN_OK);
    cr_assert_eq(wn_matrix_open_apart(&m[1], s.path, NULL, &e), WN_OK, "%s", e.msg);
    for (size_t i = 0; i < 2; i++) {
        cr_assert(wn_matrix_rows(m[i]) == ROWS && wn_matrix_cols(m[i]) == WIDE);
        cr_assert(wn_matrix_has_obs(m[i], "label") && !wn_matrix_has_obs(m[i], "labels"));
        cr_assert_eq(wn_matrix_read_all(m[i], &x[i], &e), WN_OK, "%s", e.msg);
        cr_assert_eq(wn_matrix_obs_strings(m[i], "_index", &t[i], &e), WN_OK, "%s", e.msg);
        cr_assert_eq(wn_matrix_obs_i64(m[i], "line", line[i], &e), WN_OK, "%s", e.msg);
        cr_assert_eq(wn_matrix_obs_f64(m[i], "sim", sim[i], &e), WN_OK, "%s", e.msg);
        cr_assert_eq(wn_matrix_uns_string(m[i], "command", &command[i], &e), WN_OK, "%s", e.msg);
        cr_assert_eq(wn_matrix_obsp(m[i], "similarity", &g[i], &e), WN_OK, "%s", e.msg);
        cr_assert_eq(wn_matrix_uns_string(m[i], "nothing", &none, &e), WN_EUSAGE);
        cr_assert_eq(wn_matrix_obs_i64(m[i], "label", line[i], &e), WN_EINPUT);
        cr_assert_eq(wn_matrix_read(m[i], ROWS, 1, x[i].data, WIDE, &e), WN_EINTERNAL);
    }
    for (size_t i = 0; i < ROWS; i++) cr_assert_eq(memcmp(wn_mat_row(&x[0], i), wn_mat_row(&x[1], i), WIDE * 4), 0);
    cr_assert_eq(memcmp(t[0].off, t[1].off, (ROWS + 1) * sizeof *t[0].off), 0);
    cr_assert_eq(memcmp(t[0].base, t[1].base, (size_t)t[0].off[ROWS]), 0);
    cr_assert_eq(memcmp(line[0], line[1], sizeof line[0]), 0);
    cr_assert_eq(memcmp(sim[0], sim[1], sizeof sim[0]), 0);
    cr_assert_str_eq(command[0], command[1]);
    cr_assert_eq(memcmp(g[0].indptr, g[1].indptr, (ROWS + 1) * sizeof *g[0].indptr), 0);
    cr_assert_eq(memcmp(g[0].indices, g[1].indices, ROWS * sizeof *g[0].indices), 0);
    cr_assert_eq(memcmp(g[0].data, g[1].data, ROWS * sizeof *g[0].data), 0);
    for (size_t i = 0; i < 2; i++) {
        wn_mat_free(&x[i]);
        wn_strings_free(&t[i]);
        wn_csr_free(&g[i]);
        wn_free(command[i]);
        wn_matrix_close(m[i]);
    }
    scratch_free(&s);
}

/* A signal may come after an answer, before the child was settled with: then it is the next question that tells. */
Test(store_apart, after_a_signal_every_question_says_interrupted) {
    scratch s = scratch_new();
    wn_err e = {0};
    wn_matrix_file *m = NULL;
    int64_t line[N];
    cr_assert_eq(write_sample(scratch_path(&s, "x.h5ad"), N, COLS, 5, false, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_matrix_open_apart(&m, s.path, NULL, &e), WN_OK, "%s", e.msg);
    wn_interrupt_raise(SIGINT);
    wn_code code = WN_OK;
    for (int i = 0; i < 20; i++) {
        code = wn_matrix_obs_i64(m, "line", line, &e);
        cr_assert(code == WN_OK || code == WN_EINTERRUPT, "question %d: %s", i, e.msg);
    }
    cr_assert_eq(code, WN_EINTERRUPT);
    wn_interrupt_raise(0);
    cr_assert_eq(wn_matrix_obs_i64(m, "line", line, &e), WN_EINPUT, "%s", e.msg);
    wn_matrix_close(m);
    scratch_free(&s);
}

Test(store_apart, every_failing_allocation_is_reported) {
    scratch s = scratch_new();
    wn_err e = {0};
    cr_assert_eq(write_sample(scratch_path(&s, "x.h5ad"), N, COLS, 5, false, &e), WN_OK, "%s", e.msg);
    for (int forever = 0; forever < 2; forever++)
        for (long i = 0;; i++) {
            wn_mem_fail_after(i, forever);
            wn_code code = read_everything(s.path, &e);
            long made = wn_mem_count();
            wn_mem_fail_after(-1, false);
            if (made <= i) {
                cr_assert_eq(code, WN_OK, "%s", e.msg);
                break;
            }
            cr_assert_eq(code, WN_EMEMORY, "allocation %ld: code %d, %s", i, code, e.msg);
        }
    scratch_free(&s);
}

/* A matrix of [SIDE, SIDE] in one packed chunk. */
static void put_one_chunk(const char *path, hsize_t side) {
    const hsize_t dims[2] = {side, side};
    float *x = calloc(side * side, sizeof *x);
    hid_t f = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), s = H5Screate_simple(2, dims, NULL);
    hid_t p = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(p, 2, dims);
    H5Pset_deflate(p, 1);
    hid_t d = H5Dcreate2(f, "emb", H5T_IEEE_F32LE, s, H5P_DEFAULT, p, H5P_DEFAULT);
    cr_assert(H5Dwrite(d, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) >= 0);
    H5Dclose(d);
    H5Pclose(p);
    H5Sclose(s);
    H5Fclose(f);
    free(x);
}

static void put_long_ids(const char *path, size_t n, size_t length) {
    wn_err e = {0};
    wn_store *s = NULL;
    float *x = calloc(n, sizeof *x);
    unsigned long long *off = calloc(n + 1, sizeof *off);
    char *base = malloc(n * length);
    memset(base, 'i', n * length);
    for (size_t i = 0; i <= n; i++) off[i] = i * length;
    const wn_texts ids = {.base = base, .off = off, .n = n};
    cr_assert_eq(wn_store_create(&s, path, 1, false, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_store_append(s, x, 1, n, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_store_obs_ids(s, &ids, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_store_commit(s, &e), WN_OK, "%s", e.msg);
    free(x), free(off), free(base);
}

Test(store_apart, memory_bounds_both_processes_together) {
    enum { SIDE = 1024, MB = 1 << 20, ROWS = 3000, ID = 2000 };
    scratch s = scratch_new();
    wn_err e = {0};
    wn_matrix_file *m = NULL;
    wn_mat x = {0};
    wn_strings ids = {0};
    put_one_chunk(scratch_path(&s, "x.h5"), SIDE); /* 4 MB, and thrice that while it is unpacked */
    size_t before = wn_mem_held();
    wn_mem_limit(before + 8 * MB);
    cr_assert_eq(wn_matrix_open_apart(&m, s.path, NULL, &e), WN_EMEMORY);
    cr_assert(strstr(e.msg, "a chunk of") && strstr(e.msg, "smaller chunks"), "%s", e.msg);
    wn_mem_limit(before + 20 * MB);
    cr_assert_eq(wn_matrix_open_apart(&m, s.path, NULL, &e), WN_OK, "%s", e.msg);
    cr_assert_geq(wn_mem_held() - before, 4 * MB, "the child's cache counts here");
    cr_assert_eq(wn_matrix_read_all(m, &x, &e), WN_OK, "%s", e.msg);
    wn_mat_free(&x);
    wn_matrix_close(m);
    cr_assert_eq(wn_mem_held(), before);
    wn_mem_limit(0);
    put_long_ids(scratch_path(&s, "ids.h5ad"), ROWS, ID);
    before = wn_mem_held();
    wn_mem_limit(before + 11 * MB); /* 6 MB of ids, there twice while they are sent */
    cr_assert_eq(wn_matrix_open_apart(&m, s.path, NULL, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_matrix_obs_strings(m, "_index", &ids, &e), WN_EMEMORY);
    wn_matrix_close(m);
    cr_assert_eq(wn_mem_held(), before);
    wn_mem_limit(before + 40 * MB);
    cr_assert_eq(wn_matrix_open_apart(&m, s.path, NULL, &e), WN_OK, "%s", e.msg);
    size_t open = wn_mem_held();
    cr_assert_eq(wn_matrix_obs_strings(m, "_index", &ids, &e), WN_OK, "%s", e.msg);
    cr_assert_lt(wn_mem_held() - open, 9 * MB, "the child has let go");
    wn_strings_free(&ids);
    wn_matrix_close(m);
    cr_assert_eq(wn_mem_held(), before);
    scratch_free(&s);
}
