/* Exact duplicates: which texts count as equal, and that the answer depends on nothing else. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/rng.h>
#include <wn/text.h>
#include <winnow/threads.h>

#include "similarity/exact_duplicates.h"

enum { MANY = 40000, LONGEST = 64 };

typedef struct {
    char base[MANY * LONGEST];
    unsigned long long off[MANY + 1];
    wn_texts view;
} block;
static block texts;
static size_t kept[MANY], again[MANY];

static void add(const char *s) {
    size_t n = texts.view.n, len = strlen(s);
    memcpy(texts.base + texts.off[n], s, len);
    texts.off[n + 1] = texts.off[n] + len;
    texts.view = (wn_texts){.base = texts.base, .off = texts.off, .n = n + 1};
}

/* Short texts over few words in random case and spacing: many groups, most with several members. */
static void fill(size_t n) {
    static const char *const word[][2] = {{"red", "RED"},
                                          {"caf\xC3\xA9", "cafe\xCC\x81"},
                                          {"stra\xC3\x9F"
                                           "e",
                                           "STRASSE"},
                                          {"x", "X"},
                                          {"seven", "Seven"}};
    static const char *const gap[] = {" ", "  ", "\t", "\xC2\xA0"};
    wn_rng r = wn_rng_init(7, 0);
    for (size_t i = 0; i < n; ++i) {
        char s[LONGEST] = "";
        for (uint64_t k = wn_rng_below(&r, 5); k; --k) {
            strcat(s, gap[wn_rng_below(&r, 4)]);
            strcat(s, word[wn_rng_below(&r, 5)][wn_rng_below(&r, 2)]);
        }
        add(s);
    }
}

Test(exact_duplicates, equal_up_to_case_spacing_and_composition) {
    const char *const in[] = {"The cat",
                              "a cat",
                              " the  CAT\n",
                              "Caf\xC3\xA9",
                              "cafe\xCC\x81",
                              "Stra\xC3\x9F"
                              "e",
                              "strasse",
                              "",
                              " \t",
                              "the cat.",
                              "the\xE3\x80\x80"
                              "cat",
                              "The\xC2\xA0"
                              "cat"};
    const size_t want[] = {0, 1, 0, 3, 3, 5, 5, 7, 7, 9, 0, 0};
    for (size_t i = 0; i < sizeof in / sizeof *in; ++i) add(in[i]);
    wn_err e;
    cr_assert_eq(wn_sim_exact_duplicates(&texts.view, kept, NULL, &e), WN_OK, "%s", e.msg);
    for (size_t i = 0; i < texts.view.n; ++i) cr_expect_eq(kept[i], want[i], "text %zu goes to %zu", i, kept[i]);
}

Test(exact_duplicates, agrees_with_comparing_every_pair) {
    enum { N = 600 };
    static wn_buf folded[N];
    size_t wrong = 0, groups = 0;
    fill(N);
    wn_err e;
    cr_assert_eq(wn_sim_exact_duplicates(&texts.view, kept, NULL, &e), WN_OK, "%s", e.msg);
    for (size_t i = 0; i < N; ++i) {
        size_t first = 0;
        cr_assert_eq(wn_text_fold(texts.base + texts.off[i], (size_t)(texts.off[i + 1] - texts.off[i]), &folded[i], &e),
                     WN_OK);
        while (folded[first].len != folded[i].len || memcmp(folded[first].data, folded[i].data, folded[i].len) != 0)
            ++first;
        wrong += kept[i] != first;
        groups += first == i;
    }
    cr_assert_eq(wrong, 0, "%zu of %d rows differ", wrong, N);
    cr_assert(groups > 100 && groups < N - 100, "%zu groups make no test", groups);
    for (size_t i = 0; i < N; ++i) wn_free(folded[i].data);
}

static XXH128_hash_t constant(const void *s, size_t n) {
    (void)s;
    (void)n;
    return (XXH128_hash_t){1, 2};
}

Test(exact_duplicates, colliding_hashes_do_not_merge_texts) {
    enum { N = 300 };
    fill(N);
    cr_assert_eq(wn_sim_exact_duplicates(&texts.view, kept, NULL, &(wn_err){0}), WN_OK);
    cr_assert_eq(wn_sim_exact_duplicates_by(constant, &texts.view, again, NULL, &(wn_err){0}), WN_OK);
    cr_assert_arr_eq(kept, again, N * sizeof *kept);
}

Test(exact_duplicates, same_for_any_number_of_threads) {
    fill(MANY);
    wn_threads_set(1);
    cr_assert_eq(wn_sim_exact_duplicates(&texts.view, kept, NULL, &(wn_err){0}), WN_OK);
    wn_threads_set(4);
    cr_assert_eq(wn_sim_exact_duplicates(&texts.view, again, NULL, &(wn_err){0}), WN_OK);
    cr_assert_arr_eq(kept, again, MANY * sizeof *kept);
}

Test(exact_duplicates, no_texts) {
    texts.view = (wn_texts){.base = "", .off = texts.off, .n = 0};
    cr_assert_eq(wn_sim_exact_duplicates(&texts.view, kept, NULL, &(wn_err){0}), WN_OK);
}

Test(exact_duplicates, names_a_text_that_is_not_utf8_and_writes_nothing) {
    wn_err e = {0};
    add("good");
    add("bad \xFF");
    kept[0] = kept[1] = 99;
    cr_assert_eq(wn_sim_exact_duplicates(&texts.view, kept, NULL, &e), WN_EINPUT);
    cr_assert(strstr(e.msg, "text 1"), "%s", e.msg);
    cr_assert(kept[0] == 99 && kept[1] == 99);
}

Test(exact_duplicates, survives_every_failed_allocation) {
    fill(50);
    wn_code code = WN_EMEMORY;
    long failures = 0;
    wn_threads_set(2);
    for (; code != WN_OK && failures < 1000; ++failures) {
        wn_err e = {0};
        wn_mem_fail_after(failures, true);
        code = wn_sim_exact_duplicates(&texts.view, kept, NULL, &e);
        wn_mem_fail_after(-1, false);
        if (code != WN_OK) cr_assert(code == WN_EMEMORY && e.code == WN_EMEMORY, "%d: %s", code, e.msg);
    }
    cr_assert(code == WN_OK && failures > 5, "%ld", failures);
}

Test(exact_duplicates, stops_when_asked) {
    fill(100);
    wn_interrupt_raise(2);
    cr_assert_eq(wn_sim_exact_duplicates(&texts.view, kept, NULL, &(wn_err){0}), WN_EINTERRUPT);
    wn_interrupt_raise(0);
}
