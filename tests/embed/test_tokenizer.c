/* Token ids equal those of the reference tokenizers on every text of fixtures/tokenizer. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winnow/model.h>
#include <winnow/mem.h>
#include <winnow/tokenizer.h>
#include <zlib.h>

static const char *data(void) {
    const char *d = getenv("WINNOW_DATA");
    return d && *d ? d : "../shared/data";
}

static char *path_of(const char *rest) {
    char *p = NULL;
    cr_assert_gt(asprintf(&p, "%s/%s", data(), rest), 0);
    if (access(p, R_OK) != 0) {
        free(p);
        cr_skip_test("%s/%s is absent (WINNOW_DATA)", data(), rest);
    }
    return p;
}

static cJSON **read_lines(const char *rest, size_t *n) {
    char *path = path_of(rest), *line = NULL;
    size_t cap = 0, room = 0;
    cJSON **out = NULL;
    FILE *f = fopen(path, "r");
    *n = 0;
    for (ssize_t got; (got = getline(&line, &cap, f)) > 0;) {
        if (*n == room) out = realloc(out, (room = room * 2 + 64) * sizeof *out);
        out[(*n)++] = cJSON_ParseWithLength(line, (size_t)got);
    }
    (void)fclose(f);
    free(line);
    free(path);
    return out;
}

static wn_tok *open_tokenizer(const char *name) {
    wn_err e;
    wn_tok *t;
    char *dir = NULL;
    if (strcmp(name, "uncased") == 0) {
        if (wn_model_find(&dir, "all-MiniLM-L6-v2", &e)) cr_skip_test("%s", e.msg);
    } else {
        dir = path_of(strcmp(name, "cased") == 0 ? "models/bert-base-cased-tokenizer"
                                                 : "models/roberta-layout-tokenizer");
    }
    cr_assert_eq(wn_tok_open(&t, dir, &e), WN_OK, "%s", e.msg);
    free(dir);
    return t;
}

/* A text of a fixture as bytes: JSON escapes U+0000, which cJSON cannot hold, so it is found by its row. */
typedef struct {
    const char *s;
    size_t n;
} text;

static text *texts(size_t *n) {
    char *path = path_of("fixtures/tokenizer/texts.jsonl"), *line = NULL;
    size_t cap = 0, room = 0;
    text *out = NULL;
    FILE *f = fopen(path, "r");
    *n = 0;
    for (ssize_t got; (got = getline(&line, &cap, f)) > 0;) {
        if (*n == room) out = realloc(out, (room = room * 2 + 64) * sizeof *out);
        char *zero = strstr(line, "\\u0000");
        if (zero) memcpy(zero, "\\u0001", 6);
        cJSON *json = cJSON_Parse(line);
        char *s = strdup(cJSON_GetStringValue(cJSON_GetObjectItem(json, "text")));
        out[*n] = (text){s, strlen(s)};
        if (zero) *strchr(s, 1) = 0;
        (*n)++;
        cJSON_Delete(json);
    }
    (void)fclose(f);
    free(line);
    free(path);
    return out;
}

static void release(text *t, size_t nt, cJSON **lines, size_t nlines) {
    for (size_t i = 0; i < nt; i++) free((char *)t[i].s);
    for (size_t i = 0; i < nlines; i++) cJSON_Delete(lines[i]);
    free(t);
    free(lines);
}

static bool equal(const wn_ids *ids, const cJSON *want) {
    size_t i = 0;
    const cJSON *v;
    if (ids->n != (size_t)cJSON_GetArraySize(want)) return false;
    cJSON_ArrayForEach(v, want) if ((double)ids->ids[i++] != v->valuedouble) return false;
    return true;
}

static void every_text(const char *name) {
    char rest[128];
    size_t n, m, wrong = 0;
    wn_err e;
    wn_ids ids = {0};
    wn_tok *tok = open_tokenizer(name);
    text *t = texts(&n);
    (void)snprintf(rest, sizeof rest, "fixtures/tokenizer/%s.ids.jsonl", name);
    cJSON **want = read_lines(rest, &m);
    cr_assert_eq(n, m);
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(wn_tok_encode(tok, t[i].s, t[i].n, NULL, 0, 0, &ids, &e), WN_OK, "%s", e.msg);
        if (equal(&ids, want[i])) continue;
        if (++wrong > 5) continue;
        fprintf(stderr, "%s, text %zu: \"%.80s\"\n  want %.200s\n  got ", name, i, t[i].s,
                cJSON_PrintUnformatted(want[i]));
        for (size_t j = 0; j < ids.n && j < 40; j++) fprintf(stderr, "%u,", ids.ids[j]);
        fprintf(stderr, "\n");
    }
    cr_assert_eq(wrong, 0, "%zu of %zu texts differ", wrong, n);
    release(t, n, want, m);
    wn_ids_free(&ids);
    wn_tok_close(tok);
}

