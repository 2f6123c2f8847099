/* The JSON scanner beside cJSON, and the rules that cJSON does not keep. */
#include <cJSON.h>
#include <criterion/criterion.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/rng.h>

#include "formats/records/records_json.h"

static size_t put(char *out, const char *s) {
    size_t n = strlen(s);
    memcpy(out, s, n);
    return n;
}

/* A random value; nested at most `depth` deep. */
static size_t random_value(wn_rng *r, char *out, int depth) {
    static const char *const atoms[] = {"null",
                                        "true",
                                        "false",
                                        "0",
                                        "-12",
                                        "3.25",
                                        "1e3",
                                        "-0.5E-2",
                                        "\"\"",
                                        "\"plain\"",
                                        "\"\\u00e9\\n\\\"\\\\\\/\"",
                                        "\"\\ud83d\\ude00\"",
                                        "\"caf\xC3\xA9\"",
                                        "\"a string that is longer than one word of the scanner\""};
    static const char *const keys[] = {"\"a\"", "\"b\"", "\"k\\u0065y\"", "\"\""};
    uint64_t kind = wn_rng_below(r, depth ? 8 : 6);
    if (kind < 6) return put(out, atoms[wn_rng_below(r, sizeof atoms / sizeof *atoms)]);
    size_t n = put(out, kind == 6 ? "[" : "{");
    for (uint64_t i = 0, k = wn_rng_below(r, 4); i < k; ++i) {
        if (i) n += put(out + n, wn_rng_below(r, 2) ? "," : " , ");
        if (kind == 7) {
            n += put(out + n, keys[wn_rng_below(r, 4)]);
            n += put(out + n, wn_rng_below(r, 2) ? ":" : "\t: ");
        }
        n += random_value(r, out + n, depth - 1);
    }
    return n + put(out + n, kind == 6 ? "]" : "}");
}

static bool same_member(const wn_json_member *m, const cJSON *c, wn_buf *b) {
    b->len = 0;
    if (wn_json_unescape(&m->key, b, &(wn_err){0}) != WN_OK || b->len != strlen(c->string) ||
        (b->len && memcmp(b->data, c->string, b->len) != 0))
        return false;
    b->len = 0;
    switch (m->value.kind) {
    case WN_JNULL:
        return cJSON_IsNull(c);
    case WN_JTRUE:
        return cJSON_IsTrue(c);
    case WN_JFALSE:
        return cJSON_IsFalse(c);
    case WN_JNUMBER:
        return cJSON_IsNumber(c);
    case WN_JARRAY:
        return cJSON_IsArray(c) && m->value.s[0] == '[' && m->value.s[m->value.n - 1] == ']';
    case WN_JOBJECT:
        return cJSON_IsObject(c) && m->value.s[0] == '{' && m->value.s[m->value.n - 1] == '}';
    case WN_JSTRING:
        break;
    }
    return cJSON_IsString(c) && wn_json_unescape(&m->value, b, &(wn_err){0}) == WN_OK &&
           b->len == strlen(c->valuestring) && (b->len == 0 || memcmp(b->data, c->valuestring, b->len) == 0);
}

Test(json, members_are_those_that_cjson_finds) {
    static char s[1 << 16];
    wn_rng r = wn_rng_init(21, 0);
    wn_json_members m = {0};
    wn_buf b = {0};
    size_t wrong = 0, objects = 0, members = 0;
    for (int t = 0; t < 30000; ++t) {
        size_t n = random_value(&r, s, 4);
        cJSON *tree = cJSON_ParseWithLength(s, n);
        wn_code code = wn_json_object(s, n, &m, &(wn_err){0});
        wrong += (code == WN_OK) != (tree && cJSON_IsObject(tree));
        if (code == WN_OK && tree) {
            const cJSON *c = tree->child;
            ++objects;
            members += m.n;
            wrong += (int)m.n != cJSON_GetArraySize(tree);
            for (size_t i = 0; i < m.n && c; ++i, c = c->next) wrong += !same_member(&m.at[i], c, &b);
        }
        cJSON_Delete(tree);
    }
    cr_assert(wrong == 0 && objects > 1000 && members > 1500, "%zu wrong, %zu objects, %zu members", wrong, objects,
              members);
    wn_free(m.at);
    wn_free(b.data);
}

/* One byte changed, left out or doubled: what is accepted is never more than cJSON accepts. */
Test(json, damage_is_seen_at_least_where_cjson_sees_it) {
    static const char good[] = "{\"a\":[1,-2.5e3,{\"b\":\"x\\n\\u00e9\"}],\"c\":null,\"d\":true,\"e\":\"text\"}";
    static const char bytes[] = "{}[]\",:\\0e-.tn x\x01";
    char s[sizeof good + 1];
    size_t wrong = 0, refused = 0, n = sizeof good - 1;
    wn_json_members m = {0};
    for (size_t at = 0; at < n; ++at)
        for (size_t k = 0; k < sizeof bytes - 1; ++k) {
            memcpy(s, good, sizeof good);
            s[at] = bytes[k];
            cJSON *tree = cJSON_ParseWithOpts(s, NULL, 1);
            bool ours = wn_json_object(s, n, &m, &(wn_err){0}) == WN_OK;
            wrong += ours && !cJSON_IsObject(tree);
            refused += !ours;
            cJSON_Delete(tree);
        }
    for (size_t cut = 0; cut < n; ++cut) wrong += wn_json_object(good, cut, &m, &(wn_err){0}) == WN_OK;
    cr_assert(wrong == 0 && refused > 300, "%zu wrong, %zu refused", wrong, refused);
    wn_free(m.at);
}

Test(json, depth_is_bounded_and_nul_is_a_character) {
    char deep[1000];
    wn_json_members m = {0};
    wn_err e = {0};
    for (int levels = 199; levels <= 202; ++levels) {
        size_t n = put(deep, "{\"a\":");
        for (int i = 1; i < levels; ++i) n += put(deep + n, "[");
        for (int i = 1; i < levels; ++i) n += put(deep + n, "]");
        n += put(deep + n, "}");
        cr_expect_eq(wn_json_object(deep, n, &m, &e), levels <= 200 ? WN_OK : WN_EINPUT, "%d: %s", levels, e.msg);
    }
    static const char nul[] = "{\"a\":\"x\\u0000y\"}";
    wn_json_value v = {0};
    size_t count = 0;
    wn_buf b = {0};
    cr_assert_eq(wn_json_object(nul, sizeof nul - 1, &m, &e), WN_OK);
    cr_assert(wn_json_find(&m, "a", &v, &count, &e) == WN_OK && count == 1);
    cr_assert_eq(wn_json_unescape(&v, &b, &e), WN_OK);
    cr_assert(b.len == 3 && memcmp(b.data, "x\0y", 3) == 0);
    wn_free(m.at);
    wn_free(b.data);
}
