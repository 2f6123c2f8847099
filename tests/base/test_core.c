/* base: errors, memory, threads, random numbers, progress. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <winnow/err.h>
#include <winnow/data.h>
#include <winnow/mem.h>
#include <winnow/progress.h>
#include <wn/rng.h>
#include <winnow/threads.h>

Test(err, long_message_is_cut_not_overrun) {
    wn_err e;
    char text[2000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 0;
    cr_assert_eq(wn_err_set(&e, WN_EINPUT, "%s", text), WN_EINPUT);
    cr_assert_eq(strlen(e.msg), sizeof e.msg - 1);
    cr_assert_eq(wn_err_prefix(&e, "file:%d: ", 7), WN_EINPUT);
    cr_assert_eq(strncmp(e.msg, "file:7: aaa", 11), 0);
    cr_assert_eq(strlen(e.msg), sizeof e.msg - 1);
}

Test(err, errno_is_named) {
    wn_err e;
    errno = ENOENT;
    cr_assert_eq(wn_err_errno(&e, "open %s", "x"), WN_EIO);
    cr_assert_str_eq(e.msg, "open x: No such file or directory");
}

Test(mem, overflow_is_refused) {
    wn_err e;
    wn_mat m;
    cr_assert_null(wn_alloc(SIZE_MAX / 2, 3, &e));
    cr_assert_eq(e.code, WN_EMEMORY);
    cr_assert_eq(wn_mat_init(&m, SIZE_MAX / 8, 100, &e), WN_EMEMORY);
    cr_assert_null(m.data);
}

Test(mem, matrix_rows_are_aligned_and_zero) {
    wn_err e;
    wn_mat m;
    cr_assert_eq(wn_mat_init(&m, 5, 17, &e), WN_OK);
    cr_assert_eq(m.stride, 32);
    for (size_t i = 0; i < 5; i++) {
        cr_assert_eq((uintptr_t)wn_mat_row(&m, i) % 64, 0);
        for (size_t j = 0; j < m.stride; j++) cr_assert_eq(wn_mat_row(&m, i)[j], 0.0f);
    }
    wn_mat_free(&m);
}

/* Memory is dirtied and given back first, so that what is zero was made so. */
Test(mem, grown_memory_keeps_its_content_and_is_zero_behind) {
    for (int fresh = 0; fresh < 2; fresh++) {
        unsigned char *dirty = wn_alloc(256, 1, &(wn_err){0});
        memset(dirty, 0xAA, 256);
        wn_free(dirty);
        unsigned char *p = fresh ? NULL : wn_alloc(100, 1, &(wn_err){0});
        if (p) memset(p, 7, 100);
        p = wn_realloc(p, 100, 250, 1, &(wn_err){0});
        size_t wrong = 0;
        for (size_t i = 0; i < 250; i++) wrong += p[i] != (!fresh && i < 100 ? 7 : 0);
        cr_assert_eq(wrong, 0, "%zu bytes", wrong);
        wn_free(p);
    }
}

Test(mem, sparse_memory_is_zero) {
    static const size_t sizes[] = {0, 1, 100, 4095, 4096, 4097, 70000, 5000001};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *dirty = wn_alloc(sizes[i], 1, &(wn_err){0});
        memset(dirty, 0xAA, sizes[i]);
        wn_free(dirty);
        unsigned char *p = wn_alloc_sparse(sizes[i], 1, &(wn_err){0});
        size_t wrong = 0;
        for (size_t j = 0; j < sizes[i]; j++) wrong += p[j] != 0;
        cr_assert_eq(wrong, 0, "%zu of %zu bytes", wrong, sizes[i]);
        wn_free(p);
    }
}

