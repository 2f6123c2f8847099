/* What people's files hold: chats, fields left out, what other programs write, marks that cannot be seen. */
#include "records_fixture.h"

static void leave(void) {
    wn_free(got.data);
    fixture_leave();
}
TestSuite(habits, .init = fixture_enter, .fini = leave);

Test(habits, paths_reach_into_arrays_of_objects) {
    static const char chat[] = "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
                               "{\"role\":\"assistant\",\"content\":\"b\\n\"},{\"content\":\"c\"},"
                               "{\"role\":\"user\",\"content\":null}]}\n{\"messages\":[]}\n";
    static const reading cases[] = {
        {"c.jsonl", chat, {"messages[].content"}, NULL, NULL, "a b\n c;;", WN_OK},
        {"c.jsonl",
         "{\"a\":[[{\"t\":\"x\"}],[{\"t\":[\"y\",\"z\"]},{\"u\":1}]]}",
         {"a[][].t"},
         NULL,
         NULL,
         "x y z;",
         WN_OK},
        {"c.jsonl", "{\"a\":[\"x\",\"y\"],\"l\":[1,2]}", {"a[1]"}, "l[0]", "l[-1]", "y|1#2;", WN_OK},
        {"c.jsonl", "{\"a\":[{\"t\":\"x\"},{\"t\":\"y\"}]}", {"a[0].t", "a[-1].t"}, NULL, NULL, "x y;", WN_OK},
        {"c.jsonl", "{\"a[]\":\"a key\",\"a\":[\"x\"]}", {"a[]"}, NULL, NULL, "a key;", WN_OK},
        {"c.jsonl", "{\"a[x]\":{\"b]\":\"no step\"}}", {"a[x].b]"}, NULL, NULL, "no step;", WN_OK},
        {"c.jsonl",
         "{\"a\":[{\"t\":\"x\"}]}",
         {"a[1].t"},
         NULL,
         NULL,
         "c.jsonl:1: missing field \"a[1].t\" (fields: a[].t). Try --text-field \"a[].t\"",
         WN_EINPUT},
        {"c.jsonl",
         "{\"text\":\"x\",\"l\":[1,2]}",
         {0},
         "l[]",
         NULL,
         "c.jsonl:1: field \"l[]\" names 2 values, one is wanted (like \"[0]\" for the first)",
         WN_EINPUT},
    };
    CHECK_ALL(cases);
}

Test(habits, a_role_chooses_among_the_objects_of_an_array) {
    static const char chat[] = "{\"m\":[{\"role\":\"user\",\"t\":\"a\"},{\"role\":\"bot\",\"t\":\"b\"},{\"t\":\"c\"},"
                               "{\"role\":\"user\",\"t\":\"d\"}]}\n{\"m\":[{\"from\":\"bot\",\"t\":\"e\"}]}\n";
    static const struct {
        const char *field, *role, *want;
        wn_code code;
    } cases[] = {
        {"m[].t", "user", "a c d;;", WN_OK},
        {"m[].t", "bot", "b c;e;", WN_OK},
        {"m[-1].t", "bot", "c;e;", WN_OK},
        {"m[0].t", "bot", "b;e;", WN_OK},
        {"m[].t", "usr",
         "c.jsonl: no object of an array in a text field has the role \"usr\" (its member \"role\" or \"from\"); one "
         "has "
         "user",
         WN_EINPUT},
    };
    const char *path = "c.jsonl";
    put_text(path, chat);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
        wn_err e = {0};
        wn_records_opts o = {
            .paths = &path, .npaths = 1, .text_fields = &cases[i].field, .ntext_fields = 1, .role = cases[i].role};
        cr_expect_eq(read_as_line(&o, &got, &e), cases[i].code, "%s", e.msg);
        cr_expect_str_eq(cases[i].code == WN_OK ? got.data : e.msg, cases[i].want);
    }
}

