/* winnow info: what a file or an output folder holds. */
#include "embedding/encode.h"
#include "input.h"
#include "kind.h"
#include "outcome/layout.h"
#include "stages/say.h"
#include "stages/whole_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/model.h>
#include <wn/outcome.h>
#include <wn/path.h>

/* ---- records ---- */

typedef struct {
    size_t count;
    uint32_t label;
} tally;

static int by_count(const void *a, const void *b) {
    const tally *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return x->label < y->label ? -1 : x->label > y->label;
}

static int by_length(const void *a, const void *b) {
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

static wn_code print_lengths(const wn_corpus *corpus, wn_io *io, wn_err *err) {
    size_t n = corpus->n;
    size_t *length = wn_alloc(n, sizeof *length, err);
    if (!length) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++) length[i] = (size_t)(corpus->texts.off[i + 1] - corpus->texts.off[i]);
    qsort(length, n, sizeof *length, by_length);
    wn_printf(io, "  text: %llu bytes; shortest %zu, median %zu, longest %zu; %zu empty\n",
              corpus->texts.off[n] - corpus->texts.off[0], length[0], length[n / 2], length[n - 1], corpus->empty);
    wn_free(length);
    return WN_OK;
}

static wn_code print_labels(const wn_corpus *corpus, wn_io *io, wn_err *err) {
    tally *t = wn_alloc(corpus->nlabels + 1, sizeof *t, err);
    if (!t) return WN_EMEMORY;
    for (size_t i = 0; i < corpus->nlabels; i++) t[i].label = (uint32_t)i;
    size_t without = 0;
    for (size_t i = 0; i < corpus->n; i++) {
        if (corpus->label[i] == UINT32_MAX)
            without++;
        else
            t[corpus->label[i]].count++;
    }
    qsort(t, corpus->nlabels, sizeof *t, by_count);
    wn_printf(io, "  labels: %zu; %zu records without\n", corpus->nlabels, without);
    for (size_t i = 0; i < corpus->nlabels && i < 10; i++) {
        const char *label = corpus->labels[t[i].label];
        size_t shown = strlen(label);
        if (shown > 200) /* cut between characters */
            for (shown = 200; shown && ((unsigned char)label[shown] & 0xc0) == 0x80;) shown--;
        wn_printf(io, "    %zu ", t[i].count);
        wn_print_text(io, label, shown);
        wn_printf(io, "\n");
    }
    if (corpus->nlabels > 10) wn_printf(io, "    and %zu more\n", corpus->nlabels - 10);
    wn_free(t);
    return WN_OK;
}

static wn_code info_records(const wn_config *c, const char *path, wn_io *io, wn_err *err) {
    wn_corpus corpus = {0};
    wn_records_opts o = wn_input_options(c);
    char bytes[32];
    o.paths = &path;
    o.npaths = 1;
    wn_code code = wn_corpus_read(&corpus, &o, io->progress, err);
    if (code != WN_OK) goto out;
    if (corpus.nsources)
        wn_printf(io, "%s: %zu records, %s, %s\n  SHA-256: %s\n", path, corpus.n,
                  wn_format_name(corpus.sources[0].format), wn_bytes_text(corpus.sources[0].bytes, bytes),
                  corpus.sources[0].sha256);
    if (corpus.n && (code = print_lengths(&corpus, io, err)) != WN_OK) goto out;
    if (corpus.label) code = print_labels(&corpus, io, err);
out:
    wn_corpus_free(&corpus);
    return code;
}

/* ---- matrix files ---- */

static wn_code print_origin(wn_matrix_file *m, wn_io *io, wn_err *err) {
    static const char *const names[] = {"command", "version", "input_sha256", "model_sha256", "precision"};
    wn_err absent;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *value = NULL;
        wn_code code = wn_matrix_uns_string(m, names[i], &value, &absent);
        if (code == WN_EMEMORY) {
            *err = absent;
            return code;
        }
        if (code == WN_OK) wn_printf(io, "  %s: %.1000s\n", names[i], value);
        wn_free(value);
    }
    return WN_OK;
}

