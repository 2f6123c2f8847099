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
    cr_expect(strstr(html, "<span>run</span> <span>&#39;data/&lt;odd&gt;</span> <span>name.jsonl&#39;</span>"),
              "the command is escaped");
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
    cr_expect(strstr(html, "chosen: 300 of 6,000"), "the legend says that the map shows a sample");
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
    cr_expect_not(strstr(html, ">Map<"), "neither a map nor an entry in the contents");
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

/* Where `what` stands in the page; fails if nowhere. */
static const char *after(const char *html, const char *what) {
    const char *at = strstr(html, what);
    cr_assert_not_null(at, "no %s", what);
    return at;
}

Test(report, contents_lead_to_the_sections_that_are_there) {
    sample s;
    sample_init(&s, 500, 50);
    char *html = render(&s.outcome), id[80];
    size_t links = 0, sections = 0;
    for (const char *at = html; (at = strstr(at, "<a href=\"#")); links++) {
        at += strlen("<a href=\"#");
        (void)snprintf(id, sizeof id, "<section id=\"%.*s\"><h2>", (int)strcspn(at, "\""), at);
        cr_expect(strstr(html, id), "%s", id);
    }
    for (const char *at = html; (at = strstr(at, "<section")); at++) sections++;
    cr_expect_eq(links, sections);
    cr_expect_geq(links, 8u);
    cr_expect(strstr(html, "&lt;odd&gt; name.jsonl · 2031-07-24"), "name and date");
    wn_free(html);
    sample_free(&s);
}

Test(report, what_is_lost_by_hand) {
    sample s;
    sample_init(&s, 400, 40);
    float worst = 2;
    size_t at = 0, below = 0;
    for (size_t i = 0; i < 400; i++) /* a tenth at .25 .. .27, the others above: the tenth ends at .26 + step */
        if (s.by[i] != i) s.sim[i] = below++ < 20 ? .25f : i % 2 ? .61f : .83f;
    for (size_t i = 0; i < 400; i++) s.dup[i] = i;
    s.sim[333] = .11f; /* a row that is none of the chosen ones */
    cr_assert_neq(s.by[333], 333u);
    for (size_t i = 0; i < 400; i++)
        if (s.by[i] != i && s.sim[i] < worst) worst = s.sim[i], at = i;
    cr_assert_eq(at, 333u);
    char *html = render(&s.outcome);
    const char *list = after(html, "<h3>Served worst</h3>");
    cr_expect(strstr(list, "<b>0.11</b>") < strstr(list, "<b>0.25</b>"), "worst first");
    cr_expect(strstr(after(list, "<b>0.11</b>"), "id-333") < strstr(list, "<b>0.25</b>"), "with its id");
    /* 21 rows of 400 lie below .26 (steps of .02), the next at .60 to .62: 19 of 200 odd ones make the tenth full */
    size_t next = 0;
    for (size_t i = 0; i < 400; i++) next += s.by[i] != i && s.sim[i] > .6f && s.sim[i] < .62f;
    char want[64];
    (void)snprintf(want, sizeof want, "is below <b>%.2f</b>", .60 + .02 * (40. - 21) / (double)next);
    cr_expect(strstr(html, want), "no %s", want);
    wn_free(html);
    sample_free(&s);
}

Test(report, picks_by_how_many_they_stand_for) {
    sample s;
    sample_init(&s, 400, 40);
    for (size_t i = 0; i < 400; i++) s.dup[i] = i;
    memset(s.stands, 0, 40 * sizeof *s.stands);
    for (size_t i = 0; i < 400; i++) { /* choice c stands for rows c, c + 40, ...; the 17th for more */
        if (s.rank[i] == SIZE_MAX) s.by[i] = s.ids[i % 3 == 0 ? 16 : i % 40];
        s.stands[s.rank[s.by[i]] - 1]++;
    }
    char *html = render(&s.outcome), want[80];
    (void)snprintf(want, sizeof want, "<b>%zu texts</b><span>choice 17</span>", s.stands[16]);
    const char *list = after(html, "<h3>Standing for the most</h3>");
    cr_expect_eq(strstr(list, "<b>"), strstr(list, want), "first of all is %s", want);
    size_t before = SIZE_MAX, shown = 0;
    for (const char *end = after(list, "<h3>The first ones"); (list = strstr(list, "<b>")) && list < end; shown++) {
        size_t count = (size_t)strtoul(list += 3, NULL, 10);
        cr_expect_leq(count, before);
        before = count;
    }
    cr_expect_eq(shown, 10u);
    wn_free(html);
    sample_free(&s);
}