Test(habits, a_label_or_one_text_of_several_may_be_left_out) {
    static const reading cases[] = {
        {"o.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\",\"y\":1}", {0}, "y", NULL, "a;b|1;", WN_OK},
        {"o.jsonl", "{\"text\":\"a\",\"m\":null}\n{\"text\":\"b\",\"m\":{\"y\":1}}", {0}, "m.y", NULL, "a;b|1;", WN_OK},
        {"o.jsonl",
         "{\"a\":null,\"b\":\"x\"}\n{\"a\":\"y\"}\n{}\n{\"a\":\"\",\"b\":\"z\"}",
         {"a", "b"},
         NULL,
         NULL,
         " x;y ; ; z;",
         WN_OK},
        {"o.jsonl",
         "{\"text\":\"a\"}\n{\"text\":\"b\"}",
         {"title", "txt"},
         NULL,
         NULL,
         "o.jsonl:1: missing field \"title\" (fields: text). Try --text-field text",
         WN_EINPUT},
        {"o.jsonl",
         "{\"a\":null,\"b\":3}",
         {"a", "b"},
         NULL,
         NULL,
         "o.jsonl:1: field \"b\" is a number, a string is wanted",
         WN_EINPUT},
    };
    CHECK_ALL(cases);
}

Test(habits, one_text_of_several_is_given_alone) {
    static const char *const fields[] = {"a", "b"};
    static const char *const paths[] = {"p.jsonl", "p.csv"};
    put_text("p.jsonl", "{\"a\":\"x\",\"b\":\"y\"}\n{\"a\":\"z\"}\n");
    put_text("p.csv", "a,b\nx,y\nz,\n");
    for (size_t i = 0; i < 2; ++i)
        for (size_t only = 1; only <= 2; ++only) {
            wn_records_opts o = {
                .paths = &paths[i], .npaths = 1, .text_fields = fields, .ntext_fields = 2, .only_text = only};
            cr_assert_eq(read_as_line(&o, &got, &(wn_err){0}), WN_OK);
            cr_expect_str_eq(got.data, only == 1 ? "x;z;" : "y;;");
        }
}

Test(habits, what_other_programs_write_is_named) {
    static const reading cases[] = {
        {"n.jsonl",
         "{\"text\":\"a\",\"s\":NaN}",
         {0},
         NULL,
         NULL,
         "n.jsonl:1: not valid JSON at byte 17: NaN is not JSON; write null (Python: json.dumps(..., allow_nan=False) "
         "finds them)",
         WN_EINPUT},
        {"n.jsonl",
         "{\"text\":\"a\",\"s\":[-Infinity]}",
         {0},
         NULL,
         NULL,
         "n.jsonl:1: not valid JSON at byte 18: Infinity is not JSON; write null or a number (Python: json.dumps(..., "
         "allow_nan=False) finds them)",
         WN_EINPUT},
        {"n.jsonl",
         "{'text':'a'}",
         {0},
         NULL,
         NULL,
         "n.jsonl:1: not valid JSON at byte 2: a string stands in double quotes (Python: write records with "
         "json.dumps)",
         WN_EINPUT},
        {"n.csv",
         "id\ttext\n1\tx\n",
         {0},
         NULL,
         NULL,
         "n.csv:1: missing field \"text\": the only field is \"id?text\", as if its cells stood between tabs; use "
         "--format tsv",
         WN_EINPUT},
        {"n.tsv",
         "id,text\n1,x\n",
         {0},
         NULL,
         NULL,
         "n.tsv:1: missing field \"text\": the only field is \"id,text\", as if its cells stood between commas; use "
         "--format csv",
         WN_EINPUT},
    };
    CHECK_ALL(cases);
}

