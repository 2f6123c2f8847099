#include "origin.h"

#include <string.h>
#include <winnow/mem.h>
#include <wn/visible.h>

static wn_code put_u64(wn_store *s, const char *name, const uint64_t *v, size_t n, int64_t *scratch, wn_err *err) {
    for (size_t i = 0; i < n; i++) scratch[i] = (int64_t)v[i];
    return wn_store_obs_i64(s, name, scratch, err);
}

/* The column of file names, which need not be UTF-8. */
static wn_code put_sources(wn_store *s, const wn_places *p, wn_err *err) {
    char **names = wn_alloc(p->nfiles, sizeof *names, err);
    wn_code code = names ? WN_OK : WN_EMEMORY;
    for (size_t i = 0; i < p->nfiles && code == WN_OK; i++)
        if (!(names[i] = wn_visible_name(p->files[i], err))) code = WN_EMEMORY;
    if (code != WN_OK) goto out;
    code = wn_store_obs_categorical(s, "source", p->file, (const char *const *)names, p->nfiles, err);
out:
    for (size_t i = 0; names && i < p->nfiles; i++) wn_free(names[i]);
    wn_free(names);
    return code;
}

static wn_code put_places(wn_store *s, const wn_places *p, size_t n, wn_err *err) {
    int64_t *scratch = NULL;
    wn_code code = put_sources(s, p, err);
    if (code != WN_OK) goto out;
    scratch = wn_alloc(n, sizeof *scratch, err);
    if (!scratch) {
        code = WN_EMEMORY;
        goto out;
    }
    if ((code = put_u64(s, "line", p->line, n, scratch, err)) != WN_OK) goto out;
    if ((code = put_u64(s, "offset", p->offset, n, scratch, err)) != WN_OK) goto out;
    code = put_u64(s, "length", p->length, n, scratch, err);
out:
    wn_free(scratch);
    return code;
}

wn_code wn_store_put_view(wn_store *s, const wn_view *rows, const wn_places *places, wn_err *err) {
    wn_code code = wn_store_obs_ids(s, rows->ids.n ? &rows->ids : NULL, err);
    if (code != WN_OK) return code;
    if (rows->label &&
        (code = wn_store_obs_categorical(s, "label", rows->label, rows->labels, rows->nlabels, err)) != WN_OK)
        return code;
    return places->file ? put_places(s, places, rows->n, err) : WN_OK;
}

wn_code wn_store_put_rows(wn_store *s, const wn_corpus *corpus, wn_err *err) {
    const char **names = wn_alloc(corpus->nsources, sizeof *names, err);
    if (!names) return WN_EMEMORY;
    const wn_view rows = wn_view_of(corpus);
    const wn_places places = wn_places_of(corpus, names);
    wn_code code = wn_store_put_view(s, &rows, &places, err);
    wn_free(names);
    return code;
}

wn_code wn_store_put_origin(wn_store *s, const wn_origin *o, wn_err *err) {
    int64_t seed = (int64_t)o->seed; /* the bits; HDF5 readers of AnnData expect signed */
    char *sums = NULL;
    wn_code code = wn_store_uns_string(s, "config", o->config, err);
    if (code != WN_OK) goto out;
    if ((code = wn_store_uns_string(s, "version", WINNOW_VERSION, err)) != WN_OK) goto out;
    if ((code = wn_store_uns_string(s, "command", o->command, err)) != WN_OK) goto out;
    if ((code = wn_store_uns_i64(s, "seed", &seed, 1, err)) != WN_OK || o->ninputs == 0) goto out;
    sums = wn_alloc(o->ninputs, 65, err);
    if (!sums) {
        code = WN_EMEMORY;
        goto out;
    }
    for (size_t i = 0; i < o->ninputs; i++) { /* the zero behind the last digit of each is the next one's line feed */
        memcpy(sums + i * 65, o->inputs[i].sha256, 64);
        if (i > 0) sums[i * 65 - 1] = '\n';
    }
    code = wn_store_uns_string(s, "input_sha256", sums, err);
out:
    wn_free(sums);
    return code;
}

wn_code wn_store_put_model(wn_store *s, const char *sha256, const char *precision, wn_err *err) {
    wn_code code = wn_store_uns_string(s, "model_sha256", sha256, err);
    return code == WN_OK ? wn_store_uns_string(s, "precision", precision, err) : code;
}
