/* Checkpoints of torch: what they hold comes out, and whatever is wrong with them is said. */
#include <math.h>

#include "weights_fixture.h"

TestSuite(weights, .init = begin, .fini = end);

static const float ten[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
static const uint16_t halves[2] = {0x3C00, 0xC000};
/* a: the whole storage; b: its transpose's part; c: one row of it read through a stride of 0; h: another storage */
static const tensor state[] = {
    {"a", "FloatStorage", "0", 10, 0, {2, 5}, {5, 1}, 2},
    {"b", "FloatStorage", "0", 10, 2, {3, 2}, {1, 5}, 2},
    {"c", "FloatStorage", "0", 10, 9, {4}, {0}, 1},
    {"h", "HalfStorage", "1", 2, 0, {2}, {1}, 1},
    {"s", "FloatStorage", "0", 10, 7, {0}, {0}, 0},
};
static const storage kept[] = {{"0", ten, sizeof ten}, {"1", halves, sizeof halves}};

static void check_state(const wn_weights *w, bool with_half) {
    static const float b[6] = {2, 7, 3, 8, 4, 9};
    float got[10];
    read_all(w, "a", got, 10);
    cr_assert_eq(memcmp(got, ten, sizeof ten), 0);
    read_all(w, "b", got, 6);
    cr_assert_eq(memcmp(got, b, sizeof b), 0);
    read_all(w, "c", got, 4);
    cr_assert(got[0] == 9 && got[3] == 9);
    read_all(w, "s", got, 1);
    cr_assert(got[0] == 7);
    if (!with_half) return;
    read_all(w, "h", got, 2);
    cr_assert(got[0] == 1 && got[1] == -2);
}

Test(weights, torch_zip) {
    bytes p = p_dictionary(state, 5, false);
    write_zip(path, &p, kept, 2, "little", false);
    wn_weights *w = opened(path);
    cr_assert_str_eq(wn_weights_container(w), "torch zip");
    check_state(w, true);
    wn_weights_close(w);
    write_zip(path, &p, kept, 2, "big", false);
    refused_at(path, "big-endian");
    write_zip(path, &p, kept, 1, NULL, false);
    refused_at(path, "storage \"1\" is missing");
    write_zip(path, NULL, kept, 2, NULL, false);
    refused_at(path, "without data.pkl");
    char zeros[4000] = {0};
    write_zip(path, &p, (storage[]){{"0", zeros, sizeof zeros}, {"1", halves, 4}}, 2, NULL, true);
    refused_at(path, "is compressed");
    write_zip(path, &p, (storage[]){{"0", ten, 36}, {"1", halves, 4}}, 2, NULL, false);
    refused_at(path, "36 bytes, too few for 10 elements of 4");
    drop(&p);
}

Test(weights, torch_stream) {
    bytes p = p_dictionary(state, 3, true), b = stream_of(&p, kept, 1, 4, false);
    tensor with_scalar[4] = {state[0], state[1], state[2], state[4]};
    drop(&p);
    drop(&b);
    p = p_dictionary(with_scalar, 4, true);
    b = stream_of(&p, kept, 1, 4, false);
    write_file(path, b.p, b.n);
    wn_weights *w = opened(path);
    cr_assert_str_eq(wn_weights_container(w), "torch stream");
    check_state(w, false);
    wn_weights_close(w);
    for (size_t n = 16; n < b.n; n++) {
        wn_err e = {0};
        write_file(path, b.p, n);
        cr_assert_eq(wn_weights_open(&w, path, &e), WN_EINPUT, "%zu bytes of %zu", n, b.n);
    }
    drop(&b);
    refused(stream_of(&p, kept, 1, 4, true), "big-endian");
    refused(stream_of(&p, (storage[]){{"7", ten, 40}}, 1, 4, false), "storage \"7\" belongs to no tensor");
    refused(stream_of(&p, (storage[]){{"0", ten, 40}, {"0", ten, 40}}, 2, 4, false), "listed twice");
    refused(stream_of(&p, kept, 0, 4, false), "reaches beyond its data");
    refused(stream_of(&p, (storage[]){{"0", ten, 36}}, 1, 4, false), "reaches beyond its data");
    drop(&p);
    refused(text_of("\x80\2}q\1X\1---------------."), "not a PyTorch checkpoint");
}

Test(weights, every_truncation_of_a_zip_is_refused) {
    bytes p = p_dictionary(state, 5, false);
    write_zip(path, &p, kept, 2, NULL, false);
    FILE *f = fopen(path, "rb");
    unsigned char all[4096];
    size_t size = fread(all, 1, sizeof all, f);
    (void)fclose(f);
    for (size_t n = 0; n < size; n++) {
        wn_weights *w;
        wn_err e = {0};
        write_file(path, all, n);
        cr_assert_eq(wn_weights_open(&w, path, &e), WN_EINPUT, "%zu bytes of %zu", n, size);
    }
    drop(&p);
}

static void refused_pickle(bytes p, const char *text) {
    write_zip(path, &p, kept, 2, NULL, false);
    drop(&p);
    refused_at(path, text);
}

static bytes raw(const char *s, size_t n) {
    bytes b = {0};
    put(&b, "\x80\2", 2);
    put(&b, s, n);
    return b;
}
#define RAW(s) raw(s, sizeof(s) - 1)

Test(weights, hostile_pickles) {
    bytes b = RAW("");
    p_global(&b, "os", "system");
    p_string(&b, "echo owned");
    put_text(&b, "\x85R.");
    refused_pickle(b, "it asks for os.system; only plain tensors are read");
    b = RAW("");
    p_string(&b, "builtins");
    p_string(&b, "eval");
    put_op(&b, 0x93);
    refused_pickle(b, "it asks for builtins.eval");
    refused_pickle(RAW("cnever ends"), "truncated");
    refused_pickle(RAW("X\xff\xff\xff\xff!"), "truncated");
    refused_pickle(RAW("T\xff\xff\xff\xff!"), "truncated");
    refused_pickle(RAW("X\x0f"), "truncated");
    refused_pickle(RAW("}r\xff\xff\xff\xff."), "memo index is out of range");
    refused_pickle(RAW("h\x07."), "memo entry is missing");
    refused_pickle(RAW("j\xff\xff\xff\xff."), "memo entry is missing");
    refused_pickle(RAW("q\1."), "the stack is empty");
    refused_pickle(RAW("."), "the stack is empty");
    refused_pickle(RAW("t."), "the stack is too short");
    refused_pickle(RAW("\x85."), "the stack is too short");
    refused_pickle(RAW("N\x86."), "the stack is too short");
    refused_pickle(RAW("N\x87."), "the stack is too short");
    refused_pickle(RAW("a."), "the stack is too short");
    refused_pickle(RAW("s."), "the stack is too short");
    refused_pickle(RAW("(u."), "the stack is too short");
    refused_pickle(RAW("}b."), "the stack is too short");
    refused_pickle(RAW("}(Nu."), "the wrong kind of container");
    refused_pickle(RAW("N(NNu."), "the wrong kind of container");
    refused_pickle(RAW("NQ."), "not a storage");
    refused_pickle(RAW("NNR."), "a call that is malformed");
    refused_pickle(RAW("NN\x93."), "a name that is malformed");
    refused_pickle(RAW("i\n."), "opcode 0x69");
    refused_pickle(RAW("\x81."), "opcode 0x81");
    refused_pickle(RAW("N."), "not a dictionary of tensors");
    refused_pickle(RAW("}."), "holds no tensors");
    refused_pickle(RAW("}(X\1\0\0\0aX\1\0\0\0bu."), "holds no tensors");
    b = RAW("");
    for (size_t i = 0; i < 5000000; i++) put_op(&b, '}');
    put_op(&b, '.');
    refused_pickle(b, "too many objects");
    b = RAW("}q\1");
    size_t n = 34u << 20;
    b.p = realloc(b.p, b.cap = b.n + n + 64);
    for (size_t i = 0; i + 1 < n; i += 2) memcpy(b.p + b.n + i, "q\1", 2);
    b.n += n;
    put(&b, NULL, 0);
    refused_pickle(b, "truncated");
    b = RAW("]q\1");
    for (size_t i = 0; i < 100000; i++) put_text(&b, "]h\1\x85"); /* deeply nested, and each holds the first */
    put_text(&b, "}.");
    refused_pickle(b, "holds no tensors");
}

Test(weights, hostile_tensors) {
    static const struct {
        tensor t;
        const char *text;
    } cases[] = {
        {{"a", "FloatStorage", "0", 10, 0, {11}, {1}, 1}, "\"a\" reaches beyond its data (11 elements; there are 10)"},
        {{"a", "FloatStorage", "0", 10, 8, {3}, {1}, 1}, "reaches beyond"},
        {{"a", "FloatStorage", "0", 10, 0, {2, 3}, {9, 1}, 2}, "reaches beyond"},
        {{"a", "FloatStorage", "0", 10, 0, {1000000, 1000000}, {0, 0}, 2}, "reaches beyond"},
        {{"a", "FloatStorage", "0", 10, 0, {0x7fffffff, 0x7fffffff, 0x7fffffff}, {0x7fffffff, 1, 1}, 3}, "overflows"},
        {{"a", "FloatStorage", "0", 10, 0, {-1}, {1}, 1}, "negative size or stride"},
        {{"a", "FloatStorage", "0", 10, 0, {2}, {-1}, 1}, "negative size or stride"},
        {{"a", "FloatStorage", "0", 10, -1, {2}, {1}, 1}, "a tensor that is malformed"},
        {{"a", "FloatStorage", "0", -5, 0, {2}, {1}, 1}, "not a storage"},
        {{"a", "FloatStorage", "0", 0x7fffffff, 0, {2}, {1}, 1}, "too few for 2147483647 elements"},
        {{"a", "FloatStorage", "../0", 10, 0, {2}, {1}, 1}, "storage \"../0\" is missing"},
        {{"a", "QuantizedStorage", "0", 10, 0, {2}, {1}, 1}, "it asks for torch.QuantizedStorage"},
        {{"a", "FloatStorage", "0", 10, 0, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1}, 9},
         "more than 8 dimensions"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused_pickle(p_dictionary(&cases[i].t, 1, false), cases[i].text);
    tensor twice[2] = {state[0], state[0]};
    refused_pickle(p_dictionary(twice, 2, false), "\"a\" is there twice");
    tensor evil = state[0];
    evil.name = "a\033[2J\n";
    evil.shape[0] = 99;
    bytes p = p_dictionary(&evil, 1, false);
    write_zip(path, &p, kept, 2, NULL, false);
    drop(&p);
    wn_weights *w;
    wn_err e = {0};
    cr_assert_eq(wn_weights_open(&w, path, &e), WN_EINPUT);
    cr_assert(!strchr(e.msg, '\033') && !strchr(e.msg, '\n'), "control characters in the message");
}

Test(weights, every_byte_of_a_pickle_changed) {
    bytes p = p_dictionary(state, 5, false);
    static const unsigned char to[] = {0, 0xff, '(', '.', 'h', 't', 'u', 0x7f};
    for (size_t i = 0; i < p.n; i++)
        for (size_t k = 0; k < sizeof to; k++) {
            unsigned char was = p.p[i];
            wn_weights *w = NULL;
            wn_err e = {0};
            p.p[i] = to[k];
            write_zip(path, &p, kept, 2, NULL, false);
            p.p[i] = was;
            if (wn_weights_open(&w, path, &e) == WN_OK) {
                float got[16];
                for (size_t t = 0; t < wn_weights_count(w); t++)
                    if (wn_weights_at(w, t)->count <= 16) (void)wn_weights_read(w, wn_weights_at(w, t), got, &e);
                wn_weights_close(w);
            } else cr_assert(e.msg[0]);
        }
    drop(&p);
}

Test(weights, nested_dictionaries_and_parameters) {
    bytes b = RAW("}(");
    p_string(&b, "epoch");
    p_int(&b, 3);
    p_string(&b, "lr");
    put(&b, "G\x3f\xf0\0\0\0\0\0\0", 9);
    p_string(&b, "state_dict");
    put_text(&b, "}(");
    p_string(&b, "w");
    p_global(&b, "torch._utils", "_rebuild_parameter");
    put_op(&b, '(');
    p_tensor(&b, &state[0], false);
    put_op(&b, 0x88);
    p_global(&b, "collections", "OrderedDict");
    put_text(&b, ")RtRu"); /* parameter */
    put_text(&b, "u.");
    write_zip(path, &b, kept, 2, NULL, false);
    drop(&b);
    wn_weights *w = opened(path);
    float got[10];
    read_all(w, "w", got, 10);
    cr_assert_eq(memcmp(got, ten, sizeof ten), 0);
    wn_weights_close(w);
}

/* ---- memory ---- */

static void sweep(const char *p) {
    wn_weights *w = NULL;
    wn_err e = {0};
    float got[16];
    for (long k = 0; k < 10000; k++) {
        wn_mem_fail_after(k, k % 2);
        wn_code rc = wn_weights_open(&w, p, &e);
        for (size_t i = 0; !rc && i < wn_weights_count(w); i++)
            if (wn_weights_at(w, i)->count <= 16) rc = wn_weights_read(w, wn_weights_at(w, i), got, &e);
        wn_mem_fail_after(-1, false);
        wn_weights_close(w);
        w = NULL;
        if (!rc) return;
        cr_assert_eq(rc, WN_EMEMORY, "allocation %ld: %s", k, e.msg);
    }
    cr_assert_fail("never succeeds");
}

Test(weights, out_of_memory_at_every_point) {
    bytes p = p_dictionary(state, 5, false), q = p_dictionary(state, 3, true), b = stream_of(&q, kept, 1, 4, false);
    write_zip(path, &p, kept, 2, NULL, false);
    sweep(path);
    write_file(path, b.p, b.n);
    sweep(path);
    in_folder("one", safetensors(ONE("F32", "[1]", 0, 4), &(float){1}, 4));
    in_folder("model.safetensors.index.json", text_of("{\"weight_map\":{\"a\":\"one\"}}"));
    sweep(folder);
    drop(&p);
    drop(&q);
    drop(&b);
}

/* ---- real ones ---- */

Test(weights, real_checkpoints) {
    const char *d = getenv("WINNOW_DATA");
    static const struct {
        const char *name, *container;
        size_t rows, cols;
    } models[] = {{"albert-smiles", "torch stream", 591, 128},
                  {"tiny-random-bert", "torch zip", 1124, 32},
                  {"tiny-random-roberta", "safetensors", 1200, 48}};
    for (size_t i = 0; i < 3; i++) {
        char p[512];
        (void)snprintf(p, sizeof p, "%s/models/%s", d && *d ? d : "../shared/data", models[i].name);
        if (access(p, R_OK) != 0) cr_skip_test("%s is absent (WINNOW_DATA)", p);
        wn_weights *w = opened(p);
        cr_assert_str_eq(wn_weights_container(w), models[i].container);
        const wn_tensor *t = NULL;
        for (size_t k = 0; k < wn_weights_count(w) && !t; k++)
            if (strstr(wn_weights_at(w, k)->name, "word_embeddings.weight")) t = wn_weights_at(w, k);
        cr_assert(t && t->rank == 2 && t->shape[0] == models[i].rows && t->shape[1] == models[i].cols, "%s",
                  models[i].name);
        float *v = malloc(t->count * sizeof *v);
        wn_err e = {0};
        double sum = 0;
        cr_assert_eq(wn_weights_read(w, t, v, &e), WN_OK, "%s", e.msg);
        for (size_t k = 0; k < t->count; k++) sum += fabs((double)v[k]);
        cr_assert(sum / (double)t->count > 1e-4 && sum / (double)t->count < 2, "%s: mean |w| %g", models[i].name,
                  sum / (double)t->count);
        free(v);
        wn_weights_close(w);
    }
}
