/* What tokenizers of a few pieces make of words, pairs, added tokens, and of files that are refused. */
#include "embed/tokenizer_own.h"

#include <unistd.h>

TestSuite(own, .init = begin, .fini = end);

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

Test(own, out_of_memory_at_every_point) {
    put_file(
        "tokenizer.json",
        "{" FRAME NORMAL MODEL
        ",\"added_tokens\":[{\"id\":4,\"content\":\"[MASK]\"},{\"id\":22,\"content\":\"Covid\",\"normalized\":true}]}");
    sweep("a [MASK] covid caf\xc3\xa9 abc \xe1\xbb\x87");
    char p[256];
    (void)snprintf(p, sizeof p, "%s/tokenizer.json", folder);
    cr_assert_eq(unlink(p), 0);
    put_file("vocab.txt", "[CLS]\n[SEP]\n[UNK]\n");
    sweep("a [MASK] covid caf\xc3\xa9 abc \xe1\xbb\x87");
}
