#ifndef TESTS_SELECTOR_REFUSE_H
#define TESTS_SELECTOR_REFUSE_H
/* What wn_select must refuse. */
#include <criterion/criterion.h>
#include <string.h>
#include <winnow/select.h>

/* The code, a message that holds `part`, and nothing written. */
static inline void refuse(const wn_mat *x, wn_select_opts o, wn_code want, const char *part) {
    wn_selection s = {.k = 77};
    wn_err e = {0};
    wn_code got = wn_select(x, &o, &s, &e);
    cr_assert_eq(got, want, "%s: code %d, message \"%s\"", part, (int)got, e.msg);
    cr_assert(strstr(e.msg, part) != NULL, "\"%s\" lacks \"%s\"", e.msg, part);
    cr_assert(s.k == 77 && s.ids == NULL, "output was touched");
}

#endif
