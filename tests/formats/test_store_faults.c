/* The matrix store when memory, disk or the process itself gives out: absent or whole, never half. */
#include <errno.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <winnow/mem.h>
#include <winnow/progress.h>

#include "store_util.h"

/* libhdf5 1.10 forgets memory of its own when closing a file fails on a full disk: not ours to free. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void); /* the runtime looks it up */
const char *__lsan_default_suppressions(void) { return "leak:libhdf5"; }

enum { N = 200, COLS = 24 };

/* Writes a file, checks it, and reads everything there is in it. */
static wn_code everything(const char *path, wn_err *err) {
    static char summary[2000];
    wn_matrix_file *m = NULL;
    wn_strings text = {0};
    wn_csr g = {0};
    wn_mat x = {0};
    char *command = NULL;
    int64_t line[N];
    double real[N];
    wn_code rc = write_sample(path, N, COLS, 50, true, err);
    if (!rc) rc = wn_store_check(path, summary, sizeof summary, err);
    if (!rc) rc = wn_matrix_open(&m, path, NULL, err);
    if (!rc) rc = wn_matrix_read_all(m, &x, err);
    if (!rc) rc = wn_matrix_obs_strings(m, "label", &text, err);
    wn_strings_free(&text);
    if (!rc) rc = wn_matrix_obs_strings(m, "_index", &text, err);
    wn_strings_free(&text);
    if (!rc) rc = wn_matrix_obs_strings(m, "sim", &text, err);
    wn_strings_free(&text);
    if (!rc) rc = wn_matrix_obs_i64(m, "line", line, err);
    if (!rc) rc = wn_matrix_obs_f64(m, "sim", real, err);
    if (!rc) rc = wn_matrix_uns_string(m, "command", &command, err);
    if (!rc) rc = wn_matrix_obsp(m, "similarity", &g, err);
    if (!rc) rc = wn_store_export_ann(path, &x, &g, true, err);
    wn_free(command);
    wn_free(g.indptr);
    wn_free(g.indices);
    wn_free(g.data);
    wn_mat_free(&x);
    wn_matrix_close(m);
    return rc;
}

Test(store_faults, every_failing_allocation_is_reported) {
    scratch s = scratch_new();
    wn_err e = {0};
    const char *path = scratch_path(&s, "x.h5ad");
    wn_mem_fail_after(-1, false);
    cr_assert_eq(everything(path, &e), WN_OK, "%s", e.msg);
    long total = wn_mem_count();
    cr_assert_gt(total, 20);
    for (int forever = 0; forever < 2; forever++)
        for (long i = 0; i < total; i++) {
            (void)unlink(path);
            wn_mem_fail_after(i, forever);
            memset(&e, 0, sizeof e);
            wn_code rc = everything(path, &e);
            wn_mem_fail_after(-1, false);
            cr_assert_eq(rc, WN_EMEMORY, "allocation %ld: code %d, %s", i, rc, e.msg);
            cr_assert(strstr(e.msg, "memory") != NULL, "allocation %ld: %s", i, e.msg);
            if (access(path, F_OK) == 0) cr_assert_eq(wn_store_check(path, NULL, 0, &e), WN_OK, "%s", e.msg);
            cr_assert_eq(scratch_count(&s), access(path, F_OK) == 0 ? 1u : 0u, "allocation %ld left a temporary", i);
        }
    scratch_free(&s);
}

Test(store_faults, npy_survives_failing_allocations) {
    scratch s = scratch_new();
    wn_err e = {0};
    static char file[128 + 24];
    static const char head[] = "\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': True, 'shape': (3, 2), }";
    memset(file, ' ', 128);
    memcpy(file, head, sizeof head - 1);
    spill(scratch_path(&s, "x.npy"), file, sizeof file);
    for (long i = 0;; i++) {
        wn_matrix_file *m = NULL;
        wn_mat x = {0};
        wn_mem_fail_after(i, false);
        wn_code rc = wn_matrix_open(&m, s.path, NULL, &e);
        if (!rc) rc = wn_matrix_read_all(m, &x, &e);
        wn_mat_free(&x);
        wn_matrix_close(m);
        if (!rc) rc = wn_store_check(s.path, NULL, 0, &e);
        long count = wn_mem_count();
        wn_mem_fail_after(-1, false);
        if (count <= i) {
            cr_assert_eq(rc, WN_OK, "%s", e.msg);
            break;
        }
        cr_assert_eq(rc, WN_EMEMORY, "allocation %ld: %s", i, e.msg);
    }
    scratch_free(&s);
}