/* Any part of a block, wherever it begins and ends, and nothing beside it. */
Test(mem, a_part_of_sparse_memory_becomes_zero) {
    enum { BYTES = 50000 };
    static const size_t parts[][2] = {{0, BYTES}, {1, 100}, {4095, 2}, {100, 20000}, {4096, 8192}, {7, 0}};
    unsigned char *p = wn_alloc_sparse(BYTES, 1, &(wn_err){0});
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const size_t begin = parts[i][0], end = begin + parts[i][1];
        size_t wrong = 0;
        memset(p, 0xAA, BYTES);
        wn_zero_sparse(p + begin, end - begin);
        for (size_t j = 0; j < BYTES; j++) wrong += p[j] != (j >= begin && j < end ? 0 : 0xAA);
        cr_assert_eq(wrong, 0, "[%zu, %zu): %zu bytes", begin, end, wrong);
    }
    wn_free(p);
}

Test(mem, what_is_held_stays_below_the_limit) {
    wn_err e = {0};
    size_t before = wn_mem_held(), cap = 0;
    void *grown = NULL;
    for (size_t n = 1; n < 100000; n += n / 2 + 1) cr_assert_eq(wn_reserve(&grown, &cap, n, 8, &e), WN_OK);
    void *p = wn_alloc(1000, 1000, &e);
    cr_assert_geq(wn_mem_held(), before + 1000000 + 8 * cap);
    wn_mem_limit(wn_mem_held() + 500000);
    cr_assert_null(wn_alloc(1000, 1000, &e));
    cr_assert_eq(e.code, WN_EMEMORY);
    cr_assert_not_null(strstr(e.msg, "--memory"));
    cr_assert_eq(wn_mem_hold(400000, &e), WN_OK);
    cr_assert_eq(wn_mem_hold(400000, &e), WN_EMEMORY, "what is held elsewhere counts as well");
    cr_assert_eq(wn_mem_require(400000, "this", "that", &e), WN_EMEMORY);
    wn_mem_unhold(400000);
    cr_assert_eq(wn_mem_require(400000, "this", "that", &e), WN_OK);
    wn_free(p);
    wn_free(grown);
    wn_mem_limit(0);
    cr_assert_eq(wn_mem_held(), before, "all that was freed is counted back");
}

Test(mem, nth_allocation_fails_on_request) {
    wn_err e;
    wn_mem_fail_after(1, false);
    void *a = wn_alloc(1, 1, &e), *b = wn_alloc(1, 1, &e), *c = wn_alloc(1, 1, &e);
    wn_mem_fail_after(-1, false);
    cr_assert_not_null(a);
    cr_assert_null(b);
    cr_assert_not_null(c);
    wn_free(a);
    wn_free(c);
}

typedef struct {
    size_t covered[1000];
    int calls;
} seen;

static void mark(void *ctx, size_t begin, size_t end, int worker) {
    seen *s = ctx;
    cr_assert(worker >= 0 && worker < wn_threads_get());
    cr_assert_eq(begin % 7, 0);
    for (size_t i = begin; i < end; i++) s->covered[i]++;
}

Test(threads, every_index_once_in_fixed_pieces) {
    for (int threads = 1; threads <= 8; threads *= 2) {
        wn_threads_set(threads);
        for (int round = 0; round < 200; round++) {
            seen s = {0};
            wn_parallel_for(1000, 7, mark, &s);
            for (size_t i = 0; i < 1000; i++) cr_assert_eq(s.covered[i], 1);
        }
    }
}

static void nested(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    size_t *sums = ctx;
    for (size_t i = begin; i < end; i++) {
        seen s = {0};
        wn_parallel_for(1000, 7, mark, &s);
        for (size_t j = 0; j < 1000; j++) sums[i] += s.covered[j];
    }
}

Test(threads, default_number_stays_when_the_processors_change) {
    cpu_set_t all, one;
    cr_assert_eq(sched_getaffinity(0, sizeof all, &all), 0);
    if (CPU_COUNT(&all) < 2) cr_skip_test("one processor");
    CPU_ZERO(&one);
    for (size_t c = 0; CPU_COUNT(&one) == 0; c++)
        if (CPU_ISSET(c, &all)) CPU_SET(c, &one);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
    wn_threads_set(0);
    cr_expect_eq(wn_threads_get(), 1);
    cr_assert_eq(sched_setaffinity(0, sizeof all, &all), 0);
    cr_expect_eq(wn_threads_get(), 1, "workers beyond those that scratch memory was made for");
}

