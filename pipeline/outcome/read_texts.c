/* The texts of an output folder, from its subset.* and rest.*, in the order of the input. */
#include "layout.h"
#include "read_private.h"
#include "stages/say.h"
#include "sums.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <winnow/mem.h>
#include <wn/input_fd.h>
#include <wn/path.h>
#include <wn/sha256.h>

static bool records_name(const wn_outcome *o, const char *stem, char name[32]) {
    for (wn_format f = WN_JSONL; wn_format_name(f); f++) {
        (void)snprintf(name, 32, "%s.%s", stem, wn_format_name(f));
        if (wn_manifest_at(o, "outputs", name)) return true;
    }
    return false;
}

static bool by_rank(const wn_outcome *o) {
    const cJSON *order = wn_manifest_at(o, "config", "order");
    return cJSON_IsString(order) && strcmp(order->valuestring, "rank") == 0;
}

/* Row of the input -> row of subset.* followed by rest.*, the reverse of how they were written. */
static void place_rows(const wn_outcome *o, size_t kept, size_t *to) {
    bool ranked = by_rank(o);
    size_t subset = 0, rest = kept;
    for (size_t i = 0; i < o->n; i++) {
        if (o->column.rank[i] == WN_NONE)
            to[i] = rest++;
        else
            to[i] = ranked ? o->column.rank[i] - 1 : subset++;
    }
}

/* Rows of subset.*. */
static size_t count_kept(const wn_outcome *o) {
    size_t kept = 0;
    for (size_t i = 0; i < o->n; i++) kept += o->column.rank[i] != WN_NONE;
    return kept;
}

/* The text fields as options of a reader; *names holds them, wn_free it. */
static wn_code text_options(const wn_outcome *o, wn_records_opts *opts, const char ***names, wn_err *err) {
    const cJSON *fields = wn_manifest_at(o, "config", "text-field");
    size_t n = (size_t)cJSON_GetArraySize(fields);
    if (!(*names = wn_alloc(n, sizeof **names, err))) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++) {
        const cJSON *field = cJSON_GetArrayItem(fields, (int)i);
        if (!cJSON_IsString(field) || !field->valuestring[0])
            return wn_outcome_damaged(o, "a text field has no name", err);
        (*names)[i] = field->valuestring;
    }
    *opts = (wn_records_opts){.text_fields = *names, .ntext_fields = n};
    const cJSON *role = wn_manifest_at(o, "config", "role");
    if (cJSON_IsString(role)) opts->role = role->valuestring;
    return WN_OK;
}

static wn_code read_records(wn_outcome *o, const char *subset, const char *rest, wn_progress *p, wn_err *err) {
    const cJSON *label = wn_manifest_at(o, "config", "label-field");
    size_t npaths = 0, kept = count_kept(o);
    char *paths[2] = {wn_path_join(o->own->folder, subset, err), wn_path_join(o->own->folder, rest, err)};
    const char **names = NULL, *used[2];
    wn_records_opts opts;
    wn_code code = paths[0] && paths[1] ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = text_options(o, &opts, &names, err)) != WN_OK) goto out;
    if (kept > 0) used[npaths++] = paths[0];
    if (kept < o->n) used[npaths++] = paths[1];
    for (size_t i = 0; i < npaths; i++) { /* a pipe would be waited for */
        int fd;
        if ((code = wn_input_file_open(&fd, used[i], err)) != WN_OK) goto out;
        wn_input_fd_close(fd);
    }
    opts.paths = used, opts.npaths = npaths;
    if (wn_assignment_alone(o) && cJSON_IsString(label)) opts.label_field = label->valuestring;
    if ((code = wn_corpus_read(&o->own->corpus, &opts, p, err)) != WN_OK) goto out;
    if (o->own->corpus.n != o->n)
        code = wn_outcome_damaged(o, "the records are not as many as manifest.json counts", err);