static size_t open_files(void) {
    const scratch fd = {.dir = "/proc/self/fd"};
    return scratch_count(&fd);
}

/* Fails when the file would pass `limit` bytes; afterwards, without the limit, succeeds in the same process. */
Test(store_faults, a_file_size_limit_leaves_nothing) {
    scratch s = scratch_new();
    wn_err e = {0};
    struct rlimit old;
    const char *path = scratch_path(&s, "x.h5ad");
    cr_assert_eq(write_sample(path, 3000, 64, 500, true, &e), WN_OK, "%s", e.msg);
    bytes whole = slurp(path);
    size_t files = open_files();
    (void)signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    for (int i = 0; i < 40; i++) {
        struct rlimit now = {.rlim_cur = (rlim_t)(whole.size * (size_t)i / 40), .rlim_max = old.rlim_max};
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &now), 0);
        wn_code rc = write_sample(path, 3000, 64, 500, true, &e);
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
        cr_assert_eq(rc, WN_EIO, "limit %llu", (unsigned long long)now.rlim_cur);
        cr_assert_not_null(strstr(e.msg, "File too large"), "limit %llu: %s", (unsigned long long)now.rlim_cur, e.msg);
        cr_assert_eq(scratch_count(&s), 1, "limit %llu left a temporary", (unsigned long long)now.rlim_cur);
        bytes b = slurp(path);
        cr_assert(b.size == whole.size && memcmp(b.data, whole.data, b.size) == 0, "the earlier file changed");
        free(b.data);
    }
    cr_assert_eq(write_sample(path, 3000, 64, 500, true, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(open_files(), files, "%zu files are open, %zu were", open_files(), files);
    free(whole.data);
    scratch_free(&s);
}

Test(store_faults, a_full_disk_leaves_nothing) {
    scratch s = scratch_new();
    wn_err e = {0};
    if (mount("winnow", s.dir, "tmpfs", 0, "size=4m") != 0) {
        scratch_free(&s);
        cr_skip_test("mounting a 4 MB tmpfs is not permitted here");
    }
    wn_code small = write_sample(scratch_path(&s, "small.h5ad"), 100, 64, 100, false, &e);
    wn_code big = write_sample(scratch_path(&s, "big.h5ad"), 30000, 64, 1000, false, &e);
    size_t left = scratch_count(&s);
    wn_err check = {0};
    wn_code whole = wn_store_check(scratch_path(&s, "small.h5ad"), NULL, 0, &check);
    wn_code again = write_sample(scratch_path(&s, "next.h5ad"), 100, 64, 100, false, &check);
    (void)umount2(s.dir, MNT_DETACH);
    scratch_free(&s);
    cr_assert_eq(small, WN_OK);
    cr_assert_eq(big, WN_EIO);
    cr_assert_not_null(strstr(e.msg, "No space left on device"), "%s", e.msg);
    cr_assert_eq(left, 1, "%zu files after the disk was full", left);
    cr_assert_eq(whole, WN_OK);
    cr_assert_eq(again, WN_OK, "%s", check.msg);
}

Test(store_faults, a_killed_writer_leaves_no_half_file) {
    scratch s = scratch_new();
    wn_err e = {0};
    wn_rng r = wn_rng_init(2, 0);
    const char *path = scratch_path(&s, "x.h5ad");
    size_t whole = 0;
    double start = wn_now();
    cr_assert_eq(write_sample(path, 5000, 64, 500, true, &e), WN_OK, "%s", e.msg);
    double once = wn_now() - start;
    for (int i = 0; i < 60; i++) {
        (void)unlink(path);
        pid_t pid = fork();
        cr_assert_geq(pid, 0);
        if (pid == 0) _exit((int)write_sample(path, 5000, 64, 500, true, &(wn_err){0}));
        (void)usleep((useconds_t)(wn_rng_uniform(&r) * once * 1.2e6));
        (void)kill(pid, SIGKILL);
        cr_assert_eq(waitpid(pid, NULL, 0), pid);
        if (access(path, F_OK) == 0) {
            whole++;
            cr_assert_eq(wn_store_check(path, NULL, 0, &e), WN_OK, "round %d: %s", i, e.msg);
        }
    }
    cr_assert_lt(whole, 60, "no writer was killed in time");
    cr_assert_eq(write_sample(path, 5000, 64, 500, true, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_store_check(path, NULL, 0, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(scratch_count(&s), 1, "temporaries of killed writers remain");
    scratch_free(&s);
}
