/* Ids that name more than one row. */
#include "ids.h"

#include "say.h"

#include <string.h>
#include <wn/strmap.h>

static bool id_equals(const wn_texts *t, size_t i, const char *id, size_t n) {
    return t->off[i + 1] - t->off[i] == n && memcmp(t->base + t->off[i], id, n) == 0;
}

wn_code wn_ids_repeated(wn_repeated_ids *out, const wn_texts *ids, wn_err *err) {
    wn_repeated_ids r = {0};
    wn_strmap map = {0};
    wn_code code = WN_OK;
    for (size_t i = 0; i < ids->n; i++) {
        const char *id = ids->base + ids->off[i];
        size_t n = (size_t)(ids->off[i + 1] - ids->off[i]);
        uint64_t hash = wn_string_hash(id, n);
        size_t at = wn_strmap_start(hash);
        bool known = false;
        for (uint32_t j; !known && wn_strmap_next(&map, hash, &at, &j);) {
            if (!(known = id_equals(ids, j, id, n)) || r.n++ > 0) continue;
            r.first = j, r.second = i;
        }
        if (!known && (code = wn_strmap_add(&map, hash, i, err)) != WN_OK) goto out;
    }
    *out = r;
out:
    wn_strmap_free(&map);
    return code;
}

wn_code wn_ids_repeated_say(const wn_texts *ids, wn_io *io, wn_err *err) {
    wn_repeated_ids r;
    wn_code code = wn_ids_repeated(&r, ids, err);
    if (code != WN_OK || r.n == 0) return code;
    size_t n = (size_t)(ids->off[r.first + 1] - ids->off[r.first]);
    wn_sayf(io, "note: \"%.*s\" is the id of two rows, %zu and %zu (from 0); %zu row%s the id of an earlier "
            "one: tell them apart by their row numbers", (int)wn_cut_text(ids->base + ids->off[r.first], n, 80),
            ids->base + ids->off[r.first], r.first, r.second, r.n,
            r.n == 1 ? " has" : "s have");
    return WN_OK;
}
