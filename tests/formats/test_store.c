/* The matrix store: what is written can be read, whatever the shape; damage is found. */
#include <hdf5.h>
#include <malloc.h>
#include <winnow/mem.h>

#include "store_util.h"

/* Number of cells of [n, cols] that differ from `cell`, reading blocks of rows at odd offsets. */
static size_t count_wrong(const char *path, size_t n, size_t cols, size_t block) {
    wn_err e = {0};
    wn_matrix_file *m = NULL;
    size_t wrong = 0, stride = cols + 3;
    cr_assert_eq(wn_matrix_open(&m, path, NULL, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_matrix_rows(m), n);
    cr_assert_eq(wn_matrix_cols(m), cols);
    float *x = calloc(block * stride + 1, sizeof *x);
    for (size_t at = 0; at < n; at += block) {
        size_t rows = n - at < block ? n - at : block;
        memset(x, 0x5a, block * stride * sizeof *x);
        float guard = x[cols];
        cr_assert_eq(wn_matrix_read(m, at, rows, x, stride, &e), WN_OK, "%s", e.msg);
        for (size_t i = 0; i < rows; i++) {
            for (size_t j = 0; j < cols; j++) wrong += x[i * stride + j] != cell(at + i, j);
            wrong += x[i * stride + cols] != guard; /* the gap between rows is not ours to write */
        }
    }
    free(x);
    wn_matrix_close(m);
    return wrong;
}

Test(store, rows_come_back_for_every_shape) {
    static const struct {
        size_t n, cols, batch, block;
    } cases[] = {{1000, 37, 100, 17},       {0, 5, 4, 4},      {1, 1, 1, 1},
                 {300000, 1, 70000, 99999}, {3, 300000, 1, 2}, {5000, 384, 777, 1000}};
    scratch s = scratch_new();
    wn_err e = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = scratch_path(&s, "x.h5ad");
        cr_assert_eq(write_sample(path, cases[i].n, cases[i].cols, cases[i].batch, true, &e), WN_OK, "%s", e.msg);
        cr_assert_eq(count_wrong(path, cases[i].n, cases[i].cols, cases[i].block), 0, "case %zu", i);
        cr_assert_eq(wn_store_check(path, NULL, 0, &e), WN_OK, "%s", e.msg);
    }
    scratch_free(&s);
}

Test(store, read_all_gives_an_aligned_matrix) {
    scratch s = scratch_new();
    wn_err e = {0};
    wn_matrix_file *m = NULL;
    wn_mat x;
    cr_assert_eq(write_sample(scratch_path(&s, "x.h5ad"), 50, 20, 50, false, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_matrix_open(&m, s.path, "X", &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_matrix_read_all(m, &x, &e), WN_OK);
    cr_assert_eq((uintptr_t)x.data % 64, 0);
    cr_assert_eq(wn_mat_row(&x, 49)[19], cell(49, 19));
    cr_assert_eq(wn_mat_row(&x, 49)[20], 0);
    cr_assert_eq(wn_matrix_read(m, 40, 11, x.data, x.stride, &e), WN_EINTERNAL);
    wn_mat_free(&x);
    wn_matrix_close(m);
    scratch_free(&s);
}

Test(store, equal_content_gives_equal_bytes) {
    static const size_t batches[] = {1, 7, 500, 3000};
    scratch s = scratch_new();
    wn_err e = {0};
    bytes first = {0};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        (void)mallopt(M_PERTURB, (int)(17 + 50 * i)); /* memory that was never written would show */
        cr_assert_eq(write_sample(scratch_path(&s, "x.h5ad"), 3000, 384, batches[i], true, &e), WN_OK, "%s", e.msg);
        bytes b = slurp(s.path);
        if (i == 0) {
            first = b;
            continue;
        }
        cr_assert_eq(b.size, first.size);
        cr_assert_eq(memcmp(b.data, first.data, b.size), 0, "batch %zu gives other bytes", batches[i]);
        free(b.data);
    }
    free(first.data);
    scratch_free(&s);
}

static herr_t count_times(hid_t root, const char *name, const H5O_info_t *info, void *ctx) {
    (void)root;
    (void)name;
    ((size_t *)ctx)[0]++;
    ((size_t *)ctx)[1] += info->ctime != 0 || info->mtime != 0 || info->atime != 0;
    return 0;
}

Test(store, no_object_has_a_time_stamp) {
    scratch s = scratch_new();
    wn_err e = {0};
    size_t counts[2] = {0, 0};
    cr_assert_eq(write_sample(scratch_path(&s, "x.h5ad"), 10, 3, 10, false, &e), WN_OK, "%s", e.msg);
    hid_t f = H5Fopen(s.path, H5F_ACC_RDONLY, H5P_DEFAULT);
    cr_assert(H5Ovisit2(f, H5_INDEX_NAME, H5_ITER_INC, count_times, counts, H5O_INFO_BASIC | H5O_INFO_TIME) >= 0);
    H5Fclose(f);
    cr_assert_gt(counts[0], 15);
    cr_assert_eq(counts[1], 0, "%zu of %zu objects have time stamps", counts[1], counts[0]);
    scratch_free(&s);
}

/* Bytes of a chunk of X, after checking the checksum filter. */
static hsize_t chunk_bytes(const char *path) {
    hsize_t chunk[2] = {0, 0};
    hid_t f = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), d = H5Dopen2(f, "X", H5P_DEFAULT), p = H5Dget_create_plist(d);
    unsigned flags = 0, config = 0;
    size_t none = 0;
    cr_assert_eq(H5Pget_chunk(p, 2, chunk), 2);
    cr_assert_eq(H5Pget_nfilters(p), 1);
    cr_assert_eq(H5Pget_filter2(p, 0, &flags, &none, NULL, 0, NULL, &config), H5Z_FILTER_FLETCHER32);
    H5Pclose(p);
    H5Dclose(d);
    H5Fclose(f);
    return chunk[0] * chunk[1] * 4;
}

