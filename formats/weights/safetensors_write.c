/* A safetensors file: length of the header (u64), the header in JSON, with spaces to a multiple of 8 bytes, data. */
#include <stdint.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/buf.h>
#include <wn/safefile.h>
#include <wn/weights.h>

static wn_code header_of(wn_writer *w, const wn_weights_item *items, size_t n) {
    uint64_t at = 0;
    wn_writer_put(w, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (size_t i = 0; i < n; i++) {
        const wn_weights_item *t = &items[i];
        uint64_t count = 1;
        wn_writer_put(w, ",");
        wn_writer_json(w, t->name, strlen(t->name));
        wn_writer_put(w, ":{\"dtype\":\"F32\",\"shape\":[");
        for (size_t a = 0; a < t->rank; a++) {
            wn_writer_printf(w, "%s%zu", a ? "," : "", t->shape[a]);
            count *= t->shape[a];
        }
        wn_writer_printf(w, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)at,
                         (unsigned long long)(at + count * sizeof(float)));
        at += count * sizeof(float);
    }
    wn_writer_put(w, "}");
    while (w->code == WN_OK && w->len % 8) wn_writer_put(w, " ");
    return w->code;
}

static size_t item_bytes(const wn_weights_item *t) {
    size_t bytes = sizeof(float);
    for (size_t a = 0; a < t->rank; a++) bytes *= t->shape[a];
    return bytes;
}

wn_code wn_weights_write(const char *path, const wn_weights_item *items, size_t n, wn_err *err) {
    wn_writer header = {.err = err};
    wn_safefile *f = NULL;
    wn_code code;
    if ((code = header_of(&header, items, n)) != WN_OK) goto out;
    if ((code = wn_safefile_create(&f, path, true, err)) != WN_OK) goto out;
    unsigned char length[8];
    for (size_t i = 0; i < 8; i++) length[i] = (unsigned char)((uint64_t)header.len >> 8 * i);
    if ((code = wn_safefile_write(f, length, sizeof length, err)) != WN_OK) goto out;
    if ((code = wn_safefile_write(f, header.data, header.len, err)) != WN_OK) goto out;
    for (size_t i = 0; i < n; i++)
        if ((code = wn_safefile_write(f, items[i].data, item_bytes(&items[i]), err)) != WN_OK) goto out;
    code = wn_safefile_commit(f, err);
    f = NULL;
out:
    wn_safefile_abort(f);
    wn_free(header.data);
    return code;
}
