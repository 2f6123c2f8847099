/* Checkpoints: what they hold comes out, and whatever is wrong with them is said. */
#include "weights_build.h"
#include <math.h>
#include <winnow/mem.h>
#include <winnow/weights.h>

static char *folder, path[256];

static void begin(void) {
    folder = new_folder();
    (void)snprintf(path, sizeof path, "%s/model", folder);
}
static void end(void) { remove_folder(folder); }

static wn_weights *opened(const char *p) {
    wn_weights *w = NULL;
    wn_err e = {0};
    cr_assert_eq(wn_weights_open(&w, p, &e), WN_OK, "%s", e.msg);
    return w;
}

static void read_all(const wn_weights *w, const char *name, float *out, size_t n) {
    wn_err e = {0};
    const wn_tensor *t = wn_weights_find(w, name);
    cr_assert(t, "no %s", name);
    cr_assert_eq(t->count, n);
    cr_assert_eq(wn_weights_read(w, t, out, &e), WN_OK, "%s", e.msg);
}

/* Opening `p` is refused with a message that names the path and holds `text`. */
static void refused_at(const char *p, const char *text) {
    wn_weights *w = NULL;
    wn_err e = {0};
    wn_code rc = wn_weights_open(&w, p, &e);
    cr_assert(rc != WN_OK && w == NULL, "wanted a refusal: %s", text);
    cr_assert_eq(rc, e.code);
    cr_assert(strstr(e.msg, text), "wanted \"%s\", got \"%s\"", text, e.msg);
    cr_assert(strncmp(e.msg, folder, strlen(folder)) == 0, "no path in \"%s\"", e.msg);
}

static void refused(bytes b, const char *text) {
    write_file(path, b.p, b.n);
    drop(&b);
    refused_at(path, text);
}

TestSuite(weights, .init = begin, .fini = end);

/* ---- safetensors ---- */

Test(weights, safetensors_dtypes) {
    float f[2] = {1.5f, -2};
    uint16_t half[6] = {0x3C00, 0xC000, 0x0001, 0x7C00, 0x8000, 0x03FF}, brain[2] = {0x3F80, 0xC020};
    double d[2] = {1.0 / 3, -1e300};
    int64_t i[1] = {7};
    bytes data = {0};
    put(&data, "x", 1); /* nothing behind it is aligned */
    put(&data, f, 8);
    put(&data, half, 12);
    put(&data, brain, 4);
    put(&data, d, 16);
    put(&data, i, 8);
    bytes b = safetensors("{\"__metadata__\":{\"format\":\"pt\"},\"u\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                          "\"f\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[1,9]},\"h\":{\"dtype\":\"F16\",\"shape\":[3,2],\"data_offsets\":[9,21]},"
                          "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[21,25]},\"d\":{\"dtype\":\"F64\",\"shape\":[1,2],\"data_offsets\":[25,41]},"
                          "\"i\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[41,49]},\"e\":{\"dtype\":\"F32\",\"shape\":[0,5],\"data_offsets\":[49,49]}}  ",
                          data.p, data.n);
    write_file(path, b.p, b.n);
    wn_weights *w = opened(path);
    float got[6];
    wn_err e = {0};
    cr_assert_eq(wn_weights_count(w), 7);
    cr_assert_str_eq(wn_weights_container(w), "safetensors");
    read_all(w, "f", got, 2);
    cr_assert(got[0] == 1.5f && got[1] == -2);
    read_all(w, "h", got, 6);
    cr_assert(got[0] == 1 && got[1] == -2 && got[2] == 0x1p-24f && isinf(got[3]) && got[4] == 0 && signbit(got[4]) && got[5] == 1023 * 0x1p-24f);
    cr_assert(wn_weights_find(w, "h")->rank == 2 && wn_weights_find(w, "h")->shape[0] == 3);
    read_all(w, "b", got, 2);
    cr_assert(got[0] == 1 && got[1] == -2.5f);
    read_all(w, "d", got, 2);
    cr_assert(got[0] == (float)(1.0 / 3) && isinf(got[1]));
    read_all(w, "e", got, 0);
    cr_assert_eq(wn_weights_read(w, wn_weights_find(w, "i"), got, &e), WN_EINPUT);
    cr_assert(strstr(e.msg, "\"i\" does not hold floating point"));
    cr_assert_null(wn_weights_mapped(w, wn_weights_find(w, "h")));
    cr_assert_null(wn_weights_find(w, "nothing"));
    wn_weights_close(w);
    drop(&b);
    drop(&data);
}