static wn_code info_matrix(const wn_config *c, const char *path, wn_io *io, wn_err *err) {
#define INPUT_NAME(name) #name,
#define OUTCOME_NAME(name, type, when) #name,
    static const char *const columns[] = {WN_INPUT_COLUMNS(INPUT_NAME) WN_OUTCOME_COLUMNS(OUTCOME_NAME)};
#undef INPUT_NAME
#undef OUTCOME_NAME
    wn_matrix_file *m = NULL;
    char bytes[32];
    wn_code code = wn_matrix_open(&m, path, c->dataset, err);
    if (code != WN_OK) return code;
    size_t n = wn_matrix_rows(m), d = wn_matrix_cols(m), found = 0;
    wn_printf(io, "%s: %zu rows of %zu numbers, %s in memory\n", path, n, d, wn_bytes_text(n * d * 4, bytes));
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        if (wn_matrix_has_obs(m, columns[i])) wn_printf(io, "%s%s", found++ ? ", " : "  columns: ", columns[i]);
    if (found) wn_printf(io, "\n");
    code = print_origin(m, io, err);
    wn_matrix_close(m);
    return code;
}

/* ---- output folders ---- */

static void print_json(const cJSON *item, int depth, wn_io *io) {
    for (const cJSON *v = item->child; v; v = v->next) {
        char *text = v->child ? NULL : cJSON_PrintUnformatted(v);
        const char *shown = cJSON_IsString(v) ? v->valuestring : text ? text : "";
        wn_printf(io, "%*s%s%s%.1000s\n", 2 + 2 * depth, "", v->string ? v->string : "-",
                  *shown      ? ": "
                  : v->string ? ":"
                              : " ",
                  shown);
        cJSON_free(text);
        if (v->child && depth < 4) print_json(v, depth + 1, io);
    }
}

static wn_code info_folder(const wn_config *c, const char *path, wn_io *io, wn_err *err) {
    cJSON *manifest = NULL;
    char *file = wn_path_join(path, WN_FILE_MANIFEST, err);
    wn_code code = file ? WN_OK : WN_EMEMORY;
    (void)c;
    if (code != WN_OK) goto out;
    code = wn_json_read(file, &manifest, err);
    if (code == WN_EIO)
        code = wn_err_set(err, WN_EINPUT, "%s is a folder without manifest.json: not an output of winnow", path);
    if (code != WN_OK) goto out;
    wn_printf(io, "%s:\n", path);
    print_json(manifest, 0, io);
out:
    cJSON_Delete(manifest);
    wn_free(file);
    return code;
}

/* ---- encoders and models ---- */

static wn_code info_encoder(const wn_config *c, const char *path, wn_io *io, wn_err *err) {
    wn_encoder *e = NULL;
    wn_code code = wn_encode_load(&e, path, err);
    (void)c;
    if (code == WN_OK)
        wn_printf(io, "%s: %s encoder, %zu dimensions, %zu words\n", path, e->vt->name, e->dims, e->words);
    wn_encoder_close(e);
    return code;
}

static wn_code info_model(const wn_config *c, const char *path, wn_io *io, wn_err *err) {
    (void)c;
    return wn_info_model(path, io, err);
}

/* ---- all ---- */

static wn_code (*const info_kind[])(const wn_config *c, const char *path, wn_io *io, wn_err *err) = {
#define INFO_KIND(name, value) [value] = info_##name,
    WN_KINDS(INFO_KIND)
#undef INFO_KIND
};

static wn_code info_path(const wn_config *c, const char *path, wn_io *io, wn_err *err) {
    wn_kind kind;
    wn_err ignored;
    char *model = NULL;
    wn_code code = wn_kind_of(path, &kind, err);
    if (code == WN_OK) return info_kind[kind](c, path, io, err);
    if (code != WN_EIO || wn_model_find(&model, path, &ignored) != WN_OK) return code;
    code = wn_info_model(model, io, err); /* no such file, but a model in a cache */
    wn_free(model);
    return code;
}

wn_code wn_info(const wn_config *c, wn_io *io, wn_err *err) {
    for (size_t i = 0; i < c->ninputs; i++) {
        wn_code code = info_path(c, c->inputs[i], io, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}
