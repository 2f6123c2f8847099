#include <winnow/rows.h>

#include <stdbool.h>
#include <winnow/mem.h>
#include <wn/strmap.h>

enum { CLASSES_MAX = 1 << 16 }; /* as many labels as this are no classes */

static wn_code label_names(wn_label_codes *l, const wn_strset *names, wn_err *err) {
    if (!(l->names = wn_alloc(names->n, sizeof *l->names, err))) return WN_EMEMORY;
    for (; l->n < names->n; l->n++) {
        const uint64_t *off = &names->off[l->n];
        if (!(l->names[l->n] = wn_strndup(names->bytes + off[0], (size_t)(off[1] - off[0]), err))) return WN_EMEMORY;
    }
    return WN_OK;
}

wn_code wn_label_codes_init(wn_label_codes *l, const wn_texts *texts, wn_err *err) {
    *l = (wn_label_codes){0};
    bool classes = true;
    wn_strset names = {0};
    wn_code code = WN_EMEMORY;
    if (!(l->code = wn_alloc(texts->n, sizeof *l->code, err))) goto out;
    for (size_t i = 0; i < texts->n && classes; i++) {
        const char *s = texts->base + texts->off[i];
        size_t n = (size_t)(texts->off[i + 1] - texts->off[i]);
        l->code[i] = UINT32_MAX;
        if (n == 0) continue;
        if ((code = wn_strset_add(&names, s, n, wn_string_hash(s, n), &l->code[i], err)) != WN_OK) goto out;
        classes = names.n <= CLASSES_MAX;
    }
    code = classes ? label_names(l, &names, err) : WN_OK;
out:
    wn_strset_free(&names);
    if (code != WN_OK || !classes) wn_label_codes_free(l);
    return code;
}

void wn_label_codes_free(wn_label_codes *l) {
    wn_free(l->code);
    for (size_t i = 0; l->names && i < l->n; i++) wn_free(l->names[i]);
    wn_free(l->names);
    *l = (wn_label_codes){0};
}
