/* Token ids equal those of the reference tokenizers on every text of fixtures/tokenizer. */
#include "embed/tokenizer_own.h"

#include <cjson/cJSON.h>
#include <unistd.h>
#include <winnow/model.h>
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

/* A stretch of 1 MB takes no quadratic time; test_tokenizer_bpe.c compares the pieces. */
Test(tokenizer, a_word_of_a_megabyte) {
    wn_tok *t = open_tokenizer("roberta");
    wn_ids ids = {0}, part = {0};
    wn_err e;
    size_t n = 1 << 20, wrong = 0;
    char *s = malloc(n);
    for (size_t i = 0; i < n; i++) s[i] = "abetinosr"[(i * i / 7 + i) % 9];
    cr_assert_eq(wn_tok_encode(t, s, n, NULL, 0, 0, &ids, &e), WN_OK, "%s", e.msg);
    cr_assert(ids.n > n / 10 && ids.n < n);
    for (size_t from = 0; from < 3000; from += 5) { /* a word more does not change how one merges */
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
