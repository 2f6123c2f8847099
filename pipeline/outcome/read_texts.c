/* The texts of an output folder, from its subset.* and rest.*, in the order of the input. */
#include "layout.h"
#include "read_private.h"

#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/path.h>

static bool records_name(const wn_outcome *o, const char *stem, char name[32]) {
    for (wn_format f = WN_JSONL; wn_format_name(f); f++) {
        (void)snprintf(name, 32, "%s.%s", stem, wn_format_name(f));
        if (wn_manifest_at(o, "outputs", name)) return true;
    }
    return false;
}

/* Row of the input -> row of subset.* followed by rest.*, the reverse of how they were written. */
static void place_rows(const wn_outcome *o, size_t *to) {
    const cJSON *order = wn_manifest_at(o, "config", "order");
    bool by_rank = cJSON_IsString(order) && strcmp(order->valuestring, "rank") == 0;
    size_t subset = 0, rest = o->k;
    for (size_t i = 0; i < o->n; i++) {
        if (o->column.rank[i] == WN_NONE)
            to[i] = rest++;
        else
            to[i] = by_rank ? o->column.rank[i] - 1 : subset++;
    }
}

static wn_code read_records(wn_outcome *o, const char *subset, const char *rest, wn_progress *p, wn_err *err) {
    const cJSON *fields = wn_manifest_at(o, "config", "text-field");
    size_t nfields = (size_t)cJSON_GetArraySize(fields), npaths = 0;
    char *paths[2] = {wn_path_join(o->own->folder, subset, err), wn_path_join(o->own->folder, rest, err)};
    const char **names = wn_alloc(nfields, sizeof *names, err), *used[2];
    wn_code code = paths[0] && paths[1] && names ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < nfields; i++) {
        const cJSON *field = cJSON_GetArrayItem(fields, (int)i);
        if (!cJSON_IsString(field) || !field->valuestring[0]) {
            code = wn_outcome_damaged(o, "a text field has no name", err);
            goto out;
        }
        names[i] = field->valuestring;
    }
    if (o->k > 0) used[npaths++] = paths[0];
    if (o->k < o->n) used[npaths++] = paths[1];
    wn_records_opts opts = {.paths = used, .npaths = npaths, .text_fields = names, .ntext_fields = nfields};
    const cJSON *role = wn_manifest_at(o, "config", "role");
    if (cJSON_IsString(role)) opts.role = role->valuestring;
    if ((code = wn_corpus_read(&o->own->corpus, &opts, p, err)) != WN_OK) goto out;
    if (o->own->corpus.n != o->n)
        code = wn_outcome_damaged(o, "the records are not as many as manifest.json counts", err);
out:
    wn_free(paths[0]);
    wn_free(paths[1]);
    wn_free(names);
    return code;
}

wn_code wn_outcome_texts_read(wn_outcome *o, wn_progress *p, wn_err *err) {
    struct wn_outcome_own *own = o->own;
    char subset[32], rest[32];
    if (!records_name(o, WN_STEM_SUBSET, subset) || !records_name(o, WN_STEM_REST, rest))
        return WN_OK; /* chosen from a matrix */
    wn_code code = read_records(o, subset, rest, p, err);
    if (code != WN_OK) return code;
    const wn_texts *t = &own->corpus.texts;
    size_t *to = wn_alloc(o->n, sizeof *to, err);
    own->off = wn_alloc(o->n + 1, sizeof *own->off, err);
    own->text = wn_alloc((size_t)t->off[o->n], 1, err);
    code = to && own->off && own->text ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    place_rows(o, to);
    for (size_t i = 0; i < o->n; i++) {
        unsigned long long len = t->off[to[i] + 1] - t->off[to[i]];
        memcpy(own->text + own->off[i], t->base + t->off[to[i]], (size_t)len);
        own->off[i + 1] = own->off[i] + len;
    }
    o->rows.texts = (wn_texts){own->text, own->off, o->n};
out:
    wn_free(to);
    return code;
}
