#ifndef WEIGHTS_BUILD_H
#define WEIGHTS_BUILD_H
/* Checkpoints byte by byte: safetensors, pickles (opcodes as Python's pickletools lists them), torch's two containers.
 */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>

typedef struct {
    unsigned char *p;
    size_t n, cap;
} bytes;

static inline void put(bytes *b, const void *data, size_t n) {
    if (b->n + n >= b->cap) b->p = realloc(b->p, b->cap = 2 * (b->n + n) + 64);
    if (n) memcpy(b->p + b->n, data, n);
    b->n += n;
}
static inline void put_text(bytes *b, const char *s) { put(b, s, strlen(s)); }
static inline void put_op(bytes *b, int op) { put(b, &(unsigned char){(unsigned char)op}, 1); }
static inline void put_u64(bytes *b, uint64_t v) { put(b, &v, 8); }
static inline void put_u32(bytes *b, uint32_t v) { put(b, &v, 4); }
static inline void drop(bytes *b) {
    free(b->p);
    *b = (bytes){0};
}

/* ---- pickle ---- */
static inline void p_string(bytes *b, const char *s) {
    put_op(b, 'X');
    put_u32(b, (uint32_t)strlen(s));
    put_text(b, s);
}
static inline void p_int(bytes *b, int32_t v) {
    put_op(b, 'J');
    put(b, &v, 4);
}
static inline void p_global(bytes *b, const char *module, const char *name) {
    put_op(b, 'c');
    put_text(b, module);
    put_text(b, "\n");
    put_text(b, name);
    put_text(b, "\n");
}
static inline void p_ints(bytes *b, const int *v, size_t n) {
    put_op(b, '(');
    for (size_t i = 0; i < n; i++) p_int(b, v[i]);
    put_op(b, 't');
}

typedef struct {
    const char *name, *storage, *key;
    int elements, first;
    int shape[9], stride[9];
    size_t rank;
} tensor;

/* _rebuild_tensor_v2(storage, first, shape, stride, False, OrderedDict()) on the stack */
static inline void p_tensor(bytes *b, const tensor *t, bool stream) {
    p_global(b, "torch._utils", "_rebuild_tensor_v2");
    put_op(b, '(');
    put_op(b, '(');
    p_string(b, "storage");
    p_global(b, "torch", t->storage);
    p_string(b, t->key);
    p_string(b, "cpu");
    p_int(b, t->elements);
    if (stream) put_op(b, 'N');
    put_text(b, "tQ");
    p_int(b, t->first);
    p_ints(b, t->shape, t->rank);
    p_ints(b, t->stride, t->rank);
    put_op(b, 0x89);
    p_global(b, "collections", "OrderedDict");
    put_text(b, ")RtR");
}

/* a state dictionary */
static inline bytes p_dictionary(const tensor *t, size_t n, bool stream) {
    bytes b = {0};
    put(&b, "\x80\2", 2);
    p_global(&b, "collections", "OrderedDict");
    put_text(&b, ")R(");
    for (size_t i = 0; i < n; i++) {
        p_string(&b, t[i].name);
        p_tensor(&b, &t[i], stream);
    }
    put_text(&b, "u.");
    return b;
}

/* ---- torch's containers ---- */
typedef struct {
    const char *key;
    const void *data;
    size_t n;
} storage;

static inline void zip_entry(zip_t *z, const char *name, const void *data, size_t n, bool packed) {
    void *copy = malloc(n + 1);
    memcpy(copy, data, n);
    zip_source_t *s = zip_source_buffer(z, copy, n, 1);
    zip_int64_t at = zip_file_add(z, name, s, ZIP_FL_OVERWRITE);
    cr_assert(at >= 0);
    (void)zip_set_file_compression(z, (zip_uint64_t)at, packed ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
}

static inline void write_zip(const char *path, const bytes *pickle, const storage *s, size_t n, const char *order,
                             bool packed) {
    int code = 0;
    char name[128];
    zip_t *z = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, &code);
    cr_assert(z);
    if (pickle) zip_entry(z, "m/data.pkl", pickle->p, pickle->n, false);
    else zip_entry(z, "m/readme", "x", 1, false);
    if (order) zip_entry(z, "m/byteorder", order, strlen(order), false);
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(name, sizeof name, "m/data/%s", s[i].key);
        zip_entry(z, name, s[i].data, s[i].n, packed);
    }
    cr_assert_eq(zip_close(z), 0);
}

static inline bytes stream_of(const bytes *object, const storage *s, size_t n, size_t element, bool big) {
    bytes b = {0};
    put(&b, "\x80\2\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);
    put(&b, "\x80\2M\xe9\3.", 6);
    put_text(&b, "\x80\2}(");
    p_string(&b, "little_endian");
    put_op(&b, big ? 0x89 : 0x88);
    put_text(&b, "u.");
    put(&b, object->p, object->n);
    put_text(&b, "\x80\2](");
    for (size_t i = 0; i < n; i++) p_string(&b, s[i].key);
    put_text(&b, "e.");
    for (size_t i = 0; i < n; i++) {
        put_u64(&b, s[i].n / element);
        put(&b, s[i].data, s[i].n);
    }
    return b;
}

/* ---- safetensors ---- */
static inline bytes safetensors(const char *header, const void *data, size_t n) {
    bytes b = {0};
    put_u64(&b, strlen(header));
    put_text(&b, header);
    put(&b, data, n);
    return b;
}

/* ---- files ---- */
static inline void write_file(const char *path, const void *data, size_t n) {
    FILE *f = fopen(path, "wb");
    cr_assert(f, "%s", path);
    cr_assert_eq(fwrite(data, 1, n, f), n);
    cr_assert_eq(fclose(f), 0);
}
/* name below folder, whose folders are made. */
static inline void write_below(const char *folder, const char *name, const char *text) {
    char path[512];
    cr_assert_lt((size_t)snprintf(path, sizeof path, "%s/%s", folder, name), sizeof path);
    for (char *slash = path + strlen(folder); (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
        *slash = 0;
        (void)mkdir(path, 0777); /* may be there */
    }
    write_file(path, text, strlen(text));
}
static inline char *new_folder(void) {
    /* in memory where that is possible: libzip syncs every file it closes */
    char *folder =
        strdup(access("/dev/shm", W_OK) == 0 ? "/dev/shm/winnow-weights.XXXXXX" : "/tmp/winnow-weights.XXXXXX");
    cr_assert(mkdtemp(folder));
    return folder;
}
static inline void remove_folder(char *folder) {
    char command[256];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    cr_assert_eq(system(command), 0);
    free(folder);
}

#endif
