/* Any bytes as jsonl, csv, tsv or txt, plain, gzip or zstd: read, and copied back. What the reader accepts must be
 * valid UTF-8 inside its own span, the spans must rise, and the copy must be made of exactly these spans. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <winnow/records.h>
#include <wn/text.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(x)                                                                                                     \
    do {                                                                                                               \
        if (!(x)) {                                                                                                    \
            (void)fprintf(stderr, "fuzz_records: %s does not hold\n", #x);                                             \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

typedef struct {
    const wn_corpus *c;
    size_t rows;
} replayed;

static wn_code check_raw(void *ctx, size_t row, const char *raw, size_t n, wn_err *err) {
    replayed *r = ctx;
    (void)err;
    if (row == SIZE_MAX) return WN_OK;
    REQUIRE(row == r->rows++);
    REQUIRE(n == r->c->length[row] && n > 0);
    REQUIRE(wn_utf8_invalid(raw, n) == n);
    return WN_OK;
}

static void check_corpus(const wn_corpus *c, bool fields) {
    REQUIRE(c->texts.off[0] == 0);
    for (size_t i = 0; i < c->n; ++i) {
        REQUIRE(c->texts.off[i] <= c->texts.off[i + 1]);
        size_t n = (size_t)(c->texts.off[i + 1] - c->texts.off[i]);
        REQUIRE(wn_utf8_invalid(c->texts.base + c->texts.off[i], n) == n);
        REQUIRE(i == 0 || c->offset[i] >= c->offset[i - 1] + c->length[i - 1]);
        REQUIRE(i == 0 || c->line[i] > c->line[i - 1]);
        REQUIRE(!fields || c->label[i] == UINT32_MAX || c->label[i] < c->nlabels);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const wn_format formats[] = {WN_JSONL, WN_CSV, WN_TSV, WN_TXT};
    if (!size || size > 1 << 20) return 0;
    bool fields = (data[0] & 4) != 0 && (data[0] & 3) != 3;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    REQUIRE(fd >= 0 && write(fd, data + 1, size - 1) == (ssize_t)(size - 1));
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const char *const paths[] = {path}, *const text[] = {"text", "a.b"};
    wn_records_opts o = {.paths = paths, .npaths = 1, .format = formats[data[0] & 3]};
    if (data[0] & 8) {
        o.text_fields = text;
        o.ntext_fields = 2;
    }
    if (fields) {
        o.label_field = "label";
        o.id_field = "id";
    }
    wn_corpus c;
    wn_err e = {0};
    wn_code code = wn_corpus_read(&c, &o, NULL, &e);
    REQUIRE(code == WN_OK || (code == WN_EINPUT && e.code == WN_EINPUT && e.msg[0] && !strchr(e.msg, '\n')));
    if (code == WN_OK) {
        replayed r = {.c = &c};
        check_corpus(&c, fields);
        REQUIRE(wn_corpus_replay(&c, check_raw, &r, NULL, &e) == WN_OK && r.rows == c.n);
        wn_corpus_free(&c);
    }
    (void)close(fd);
    return 0;
}