Test(habits, what_was_probably_meant_is_suggested) {
    static const reading cases[] = {
        {"n.jsonl",
         "{\"a\":\"x\",\"b\":\"y\"}",
         {"a,b"},
         NULL,
         NULL,
         "n.jsonl:1: missing field \"a,b\" (fields: a, b). Give --text-field once for each field",
         WN_EINPUT},
        {"n.jsonl",
         "{\"m\":{\"title\":\"x\",\"n\":1}}",
         {"m.titel"},
         NULL,
         NULL,
         "n.jsonl:1: missing field \"m.titel\" (fields: m.title, m.n). Try --text-field m.title",
         WN_EINPUT},
        {"n.jsonl",
         "{\"data\":{\"text\":\"x\"}}",
         {0},
         NULL,
         NULL,
         "n.jsonl:1: missing field \"text\" (fields: data.text). Try --text-field data.text",
         WN_EINPUT},
        {"n.jsonl",
         "{\"text\":[{\"type\":\"t\",\"text\":\"x\"}]}",
         {0},
         NULL,
         NULL,
         "n.jsonl:1: field \"text\" is an array that holds other things than strings. Try --text-field \"text[].text\"",
         WN_EINPUT},
        {"n.jsonl",
         "{\"a$b\":\"x\"}",
         {0},
         NULL,
         NULL,
         "n.jsonl:1: missing field \"text\" (fields: a$b). Try --text-field 'a$b'",
         WN_EINPUT},
        {"n.jsonl",
         "{\"a\\u0001b\":\"x\"}",
         {0},
         NULL,
         NULL,
         "n.jsonl:1: missing field \"text\" (fields: a?b). --text-field asks for it: name one of these",
         WN_EINPUT},
    };
    CHECK_ALL(cases);
}

Test(habits, what_cannot_be_seen_is_named) {
#define LONE_CR "its lines seem to end in CR alone, which is no line end here; tr '\\r' '\\n' <FILE makes them LF"
#define MARK                                                                                                           \
    "an invisible byte order mark (U+FEFF) within the file, as where files are joined; name the files one by one, or " \
    "take it out: sed 's/\\xEF\\xBB\\xBF//g'"
    static const reading cases[] = {
        {"i.csv", "id,text\r1,a\r2,b\r", {0}, NULL, NULL, "i.csv:1: " LONE_CR, WN_EINPUT},
        {"i.csv", "id,text\r1,a\r2,\"b\nc\"\r", {0}, NULL, NULL, "i.csv:1: " LONE_CR, WN_EINPUT},
        {"i.tsv", "id\ttext\r1\ta\r", {0}, NULL, NULL, "i.tsv:1: " LONE_CR, WN_EINPUT},
        {"i.txt", "a\rb\r", {0}, NULL, NULL, "i.txt:1: " LONE_CR, WN_EINPUT},
        {"i.txt", "one line\r", {0}, NULL, NULL, "one line;", WN_OK},
        {"i.txt", "10%\r20%\nx", {0}, NULL, NULL, "10%\r20%;x;", WN_OK},
        {"i.csv", "\"te\rxt\",b\n1,2\n", {"te\rxt"}, NULL, NULL, "1;", WN_OK},
        {"i.jsonl", "{\"text\":\r\"a\"}\r", {0}, NULL, NULL, "a;", WN_OK},
        {"i.jsonl",
         "{\"text\":\"a\"}\r{\"text\":\"b\"}\r",
         {0},
         NULL,
         NULL,
         "i.jsonl:1: not valid JSON at byte 14: something follows the object: line ends of CR alone? tr '\\r' '\\n' "
         "<FILE mends that",
         WN_EINPUT},
        {"i.jsonl",
         "\xEF\xBB\xBF{\"text\":\"a\"}\n\xEF\xBB\xBF{\"text\":\"b\"}\n",
         {0},
         NULL,
         NULL,
         "i.jsonl:2: " MARK,
         WN_EINPUT},
        {"i.csv", "text\na\n\xEF\xBB\xBFtext\nb\n", {0}, NULL, NULL, "i.csv:3: " MARK, WN_EINPUT},
        {"i.txt",
         "\xEF\xBB\xBF\xEF\xBB\xBF"
         "a\n",
         {0},
         NULL,
         NULL,
         "i.txt:1: " MARK,
         WN_EINPUT},
    };
    CHECK_ALL(cases);
}

