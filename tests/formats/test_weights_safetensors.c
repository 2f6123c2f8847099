/* Safetensors, whole and in shards: what they hold comes out, and whatever is wrong with them is said. */
#include <math.h>

#include "weights_fixture.h"

TestSuite(weights_safetensors, .init = begin, .fini = end);

Test(weights_safetensors, safetensors_dtypes) {
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
    bytes b = safetensors(
        "{\"__metadata__\":{\"format\":\"pt\"},\"u\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
        "\"f\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[1,9]},\"h\":{\"dtype\":\"F16\",\"shape\":[3,2],"
        "\"data_offsets\":[9,21]},"
        "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[21,25]},\"d\":{\"dtype\":\"F64\",\"shape\":[1,2],"
        "\"data_offsets\":[25,41]},"
        "\"i\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[41,49]},\"e\":{\"dtype\":\"F32\",\"shape\":[0,5],"
        "\"data_offsets\":[49,49]}}  ",
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
    cr_assert(got[0] == 1 && got[1] == -2 && got[2] == 0x1p-24f && isinf(got[3]) && got[4] == 0 && signbit(got[4]) &&
              got[5] == 1023 * 0x1p-24f);
    cr_assert(wn_weights_find(w, "h")->rank == 2 && wn_weights_find(w, "h")->shape[0] == 3);
    read_all(w, "b", got, 2);
    cr_assert(got[0] == 1 && got[1] == -2.5f);
    read_all(w, "d", got, 2);
    cr_assert(got[0] == (float)(1.0 / 3) && isinf(got[1]));
    read_all(w, "e", got, 0);
    cr_assert_eq(wn_weights_read(w, wn_weights_find(w, "i"), got, &e), WN_EINPUT);
    cr_assert(strstr(e.msg, "\"i\" does not hold floating point"));
    cr_assert_null(wn_weights_find(w, "nothing"));
    wn_weights_close(w);
    drop(&b);
    drop(&data);
}

Test(weights_safetensors, safetensors_whose_length_looks_like_a_pickle) {
    char header[700];
    (void)snprintf(header, sizeof header, "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}%*s", 0x280,
                   "");
    header[0x280 - 1] = '}';
    header[0x280] = 0; /* the file starts with 0x80 0x02, like a pickle */
    bytes b = safetensors(header, &(float){2}, 4);
    cr_assert(b.p[0] == 0x80 && b.p[1] == 2);
    write_file(path, b.p, b.n);
    wn_weights *w = opened(path);
    float got = 0;
    read_all(w, "a", &got, 1);
    cr_assert_eq(got, 2);
    wn_weights_close(w);
    drop(&b);
}

/* Tied weights: one is stored, the metadata names the other. */
Test(weights_safetensors, aliases) {
    bytes b = safetensors("{\"__metadata__\":{\"format\":\"pt\",\"tied\":\"kept\",\"kept\":\"other\",\"more\":3},"
                          "\"kept\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                          "\"other\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
                          (float[]){2, 5}, 8);
    write_file(path, b.p, b.n);
    wn_weights *w = opened(path);
    float got = 0;
    cr_assert_eq(wn_weights_count(w), 3);
    read_all(w, "tied", &got, 1);
    cr_assert_eq(got, 2);
    read_all(w, "kept", &got, 1); /* what is stored counts */
    cr_assert_eq(got, 2);
    cr_assert_null(wn_weights_find(w, "format"));
    wn_weights_close(w);
    drop(&b);
}

/* Shortened by another program after it was opened: an error that says so, not the end of the process. */
Test(weights_safetensors, a_file_that_becomes_shorter) {
    static float data[4096];
    bytes b = safetensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[4096],\"data_offsets\":[0,16384]}}", data, sizeof data);
    write_file(path, b.p, b.n);
    wn_weights *w = opened(path);
    wn_err e = {0};
    cr_assert_eq(truncate(path, 4096), 0);
    cr_assert_eq(wn_weights_read(w, wn_weights_find(w, "a"), data, &e), WN_EINPUT);
    cr_assert(strstr(e.msg, "became shorter than its"), "%s", e.msg);
    wn_weights_close(w);
    drop(&b);
}

Test(weights_safetensors, a_named_pipe) {
    wn_weights *w = NULL;
    wn_err e = {0};
    (void)unlink(path);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_eq(wn_weights_open(&w, path, &e), WN_EINPUT);
    cr_assert(!w && strstr(e.msg, "not a file"), "%s", e.msg);
}

Test(weights_safetensors, safetensors_refusals) {
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
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],"
         "\"data_offsets\":[0,4]}}",
         "overlap"},
        {"{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],"
         "\"data_offsets\":[4,8]}}",
         "leave a hole"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\",\"shape\":[1],"
         "\"data_offsets\":[4,8]}}",
         "\"a\" is there twice"},
        {"{\"a\":{\"dtype\":\"F32\"", "not valid JSON"},
        {"{} {}", "not valid JSON"},
        {"{\"\xff\":1}", "not UTF-8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(safetensors(cases[i].header, "12345678", 8), cases[i].text);
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

Test(weights_safetensors, every_truncation_of_safetensors_is_refused) {
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

Test(weights_safetensors, shards) {
    refused_at(folder, "no model.safetensors or pytorch_model.bin");
    in_folder("one", safetensors(ONE("F32", "[1]", 0, 4), &(float){1}, 4));
    in_folder("two", safetensors("{\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", &(float){2}, 4));
    in_folder("model.safetensors.index.json",
              text_of("{\"metadata\":{},\"weight_map\":{\"a\":\"one\",\"b\":\"two\"}}"));
    wn_weights *w = opened(folder);
    float v;
    read_all(w, "a", &v, 1);
    cr_assert(v == 1);
    read_all(w, "b", &v, 1);
    cr_assert(v == 2 && wn_weights_count(w) == 2);
    wn_weights_close(w);
    static const struct {
        const char *index, *text;
    } cases[] = {{"{\"weight_map\":{\"a\":\"one\",\"b\":\"three\"}}", "three: No such file"},
                 {"{\"weight_map\":{\"a\":\"one\",\"c\":\"two\"}}", "\"c\" is in none of the shards"},
                 {"{\"weight_map\":{\"a\":\"../one\",\"b\":\"two\"}}", "not a file name"},
                 {"{\"weight_map\":{\"a\":7}}", "not a file name"},
                 {"{\"weight_map\":[\"one\"]}", "absent or empty"},
                 {"{\"weight_map\":{}}", "absent or empty"},
                 {"[\"one\",\"two\",\"three\"]", "absent or empty"},
                 {"{\"weight_map\":", "not valid JSON"},
                 {"{\"weight_map\":{\"a\":\"..\"}}", "not a file"}};
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