out:
    wn_free(paths[0]);
    wn_free(paths[1]);
    wn_free(names);
    return code;
}

/* The labels of the records, in the order of the input. */
static wn_code place_labels(wn_outcome *o, const size_t *to, wn_err *err) {
    const wn_corpus *c = &o->own->corpus;
    if (!c->label) return WN_OK;
    uint32_t *label = o->own->labels.code = wn_alloc(o->n, sizeof *label, err);
    if (!label) return WN_EMEMORY;
    for (size_t i = 0; i < o->n; i++) label[i] = c->label[to[i]];
    o->rows.label = label;
    o->rows.labels = (const char *const *)c->labels;
    o->rows.nlabels = c->nlabels;
    return WN_OK;
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
    place_rows(o, count_kept(o), to);
    if ((code = place_labels(o, to, err)) != WN_OK) goto out;
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

/* ---- a few texts ---- */

/* Where a row stands in its file. */
static size_t place_of(const wn_outcome *o, size_t row) {
    bool chosen = o->column.rank[row] != WN_NONE;
    size_t before = 0;
    if (chosen && by_rank(o)) return o->column.rank[row] - 1;
    for (size_t i = 0; i < row; i++) before += (o->column.rank[i] != WN_NONE) == chosen;
    return before;
}

static wn_code quote_record(wn_quote *q, const wn_record *r, size_t bytes, wn_err *err) {
    size_t n = r->text_len;
    if (n > bytes) /* cut between characters */
        for (n = bytes; n && ((unsigned char)r->text[n] & 0xc0) == 0x80;) n--;
    q->text = wn_strndup(r->text, n, err);
    return q->text ? WN_OK : WN_EMEMORY;
}

/* Reads records up to the last wanted one. place [n]: which record each row is; SIZE_MAX: of another file. */
static wn_code quote_records(const wn_records_opts *opts, wn_quote *q, const size_t *place, size_t n, size_t bytes,
                             wn_err *err) {
    wn_records *r = NULL;
    wn_record record;
    size_t missing = 0;
    bool end = false;
    for (size_t i = 0; i < n; i++) missing += place[i] != SIZE_MAX;
    if (missing == 0) return WN_OK;
    wn_code code = wn_records_open(&r, opts, err);
    if (code != WN_OK) goto out;
    for (size_t at = 0; missing; at++) {
        if ((code = wn_records_next(r, &record, &end, err)) != WN_OK || end) goto out;
        for (size_t i = 0; i < n; i++) {
            if (place[i] != at) continue;
            if ((code = quote_record(&q[i], &record, bytes, err)) != WN_OK) goto out;
            missing--;
        }
    }
out:
    wn_records_close(r);
    return code;
}

/* From one of the two files. */
static wn_code quote_file(const wn_outcome *o, const char *name, wn_quote *q, const size_t *place, size_t n,
                          size_t bytes, wn_err *err) {
    const char **names = NULL, *path;
    char *joined = wn_path_join(o->own->folder, name, err);
    wn_records_opts opts;
    size_t wanted = 0;
    wn_code code = joined ? WN_OK : WN_EMEMORY;
    for (size_t i = 0; i < n; i++) wanted += place[i] != SIZE_MAX;
    if (code != WN_OK || wanted == 0) goto out;
    if ((code = wn_file_ours(o->own->folder, name, err)) != WN_OK) goto out;
    if ((code = text_options(o, &opts, &names, err)) != WN_OK) goto out;
    path = joined, opts.paths = &path, opts.npaths = 1;
    code = quote_records(&opts, q, place, n, bytes, err);
out:
    wn_free(names);
    wn_free(joined);
    return code;
}

static bool is_same_file(const wn_input *in) {
    struct stat s;
    char hex[65];
    wn_err ignored;
    return in->sha256 && stat(in->path, &s) == 0 && S_ISREG(s.st_mode) && (uint64_t)s.st_size == in->bytes &&
           wn_sha256_file(in->path, hex, &ignored) == WN_OK && strcmp(hex, in->sha256) == 0;
}

/* From the input itself, where it is what was read and none of it was left out. *taken: whether it was looked at. */
static wn_code quote_input(const wn_outcome *o, wn_quote *q, size_t n, size_t bytes, bool *taken, wn_err *err) {
    const char **names = NULL, **paths = wn_alloc(o->ninputs, sizeof *paths, err);
    size_t npaths = 0, missing = 0, *place = wn_alloc(n, sizeof *place, err);
    wn_records_opts opts;
    wn_code code = place && paths ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < n; i++) {
        place[i] = q[i].text ? SIZE_MAX : q[i].row;
        missing += !q[i].text;
    }
    for (size_t i = 0; i < o->ninputs && o->inputs[i].format; i++) {
        if (missing == 0 || !is_same_file(&o->inputs[i])) goto out;
        paths[npaths++] = o->inputs[i].path;
    }
    if (npaths == 0 || o->skipped) goto out;
    if ((code = text_options(o, &opts, &names, err)) != WN_OK) goto out;
    opts.paths = paths, opts.npaths = npaths;
    for (opts.format = WN_JSONL; strcmp(wn_format_name(opts.format), o->inputs[0].format) != 0; opts.format++)
        if (!wn_format_name(opts.format + 1)) goto out;
    *taken = true;
    code = quote_records(&opts, q, place, n, bytes, err);
out:
    wn_free(names);
    wn_free(paths);
    wn_free(place);
    return code;
}

