/* LSA: saving and loading. */
#define XXH_INLINE_ALL
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <xxhash.h>

#include "lsa_corpus.h"
#include "embed/lsa/internal.h"

static wn_err err;
static char dir[64], path[96];

static void make_dir(void) {
    (void)snprintf(dir, sizeof dir, "/tmp/winnow-lsa-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/encoder", dir);
}

static void remove_dir(void) {
    (void)unlink(path);
    cr_assert_eq(rmdir(dir), 0, "something was left in %s", dir);
}

TestSuite(lsa_file, .init = make_dir, .fini = remove_dir);

static wn_lsa *train(const corpus *c, size_t dims, wn_mat *x) {
    wn_lsa *m = NULL;
    wn_lsa_opts o = {.dims = dims, .min_df = 2, .seed = 5};
    cr_assert_eq(wn_lsa_fit(&m, &c->view, &o, x, NULL, NULL, &err), WN_OK);
    return m;
}

static char *read_back(size_t *n) {
    FILE *f = fopen(path, "rb");
    cr_assert_not_null(f);
    cr_assert_eq(fseek(f, 0, SEEK_END), 0);
    *n = (size_t)ftell(f);
    rewind(f);
    char *data = malloc(*n + 1);
    cr_assert_eq(fread(data, 1, *n, f), *n);
    (void)fclose(f);
    return data;
}

static void write_over(const char *data, size_t n) {
    FILE *f = fopen(path, "wb");
    cr_assert_not_null(f);
    cr_assert_eq(fwrite(data, 1, n, f), n);
    cr_assert_eq(fclose(f), 0);
}

static wn_code try_load(void) {
    wn_lsa *m = NULL;
    err = (wn_err){0};
    wn_code code = wn_lsa_load(&m, path, &err);
    cr_assert((code == WN_OK) == (m != NULL));
    cr_assert((code == WN_OK) == (err.msg[0] == 0));
    wn_lsa_free(m);
    return code;
}

Test(lsa_file, a_loaded_encoder_gives_the_same_bytes) {
    corpus c = corpus_topics(500, 300, 10, 20, 1);
    wn_mat x, y;
    wn_lsa *m = train(&c, 20, &x), *again = NULL;
    cr_assert_eq(wn_lsa_save(m, path, 0, &err), WN_OK, "%s", err.msg);
    cr_assert_eq(wn_lsa_save(m, path, 0, &err), WN_EUSAGE); /* exists */
    cr_assert_eq(wn_lsa_save(m, path, 1, &err), WN_OK);
    cr_assert_eq(wn_lsa_load(&again, path, &err), WN_OK, "%s", err.msg);
    cr_assert_eq(wn_lsa_dims(again), 20);
    cr_assert_eq(wn_lsa_words(again), wn_lsa_words(m));
    cr_assert_eq(wn_lsa_transform(again, &c.view, &y, NULL, NULL, &err), WN_OK);
    cr_assert_eq(memcmp(x.data, y.data, x.rows * x.stride * sizeof(float)), 0);
    size_t n1 = 0, n2 = 0;
    char *first = read_back(&n1);
    cr_assert_eq(wn_lsa_save(again, path, 1, &err), WN_OK);
    char *second = read_back(&n2);
    cr_assert(n1 == n2 && memcmp(first, second, n1) == 0);
    free(first);
    free(second);
    wn_lsa_free(m);
    wn_lsa_free(again);
    wn_mat_free(&x);
    wn_mat_free(&y);
    corpus_free(&c);
}

Test(lsa_file, an_encoder_without_words_survives) {
    corpus c = corpus_start(0, 0);
    wn_lsa *m = train(&c, 3, NULL), *again = NULL;
    cr_assert_eq(wn_lsa_save(m, path, 0, &err), WN_OK);
    cr_assert_eq(wn_lsa_load(&again, path, &err), WN_OK, "%s", err.msg);
    cr_assert_eq(wn_lsa_words(again), 0);
    wn_lsa_free(m);
    wn_lsa_free(again);
    corpus_free(&c);
}

Test(lsa_file, a_file_says_its_features) {
    corpus c = corpus_topics(200, 60, 5, 8, 1);
    wn_lsa *m = NULL, *again = NULL;
    wn_mat x, y;
    wn_lsa_opts o = {.features = WN_LSA_WORDS_CHARS, .dims = 12, .min_df = 2, .sample = 150};
    cr_assert_eq(wn_lsa_fit(&m, &c.view, &o, &x, NULL, NULL, &err), WN_OK);
    cr_assert_eq(wn_lsa_save(m, path, 0, &err), WN_OK);
    cr_assert_eq(wn_lsa_load(&again, path, &err), WN_OK, "%s", err.msg);
    cr_assert(again->vocab.features == WN_LSA_WORDS_CHARS && again->vocab.pieces_from == m->vocab.pieces_from);
    cr_assert_eq(wn_lsa_transform(again, &c.view, &y, NULL, NULL, &err), WN_OK);
    cr_assert_eq(memcmp(x.data, y.data, x.rows * x.stride * sizeof(float)), 0);
    size_t n = 0;
    char *data = read_back(&n);
    cr_assert(data[6] == 1 && data[7] == 1 && data[64] == 1);
    data[7] = 0; /* an older winnow's file has no pieces */
    uint64_t sum = XXH3_64bits(data, n - 8);
    memcpy(data + n - 8, &sum, 8);
    write_over(data, n);
    cr_assert_eq(try_load(), WN_EINPUT);
    free(data);
    wn_lsa_free(m);
    wn_lsa_free(again);
    wn_mat_free(&x);
    wn_mat_free(&y);
    corpus_free(&c);
}