static void every_pair(const char *name) {
    char rest[128];
    size_t n, m, wrong = 0;
    wn_err e;
    wn_ids ids = {0};
    wn_tok *tok = open_tokenizer(name);
    text *t = texts(&n);
    (void)snprintf(rest, sizeof rest, "fixtures/tokenizer/%s.pairs64.jsonl", name);
    cJSON **want = read_lines(rest, &m);
    for (size_t i = 0; i < m; i++) {
        size_t a = (size_t)cJSON_GetObjectItem(want[i], "a")->valuedouble,
               b = (size_t)cJSON_GetObjectItem(want[i], "b")->valuedouble;
        cr_assert_eq(wn_tok_encode(tok, t[a].s, t[a].n, t[b].s, t[b].n, 64, &ids, &e), WN_OK, "%s", e.msg);
        const cJSON *v, *types = cJSON_GetObjectItem(want[i], "types");
        size_t j = 0, bad = 0;
        cJSON_ArrayForEach(v, types) bad += j >= ids.n || (double)ids.types[j] != v->valuedouble, j++;
        wrong += bad || !equal(&ids, cJSON_GetObjectItem(want[i], "ids"));
    }
    cr_assert_eq(wrong, 0, "%zu of %zu pairs differ", wrong, m);
    release(t, n, want, m);
    wn_ids_free(&ids);
    wn_tok_close(tok);
}

/* Every code point between two letters; those the file leaves out give one unknown word. */
static void every_code_point(const char *name) {
    char rest[128], line[256];
    size_t wrong = 0;
    wn_err e;
    wn_ids ids = {0};
    (void)snprintf(rest, sizeof rest, "fixtures/tokenizer/%s.codepoints.tsv.gz", name);
    wn_tok *tok = open_tokenizer(name);
    char *path = path_of(rest);
    uint32_t unk = wn_tok_special_ids(tok).unk;
    gzFile f = gzopen(path, "r");
    unsigned next = gzgets(f, line, sizeof line) ? (unsigned)strtoul(line, NULL, 16) : 0x110000;
    for (unsigned c = 0; c < 0x110000; c++) {
        if (c >= 0xD800 && c <= 0xDFFF) continue;
        char s[8] = "a";
        size_t len = 1;
        if (c < 0x80) s[len++] = (char)c;
        else if (c < 0x800) s[len++] = (char)(0xC0 | c >> 6), s[len++] = (char)(0x80 | (c & 63));
        else {
            if (c < 0x10000) s[len++] = (char)(0xE0 | c >> 12);
            else s[len++] = (char)(0xF0 | c >> 18), s[len++] = (char)(0x80 | (c >> 12 & 63));
            s[len++] = (char)(0x80 | (c >> 6 & 63)), s[len++] = (char)(0x80 | (c & 63));
        }
        s[len++] = 'b';
        cr_assert_eq(wn_tok_encode(tok, s, len, NULL, 0, 0, &ids, &e), WN_OK, "%s", e.msg);
        bool good;
        if (c == next) {
            char *p = strchr(line, '\t') + 1;
            size_t i = 1;
            good = true;
            for (char *q; good && i + 1 < ids.n; i++, p = q) good = strtoul(p, &q, 10) == ids.ids[i] && q != p;
            good = good && strspn(p, " \n") == strlen(p);
            next = gzgets(f, line, sizeof line) ? (unsigned)strtoul(line, NULL, 16) : 0x110000;
        } else {
            good = ids.n == 3 && ids.ids[1] == unk;
        }
        if (!good && ++wrong <= 40) fprintf(stderr, "U+%04X ", c);
    }
    (void)gzclose(f);
    free(path);
    cr_assert_eq(wrong, 0, "%s: %zu code points differ", name, wrong);
    wn_ids_free(&ids);
    wn_tok_close(tok);
}