/* ---- fields beside text, label and id ---- */

static void expect_more(const char *path, const char *const want[2][3]) {
    wn_corpus c;
    wn_err e = {0};
    const wn_records_opts o = {
        .paths = &path, .npaths = 1, .more = {{"who", "--group-field"}, {"price", "--cost-field"}}, .nmore = 2};
    cr_assert_eq(wn_corpus_read(&c, &o, NULL, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(c.n, 3);
    for (size_t f = 0; f < 2; f++)
        for (size_t i = 0; i < 3; i++) {
            const char *s = c.more[f].base + c.more[f].off[i];
            const size_t n = (size_t)(c.more[f].off[i + 1] - c.more[f].off[i]);
            cr_assert(n == strlen(want[f][i]) && memcmp(s, want[f][i], n) == 0, "%s, field %zu of %zu: \"%.*s\"", path,
                      f, i, (int)n, s);
        }
    wn_corpus_free(&c);
}

static void refuse_more(const char *path, wn_code want, const char *part) {
    wn_corpus c;
    wn_err e = {0};
    const wn_records_opts o = {.paths = &path, .npaths = 1, .more = {{"who", "--group-field"}}, .nmore = 1};
    cr_assert_eq(wn_corpus_read(&c, &o, NULL, &e), want, "%s", e.msg);
    cr_assert(strstr(e.msg, part), "%s", e.msg);
}

Test(habits, more_fields_come_as_labels_do) {
    put_text("m.jsonl", "{\"text\":\"a\",\"who\":\"caf\\u00e9\",\"price\":1.50}\n"
                        "{\"text\":\"b\",\"who\":null,\"price\":\" 2\"}\n{\"text\":\"c\",\"price\":1e1}\n");
    expect_more("m.jsonl", (const char *const[2][3]){{"café", "", ""}, {"1.5", " 2", "10"}});
    put_text("m.csv", "price,text,who\n1.50,a,\"x, y\"\n,b,\n3,c,z\n");
    expect_more("m.csv", (const char *const[2][3]){{"x, y", "", "z"}, {"1.50", "", "3"}});
    put_text("n.jsonl", "{\"text\":\"a\",\"whom\":1}\n");
    refuse_more("n.jsonl", WN_EINPUT, "n.jsonl:1: missing field \"who\"");
    put_text("o.jsonl", "{\"text\":\"a\",\"who\":[1]}\n");
    refuse_more("o.jsonl", WN_EINPUT,
                "field \"who\" (--group-field) is an array, a string, a number or a bool is wanted");
    put_text("n.csv", "text\na\n");
    refuse_more("n.csv", WN_EINPUT, "missing field \"who\"");
    put_text("n.txt", "a\n");
    refuse_more("n.txt", WN_EUSAGE, "a txt file has no fields; leave --group-field out");
}

Test(habits, a_field_that_stands_elsewhere_may_be_lacked_by_all) {
    static const char *const paths[] = {"n.jsonl", "n.csv", "n.txt"};
    put_text("n.jsonl", "{\"text\":\"a\",\"it\":1}\n");
    put_text("n.csv", "it,text\n1,a\n");
    put_text("n.txt", "a\n");
    for (size_t i = 0; i < 3; i++) {
        const size_t fields = i < 2 ? 2 : 1; /* the second is there, and told */
        wn_corpus c;
        wn_err e = {0};
        const wn_records_opts o = {.paths = &paths[i],
                                   .npaths = 1,
                                   .more = {{"who", "--group-field"}, {"it", "--value-field"}},
                                   .may_lack = {true},
                                   .nmore = fields};
        cr_assert_eq(wn_corpus_read(&c, &o, NULL, &e), WN_OK, "%s", e.msg);
        cr_assert(c.n == 1 && c.more[0].off[0] == c.more[0].off[1], "%s", paths[i]);
        cr_assert(fields == 1 || c.more[1].off[1] - c.more[1].off[0] == 1, "%s", paths[i]);
        wn_corpus_free(&c);
    }
}
