#include "common.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wn/path.h>

wn_records_opts wn_input_options(const wn_config *c) {
    return (wn_records_opts){.paths = c->inputs,
                             .npaths = c->ninputs,
                             .format = c->format,
                             .text_fields = c->text_fields,
                             .ntext_fields = c->ntext_fields,
                             .label_field = c->label_field,
                             .id_field = c->id_field,
                             .limit = c->limit,
                             .skip_path = c->skip_path,
                             .overwrite = c->overwrite};
}

wn_code wn_corpus_take(wn_corpus *corpus, const wn_config *c, bool uniform, wn_io *io, wn_err *err) {
    wn_records_opts o = wn_input_options(c);
    o.uniform = uniform;
    wn_code code = wn_corpus_read(corpus, &o, io ? io->progress : NULL, err);
    if (code != WN_OK) return code;
    if (corpus->skipped)
        wn_sayf(io, "%zu bad records were skipped and copied to %s", corpus->skipped, c->skip_path);
    if (corpus->empty) wn_sayf(io, "%zu records have an empty text", corpus->empty);
    bool piped = false;
    for (size_t i = 0; i < c->ninputs; i++) piped = piped || strcmp(c->inputs[i], "-") == 0;
    if (corpus->n || piped) return WN_OK;
    size_t skipped = corpus->skipped;
    wn_corpus_free(corpus);
    return wn_err_set(err, WN_EINPUT, "%s: %s", c->inputs[0],
                      skipped ? "every record is bad" : "no record in it: the file is empty");
}

static wn_code put_sources(wn_store *s, const wn_corpus *corpus, wn_err *err) {
    const char **names = wn_alloc(corpus->nsources, sizeof *names, err);
    if (!names) return WN_EMEMORY;
    for (size_t i = 0; i < corpus->nsources; i++) names[i] = corpus->sources[i].path;
    wn_code code = wn_store_obs_categorical(s, "source", corpus->file, names, corpus->nsources, err);
    wn_free(names);
    return code;
}

static wn_code put_u64(wn_store *s, const char *name, const uint64_t *v, size_t n, int64_t *scratch, wn_err *err) {
    for (size_t i = 0; i < n; i++) scratch[i] = (int64_t)v[i];
    return wn_store_obs_i64(s, name, scratch, err);
}

wn_code wn_store_put_rows(wn_store *s, const wn_corpus *corpus, wn_err *err) {
    wn_code code = wn_store_obs_ids(s, corpus->ids.n ? &corpus->ids : NULL, err);
    if (code == WN_OK && corpus->label)
        code = wn_store_obs_categorical(s, "label", corpus->label, (const char *const *)corpus->labels, corpus->nlabels,
                                        err);
    if (code == WN_OK) code = put_sources(s, corpus, err);
    int64_t *scratch = code == WN_OK ? wn_alloc(corpus->n, sizeof *scratch, err) : NULL;
    if (code == WN_OK && !scratch) code = WN_EMEMORY;
    if (code == WN_OK) code = put_u64(s, "line", corpus->line, corpus->n, scratch, err);
    if (code == WN_OK) code = put_u64(s, "offset", corpus->offset, corpus->n, scratch, err);
    if (code == WN_OK) code = put_u64(s, "length", corpus->length, corpus->n, scratch, err);
    wn_free(scratch);
    if (code == WN_OK && corpus->cost) code = wn_store_obs_f64(s, "cost", corpus->cost, err);
    return code;
}

wn_code wn_store_put_origin(wn_store *s, const wn_config *c, const wn_corpus *corpus, wn_err *err) {
    int64_t seed = (int64_t)c->seed; /* the bits; HDF5 readers of AnnData expect signed */
    wn_code code = wn_store_uns_string(s, "config", c->json ? c->json : "{}", err);
    if (code == WN_OK) code = wn_store_uns_string(s, "version", WINNOW_VERSION, err);
    if (code == WN_OK) code = wn_store_uns_string(s, "command", c->command_line ? c->command_line : "", err);
    if (code == WN_OK) code = wn_store_uns_i64(s, "seed", &seed, 1, err);
    if (code != WN_OK || !corpus) return code;
    char *sums = wn_alloc(corpus->nsources * 65 + 1, 1, err);
    if (!sums) return WN_EMEMORY;
    for (size_t i = 0; i < corpus->nsources; i++) { /* one a line, in the order of the inputs */
        memcpy(sums + i * 65, corpus->sources[i].sha256, 64);
        if (i + 1 < corpus->nsources) sums[i * 65 + 64] = '\n';
    }
    code = wn_store_uns_string(s, "input_sha256", sums, err);
    wn_free(sums);
    return code;
}