void wn_outcome_quote(const wn_outcome *o, wn_quote *q, size_t n, size_t bytes, wn_io *io) {
    char name[32];
    wn_err err;
    bool taken = false;
    size_t *place = wn_alloc(n, sizeof *place, &err);
    for (int rest = 0; place && rest < 2; rest++) {
        if (!records_name(o, rest ? WN_STEM_REST : WN_STEM_SUBSET, name)) break;
        for (size_t i = 0; i < n; i++)
            place[i] = (o->column.rank[q[i].row] == WN_NONE) == rest && !q[i].text ? place_of(o, q[i].row) : SIZE_MAX;
        wn_code code = quote_file(o, name, q, place, n, bytes, &err);
        if (code == WN_EUSAGE)
            wn_sayf(io, "note: %s/%s has changed since winnow wrote it, so no text is taken from it", o->own->folder,
                    name);
        else if (code != WN_OK && code != WN_EINTERRUPT)
            wn_sayf(io, "note: no text from %s/%s: %s", o->own->folder, name, err.msg);
    }
    if (quote_input(o, q, n, bytes, &taken, &err) == WN_OK && taken)
        wn_sayf(io, "note: what is missing there is taken from the input, which is unchanged");
    wn_free(place);
}

/* ---- what became of the input ---- */

void wn_outcome_inputs_say(const wn_outcome *o, wn_io *io) {
    for (size_t i = 0; i < o->ninputs; i++) {
        const wn_input *in = &o->inputs[i];
        struct stat s;
        char hex[65];
        wn_err ignored;
        if (!in->sha256 || strcmp(in->path, "-") == 0 || stat(in->path, &s) != 0 || !S_ISREG(s.st_mode)) continue;
        bool same = (uint64_t)s.st_size == in->bytes;
        if (same && wn_sha256_file(in->path, hex, &ignored) != WN_OK) continue;
        if (!same)
            wn_sayf(io, "note: %s has changed since winnow read it (%llu bytes then, %llu now); what is told here is "
                    "of what was read", in->path, (unsigned long long)in->bytes, (unsigned long long)s.st_size);
        else if (strcmp(hex, in->sha256) != 0)
            wn_sayf(io, "note: %s has changed since winnow read it (another SHA-256); what is told here is of what was "
                    "read", in->path);
    }
}