Test(tokenizer, uncased_texts) { every_text("uncased"); }
Test(tokenizer, cased_texts) { every_text("cased"); }
Test(tokenizer, roberta_texts) { every_text("roberta"); }
Test(tokenizer, uncased_pairs) { every_pair("uncased"); }
Test(tokenizer, cased_pairs) { every_pair("cased"); }
Test(tokenizer, roberta_pairs) { every_pair("roberta"); }
Test(tokenizer, uncased_code_points) { every_code_point("uncased"); }
Test(tokenizer, cased_code_points) { every_code_point("cased"); }

/* ---- small tokenizers of our own ---- */

static char *folder;
static void begin(void) {
    folder = strdup("/tmp/winnow-tokenizer.XXXXXX");
    cr_assert(mkdtemp(folder));
}
static void end(void) {
    char command[256];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    cr_assert_eq(system(command), 0);
    free(folder);
}
TestSuite(own, .init = begin, .fini = end);

static void put_file(const char *name, const char *s) {
    char p[256];
    (void)snprintf(p, sizeof p, "%s/%s", folder, name);
    FILE *f = fopen(p, "wb");
    cr_assert(f && fputs(s, f) >= 0 && fclose(f) == 0);
}

static wn_tok *opened(void) {
    wn_tok *t = NULL;
    wn_err e = {0};
    cr_assert_eq(wn_tok_open(&t, folder, &e), WN_OK, "%s", e.msg);
    return t;
}

static void refused(const char *say) {
    wn_tok *t = NULL;
    wn_err e = {0};
    cr_assert(wn_tok_open(&t, folder, &e) != WN_OK && !t, "wanted a refusal: %s", say);
    cr_assert(strstr(e.msg, say), "wanted \"%s\", got \"%s\"", say, e.msg);
    cr_assert(strncmp(e.msg, folder, strlen(folder)) == 0, "no path: %s", e.msg);
}

/* The pieces of a text, joined by blanks. */
static void pieces_are(const wn_tok *t, const char *s, const char *want) {
    wn_ids ids = {0};
    wn_err e = {0};
    char got[4096] = "";
    cr_assert_eq(wn_tok_encode(t, s, strlen(s), NULL, 0, 0, &ids, &e), WN_OK, "%s", e.msg);
    for (size_t i = 1; i + 1 < ids.n; i++) {
        size_t n = 0, at = strlen(got);
        const char *p = wn_tok_piece(t, ids.ids[i], &n);
        (void)snprintf(got + at, sizeof got - at, "%s%.*s", at ? " " : "", (int)n, p ? p : "?");
    }
    cr_assert_str_eq(got, want, "\"%s\": got \"%s\", want \"%s\"", s, got, want);
    wn_ids_free(&ids);
}

#define VOCAB                                                                                                          \
    "\"[PAD]\":0,\"[UNK]\":1,\"[CLS]\":2,\"[SEP]\":3,\"[MASK]\":4,\"ab\":5,\"a\":6,\"##b\":7,\"##c\":8,\"b\":9," \
    "\"cafe\":10,\"x\":11,\"y\":12,\"19\":13"
#define FRAME "\"post_processor\":{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",3],\"cls\":[\"[CLS]\",2]},"
#define NORMAL                                                                                                         \
    "\"normalizer\":{\"type\":\"BertNormalizer\",\"lowercase\":true},\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},"
#define MODEL "\"model\":{\"type\":\"WordPiece\",\"vocab\":{" VOCAB "}}"

Test(own, added_tokens) {
    put_file(
        "tokenizer.json",
        "{" FRAME NORMAL MODEL ",\"added_tokens\":["
        "{\"id\":4,\"content\":\"[MASK]\",\"lstrip\":true,\"normalized\":false},{\"id\":20,\"content\":\"<<\","
        "\"rstrip\":true,\"normalized\":false},"
        "{\"id\":21,\"content\":\"<<<\",\"normalized\":false},{\"id\":22,\"content\":\"Covid\",\"normalized\":true},"
        "{\"id\":895,\"content\":\"x\",\"single_word\":true,\"normalized\":false}]}");
    wn_tok *t = opened();
    pieces_are(t, "a [MASK] b", "a [MASK] b");
    pieces_are(t, "ab<<  b", "ab << b");
    pieces_are(t, "ab<<<b", "ab <<< b"); /* the longest */
    pieces_are(t, "COVID19 co\xcc\x81vid", "Covid 19 Covid"); /* matched in the normalised text */
    pieces_are(t, "ax x \xc3\xa9x x\xe4\xb8\xad", "[UNK] x [UNK] x [UNK]"); /* only where it stands alone */
    pieces_are(t, "x", "x"); /* the vocabulary's own id counts, not 895 */
    wn_tok_close(t);
}