/* Every fourth choice is the text of three words. */
Test(report, fragments_are_passed_over_where_most_texts_are_longer) {
    sample s;
    sample_init(&s, 300, 100);
    char *html = render(&s.outcome);
    const char *list = after(html, "<h3>The first ones");
    const unsigned long want[] = {1, 2, 3, 5, 6, 7, 9, 10, 11, 13};
    for (size_t i = 0; i < 10; i++) {
        list = after(list, "<li value=\"") + strlen("<li value=\"");
        cr_expect_eq(strtoul(list, NULL, 10), want[i]);
    }
    cr_expect(strstr(html, "Most texts have 4 words or more"));
    wn_free(html);
    sample_free(&s);
    sample_init(&s, 36, 12); /* nine are left: all are shown */
    s.outcome.npoints = 1;   /* fewer choices than budgets to draw */
    html = render(&s.outcome);
    cr_expect(strstr(html, "<li value=\"4\">"));
    cr_expect_not(strstr(html, "Most texts have"));
    wn_free(html);
    sample_free(&s);
}

Test(report, labels_beyond_the_bars_are_listed) {
    enum { LABELS = 60 };
    sample s;
    sample_init(&s, 600, 30);
    static char names[LABELS][16];
    static const char *labels[LABELS];
    for (size_t l = 0; l < LABELS; l++) (void)snprintf(names[l], sizeof names[l], "kind%zu", l), labels[l] = names[l];
    for (size_t i = 0; i < 600; i++) s.label[i] = (uint32_t)(i % LABELS);
    s.outcome.rows.labels = labels, s.outcome.rows.nlabels = LABELS;
    char *html = render(&s.outcome);
    const char *list = after(html, "40 smaller labels");
    for (size_t l = 20; l < LABELS; l++) {
        char want[64]; /* 10 rows of each; every 20th row is chosen: those of labels 0, 20, 40 */
        (void)snprintf(want, sizeof want, "kind%zu <b>%d</b>/10<", l, l % 20 ? 0 : 10);
        cr_expect(strstr(list, want), "no %s", want);
    }
    wn_free(html);
    sample_free(&s);
}

Test(report, lengths_by_hand) {
    sample s;
    sample_init(&s, 400, 40);
    char *html = render(&s.outcome), want[160];
    static const double words[] = {14, 3, 13, 7}; /* of sample_texts */
    double pool = 0, choice = 0;
    for (size_t i = 0; i < 400; i++) pool += words[i % 4];
    for (size_t i = 0; i < 40; i++) choice += words[s.ids[i] % 4];
    (void)snprintf(want, sizeof want, "has %.1f%% of the pool’s words", 100 * choice / pool);
    cr_expect(strstr(html, want), "no %s", want);
    (void)snprintf(want, sizeof want, "<td>the pool</td><td class=\"r\">%.2f</td>", pool / 400);
    cr_expect(strstr(html, want), "no %s", want);
    wn_free(html);
    sample_free(&s);
}

Test(report, says_which_rule_made_the_quotas) {
    static const struct {
        double power;
        const char *want;
    } rules[] = {{.5, "the root of its size"}, {0, "the same number for each"}, {1, "</code>): its share of the pool"},
                 {NAN, "the shares that a file names"}};
    sample s;
    sample_init(&s, 400, 40);
    s.outcome.objective = WN_CLASS_HERDING;
    for (size_t i = 0; i < 4; i++) {
        s.outcome.quota_power = rules[i].power;
        char *html = render(&s.outcome);
        for (size_t j = 0; j < 4; j++) cr_expect_eq(strstr(html, rules[j].want) != NULL, i == j);
        wn_free(html);
    }
    sample_free(&s);
}

