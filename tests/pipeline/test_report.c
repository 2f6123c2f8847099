/* The report: what it says, and that no text of the input can become markup or mislead the eye. */
#include "report_sample.h"

#include <criterion/criterion.h>
#include <report/page.h>
#include <winnow/mem.h>
#include <wn/report.h>

static char *render(const wn_outcome *r) {
    char *html = NULL;
    size_t len = 0;
    wn_err err = {0};
    cr_assert_eq(wn_report_render(r, &html, &len, &err), WN_OK, "%s", err.msg);
    cr_assert_eq(strlen(html), len);
    return html;
}

static char *text(const char *s, size_t n, size_t max) {
    wn_page p = {0};
    wn_page_text(&p, s, n, max);
    cr_assert_eq(p.code, WN_OK);
    return p.data;
}

static void is_text(const char *in, size_t n, size_t max, const char *want) {
    char *got = text(in, n, max);
    cr_expect_str_eq(got ? got : "", want);
    wn_free(got);
}

Test(report, escapes_markup) {
    is_text("<a href=\"x\">&'", 14, 99, "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    is_text("", 0, 9, "");
}

Test(report, shows_what_cannot_be_seen) {
    is_text("a\x01" "b", 3, 99, "a<i class=\"c\">SOH</i>b");
    is_text("\n\t\x7f", 3, 99, "<i class=\"c\">LF</i><i class=\"c\">TAB</i><i class=\"c\">U+007F</i>");
    is_text("x\xE2\x80\xAEy", 5, 99, "x<i class=\"c\">U+202E</i>y");           /* right-to-left override */
    is_text("\xE2\x81\xA6\xE2\x81\xA9", 6, 99, "<i class=\"c\">U+2066</i><i class=\"c\">U+2069</i>"); /* isolates */
    is_text("\xC2\x85\xEF\xBB\xBF", 5, 99, "<i class=\"c\">U+0085</i><i class=\"c\">U+FEFF</i>");
    is_text("\0", 1, 99, "<i class=\"c\">NUL</i>");
}

Test(report, replaces_bytes_that_are_not_utf8) {
    is_text("a\xFFz", 3, 99, "a\xEF\xBF\xBDz");
    is_text("\xC0\xAF", 2, 99, "\xEF\xBF\xBD\xEF\xBF\xBD");                     /* overlong / */
    is_text("\xED\xA0\x80", 3, 99, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");     /* surrogate */
    is_text("\xF4\x90\x80\x80", 4, 1, "\xEF\xBF\xBD…");                         /* beyond U+10FFFF */
    is_text("\xE6\x9D", 2, 99, "\xEF\xBF\xBD\xEF\xBF\xBD");                     /* cut in the middle */
}

Test(report, cuts_between_characters) {
    is_text("abcdef", 6, 6, "abcdef");
    is_text("abcdef", 6, 5, "abcde…");
    is_text("東京東京", 12, 2, "東京…");
    is_text("ae\xCC\x81z", 5, 2, "ae\xCC\x81…"); /* the accent stays with its letter */
    is_text("<<<<", 4, 2, "&lt;&lt;…");            /* an entity is one character */
}

Test(report, numbers) {
    static const struct {
        double v;
        const char *want;
    } cases[] = {{0.61234, "0.612"}, {9.876, "9.88"}, {-42.31, "−42.3"}, {1234567, "1,234,567"}, {0, "0.000"},
                 {0.000012, "1.20e-05"}, {999.6, "1,000"}, {NAN, "—"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wn_page p = {0};
        wn_page_number(&p, cases[i].v);
        cr_expect_str_eq(p.data, cases[i].want);
        wn_free(p.data);
    }
    wn_page p = {0};
    wn_page_count(&p, 999), wn_page_put(&p, " "), wn_page_count(&p, 1000), wn_page_put(&p, " "), wn_page_count(&p, 0);
    cr_expect_str_eq(p.data, "999 1,000 0");
    wn_free(p.data);
}

Test(report, page_has_its_numbers_and_no_foreign_markup) {
    sample s;
    sample_init(&s, 3742, 374);
    char *html = render(&s.outcome);
    cr_expect(strstr(html, "374 of 3,742 texts chosen"));
    cr_expect(strstr(html, "0.620<small>random: 0.550"));
    cr_expect(strstr(html, "&lt;script&gt;alert"));
    cr_expect(strstr(html, "&lt;b&gt;verb&lt;/b&gt;"), "labels are escaped");
    cr_expect(strstr(html, "winnow run &#39;data/&lt;odd&gt; name.jsonl&#39;"), "the command is escaped");
    cr_expect_not(strstr(html, "<script"));
    cr_expect_not(strstr(html, "<b>verb"));
    cr_expect_not(strstr(html, "http://"));
    cr_expect_not(strstr(html, "https://"));
    cr_expect_not(strstr(html, "\xE2\x80\xAE"), "no bidi override reaches the page");
    cr_expect_not(strstr(html, "nan"));
    cr_expect_leq(strlen(html), 1500000);
    wn_free(html);
    sample_free(&s);
}

Test(report, equal_input_gives_equal_bytes) {
    sample s;
    sample_init(&s, 2000, 100);
    char *a = render(&s.outcome), *b = render(&s.outcome);
    cr_expect_str_eq(a, b);
    wn_free(a), wn_free(b);
    sample_free(&s);
}

Test(report, says_when_random_does_as_well) {
    sample s;
    sample_init(&s, 500, 50);
    s.cover_random[19] = s.cover[19];
    char *html = render(&s.outcome);
    cr_expect(strstr(html, "the selection brings nothing here"));
    wn_free(html);
    sample_free(&s);
}

/* Two queries of three are served, the second by the nearer row of two; the third choice is the objective's. */
Test(report, tells_of_queries) {
    enum { N = 50, K = 20 };
    size_t query[N];
    float sim[N];
    sample s;
    sample_init(&s, N, K);
    const wn_outcome_query q = {.path = "<q>.jsonl", .n = 3, .zero = 1, .method = WN_RDS, .weight = .5, .alpha = NAN,
                                .chosen = 4, .cosine = .625, .cosine_random = .25};
    for (size_t i = 0; i < N; i++) query[i] = 2, sim[i] = -.5f;
    query[s.ids[1]] = 1, sim[s.ids[1]] = .9f; /* rank 1 has to be kept */
    query[s.ids[2]] = 0, sim[s.ids[2]] = .3f;
    query[s.ids[3]] = 1, sim[s.ids[3]] = .8f;
    query[s.ids[4]] = 0, sim[s.ids[4]] = .4f;
    s.outcome.query = &q, s.outcome.nkeep = 1;
    s.outcome.column.query = query, s.outcome.column.query_sim = sim;
    char *html = render(&s.outcome);
    cr_expect(strstr(html, "4 texts were chosen by rds toward the 3 queries of &lt;q&gt;.jsonl"));
    cr_expect(strstr(html, "is 0.625; of any text to its nearest query it is 0.250"));
    cr_expect(strstr(html, "2 queries have a text of their own"));
    cr_expect(strstr(html, "Passed over, as zero vectors: 1."));
    const char *far = strstr(html, "<b>query 0</b><span class=\"id\">0.400: ");
    const char *near = strstr(html, "<b>query 1</b><span class=\"id\">0.900: ");
    cr_expect(far && near && far < near, "those served worst come first, with the nearest row of each");
    cr_expect_not(strstr(html, "<b>query 2</b>"));
    wn_free(html);
    s.outcome.query = NULL;
    html = render(&s.outcome);
    cr_expect_not(strstr(html, "<h2>Queries</h2>"));
    wn_free(html);
    sample_free(&s);
}

Test(report, stays_small_for_many_rows) {
    sample s;
    sample_init(&s, 60000, 6000);
    char *html = render(&s.outcome);
    cr_expect_leq(strlen(html), 1500000, "%zu bytes", strlen(html));
    cr_expect(strstr(html, "1,000 of 6,000"), "the legend says that the map shows a sample");
    wn_free(html);
    sample_free(&s);
}

Test(report, little_or_nothing) {
    wn_outcome nothing = {.version = "0", .lambda = NAN, .gamma = NAN, .push = NAN, .chosen = &(size_t){0}};
    char *html = render(&nothing);
    cr_expect(strstr(html, "0 of 0 texts chosen"));
    wn_free(html);
    sample s;
    sample_init(&s, 50, 20);
    wn_outcome *o = &s.outcome;
    o->k = 1, o->npoints = 1, s.points[0] = 1;
    o->x = NULL, o->column.copy_of = NULL, o->value_random = NULL, o->objective = WN_RANDOM;
    o->rows.texts.n = o->rows.ids.n = 0, o->rows.label = NULL;
    html = render(&s.outcome);
    cr_expect(strstr(html, "1 of 50 texts chosen"));
    cr_expect_not(strstr(html, "<h2>Map"));
    wn_free(html);
    sample_free(&s);
}

Test(report, rows_that_nothing_stands_for) {
    sample s;
    sample_init(&s, 300, 30);
    for (size_t i = 1; i < 300; i += 2)
        if (s.by[i] != i) s.by[i] = SIZE_MAX, s.sim[i] = 0;
    wn_free(render(&s.outcome));
    sample_free(&s);
}

Test(report, coverage_of_a_label_by_hand) {
    sample s;
    sample_init(&s, 500, 50);
    double sum = 0, rows = 0;
    char want[80];
    for (size_t i = 0; i < 500; i++)
        if (s.label[i] == 1) sum += (double)s.sim[i], rows++;
    char *html = render(&s.outcome);
    (void)snprintf(want, sizeof want, "<td class=\"r\">%.3f</td><td class=\"r wide\">", sum / rows);
    cr_expect(strstr(html, want), "no %s", want);
    wn_free(html);
    sample_free(&s);
}

Test(report, expected_labels_by_hand) {
    /* 4 rows, labels a a b c, choose 2 of 4: P(a) = 1 - C(2,2)/C(4,2) = 5/6, P(b) = P(c) = 1/2 */
    size_t pool[] = {2, 1, 1};
    wn_outcome r = {.n = 4, .k = 2};
    cr_expect_float_eq(wn_labels_expected(&r, pool, 3), 5.0 / 6 + 1, 1e-12);
    r.k = 4;
    cr_expect_float_eq(wn_labels_expected(&r, pool, 3), 3, 1e-12);
}

Test(report, survives_every_failed_allocation) {
    sample s;
    sample_init(&s, 400, 40);
    for (long i = 0;; i++) {
        char *html = NULL;
        size_t len = 0;
        wn_err err = {0};
        wn_mem_fail_after(i, true);
        wn_code code = wn_report_render(&s.outcome, &html, &len, &err);
        wn_mem_fail_after(-1, false);
        if (code == WN_OK) {
            wn_free(html);
            cr_assert_gt(i, 5);
            break;
        }
        cr_assert_eq(code, WN_EMEMORY, "allocation %ld: %s", i, err.msg);
        cr_assert_null(html);
    }
    sample_free(&s);
}
