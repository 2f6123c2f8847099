/* Any bytes as a checkpoint: the first byte says whether they are a file as it is (safetensors, torch's stream, a zip),
 * or the pickle of a zip container that is made around them; WINNOW_FUZZ_FIRST is taken in its place. What opens can be
 * read whole. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/weights.h>
#include <zip.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(x)                                                                                                     \
    do {                                                                                                               \
        if (!(x)) {                                                                                                    \
            (void)fprintf(stderr, "fuzz_weights: %s does not hold\n", #x);                                             \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static char path[128];

static void write_whole(const uint8_t *data, size_t size) {
    FILE *f = fopen(path, "wb");
    REQUIRE(f && fwrite(data, 1, size, f) == size && fclose(f) == 0);
}

static void add(zip_t *z, const char *name, const void *data, size_t n) {
    zip_int64_t at = zip_file_add(z, name, zip_source_buffer(z, data, n, 0), ZIP_FL_OVERWRITE);
    REQUIRE(at >= 0 && zip_set_file_compression(z, (zip_uint64_t)at, ZIP_CM_STORE, 0) == 0);
}

/* The container in memory: closing a zip file syncs it, which would take all the time. */
static void write_zip(const uint8_t *data, size_t size) {
    static const char zeros[64];
    zip_error_t e;
    zip_error_init(&e);
    zip_source_t *to = zip_source_buffer_create(NULL, 0, 0, &e);
    zip_t *z = zip_open_from_source(to, ZIP_TRUNCATE, &e);
    REQUIRE(z);
    zip_source_keep(to);
    add(z, "m/data.pkl", data, size);
    add(z, "m/data/0", zeros, sizeof zeros);
    add(z, "m/data/1", zeros, 8);
    REQUIRE(zip_close(z) == 0 && zip_source_open(to) == 0);
    zip_stat_t s;
    REQUIRE(zip_source_stat(to, &s) == 0);
    uint8_t *whole = malloc(s.size);
    REQUIRE(whole && zip_source_read(to, whole, s.size) == (zip_int64_t)s.size);
    write_whole(whole, s.size);
    free(whole);
    (void)zip_source_close(to);
    zip_source_free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size || size > 1 << 16) return 0;
    if (!path[0])
        (void)snprintf(path, sizeof path, "%s/winnow-fuzz-weights.%d",
                       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid());
    const char *first = getenv("WINNOW_FUZZ_FIRST");
    if ((first ? atoi(first) : data[0]) & 1) write_zip(data + 1, size - 1);
    else write_whole(data + 1, size - 1);
    wn_weights *w = NULL;
    wn_err e = {0};
    wn_code code = wn_weights_open(&w, path, &e);
    REQUIRE(code == WN_OK || (code == WN_EINPUT && !w && e.msg[0] && !strchr(e.msg, '\n')));
    for (size_t i = 0; !code && i < wn_weights_count(w); i++) {
        const wn_tensor *t = wn_weights_at(w, i);
        REQUIRE(wn_weights_find(w, t->name) == t && t->count <= size + 64);
        float *out = malloc((t->count + 1) * sizeof *out);
        wn_code got = wn_weights_read(w, t, out, &e);
        REQUIRE(got == WN_OK || got == WN_EINPUT);
        free(out);
    }
    wn_weights_close(w);
    (void)unlink(path);
    return 0;
}
