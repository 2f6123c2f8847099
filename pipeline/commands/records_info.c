/* winnow info RECORDS: which fields, how many texts, how long, which labels. */
#include "input.h"
#include "kind.h"
#include "stages/say.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <winnow/mem.h>
#include <wn/record_fields.h>
#include <wn/strmap.h>

enum { FIELDS_SHOWN = 50, EXAMPLE_BYTES = 60, KINDS = 4 };

/* ---- fields ---- */

typedef struct {
    size_t count;            /* records that have it, and not empty */
    const char *kind[KINDS]; /* different ones, in order of appearance */
    char example[EXAMPLE_BYTES + 1];
    size_t example_len;
    bool cut;
} field_tally;

typedef struct {
    wn_strset names;
    field_tally *tally; /* [names.n] */
    size_t cap, records;
} field_tallies;

static wn_code tally_field(void *ctx, const wn_field *f, wn_err *err) {
    field_tallies *all = ctx;
    uint32_t id = 0;
    size_t before = all->names.n;
    wn_code code = wn_strset_add(&all->names, f->name, f->name_len, wn_string_hash(f->name, f->name_len), &id, err);
    if (code != WN_OK) return code;
    void *tally = all->tally;
    code = wn_reserve(&tally, &all->cap, all->names.n, sizeof *all->tally, err);
    all->tally = tally;
    if (code != WN_OK) return code;
    field_tally *t = &all->tally[id];
    if (all->names.n > before) *t = (field_tally){0};
    if (f->empty) return WN_OK;
    if (t->count++ == 0) {
        t->example_len = wn_cut_text(f->value, f->value_len, EXAMPLE_BYTES);
        t->cut = t->example_len < f->value_len;
        memcpy(t->example, f->value, t->example_len);
    }
    for (size_t i = 0; i < KINDS && f->kind; i++) {
        if (t->kind[i] && strcmp(t->kind[i], f->kind) != 0) continue;
        t->kind[i] = f->kind;
        break;
    }
    return WN_OK;
}

static wn_code tally_fields(field_tallies *all, const wn_records_opts *o, wn_progress *p, wn_err *err) {
    wn_records *r = NULL;
    wn_record record;
    bool end = false;
    wn_code code = wn_records_open(&r, o, err);
    if (code != WN_OK) goto out;
    while ((code = wn_records_next(r, &record, &end, err)) == WN_OK && !end) {
        if ((code = wn_records_fields(r, tally_field, all, err)) != WN_OK) goto out;
        if (++all->records % 1024 == 0 && (code = wn_tick(p, "fields", "records", all->records, 0, err)) != WN_OK)
            goto out;
    }
out:
    wn_records_close(r);
    return code;
}

static bool is_field(const field_tallies *all, const char *name) {
    size_t n = strlen(name);
    return wn_strset_find(&all->names, name, n, wn_string_hash(name, n)) != WN_STRSET_NONE;
}

static void print_fields(const field_tallies *all, wn_io *io) {
    wn_printf(io, "  fields: %zu\n", all->names.n);
    for (size_t i = 0; i < all->names.n && i < FIELDS_SHOWN; i++) {
        const field_tally *t = &all->tally[i];
        const char *name = all->names.bytes + all->names.off[i];
        size_t n = (size_t)(all->names.off[i + 1] - all->names.off[i]);
        wn_printf(io, "    ");
        wn_print_text(io, name, wn_cut_text(name, n, 200));
        wn_printf(io, ": in %zu of %zu", t->count, all->records);
        for (size_t k = 0; k < KINDS && t->kind[k]; k++) wn_printf(io, "%s%s", k ? " or " : ", ", t->kind[k]);
        if (t->count) wn_printf(io, ", like \"");
        if (t->count) wn_print_text(io, t->example, t->example_len);
        wn_printf(io, "%s\n", !t->count ? ", empty" : t->cut ? "...\"" : "\"");
    }
    if (all->names.n > FIELDS_SHOWN) wn_printf(io, "    and %zu more\n", all->names.n - FIELDS_SHOWN);
}

/* ---- texts and labels ---- */

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
        wn_printf(io, "    %zu ", t[i].count);
        wn_print_text(io, label, wn_cut_text(label, strlen(label), 200));
        wn_printf(io, "\n");
    }
    if (corpus->nlabels > 10) wn_printf(io, "    and %zu more\n", corpus->nlabels - 10);
    wn_free(t);
    return WN_OK;
}

static void print_head(const wn_source *s, wn_io *io) {
    char bytes[32];
    wn_print_name(io, s->path);
    wn_printf(io, ": %zu records, %s, %s\n  SHA-256: %s\n", s->records, wn_format_name(s->format),
              wn_bytes_text(s->bytes, bytes), s->sha256);
}

/* A file can be read twice: first its fields, then its texts if it has the field that holds them. */
static bool reads_twice(const char *path) {
    struct stat s;
    return strcmp(path, "-") != 0 && stat(path, &s) == 0 && S_ISREG(s.st_mode);
}

/* Is there no field "text", and did nobody say which to take instead? */
static bool lacks_text(const field_tallies *all, const wn_config *c) {
    return all->names.n && c->ntext_fields == 1 && strcmp(c->text_fields[0], "text") == 0 && !is_field(all, "text");
}

wn_code wn_info_records(const wn_config *c, const char *path, wn_io *io, wn_err *err) {
    field_tallies all = {0};
    wn_corpus corpus = {0};
    wn_records_opts o = wn_input_options(c);
    bool twice = reads_twice(path);
    wn_code code = WN_OK;
    o.paths = &path;
    o.npaths = 1;
    o.no_text = true;
    if (twice && (code = tally_fields(&all, &o, io->progress, err)) != WN_OK) goto out;
    o.no_text = twice && lacks_text(&all, c);
    if ((code = wn_corpus_read(&corpus, &o, io->progress, err)) != WN_OK) goto out;
    if (corpus.nsources) print_head(&corpus.sources[0], io);
    if (all.names.n) print_fields(&all, io);
    if (o.no_text)
        wn_printf(io, "  text: no field is called \"text\"; --text-field NAME says which one holds it\n");
    else if (corpus.n && (code = print_lengths(&corpus, io, err)) != WN_OK)
        goto out;
    if (corpus.label) code = print_labels(&corpus, io, err);
out:
    wn_free(all.tally);
    wn_strset_free(&all.names);
    wn_corpus_free(&corpus);
    return code;
}
