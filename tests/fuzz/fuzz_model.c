/* Any bytes as the files of a model folder. The first byte, or WINNOW_FUZZ_FIRST, names the file; the rest is sound.
 * 0 tokenizer.json, 1 vocab.txt, 2 vocab.json, 3 merges.txt, 4 tokenizer_config.json, 5 special_tokens_map.json,
 * 6 config.json, 7 modules.json, 8 1_Pooling/config.json, 9 2_Dense/config.json, 10 sentence_bert_config.json,
 * 11 a text for the tokenizers. What opens encodes a text within its bounds. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <winnow/model.h>
#include <wn/text.h>
#include <winnow/tokenizer.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(x)                                                                                                     \
    do {                                                                                                               \
        if (!(x)) {                                                                                                    \
            (void)fprintf(stderr, "fuzz_model: %s does not hold\n", #x);                                               \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

enum { FILES = 11 };
static const char *const names[FILES] = {"tokenizer.json",
                                         "vocab.txt",
                                         "vocab.json",
                                         "merges.txt",
                                         "tokenizer_config.json",
                                         "special_tokens_map.json",
                                         "config.json",
                                         "modules.json",
                                         "1_Pooling/config.json",
                                         "2_Dense/config.json",
                                         "sentence_bert_config.json"};
static const char *const sound[FILES] = {
    NULL,
    NULL,
    NULL,
    "#version: 0.2\na b\nab c\n",
    NULL,
    NULL,
    "{\"model_type\":\"bert\",\"vocab_size\":9,\"hidden_size\":4,\"num_hidden_layers\":1,\"num_attention_heads\":2,"
    "\"intermediate_size\":8,"
    "\"max_position_embeddings\":16}",
    "[{\"path\":\"\",\"type\":\"a.Transformer\"},{\"path\":\"1_Pooling\",\"type\":\"a.Pooling\"},"
    "{\"path\":\"2_Dense\",\"type\":\"a.Dense\"}]",
    "{\"pooling_mode_mean_tokens\":true}",
    "{\"in_features\":4,\"out_features\":2}",
    "{\"max_seq_length\":8}"};
static char folder[64], path[160];

static void put(size_t i, const void *data, size_t n) {
    (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    if (!data) {
        (void)unlink(path);
        return;
    }
    FILE *f = fopen(path, "wb");
    REQUIRE(f && fwrite(data, 1, n, f) == n && fclose(f) == 0);
}

static void clean(void) {
    for (size_t i = 0; i < FILES; i++) put(i, NULL, 0);
    (void)snprintf(path, sizeof path, "%s/1_Pooling", folder);
    (void)rmdir(path);
    (void)snprintf(path, sizeof path, "%s/2_Dense", folder);
    (void)rmdir(path);
    (void)rmdir(folder);
}

static void make_folder(void) {
    (void)snprintf(folder, sizeof folder, "%s/winnow-fuzz-model.%d",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
    REQUIRE(mkdir(folder, 0700) == 0);
    (void)snprintf(path, sizeof path, "%s/1_Pooling", folder);
    REQUIRE(mkdir(path, 0700) == 0);
    (void)snprintf(path, sizeof path, "%s/2_Dense", folder);
    REQUIRE(mkdir(path, 0700) == 0);
    REQUIRE(atexit(clean) == 0);
}

/* A vocabulary of the 256 bytes and a few merges, as vocab.json. */
static const char *bytes_vocab(void) {
    static char text[8192];
    if (text[0]) return text;
    size_t at = (size_t)snprintf(text, sizeof text,
                                 "{\"<s>\":0,\"<pad>\":1,\"</s>\":2,\"<unk>\":3,\"ab\":260,\"abc\":261,\"<mask>\":262");
    unsigned next = 256;
    for (unsigned b = 0; b < 256; b++) {
        bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
        unsigned c = printable ? b : next++;
        at += (size_t)snprintf(text + at, sizeof text - at, ",\"\\u%04x\":%u", c, b + 4);
    }
    (void)snprintf(text + at, sizeof text - at, "}");
    return text;
}

static bool good(wn_code code, const wn_err *e) {
    return code == WN_OK ||
           ((code == WN_EINPUT || code == WN_EIO || code == WN_EUSAGE) && e->msg[0] && !strchr(e->msg, '\n'));
}

static void encode(const wn_tok *t, const char *s, size_t n, wn_ids *ids) {
    wn_err e = {0};
    for (size_t max = 0; max < 12; max += 5) {
        bool pair = max == 10;
        wn_code code = wn_tok_encode(t, s, n, pair ? s : NULL, pair ? n / 2 : 0, max, ids, &e);
        REQUIRE(code == WN_OK || code == WN_EINPUT);
        if (code) continue;
        REQUIRE(ids->n >= 2 && (!max || ids->n <= max) && ids->n <= ids->cap);
        for (size_t i = 0; i < ids->n; i++) REQUIRE(ids->ids[i] < wn_tok_size(t) && ids->types[i] <= 1);
    }
}

static void open_tokenizer(const char *text, size_t n) {
    static const char fixed[] = "Abc abc [MASK]<mask> \xc3\xa9" "caf\xc3\xa9 \xe4\xb8\xad it's 12 ab c";
    wn_tok *t = NULL;
    wn_err e = {0};
    wn_ids ids = {0};
    wn_code code = wn_tok_open(&t, folder, &e);
    REQUIRE(good(code, &e) && (code == WN_OK) == (t != NULL));
    if (t) {
        encode(t, fixed, sizeof fixed - 1, &ids);
        if (text) encode(t, text, n, &ids);
    }
    wn_ids_free(&ids);
    wn_tok_close(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size || size > 1 << 16) return 0;
    if (!folder[0]) make_folder();
    const char *wanted = getenv("WINNOW_FUZZ_FIRST");
    const uint8_t first = wanted ? (uint8_t)atoi(wanted) : data[0];
    size_t which = first % (FILES + 1);
    bool bpe = which == 2 || which == 3 || (which == FILES && (first & 128));
    for (size_t i = 0; i < FILES; i++) put(i, sound[i], sound[i] ? strlen(sound[i]) : 0);
    if (bpe) put(2, bytes_vocab(), strlen(bytes_vocab()));
    else put(1, "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nabc\na\n##b\n##c\n\xc3\xa9\n", 46);
    if (which < FILES) put(which, data + 1, size - 1);
    if (which < 6 || which == FILES) open_tokenizer(which == FILES ? (const char *)data + 1 : NULL, size - 1);
    if (which >= 6 && which < FILES) {
        wn_model_config c;
        wn_err e = {0};
        wn_code code = wn_model_config_read(&c, folder, &e);
        REQUIRE(good(code, &e));
        if (!code) {
            REQUIRE(c.layers && c.heads && c.hidden % c.heads == 0 && c.vocab && c.max_tokens &&
                    c.max_tokens <= c.positions);
            REQUIRE(c.norm_eps >= 0 && c.norm_eps <= 1 && strlen(c.dense_path) < sizeof c.dense_path &&
                    !strstr(c.dense_path, ".."));
        }
    }
    return 0;
}