Test(weights, safetensors_whose_length_looks_like_a_pickle) {
    char header[700];
    (void)snprintf(header, sizeof header, "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}%*s", 0x280, "");
    header[0x280 - 1] = '}';
    header[0x280] = 0; /* the file starts with 0x80 0x02, like a pickle */
    bytes b = safetensors(header, &(float){2}, 4);
    cr_assert(b.p[0] == 0x80 && b.p[1] == 2);
    write_file(path, b.p, b.n);
    wn_weights *w = opened(path);
    const float *in_place = wn_weights_mapped(w, wn_weights_find(w, "a"));
    cr_assert(in_place && *in_place == 2);
    wn_weights_close(w);
    drop(&b);
}

#define ONE(dtype, shape, from, to) "{\"a\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" #from "," #to "]}}"

Test(weights, safetensors_refusals) {
    static const struct {
        const char *header, *text;
    } cases[] = {
        {ONE("F32", "[1]", 0, 8), "has 8 bytes of data, and its shape and dtype want another number"},
        {ONE("F32", "[2]", 4, 12), "truncated: tensor \"a\" ends at data byte 12, and 8 are there"},
        {ONE("F32", "[1]", 0, 4), "has 8 data bytes, and its tensors fill 4"},
        {ONE("F32", "[2]", 8, 0), "no data_offsets"},
        {ONE("F32", "[2]", -1, 8), "no data_offsets"},
        {ONE("F32", "[2]", 0, 18446744073709551616), "no data_offsets"},
        {ONE("F32", "[2]", 0, 8.5), "no data_offsets"},
        {ONE("F32", "[4611686018427387904,4,2]", 0, 8), "not a list of at most 8 sizes"},
        {ONE("F32", "[9007199254740992,9007199254740992]", 0, 8), "overflows"},
        {ONE("F64", "[9007199254740992,2048]", 0, 8), "overflows"},
        {ONE("F64", "[9007199254740992,512]", 0, 8), "want another number"},
        {ONE("F32", "[1,1,1,1,1,1,1,1,2]", 0, 8), "not a list of at most 8 sizes"},
        {ONE("F32", "[-2]", 0, 8), "not a list of at most 8 sizes"},
        {ONE("F32", "2", 0, 8), "has no shape"},
        {ONE("F99", "[2]", 0, 8), "unknown dtype \"F99\""},
        {"{\"a\":7}", "unknown dtype"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "overlap"},
        {"{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", "leave a hole"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", "\"a\" is there twice"},
        {"{\"a\":{\"dtype\":\"F32\"", "not valid JSON"},
        {"{} {}", "not valid JSON"},
        {"{\"\xff\":1}", "not UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) refused(safetensors(cases[i].header, "12345678", 8), cases[i].text);
    refused(safetensors("{}      ", "", 0), "holds no tensors");
    refused(safetensors("[1,2,3,4]", "", 0), "neither safetensors nor");
    bytes b = {0};
    put_u64(&b, 1 << 30);
    put_text(&b, "{\"a\":1}  ");
    refused(b, "beyond the format's bound");
    b = (bytes){0};
    put_u64(&b, 500);
    put_text(&b, "{\"a\":1}  ");
    refused(b, "truncated: the header needs 500 bytes");
    b = (bytes){0};
    put_text(&b, "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
    refused(b, "Git LFS pointer");
    b = (bytes){0};
    put_text(&b, "<html>no such page</html>");
    refused(b, "neither safetensors nor");
    b = (bytes){0};
    put_text(&b, "short");
    refused(b, "too few for a checkpoint");
    char *deep = malloc(100000);
    memset(deep, '[', 99999);
    deep[99999] = 0;
    memcpy(deep, "{\"a\":", 5);
    refused(safetensors(deep, "", 0), "not valid JSON");
    free(deep);
    size_t many = 9 * 1000 * 1000;
    char *wide = malloc(many);
    for (size_t i = 0; i < many; i++) wide[i] = i % 2 ? ',' : '0';
    memcpy(wide, "{\"a\":[", 6);
    memcpy(wide + many - 3, "]}", 3);
    refused(safetensors(wide, "", 0), "more than 4000000 values");
    free(wide);
}

Test(weights, every_truncation_of_safetensors_is_refused) {
    float f[6] = {1, 2, 3, 4, 5, 6};
    bytes b = safetensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}", f, 24);
    for (size_t n = 0; n < b.n; n++) {
        wn_weights *w;
        wn_err e = {0};
        write_file(path, b.p, n);
        cr_assert_eq(wn_weights_open(&w, path, &e), WN_EINPUT, "%zu bytes", n);
    }
    drop(&b);
}

static void in_folder(const char *name, bytes b) {
    char p[300];
    (void)snprintf(p, sizeof p, "%s/%s", folder, name);
    write_file(p, b.p, b.n);
    drop(&b);
}

static bytes text_of(const char *s) {
    bytes b = {0};
    put_text(&b, s);
    return b;
}

Test(weights, shards) {
    refused_at(folder, "no model.safetensors or pytorch_model.bin");
    in_folder("one", safetensors(ONE("F32", "[1]", 0, 4), &(float){1}, 4));
    in_folder("two", safetensors("{\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", &(float){2}, 4));
    in_folder("model.safetensors.index.json", text_of("{\"metadata\":{},\"weight_map\":{\"a\":\"one\",\"b\":\"two\"}}"));
    wn_weights *w = opened(folder);
    float v;
    read_all(w, "a", &v, 1);
    cr_assert(v == 1);
    read_all(w, "b", &v, 1);
    cr_assert(v == 2 && wn_weights_count(w) == 2);
    wn_weights_close(w);
    static const struct {
        const char *index, *text;
    } cases[] = {{"{\"weight_map\":{\"a\":\"one\",\"b\":\"three\"}}", "three: No such file"}, {"{\"weight_map\":{\"a\":\"one\",\"c\":\"two\"}}", "\"c\" is in none of the shards"},
                 {"{\"weight_map\":{\"a\":\"../one\",\"b\":\"two\"}}", "not a file name"},     {"{\"weight_map\":{\"a\":7}}", "not a file name"},
                 {"{\"weight_map\":[\"one\"]}", "absent or empty"},                            {"{\"weight_map\":{}}", "absent or empty"},
                 {"[\"one\",\"two\",\"three\"]", "absent or empty"},                            {"{\"weight_map\":", "not valid JSON"}, {"{\"weight_map\":{\"a\":\"..\"}}", "not a file"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        in_folder("model.safetensors.index.json", text_of(cases[i].index));
        refused_at(folder, cases[i].text);
    }
    in_folder("two", safetensors(ONE("F32", "[1]", 0, 4), &(float){2}, 4));
    in_folder("model.safetensors.index.json", text_of("{\"weight_map\":{\"a\":\"one\",\"b\":\"two\"}}"));
    refused_at(folder, "\"b\" is in none of the shards");
    in_folder("model.safetensors.index.json", text_of("{\"weight_map\":{\"a\":\"one\",\"a\":\"two\"}}"));
    refused_at(folder, "\"a\" is there twice");
}

/* ---- torch ---- */

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
    cr_assert_null(wn_weights_mapped(w, wn_weights_find(w, "b")));
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
        {{"a", "FloatStorage", "0", 10, 0, {1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1}, 9}, "more than 8 dimensions"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) refused_pickle(p_dictionary(&cases[i].t, 1, false), cases[i].text);
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
    } models[] = {{"albert-smiles", "torch stream", 591, 128}, {"tiny-random-bert", "torch zip", 1124, 32}, {"tiny-random-roberta", "safetensors", 1200, 48}};
    for (size_t i = 0; i < 3; i++) {
        char p[512];
        (void)snprintf(p, sizeof p, "%s/models/%s", d && *d ? d : "../shared/data", models[i].name);
        if (access(p, R_OK) != 0) cr_skip_test("%s is absent (WINNOW_DATA)", p);
        wn_weights *w = opened(p);
        cr_assert_str_eq(wn_weights_container(w), models[i].container);
        const wn_tensor *t = NULL;
        for (size_t k = 0; k < wn_weights_count(w) && !t; k++)
            if (strstr(wn_weights_at(w, k)->name, "word_embeddings.weight")) t = wn_weights_at(w, k);
        cr_assert(t && t->rank == 2 && t->shape[0] == models[i].rows && t->shape[1] == models[i].cols, "%s", models[i].name);
        float *v = malloc(t->count * sizeof *v);
        wn_err e = {0};
        double sum = 0;
        cr_assert_eq(wn_weights_read(w, t, v, &e), WN_OK, "%s", e.msg);
        for (size_t k = 0; k < t->count; k++) sum += fabs((double)v[k]);
        cr_assert(sum / (double)t->count > 1e-4 && sum / (double)t->count < 2, "%s: mean |w| %g", models[i].name, sum / (double)t->count);
        free(v);
        wn_weights_close(w);
    }
}