static void count_rows(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    for (size_t i = begin; i < end; i++) ((unsigned char *)ctx)[i]++;
}

Test(threads, a_forked_child_has_threads_of_its_own, .timeout = 30) {
    static unsigned char hits[1000];
    wn_threads_set(4);
    wn_parallel_for(1000, 10, count_rows, hits);
    pid_t pid = fork();
    if (pid == 0) {
        (void)alarm(10); /* a loop that waits for the parent's threads never ends */
        wn_parallel_for(1000, 10, count_rows, hits);
        for (size_t i = 0; i < 1000; i++)
            if (hits[i] != 2) _exit(1);
        _exit(0);
    }
    int status = -1;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(status, 0);
}

Test(threads, nested_loops_run) {
    size_t sums[16] = {0};
    wn_threads_set(4);
    wn_parallel_for(16, 1, nested, sums);
    for (size_t i = 0; i < 16; i++) cr_assert_eq(sums[i], 1000);
}

/* Known answers of the Random123 distribution (kat_vectors, philox4x32 with 10 rounds). */
Test(rng, philox_known_answers) {
    uint32_t v[4];
    wn_rng_block(0, 0, 0, v);
    cr_assert(v[0] == 0x6627e8d5 && v[1] == 0xe169c58d && v[2] == 0xbc57ac4c && v[3] == 0x9b00dbd8);
    wn_rng_block(UINT64_MAX, UINT64_MAX, UINT64_MAX, v);
    cr_assert(v[0] == 0x408f276d && v[1] == 0x41c83b0e && v[2] == 0xa20bc7c6 && v[3] == 0x6d5451fd);
}

Test(rng, below_is_even_and_uniform_has_its_moments) {
    wn_rng r = wn_rng_init(1, 2);
    size_t counts[6] = {0};
    double sum = 0, squares = 0;
    for (int i = 0; i < 60000; i++) counts[wn_rng_below(&r, 6)]++;
    for (int i = 0; i < 6; i++) cr_assert(counts[i] > 9600 && counts[i] < 10400);
    for (int i = 0; i < 100000; i++) {
        double z = wn_rng_normal(&r);
        sum += z, squares += z * z;
    }
    cr_assert(sum / 1e5 < 0.02 && sum / 1e5 > -0.02);
    cr_assert(squares / 1e5 > 0.97 && squares / 1e5 < 1.03);
}

/* Of a bound of 3/4 of all values a plain remainder would give the first third twice as often as the others. */
Test(rng, below_is_even_for_large_bounds) {
    wn_rng r = wn_rng_init(3, 4);
    size_t low = 0;
    for (int i = 0; i < 30000; i++) low += wn_rng_below(&r, UINT64_C(3) << 62) < UINT64_C(1) << 62;
    cr_assert(low > 9700 && low < 10300, "%zu of 30000", low);
}

Test(rng, shuffle_is_a_permutation_and_repeats) {
    size_t a[100], b[100], hits[100] = {0};
    for (size_t i = 0; i < 100; i++) a[i] = b[i] = i;
    wn_rng r = wn_rng_init(7, 0), s = wn_rng_init(7, 0);
    wn_rng_shuffle(&r, a, 100);
    wn_rng_shuffle(&s, b, 100);
    cr_assert_arr_eq(a, b, sizeof a);
    for (size_t i = 0; i < 100; i++) hits[a[i]]++;
    for (size_t i = 0; i < 100; i++) cr_assert_eq(hits[i], 1);
}

Test(progress, tick_reports_interruption) {
    wn_err e;
    cr_assert_eq(wn_tick(NULL, "encode", "texts", 1, 2, &e), WN_OK);
    wn_interrupt_raise(SIGINT);
    cr_assert_eq(wn_tick(NULL, "encode", "texts", 1, 2, &e), WN_EINTERRUPT);
    cr_assert_str_eq(e.msg, "interrupted while encode was at 1 of 2 texts");
    wn_interrupt_raise(0);
}