Test(own, words) {
    put_file("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nab\na\n##b\n##c\nb\ncafe\nx\ny\n19\n");
    wn_tok *t = opened();
    char word[104] = "";
    memset(word, 'b', 101);
    word[0] = 'a';
    wn_ids ids = {0};
    wn_err e = {0};
    cr_assert_eq(wn_tok_encode(t, word, 100, NULL, 0, 0, &ids, &e), WN_OK);
    cr_assert(ids.n == 101 && ids.ids[1] == 5 && ids.ids[2] == 7); /* ab ##b ... */
    cr_assert_eq(wn_tok_encode(t, word, 101, NULL, 0, 0, &ids, &e), WN_OK);
    cr_assert(ids.n == 3 && ids.ids[1] == 1); /* 101 characters are unknown */
    pieces_are(t, "abc Caf\xc3\xa9 abx [MASK]", "ab ##c cafe [UNK] [MASK]");
    cr_assert_eq(wn_tok_encode(t, "a\xff", 2, NULL, 0, 0, &ids, &e), WN_EINPUT);
    cr_assert_eq(wn_tok_encode(t, "a\xed\xa0\x80", 4, NULL, 0, 0, &ids, &e), WN_EINPUT);
    cr_assert_eq(wn_tok_encode(t, "a", 1, NULL, 0, 1, &ids, &e), WN_EUSAGE);
    cr_assert_eq(wn_tok_encode(t, "a b", 3, NULL, 0, 2, &ids, &e), WN_OK);
    cr_assert(ids.n == 2 && ids.truncated);
    cr_assert_eq(wn_tok_encode(t, "a b", 3, NULL, 0, 4, &ids, &e), WN_OK);
    cr_assert(ids.n == 4 && !ids.truncated);
    wn_ids_free(&ids);
    wn_tok_close(t);
}

/* Tokenizers one after the other at, perhaps, the same address: the words cached for the first are not the second's. */
Test(own, one_scratch_for_many_tokenizers) {
    wn_ids ids = {0};
    wn_err e = {0};
    for (int i = 0; i < 8; i++) {
        put_file("vocab.txt", i % 2 ? "[CLS]\n[SEP]\n[UNK]\nword\n" : "[CLS]\n[SEP]\n[UNK]\nother\nword\n");
        wn_tok *t = opened();
        for (int k = 0; k < 2; k++) {
            cr_assert_eq(wn_tok_encode(t, "word", 4, NULL, 0, 0, &ids, &e), WN_OK);
            cr_assert(ids.n == 3 && ids.ids[1] == (i % 2 ? 3 : 4));
        }
        wn_tok_close(t);
    }
    wn_ids_free(&ids);
}

/* "Longest first" as it is defined: while both are too long together, the longer (of equals the second) loses one. */
Test(own, pairs_against_the_definition) {
    put_file("vocab.txt", "[CLS]\n[SEP]\n[UNK]\na\nb\n");
    wn_tok *t = opened();
    char a[64], b[64];
    wn_ids ids = {0};
    wn_err e = {0};
    size_t wrong = 0;
    for (size_t i = 0; i < 30; i++) a[2 * i] = 'a', b[2 * i] = 'b', a[2 * i + 1] = b[2 * i + 1] = ' ';
    for (size_t na = 0; na < 24; na++)
        for (size_t nb = 0; nb < 24; nb++)
            for (size_t max = 3; max < 40; max++) {
                size_t x = na, y = nb, got_a = 0, got_b = 0;
                while (x + y > max - 3) {
                    if (x > y) x--;
                    else y--;
                }
                cr_assert_eq(wn_tok_encode(t, a, 2 * na, b, 2 * nb, max, &ids, &e), WN_OK);
                for (size_t i = 0; i < ids.n; i++)
                    got_a += ids.ids[i] == 3 && ids.types[i] == 0, got_b += ids.ids[i] == 4 && ids.types[i] == 1;
                /* of an odd room that both overfill, the reference gives the extra token to the longer one */
                size_t high = x > y ? x : y, got_high = got_a > got_b ? got_a : got_b;
                wrong += got_a + got_b != x + y || got_high != high || ids.truncated != (na + nb > max - 3);
            }
    cr_assert_eq(wrong, 0, "%zu differ", wrong);
    wn_ids_free(&ids);
    wn_tok_close(t);
}