wn_code wn_read_whole(const char *path, char **text, size_t *len, wn_err *err) {
    enum { PIECE = 1 << 16 };
    size_t cap = 0, n = 0;
    void *data = NULL;
    wn_code code = WN_OK;
    FILE *f = fopen(path, "re");
    if (!f) return wn_err_errno(err, "%s", path);
    for (size_t got = 1; got > 0; n += got) {
        if ((code = wn_reserve(&data, &cap, n + PIECE, 1, err)) != WN_OK) break;
        got = fread((char *)data + n, 1, PIECE, f);
    }
    if (code == WN_OK && ferror(f)) code = wn_err_errno(err, "reading %s", path);
    (void)fclose(f);
    if (code != WN_OK) {
        wn_free(data);
        return code;
    }
    *text = data;
    *len = n;
    return WN_OK;
}

static bool ends_with(const char *s, const char *end) {
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

wn_code wn_store_put_model(wn_store *s, wn_encoder *e, wn_err *err) {
    wn_encoder_origin origin;
    wn_code code = wn_encoder_describe(e, &origin, err);
    if (code != WN_OK || !origin.sha256) return code;
    if ((code = wn_store_uns_string(s, "model_sha256", origin.sha256, err)) != WN_OK) return code;
    return wn_store_uns_string(s, "precision", origin.precision, err);
}

bool wn_input_is_matrix(const char *path) {
    static const char *const ends[] = {".h5ad", ".h5", ".hdf5", ".npy"};
    static const char hdf5[] = "\x89HDF\r\n\x1a\n", npy[] = "\x93NUMPY";
    char head[8] = {0};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends_with(path, ends[i])) return true;
    struct stat s;
    if (stat(path, &s) != 0 || !S_ISREG(s.st_mode)) return false; /* a pipe must not lose its first bytes */
    FILE *f = fopen(path, "re");
    if (!f) return false;
    size_t n = fread(head, 1, sizeof head, f);
    (void)fclose(f);
    return n == sizeof head && (memcmp(head, hdf5, 8) == 0 || memcmp(head, npy, 6) == 0);
}

wn_code wn_output_check(const char *path, bool overwrite, bool folder, wn_err *err) {
    struct stat s;
    wn_code code = WN_OK;
    char *target = wn_strndup(path, wn_path_trim(path), err), *where = target ? wn_path_folder(target, err) : NULL;
    if (!where) {
        wn_free(target);
        return WN_EMEMORY;
    }
    if (lstat(target, &s) == 0) {
        if (!overwrite) code = wn_err_set(err, WN_EUSAGE, "%s exists; -f replaces it", path);
        else if (S_ISDIR(s.st_mode) != folder)
            code = wn_err_set(err, WN_EUSAGE, "%s is %s, and a %s is to be written there", path,
                              folder ? "not a folder" : "a folder", folder ? "folder" : "file");
    }
    if (code == WN_OK && stat(where, &s) != 0) code = wn_err_errno(err, "cannot write %s: folder %s", path, where);
    else if (code == WN_OK && !S_ISDIR(s.st_mode))
        code = wn_err_set(err, WN_EIO, "cannot write %s: %s is not a folder", path, where);
    else if (code == WN_OK && access(where, W_OK | X_OK) != 0) code = wn_err_errno(err, "cannot write %s", path);
    wn_free(where);
    wn_free(target);
    return code;
}

size_t wn_memory_budget(const wn_config *c) { return c->memory ? c->memory : wn_mem_available(); }

wn_code wn_memory_require(const wn_config *c, size_t need, const char *what, wn_err *err) {
    char a[32], b[32];
    size_t budget = wn_memory_budget(c);
    if (need <= budget) return WN_OK;
    return wn_err_set(err, WN_EMEMORY, "%s takes about %s of memory, and %s %s. Try %s", what, wn_bytes_text(need, a),
                      c->memory ? "--memory allows" : "this machine has", wn_bytes_text(budget, b),
                      c->memory ? "a larger --memory, or --limit" : "--limit, or fewer --dims");
}

const char *wn_bytes_text(size_t bytes, char out[32]) {
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double v = (double)bytes;
    size_t u = 0;
    for (; v >= 1024 && u < 6; u++) v /= 1024;
    (void)snprintf(out, 32, u == 0 || v >= 100 ? "%.0f %s" : "%.1f %s", v, units[u]);
    return out;
}

void wn_sayf(wn_io *io, const char *fmt, ...) {
    char line[1024];
    if (!io || !io->say) return;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    io->say(io->ctx, line);
}

void wn_printf(wn_io *io, const char *fmt, ...) {
    char text[4096];
    if (!io || !io->print) return;
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    io->print(io->ctx, text);
}

void wn_print_text(wn_io *io, const char *s, size_t n) {
    char piece[512];
    size_t at = 0;
    if (!io || !io->print) return;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i], next = i + 1 < n ? (unsigned char)s[i + 1] : 0;
        bool high = c == 0xC2 && next >= 0x80 && next < 0xA0; /* U+0080 to U+009F */
        piece[at++] = (char)(c < 0x20 || c == 0x7F || high ? ' ' : c);
        i += high;
        if (at + 1 < sizeof piece && i + 1 < n) continue;
        piece[at] = 0;
        io->print(io->ctx, piece);
        at = 0;
    }
}