/* ---- two choices ---- */

static char *render_pair(const wn_outcome *a, const wn_outcome *b) {
    const wn_outcome *const of[] = {a, b};
    const char *const names[] = {"first<", "second"};
    char *html = NULL;
    size_t len = 0;
    wn_err err = {0};
    cr_assert_eq(wn_report_pair_render(of, names, &html, &len, &err), WN_OK, "%s", err.msg);
    return html;
}

Test(report_pair, what_two_choices_share) {
    sample a, b;
    sample_init(&a, 600, 60); /* every 10th row */
    sample_init(&b, 600, 40); /* every 15th: 20 rows, every 30th, are in both */
    char *html = render_pair(&a.outcome, &b.outcome);
    cr_expect(strstr(html, "20 texts are in both: 33% of A and 50% of B"));
    cr_expect(strstr(html, "would share 4.0."), "60 * 40 / 600");
    cr_expect(strstr(html, "only in A: 40"));
    cr_expect(strstr(html, "only in B: 20"));
    cr_expect(strstr(html, "first&lt;"));
    const char *only = after(html, "<h3>Only in A</h3>"), *end = after(html, "<h3>Only in B</h3>");
    size_t shown = 0;
    for (; (only = strstr(only, "choice ")) && only < end; shown++) { /* rank r is row 10 (r - 1) */
        size_t rank = (size_t)strtoul(only += strlen("choice "), NULL, 10);
        cr_expect_neq((rank - 1) * 10 % 30, 0u, "choice %zu of A is in B, too", rank);
    }
    cr_expect_eq(shown, 10u);
    cr_expect_not(strstr(html, "<script"));
    wn_free(html);
    sample_free(&a), sample_free(&b);
}

Test(report_pair, only_of_one_pool) {
    sample a, b;
    sample_init(&a, 600, 60), sample_init(&b, 600, 40);
    cr_expect(wn_report_same_pool(&a.outcome, &b.outcome));
    wn_input other = *b.outcome.inputs, vectors[] = {{.path = "v.npy", .sha256 = "00"}, *b.outcome.inputs};
    other.sha256 = "11";
    b.outcome.inputs = &other;
    cr_expect_not(wn_report_same_pool(&a.outcome, &b.outcome), "another checksum");
    b.outcome.inputs = vectors, b.outcome.ninputs = 2;
    cr_expect(wn_report_same_pool(&a.outcome, &b.outcome), "where its vectors came from is no matter");
    b.outcome.ninputs = 1;
    cr_expect_not(wn_report_same_pool(&a.outcome, &b.outcome), "records and a matrix");
    b.outcome.inputs = a.outcome.inputs, b.outcome.n = 599;
    cr_expect_not(wn_report_same_pool(&a.outcome, &b.outcome), "fewer rows");
    sample_free(&a), sample_free(&b);
}

Test(report_pair, survives_every_failed_allocation) {
    sample a, b;
    sample_init(&a, 60, 20), sample_init(&b, 60, 20);
    const wn_outcome *const of[] = {&a.outcome, &b.outcome};
    const char *const names[] = {"a", "b"};
    for (long i = 0;; i++) {
        char *html = NULL;
        size_t len = 0;
        wn_err err = {0};
        wn_mem_fail_after(i, true);
        wn_code code = wn_report_pair_render(of, names, &html, &len, &err);
        wn_mem_fail_after(-1, false);
        if (code == WN_OK) {
            wn_free(html);
            cr_assert_gt(i, 5);
            break;
        }
        cr_assert_eq(code, WN_EMEMORY, "allocation %ld: %s", i, err.msg);
        cr_assert_null(html);
    }
    sample_free(&a), sample_free(&b);
}

Test(report, survives_every_failed_allocation) {
    sample s;
    sample_init(&s, 60, 20);
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