Test(own, files_that_are_refused) {
    static const struct {
        const char *json, *text;
    } cases[] = {
        {"{" FRAME "\"normalizer\":{\"type\":\"NFKC\"},\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"}," MODEL "}",
         "normalizer \"NFKC\" is not supported; BertNormalizer is"},
        {"{" FRAME "\"normalizer\":{\"type\":\"BertNormalizer\"},\"pre_tokenizer\":{\"type\":\"Metaspace\"}," MODEL "}",
         "pre-tokenizer \"Metaspace\" is not supported"},
        {"{" FRAME NORMAL "\"model\":{\"type\":\"Unigram\"}}",
         "model \"Unigram\" is not supported; WordPiece and byte-level BPE are"},
        {"{" NORMAL MODEL "}", "post-processor \"(none)\" is not supported"},
        {"{" FRAME NORMAL "\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":1e300}}}",
         "is not a number from 0 to 1000016"},
        {"{" FRAME NORMAL "\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":9999999}}}",
         "is not a number from 0 to 1000016"},
        {"{" FRAME NORMAL "\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0.5}}}", "is not a number"},
        {"{" FRAME NORMAL "\"model\":{\"type\":\"WordPiece\",\"vocab\":[\"a\"]}}", "no vocabulary"},
        {"{" FRAME NORMAL "\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0}}}",
         "the vocabulary has no cls_token (\"[CLS]\")"},
        {"{" FRAME NORMAL "\"model\":{\"type\":\"WordPiece\",\"max_input_chars_per_word\":1e9,\"vocab\":{" VOCAB "}}}",
         "max_input_chars_per_word"},
        {"{" FRAME NORMAL MODEL ",\"added_tokens\":[{\"id\":-1,\"content\":\"x\"}]}", "an added token without content"},
        {"{" FRAME NORMAL MODEL ",\"added_tokens\":[{\"id\":9,\"content\":\"\"}]}", "an added token is empty"},
        {"{\"model\":", "not valid JSON"},
        {"{" FRAME
         "\"pre_tokenizer\":{\"type\":\"ByteLevel\"},\"model\":{\"type\":\"BPE\",\"end_of_word_suffix\":\"</w>\","
         "\"vocab\":{},\"merges\":[]}}",
         "end_of_word_suffix \"</w>\""},
        {"{" FRAME
         "\"pre_tokenizer\":{\"type\":\"ByteLevel\"},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}",
         "has no piece for byte 0x"},
        {"{" FRAME
         "\"pre_tokenizer\":{\"type\":\"ByteLevel\"},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1},"
         "\"merges\":[\"a b\"]}}",
         "a piece of it is not in the vocabulary"},
    };
    refused("no tokenizer.json, vocab.txt, or vocab.json with merges.txt");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_file("tokenizer.json", cases[i].json);
        refused(cases[i].text);
    }
    char p[256];
    (void)snprintf(p, sizeof p, "%s/tokenizer.json", folder);
    cr_assert_eq(unlink(p), 0);
    put_file("vocab.txt", "[CLS]\n[SEP]\n");
    refused("the vocabulary has no unk_token");
    put_file("vocab.txt", "[CLS]\n[SEP]\n[UNK]\n\xff\n");
    refused("not valid UTF-8");
}