/* The same bytes as before there were features: version 1.0, and zero where they are said. */
Test(lsa_file, words_alone_are_written_as_ever) {
    corpus c = corpus_topics(30, 8, 1, 4, 1);
    wn_lsa *m = train(&c, 2, NULL);
    cr_assert_eq(wn_lsa_save(m, path, 0, &err), WN_OK);
    size_t n = 0;
    char *data = read_back(&n);
    cr_assert_eq(memcmp(data, "WNLSA\n\1\0", 8), 0);
    for (size_t i = 64; i < 80; i++) cr_assert_eq(data[i], 0);
    free(data);
    wn_lsa_free(m);
    corpus_free(&c);
}

Test(lsa_file, damage_is_refused) {
    corpus c = corpus_topics(30, 8, 1, 4, 1);
    wn_lsa *m = train(&c, 2, NULL);
    cr_assert_eq(wn_lsa_save(m, path, 0, &err), WN_OK);
    size_t n = 0, wrong = 0;
    char *data = read_back(&n);
    for (size_t k = 0; k < n; k++) {
        write_over(data, k);
        wrong += try_load() != WN_EINPUT;
    }
    cr_assert_eq(wrong, 0, "%zu truncated files were not refused", wrong);
    for (size_t k = 0; k < n; k++) {
        data[k] = (char)(data[k] ^ 16);
        write_over(data, n);
        wrong += try_load() != WN_EINPUT;
        data[k] = (char)(data[k] ^ 16);
    }
    cr_assert_eq(wrong, 0, "%zu changed files were not refused", wrong);
    free(data);
    wn_lsa_free(m);
    corpus_free(&c);
}

/* As a hostile author would: any bytes, with a checksum that fits. Loads or refuses, and never worse. */
Test(lsa_file, forged_files_do_no_harm) {
    corpus c = corpus_topics(30, 8, 1, 4, 1);
    wn_lsa *m = train(&c, 2, NULL);
    cr_assert_eq(wn_lsa_save(m, path, 0, &err), WN_OK);
    size_t n = 0, refused = 0;
    char *data = read_back(&n), *forged = malloc(n);
    wn_rng r = wn_rng_init(3, 0);
    for (int round = 0; round < 1000; round++) {
        memcpy(forged, data, n);
        for (uint64_t k = wn_rng_below(&r, 3) + 1; k > 0; k--) {
            size_t at = 8 + (size_t)wn_rng_below(&r, n - 16);
            if (wn_rng_below(&r, 2)) forged[at] = (char)wn_rng_u32(&r);
            else memset(forged + at / 8 * 8, wn_rng_below(&r, 2) ? 255 : 0, 8);
        }
        uint64_t sum = XXH3_64bits(forged, n - 8);
        memcpy(forged + n - 8, &sum, 8);
        write_over(forged, n);
        wn_code code = try_load();
        cr_assert(code == WN_OK || code == WN_EINPUT, "%d %s", code, err.msg);
        refused += code == WN_EINPUT;
    }
    cr_assert_gt(refused, 300);
    free(data);
    free(forged);
    wn_lsa_free(m);
    corpus_free(&c);
}

Test(lsa_file, what_is_no_encoder_is_named) {
    cr_assert_eq(try_load(), WN_EIO);
    write_over("hello, world, hello, world", 26);
    cr_assert_eq(try_load(), WN_EINPUT);
    cr_assert_not_null(strstr(err.msg, path));
    (void)unlink(path);
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_assert_eq(try_load(), WN_EINPUT);
    (void)rmdir(path);
}

Test(lsa_file, failed_allocations_are_reported) {
    corpus c = corpus_topics(30, 8, 1, 4, 1);
    wn_lsa *m = train(&c, 2, NULL);
    wn_code code = WN_EMEMORY;
    for (long after = 0; code && after < 100; after++) {
        wn_lsa *again = NULL;
        wn_mem_fail_after(after, after % 2);
        code = wn_lsa_save(m, path, 1, &err);
        if (!code) code = wn_lsa_load(&again, path, &err);
        wn_mem_fail_after(-1, false);
        cr_assert(code == WN_OK || code == WN_EMEMORY, "%d %s", code, err.msg);
        wn_lsa_free(again);
    }
    cr_assert_eq(code, WN_OK);
    wn_lsa_free(m);
    corpus_free(&c);
}