Test(store, chunks_are_whole_rows_of_a_fitting_size) {
    scratch s = scratch_new();
    wn_err e = {0};
    static const size_t cols[] = {3, 128, 384, 1000, 50000, 100000, 200000};
    for (size_t i = 0; i < sizeof cols / sizeof *cols; i++) {
        size_t n = 2000000 / cols[i] / 2 + 2;
        cr_assert_eq(write_sample(scratch_path(&s, "x.h5ad"), n, cols[i], n, true, &e), WN_OK, "%s", e.msg);
        hsize_t b = chunk_bytes(s.path);
        cr_assert(b >= (256u << 10) && b <= (1u << 20), "%zu columns: chunks of %llu bytes", cols[i],
                  (unsigned long long)b);
    }
    cr_assert_eq(write_sample(scratch_path(&s, "small.h5ad"), 4, 3, 4, false, &e), WN_OK);
    cr_assert_eq(chunk_bytes(s.path), 4 * 3 * 4, "a small matrix needs no more than its rows");
    scratch_free(&s);
}

Test(store, columns_graph_and_values_come_back) {
    enum { N = 10 };
    scratch s = scratch_new();
    wn_err e = {0};
    wn_matrix_file *m = NULL;
    wn_strings ids = {0}, labels = {0}, lines = {0};
    wn_csr g = {0};
    int64_t line[N], chosen[N];
    double sim[N];
    char *command = NULL;
    cr_assert_eq(write_sample(scratch_path(&s, "x.h5ad"), N, 3, 4, false, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_matrix_open(&m, s.path, NULL, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_matrix_obs_strings(m, "_index", &ids, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_matrix_obs_strings(m, "label", &labels, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_matrix_obs_strings(m, "line", &lines, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_matrix_obs_i64(m, "line", line, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_matrix_obs_i64(m, "selected", chosen, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_matrix_obs_f64(m, "sim", sim, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_matrix_obsp(m, "similarity", &g, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_matrix_uns_string(m, "command", &command, &e), WN_OK, "%s", e.msg);
    cr_assert_str_eq(command, "winnow embed x.jsonl");
    cr_assert_eq(ids.view.n, N);
    for (size_t i = 0; i < N; i++) {
        char want[16];
        int len = snprintf(want, sizeof want, "id-%zu", i);
        cr_assert_eq(ids.off[i + 1] - ids.off[i], (unsigned long long)len);
        cr_assert_eq(memcmp(ids.base + ids.off[i], want, (size_t)len), 0);
        cr_assert_eq(labels.off[i + 1] - labels.off[i], i % 3 == 2 ? 0u : 1u);
        if (i % 3 != 2) cr_assert_eq(labels.base[labels.off[i]], i % 3 ? 'b' : 'a');
        cr_assert_eq(lines.base[lines.off[i]], i == 9 ? '1' : (char)('1' + i));
        cr_assert_eq(line[i], (int64_t)i + 1);
        cr_assert_eq(chosen[i], (int64_t)(i % 2));
        cr_assert_eq(sim[i], (double)i / 8);
        cr_assert_eq(g.indptr[i + 1], (long long)i + 1);
        cr_assert_eq(g.indices[i], (long long)((i + 1) % N));
        cr_assert_eq(g.data[i], (float)i / 8);
    }
    cr_assert(wn_matrix_has_obs(m, "label"));
    cr_assert_not(wn_matrix_has_obs(m, "text"));
    cr_assert_eq(wn_matrix_obs_i64(m, "text", line, &e), WN_EUSAGE);
    cr_assert_not_null(strstr(e.msg, "(columns: label, line, selected, sim)"), "%s", e.msg);
    cr_assert_eq(wn_matrix_obs_i64(m, "label", line, &e), WN_EINPUT);
    cr_assert_eq(wn_matrix_obs_i64(m, "sim", line, &e), WN_EINPUT);
    cr_assert_eq(wn_matrix_uns_string(m, "nothing", &command, &e), WN_EUSAGE);
    cr_assert_eq(wn_matrix_obsp(m, "nothing", &g, &e), WN_EUSAGE);
    wn_strings_free(&ids);
    wn_strings_free(&labels);
    wn_strings_free(&lines);
    wn_free(command);
    wn_free(g.indptr);
    wn_free(g.indices);
    wn_free(g.data);
    wn_matrix_close(m);
    scratch_free(&s);
}

Test(store, existing_files_are_not_overwritten) {
    scratch s = scratch_new();
    wn_err e = {0};
    wn_store *w = NULL;
    const float row[2] = {1, 2};
    spill(scratch_path(&s, "x.h5ad"), "precious", 8);
    cr_assert_eq(wn_store_create(&w, s.path, 2, false, &e), WN_EUSAGE);
    cr_assert_not_null(strstr(e.msg, "x.h5ad"), "%s", e.msg);
    cr_assert_eq(wn_store_create(&w, s.path, 2, true, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_store_append(w, row, 2, 1, &e), WN_OK);
    wn_store_abort(w);
    bytes b = slurp(s.path);
    cr_assert_eq(b.size, 8, "an aborted write changed the target");
    cr_assert_eq(scratch_count(&s), 1, "an aborted write left something behind");
    free(b.data);
    scratch_free(&s);
}

Test(store, what_cannot_be_stored_is_refused_and_nothing_appears) {
    scratch s = scratch_new();
    wn_err e = {0};
    wn_store *w = NULL;
    const float rows[6] = {1, 2, 3, 4, 5, NAN};
    const char *const zero = "a\0b";
    const unsigned long long off[4] = {0, 3, 3, 3};
    const wn_texts ids = {.base = zero, .off = off, .n = 3}, two = {.base = zero, .off = off, .n = 2};
    cr_assert_eq(wn_store_create(&w, scratch_path(&s, "x.h5ad"), 0, false, &e), WN_EINPUT);
    cr_assert_eq(wn_store_create(&w, s.path, 2, false, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_store_append(w, rows, 2, 3, &e), WN_EINPUT);
    cr_assert_not_null(strstr(e.msg, "row 2, column 1 is NaN"), "%s", e.msg);
    cr_assert_eq(wn_store_commit(w, &e), WN_EIO, "a failed append must not be committed");
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(wn_store_create(&w, s.path, 1, false, &e), WN_OK, "%s", e.msg);
        cr_assert_eq(wn_store_append(w, rows, 1, 3, &e), WN_OK);
        cr_assert_eq(wn_store_obs_ids(w, i ? &two : &ids, &e), i ? WN_EINTERNAL : WN_EINPUT);
        cr_assert_not_null(strstr(e.msg, i ? "2 ids for 3 rows" : "_index of row 0 holds a zero byte"), "%s", e.msg);
        cr_assert_neq(wn_store_commit(w, &e), WN_OK);
    }
    cr_assert_eq(wn_store_create(&w, s.path, 1, false, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_store_obs_f32(w, "v", rows, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_store_obs_f32(w, "v", rows, &e), WN_EINTERNAL, "a column twice");
    wn_store_abort(w);
    cr_assert_eq(scratch_count(&s), 0);
    scratch_free(&s);
}

/* ---- damage ---- */

static void flip(const char *path, off_t at, unsigned char mask) {
    unsigned char c = 0;
    FILE *f = fopen(path, "r+b");
    cr_assert_not_null(f);
    cr_assert(fseeko(f, at, SEEK_SET) == 0 && fread(&c, 1, 1, f) == 1);
    c ^= mask;
    cr_assert(fseeko(f, at, SEEK_SET) == 0 && fwrite(&c, 1, 1, f) == 1 && fclose(f) == 0);
}

Test(store, a_flipped_byte_of_the_matrix_is_found) {
    enum { N = 4000, COLS = 64 };
    scratch s = scratch_new();
    wn_err e = {0};
    wn_rng r = wn_rng_init(1, 0);
    haddr_t addr[8];
    hsize_t size[8], nchunks = 0;
    cr_assert_eq(write_sample(scratch_path(&s, "x.h5ad"), N, COLS, N, false, &e), WN_OK, "%s", e.msg);
    hid_t f = H5Fopen(s.path, H5F_ACC_RDONLY, H5P_DEFAULT), d = H5Dopen2(f, "X", H5P_DEFAULT), sp = H5Dget_space(d);
    cr_assert(H5Dget_num_chunks(d, sp, &nchunks) >= 0 && nchunks > 0 && nchunks <= 8);
    for (hsize_t i = 0; i < nchunks; i++) {
        hsize_t offset[2];
        unsigned mask = 0;
        cr_assert(H5Dget_chunk_info(d, sp, i, offset, &mask, &addr[i], &size[i]) >= 0);
    }
    H5Sclose(sp);
    H5Dclose(d);
    H5Fclose(f);
    cr_assert_eq(wn_store_check(s.path, NULL, 0, &e), WN_OK, "%s", e.msg);
    for (int i = 0; i < 50; i++) {
        size_t c = (size_t)wn_rng_below(&r, nchunks);
        off_t at = (off_t)(addr[c] + wn_rng_below(&r, size[c]));
        unsigned char mask = (unsigned char)(1 + wn_rng_below(&r, 255));
        flip(s.path, at, mask);
        cr_assert_neq(wn_store_check(s.path, NULL, 0, &e), WN_OK, "byte %lld", (long long)at);
        cr_assert_not_null(strstr(e.msg, "X"), "%s", e.msg);
        flip(s.path, at, mask);
    }
    cr_assert_eq(wn_store_check(s.path, NULL, 0, &e), WN_OK, "%s", e.msg);
    /* Reading the rows finds it too. */
    wn_matrix_file *m = NULL;
    wn_mat x;
    flip(s.path, (off_t)addr[0] + 100, 1);
    cr_assert_eq(wn_matrix_open(&m, s.path, NULL, &e), WN_OK);
    cr_assert_eq(wn_matrix_read_all(m, &x, &e), WN_EIO);
    cr_assert_not_null(strstr(e.msg, "checksum"), "%s", e.msg);
    wn_matrix_close(m);
    scratch_free(&s);
}

Test(store, a_changed_string_is_found) {
    scratch s = scratch_new();
    wn_err e = {0};
    cr_assert_eq(write_sample(scratch_path(&s, "x.h5ad"), 300, 4, 300, false, &e), WN_OK, "%s", e.msg);
    bytes b = slurp(s.path);
    char *id = memmem(b.data, b.size, "id-123", 6);
    cr_assert_not_null(id);
    flip(s.path, (off_t)(id - b.data) + 4, 1);
    cr_assert_eq(wn_store_check(s.path, NULL, 0, &e), WN_EINPUT);
    cr_assert_not_null(strstr(e.msg, "strings of obs/_index"), "%s", e.msg);
    free(b.data);
    scratch_free(&s);
}

Test(store, a_truncated_file_is_named_so) {
    scratch s = scratch_new();
    wn_err e = {0};
    wn_matrix_file *m = NULL;
    cr_assert_eq(write_sample(scratch_path(&s, "x.h5ad"), 500, 64, 500, false, &e), WN_OK, "%s", e.msg);
    bytes b = slurp(s.path);
    for (size_t keep = b.size - 1; keep > 100; keep = keep * 2 / 3) {
        spill(s.path, b.data, keep);
        cr_assert_eq(wn_store_check(s.path, NULL, 0, &e), WN_EINPUT, "%zu bytes", keep);
        cr_assert_not_null(strstr(e.msg, "truncated"), "%s", e.msg);
        cr_assert_eq(wn_matrix_open(&m, s.path, NULL, &e), WN_EINPUT);
    }
    free(b.data);
    scratch_free(&s);
}

Test(store, summary_tells_what_a_file_holds) {
    scratch s = scratch_new();
    wn_err e = {0};
    char text[1000], tiny[20];
    cr_assert_eq(write_sample(scratch_path(&s, "x.h5ad"), 10, 3, 10, false, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_store_check(s.path, text, sizeof text, &e), WN_OK, "%s", e.msg);
    cr_assert_str_eq(text, "kind: HDF5, AnnData (.h5ad)\n"
                           "matrix: 10 x 3 f32, checksums\n"
                           "columns: _index (string), label (categorical), line (i64), selected (bool), sim (f32)\n"
                           "graph: similarity, 10 entries\n"
                           "selection: 2 rows\n"
                           "command: winnow embed x.jsonl\n");
    cr_assert_eq(wn_store_check(s.path, tiny, sizeof tiny, &e), WN_OK);
    cr_assert_str_eq(tiny, "kind: HDF5, AnnData");
    scratch_free(&s);
}