/* vocab.txt and tokenizer.json of the same model give the same ids. */
Test(tokenizer, both_forms_of_a_vocabulary) {
    char *dir = NULL, command[1024];
    size_t n, wrong = 0;
    wn_err e;
    if (wn_model_find(&dir, "all-MiniLM-L6-v2", &e)) cr_skip_test("%s", e.msg);
    begin();
    (void)snprintf(command, sizeof command,
                   "cp '%s'/vocab.txt '%s'/tokenizer_config.json '%s'/special_tokens_map.json '%s'", dir, dir, dir,
                   folder);
    cr_assert_eq(system(command), 0);
    wn_tok *json, *plain = opened();
    cr_assert_eq(wn_tok_open(&json, dir, &e), WN_OK, "%s", e.msg);
    text *t = texts(&n);
    wn_ids x = {0}, y = {0};
    for (size_t i = 0; i < n; i++) {
        cr_assert_eq(wn_tok_encode(json, t[i].s, t[i].n, NULL, 0, 0, &x, &e), WN_OK);
        cr_assert_eq(wn_tok_encode(plain, t[i].s, t[i].n, NULL, 0, 0, &y, &e), WN_OK);
        wrong += x.n != y.n || memcmp(x.ids, y.ids, x.n * sizeof *x.ids) != 0;
    }
    cr_assert_eq(wrong, 0);
    release(t, n, NULL, 0);
    wn_ids_free(&x);
    wn_ids_free(&y);
    wn_tok_close(json);
    wn_tok_close(plain);
    wn_free(dir);
    end();
}

/* A stretch of 1 MB takes no quadratic time, and its ids are those of the merges done one by one on short stretches. */
Test(tokenizer, a_word_of_a_megabyte) {
    wn_tok *t = open_tokenizer("roberta");
    wn_ids ids = {0}, part = {0};
    wn_err e;
    size_t n = 1 << 20, wrong = 0;
    char *s = malloc(n);
    for (size_t i = 0; i < n; i++) s[i] = "abetinosr"[(i * i / 7 + i) % 9];
    cr_assert_eq(wn_tok_encode(t, s, n, NULL, 0, 0, &ids, &e), WN_OK, "%s", e.msg);
    cr_assert(ids.n > n / 10 && ids.n < n);
    for (size_t from = 0; from < 4000; from += 3) { /* longer than the short path takes: the naive way must agree */
        size_t len = 33 + from % 40;
        cr_assert_eq(wn_tok_encode(t, s + from, len, NULL, 0, 0, &ids, &e), WN_OK);
        char covered[128] = "";
        size_t at = 0;
        for (size_t i = 1; i + 1 < ids.n; i++) {
            size_t m;
            const char *p = wn_tok_piece(t, ids.ids[i], &m);
            memcpy(covered + at, p, m);
            at += m;
        }
        wrong += at != len || memcmp(covered, s + from, len) != 0;
    }
    for (size_t from = 0; from < 3000;
         from += 5) { /* one letter more must not change how 32 or fewer merge with a break behind */
        char spaced[80];
        memcpy(spaced, s + from, 32);
        (void)snprintf(spaced + 32, sizeof spaced - 32, " %.40s", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        cr_assert_eq(wn_tok_encode(t, s + from, 32, NULL, 0, 0, &part, &e), WN_OK);
        cr_assert_eq(wn_tok_encode(t, spaced, 73, NULL, 0, 0, &ids, &e), WN_OK);
        wrong += ids.n < part.n || memcmp(ids.ids, part.ids, (part.n - 1) * sizeof *ids.ids) != 0;
    }
    cr_assert_eq(wrong, 0, "%zu differ", wrong);
    free(s);
    wn_ids_free(&ids);
    wn_ids_free(&part);
    wn_tok_close(t);
}

static void sweep(void) {
    for (long k = 0;; k++) {
        wn_tok *t = NULL;
        wn_err e = {0};
        wn_ids ids = {0};
        wn_mem_fail_after(k, k % 2);
        wn_code rc = wn_tok_open(&t, folder, &e);
        if (!rc) rc = wn_tok_encode(t, "a [MASK] covid caf\xc3\xa9 abc \xe1\xbb\x87", 25, "b b b", 5, 7, &ids, &e);
        wn_mem_fail_after(-1, false);
        wn_ids_free(&ids);
        wn_tok_close(t);
        if (!rc) return;
        cr_assert(rc == WN_EMEMORY && k < 10000, "allocation %ld: %s", k, e.msg);
    }
}

Test(own, out_of_memory_at_every_point) {
    put_file(
        "tokenizer.json",
        "{" FRAME NORMAL MODEL
        ",\"added_tokens\":[{\"id\":4,\"content\":\"[MASK]\"},{\"id\":22,\"content\":\"Covid\",\"normalized\":true}]}");
    sweep();
    char p[256];
    (void)snprintf(p, sizeof p, "%s/tokenizer.json", folder);
    cr_assert_eq(unlink(p), 0);
    put_file("vocab.txt", "[CLS]\n[SEP]\n[UNK]\n");
    sweep();
}
