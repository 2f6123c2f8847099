#include "labels.h"

#include "common.h"

#include <string.h>

enum { SLOTS = 1 << 17 };

static wn_code add(wn_label_codes *l, const char *s, size_t n, wn_err *err) {
    void *names = l->names;
    wn_code code = wn_reserve(&names, &l->cap, l->n + 1, sizeof *l->names, err);
    l->names = names;
    if (code != WN_OK) return code;
    if (!(l->names[l->n] = wn_strndup(s, n, err))) return WN_EMEMORY;
    l->n++;
    return WN_OK;
}

wn_code wn_label_codes_init(wn_label_codes *l, const wn_texts *texts, wn_err *err) {
    *l = (wn_label_codes){0};
    uint32_t *table = wn_alloc(SLOTS, sizeof *table, err); /* code + 1; 0 = free */
    l->code = wn_alloc(texts->n, sizeof *l->code, err);
    wn_code code = table && l->code ? WN_OK : WN_EMEMORY;
    for (size_t i = 0; code == WN_OK && i < texts->n; i++) {
        const char *s = texts->base + texts->off[i];
        size_t n = (size_t)(texts->off[i + 1] - texts->off[i]), at = wn_string_hash(s, n) & (SLOTS - 1);
        l->code[i] = UINT32_MAX;
        if (n == 0) continue;
        for (; table[at]; at = (at + 1) & (SLOTS - 1)) {
            const char *known = l->names[table[at] - 1];
            if (strlen(known) == n && memcmp(known, s, n) == 0) break;
        }
        if (!table[at]) {
            if (l->n == SLOTS / 2) { /* as many labels as this are no classes */
                wn_label_codes_free(l);
                break;
            }
            if ((code = add(l, s, n, err)) == WN_OK) table[at] = (uint32_t)l->n;
        }
        l->code[i] = table[at] - 1;
    }
    wn_free(table);
    if (code != WN_OK) wn_label_codes_free(l);
    return code;
}

void wn_label_codes_free(wn_label_codes *l) {
    wn_free(l->code);
    for (size_t i = 0; l->names && i < l->n; i++) wn_free(l->names[i]);
    wn_free(l->names);
    *l = (wn_label_codes){0};
}
