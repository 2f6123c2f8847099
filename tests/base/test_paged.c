/* Memory that is a file: what is written is there again, however little of it may be in memory. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/paged.h>

static wn_err err;

static char *fresh_folder(void) {
    static char path[64];
    (void)snprintf(path, sizeof path, "/tmp/winnow-paged-XXXXXX");
    cr_assert_not_null(mkdtemp(path));
    return path;
}

static size_t entries(const char *folder) {
    size_t n = 0;
    DIR *d = opendir(folder);
    cr_assert_not_null(d);
    while (readdir(d)) n++;
    (void)closedir(d);
    return n - 2; /* . and .. */
}

/* Mapped pages of files, bytes. */
static size_t mapped(void) {
    unsigned long long size = 0, resident = 0, shared = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    cr_assert_not_null(f);
    cr_assert_eq(fscanf(f, "%llu %llu %llu", &size, &resident, &shared), 3);
    (void)fclose(f);
    return (size_t)shared * (size_t)sysconf(_SC_PAGESIZE);
}

enum { ROWS = 100000, COLS = 512 }; /* 205 MB */

static float cell(size_t i, size_t j) {
    return (float)((i * 2654435761u + j * 40503u) % 1000003);
}

static void fill_rows(void *ctx, size_t begin, size_t end, int worker) {
    const wn_mat *m = ctx;
    (void)worker;
    for (size_t i = begin; i < end; i++)
        for (size_t j = 0; j < m->cols; j++) wn_mat_row(m, i)[j] = cell(i, j);
}

static void check_rows(void *ctx, size_t begin, size_t end, int worker) {
    const wn_mat *m = ctx;
    (void)worker;
    for (size_t i = begin; i < end; i++)
        for (size_t j = 0; j < m->cols; j += 7) cr_assert_eq(wn_mat_row(m, i)[j], cell(i, j));
}

Test(paged, comes_back_as_it_was_and_only_a_part_of_it_is_in_memory) {
    char *folder = fresh_folder();
    wn_mat m = {0};
    const size_t before = mapped();
    cr_assert_eq(wn_mat_init_in(&m, ROWS, COLS, folder, &err), WN_OK, "%s", err.msg);
    cr_assert_str_eq(wn_paged_folder(m.data), folder);
    cr_assert_eq(entries(folder), 0); /* it has no name */
    for (size_t j = 0; j < COLS; j++) cr_assert_eq(wn_mat_row(&m, ROWS / 2)[j], 0);
    wn_parallel_for(ROWS, 64, fill_rows, &m);
    size_t most = 0;
    for (int pass = 0; pass < 3; pass++)
        for (size_t i = 0; i < ROWS; i += 1000) {
            check_rows(&m, i, i + 1000, 0);
            const size_t now = mapped();
            if (now > most) most = now;
        }
    cr_assert_lt(most - before, (size_t)2 * WN_PAGED_LEAST);
    cr_assert_gt(most - before, (size_t)1 << 20);
    wn_mat_free(&m);
    cr_assert_null(m.data);
    cr_assert_eq(rmdir(folder), 0);
}

Test(paged, counts_as_memory_up_to_what_may_be_there) {
    char *folder = fresh_folder();
    wn_mat small = {0}, large = {0}, like = {0}, plain = {0};
    const size_t before = wn_mem_held();
    cr_assert_eq(wn_mat_init_in(&small, 100, 64, folder, &err), WN_OK, "%s", err.msg);
    cr_assert_lt(wn_mem_held() - before, (size_t)1 << 20);
    cr_assert_eq(wn_mat_init_in(&large, ROWS, COLS, folder, &err), WN_OK, "%s", err.msg);
    cr_assert_leq(wn_mem_held() - before, (size_t)WN_PAGED_LEAST + (1 << 20));
    cr_assert_eq(wn_mat_init_like(&like, 10, COLS, &large, &err), WN_OK, "%s", err.msg);
    cr_assert_str_eq(wn_paged_folder(like.data), folder);
    cr_assert_eq(wn_mat_init(&plain, 10, COLS, &err), WN_OK);
    cr_assert_null(wn_paged_folder(plain.data));
    wn_mat_free(&large);
    wn_mat_free(&plain);
    wn_mat_row(&like, 9)[0] = 3; /* the others stay */
    wn_mat_free(&like);
    wn_mat_free(&small);
    cr_assert_eq(wn_mem_held(), before);
    (void)rmdir(folder);
}

Test(paged, a_full_disk_is_an_error_before_anything_is_written) {
    char *folder = fresh_folder();
    const struct rlimit most = {1 << 20, RLIM_INFINITY};
    wn_mat m = {0};
    const size_t before = wn_mem_held();
    (void)signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &most), 0);
    cr_assert_eq(wn_mat_init_in(&m, 10000, 512, folder, &err), WN_EIO);
    cr_assert_not_null(strstr(err.msg, folder), "%s", err.msg);
    cr_assert_not_null(strstr(err.msg, "19.5 MiB"), "%s", err.msg);
    cr_assert_null(m.data);
    cr_assert_eq(wn_mem_held(), before);
    cr_assert_eq(entries(folder), 0);
    cr_assert_eq(wn_mat_init_in(&m, 10, 10, "/nonexistent/folder", &err), WN_EIO);
    cr_assert_not_null(strstr(err.msg, "/nonexistent/folder"), "%s", err.msg);
    (void)rmdir(folder);
}

Test(paged, survives_every_failed_allocation) {
    char *folder = fresh_folder();
    const size_t before = wn_mem_held();
    for (long n = 0;; n++) {
        wn_mat m = {0};
        wn_mem_fail_after(n, true);
        const wn_code code = wn_mat_init_in(&m, 100, 100, folder, &err);
        wn_mem_fail_after(-1, false);
        wn_mat_free(&m);
        cr_assert_eq(wn_mem_held(), before);
        if (code == WN_OK) break;
        cr_assert_eq(code, WN_EMEMORY);
    }
    (void)rmdir(folder);
}
