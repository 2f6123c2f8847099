/* winnow info: what a file or an output folder holds. */
#include "embedding/encode.h"
#include "kind.h"
#include "outcome/layout.h"
#include "stages/ids.h"
#include "stages/say.h"

#include <winnow/mem.h>
#include <winnow/model.h>
#include <wn/outcome.h>

/* ---- matrix files ---- */

static wn_code print_origin(wn_matrix_file *m, wn_io *io, wn_err *err) {
    static const char *const names[] = {"command", "version", "input_sha256", "model_sha256", "precision", "shard"};
    wn_err absent;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *value = NULL;
        wn_code code = wn_matrix_uns_string(m, names[i], &value, &absent);
        if (code != WN_OK && code != WN_EUSAGE) {
            *err = absent;
            return code;
        }
        if (code == WN_OK) {
            wn_printf(io, "  %s: ", names[i]);
            wn_print_name(io, value);
            wn_printf(io, "\n");
        }
        wn_free(value);
    }
    return WN_OK;
}

/* Ids that name several rows, if there are any. */
static wn_code print_repeated(wn_matrix_file *m, wn_io *io, wn_err *err) {
    wn_strings ids = {0};
    wn_repeated_ids r;
    if (!wn_matrix_has_obs(m, "_index")) return WN_OK;
    wn_code code = wn_matrix_obs_strings(m, "_index", &ids, err);
    if (code != WN_OK) goto out;
    if ((code = wn_ids_repeated(&r, &ids.view, err)) != WN_OK || r.n == 0) goto out;
    const char *id = ids.view.base + ids.view.off[r.first];
    wn_printf(io, "  ids: %zu row%s the id of an earlier one, like \"", r.n, r.n == 1 ? " has" : "s have");
    wn_print_text(io, id, wn_cut_text(id, (size_t)(ids.view.off[r.first + 1] - ids.view.off[r.first]), 80));
    wn_printf(io, "\", rows %zu and %zu (from 0)\n", r.first, r.second);
out:
    wn_strings_free(&ids);
    return code;
}

static wn_code info_matrix(const wn_config *c, const char *path, wn_io *io, wn_err *err) {
#define INPUT_NAME(name) #name,
#define OUTCOME_NAME(name, type, when) #name,
    static const char *const columns[] = {WN_INPUT_COLUMNS(INPUT_NAME) WN_OUTCOME_COLUMNS(OUTCOME_NAME)};
#undef INPUT_NAME
#undef OUTCOME_NAME
    wn_matrix_file *m = NULL;
    char bytes[32];
    wn_code code = wn_matrix_open_apart(&m, path, c->dataset, err);
    if (code != WN_OK) return code;
    size_t n = wn_matrix_rows(m), d = wn_matrix_cols(m), found = 0;
    wn_print_name(io, path);
    wn_printf(io, ": %zu rows of %zu numbers, %s in memory\n", n, d, wn_bytes_text(n * d * 4, bytes));
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        if (wn_matrix_has_obs(m, columns[i])) wn_printf(io, "%s%s", found++ ? ", " : "  columns: ", columns[i]);
    if (found) wn_printf(io, "\n");
    if ((code = print_repeated(m, io, err)) != WN_OK) goto out;
    code = print_origin(m, io, err);
out:
    wn_matrix_close(m);
    return code;
}

/* ---- the others ---- */

static wn_code info_records(const wn_config *c, const char *path, wn_io *io, wn_err *err) {
    return wn_info_records(c, path, io, err);
}

static wn_code info_folder(const wn_config *c, const char *path, wn_io *io, wn_err *err) {
    (void)c;
    return wn_info_folder(path, io, err);
}

static wn_code info_encoder(const wn_config *c, const char *path, wn_io *io, wn_err *err) {
    wn_encoder *e = NULL;
    wn_code code = wn_encode_load(&e, path, err);
    (void)c;
    if (code == WN_OK) {
        wn_print_name(io, path);
        wn_printf(io, ": %s encoder, %zu dimensions, %zu words\n", e->vt->name, e->dims, e->words);
    }
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
