#include "data.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <wn/sha256.h>

const char *wn_compare_text(const wn_compare_data *data, size_t row, size_t *len) {
    size_t at = data->at[row];
    bool second = at >= data->texts[0]->n;
    const wn_texts *t = data->texts[second];
    if (second) at -= data->texts[0]->n;
    *len = (size_t)(t->off[at + 1] - t->off[at]);
    return t->base + t->off[at];
}

/* Length and bytes of every text, where there are texts. */
static wn_code seal_texts(wn_sha256 *h, const wn_compare_data *data, wn_err *err) {
    wn_code code = WN_OK;
    for (size_t i = 0; data->at && i < data->n + data->tests; i++) {
        size_t len;
        const char *text = wn_compare_text(data, i, &len);
        if ((code = wn_sha256_update(h, &len, sizeof len, err)) != WN_OK) return code;
        if ((code = wn_sha256_update(h, text, len, err)) != WN_OK) return code;
    }
    return WN_OK;
}

wn_code wn_compare_data_seal(wn_compare_data *data, wn_err *err) {
    wn_sha256 h = {0};
    char head[128];
    size_t n = data->n, all = n + data->tests;
    int len = snprintf(head, sizeof head, "%zu pool rows, %zu test rows, %zu columns, %zu classes", n, data->tests,
                       data->x.cols, data->classes);
    wn_code code = wn_sha256_init(&h, err);
    if (code != WN_OK) goto out;
    if ((code = wn_sha256_update(&h, head, (size_t)len, err)) != WN_OK) goto out;
    for (size_t i = 0; i < all; i++) {
        code = wn_sha256_update(&h, wn_mat_row(&data->x, i), data->x.cols * sizeof *data->x.data, err);
        if (code != WN_OK) goto out;
    }
    if ((code = wn_sha256_update(&h, data->label, all * sizeof *data->label, err)) != WN_OK) goto out;
    if ((code = wn_sha256_update(&h, data->copy_of, n * sizeof *data->copy_of, err)) != WN_OK) goto out;
    if ((code = wn_sha256_update(&h, data->length, n * sizeof *data->length, err)) != WN_OK) goto out;
    if ((code = seal_texts(&h, data, err)) != WN_OK) goto out;
    code = wn_sha256_final(&h, data->sha256, err);
out:
    wn_sha256_free(&h);
    return code;
}
