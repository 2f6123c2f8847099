#include "corpus_internal.h"
#include "records_internal.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <winnow/mem.h>
#include <wn/strmap.h>

/* Everything of the first pass. Arrays that grow stand here with their capacities until they are handed over. */
typedef struct {
    const wn_records_opts *o;
    wn_corpus c;
    struct wn_corpus_impl *impl;
    wn_records *reader;
    wn_spool texts;
    wn_buf ids, more[WN_MORE_FIELDS];
    unsigned long long *text_off, *id_off, *more_off[WN_MORE_FIELDS];
    size_t text_cap, id_cap, label_cap, file_cap, line_cap, offset_cap, length_cap;
    size_t more_cap[WN_MORE_FIELDS];
    wn_strmap id_rows; /* ids to their rows */
    wn_strset labels;
    wn_sha256 sha;
    size_t hashed; /* sources whose checksum is taken; the tap works on this one */
    uint64_t total, stored;
} reading;

static wn_code end_source(reading *g, wn_err *err) {
    wn_source *s = &g->c.sources[g->hashed];
    wn_source_impl *in = &g->impl->source[g->hashed++];
    bool reached = g->hashed <= g->reader->next_file;
    wn_code code = WN_OK;
    in->header = g->reader->header_len[g->hashed - 1];
    if (reached && !in->opened && (code = wn_sha256_init(&g->sha, err)) != WN_OK) goto out;
    if (reached && (code = wn_sha256_final(&g->sha, s->sha256, err)) != WN_OK) goto out;
    if (in->copy.fd >= 0) code = wn_spool_flush(&in->copy, err);
out:
    wn_free(in->copy.buffer);
    in->copy.buffer = NULL;
    return code;
}

/* Is the open input one that cannot be read again? */
static bool read_once(const reading *g) {
    struct stat st;
    const char *path = g->c.sources[g->hashed].path;
    return strcmp(path, "-") == 0 || stat(path, &st) != 0 || !S_ISREG(st.st_mode);
}

/* The tap: stored bytes go into the checksum, and into a copy where there is no second reading. */
static wn_code on_stored(void *ctx, const void *data, size_t n, wn_err *err) {
    reading *g = ctx;
    wn_code code;
    while (g->hashed < g->reader->next_file - 1)
        if ((code = end_source(g, err)) != WN_OK) return code;
    wn_source_impl *in = &g->impl->source[g->hashed];
    if (!in->opened) {
        in->opened = true;
        if ((code = wn_sha256_init(&g->sha, err)) != WN_OK) return code;
        if (read_once(g) && (code = wn_spool_open(&in->copy, err)) != WN_OK) return code;
    }
    if ((code = wn_sha256_update(&g->sha, data, n, err)) != WN_OK) return code;
    if (in->copy.fd >= 0 && (code = wn_spool_write(&in->copy, data, n, err)) != WN_OK) return code;
    g->c.sources[g->hashed].bytes += n;
    g->stored += n;
    return WN_OK;
}

static wn_code start_reading(reading *g, wn_err *err) {
    const wn_records_opts *o = g->o;
    bool known = true;
    g->texts.fd = -1;
    g->impl = wn_alloc(1, sizeof *g->impl, err);
    if (!g->impl) return WN_EMEMORY;
    g->c.impl = g->impl;
    g->c.sources = wn_alloc(o->npaths, sizeof *g->c.sources, err);
    if (!g->c.sources) return WN_EMEMORY;
    g->impl->source = wn_alloc(o->npaths, sizeof *g->impl->source, err);
    if (!g->impl->source) return WN_EMEMORY;
    g->c.nsources = g->impl->nsource = o->npaths;
    for (size_t i = 0; i < o->npaths; ++i) g->impl->source[i].copy.fd = -1;
    for (size_t i = 0; i < o->npaths; ++i) {
        wn_source *s = &g->c.sources[i];
        struct stat st;
        s->path = wn_strndup(o->paths[i], strlen(o->paths[i]), err);
        if (!s->path) return WN_EMEMORY;
        s->format = o->format;
        wn_code code = o->format == WN_FORMAT_AUTO ? wn_format_of_path(s->path, &s->format, err) : WN_OK;
        if (code != WN_OK) return code;
        if (strcmp(s->path, "-") != 0 && stat(s->path, &st) == 0 && S_ISREG(st.st_mode))
            g->total += (uint64_t)st.st_size;
        else
            known = false;
    }
    if (!known) g->total = 0;
    if (wn_reserve((void **)&g->text_off, &g->text_cap, 1, sizeof *g->text_off, err) != WN_OK ||
        wn_reserve((void **)&g->id_off, &g->id_cap, 1, sizeof *g->id_off, err) != WN_OK)
        return WN_EMEMORY;
    for (size_t i = 0; i < o->nmore; ++i)
        if (wn_reserve((void **)&g->more_off[i], &g->more_cap[i], 1, sizeof *g->more_off[i], err) != WN_OK)
            return WN_EMEMORY;
    wn_code code = wn_spool_open(&g->texts, err);
    return code != WN_OK ? code : wn_records_open_tapped(&g->reader, o, on_stored, g, err);
}

/* Whether an earlier record has the id of this one, and which. */
static bool find_id(const reading *g, const wn_record *rec, uint64_t hash, uint32_t *row) {
    for (size_t at = wn_strmap_start(hash); wn_strmap_next(&g->id_rows, hash, &at, row);) {
        size_t begin = (size_t)g->id_off[*row];
        if (g->id_off[*row + 1] - begin == rec->id_len && memcmp(g->ids.data + begin, rec->id, rec->id_len) == 0)
            return true;
    }
    return false;
}

static wn_code add_id(reading *g, const wn_record *rec, wn_err *err) {
    if (wn_buf_append(&g->ids, rec->id, rec->id_len, err) != WN_OK ||
        wn_reserve((void **)&g->id_off, &g->id_cap, g->c.n + 2, sizeof *g->id_off, err) != WN_OK)
        return WN_EMEMORY;
    g->id_off[g->c.n + 1] = g->ids.len;
    uint64_t hash = wn_string_hash(rec->id, rec->id_len);
    uint32_t found = 0;
    if (!find_id(g, rec, hash, &found)) return wn_strmap_add(&g->id_rows, hash, g->c.n, err);
    return wn_err_set(err, WN_EINPUT, "%s:%llu: id \"%.*s\" is also that of %s:%llu; ids must differ",
                      wn_path_label(g->o->paths[rec->file]), (unsigned long long)rec->line,
                      (int)(rec->id_len < 80 ? rec->id_len : 80), rec->id, wn_path_label(g->o->paths[g->c.file[found]]),
                      (unsigned long long)g->c.line[found]);
}

static wn_code add_label(reading *g, const wn_record *rec, wn_err *err) {
    wn_corpus *c = &g->c;
    wn_code code = wn_reserve((void **)&c->label, &g->label_cap, c->n + 1, sizeof *c->label, err);
    if (code != WN_OK) return code;
    c->label[c->n] = UINT32_MAX;
    if (!rec->label) return WN_OK;
    return wn_strset_add(&g->labels, rec->label, rec->label_len, wn_string_hash(rec->label, rec->label_len),
                         &c->label[c->n], err);
}

static wn_code add_more(reading *g, const wn_record *rec, wn_err *err) {
    for (size_t i = 0; i < g->o->nmore; ++i) {
        if (rec->more[i] && wn_buf_append(&g->more[i], rec->more[i], rec->more_len[i], err) != WN_OK) return WN_EMEMORY;
        if (wn_reserve((void **)&g->more_off[i], &g->more_cap[i], g->c.n + 2, sizeof *g->more_off[i], err) != WN_OK)
            return WN_EMEMORY;
        g->more_off[i][g->c.n + 1] = g->more[i].len;
    }
    return WN_OK;
}

static wn_code add_place(reading *g, const wn_record *rec, wn_err *err) {
    wn_corpus *c = &g->c;
    if (wn_reserve((void **)&c->file, &g->file_cap, c->n + 1, sizeof *c->file, err) != WN_OK ||
        wn_reserve((void **)&c->line, &g->line_cap, c->n + 1, sizeof *c->line, err) != WN_OK ||
        wn_reserve((void **)&c->offset, &g->offset_cap, c->n + 1, sizeof *c->offset, err) != WN_OK ||
        wn_reserve((void **)&c->length, &g->length_cap, c->n + 1, sizeof *c->length, err) != WN_OK ||
        wn_reserve((void **)&g->text_off, &g->text_cap, c->n + 2, sizeof *g->text_off, err) != WN_OK)
        return WN_EMEMORY;
    c->file[c->n] = (uint32_t)rec->file;
    c->line[c->n] = rec->line;
    c->offset[c->n] = rec->offset;
    c->length[c->n] = rec->raw_len;
    g->text_off[c->n + 1] = g->text_off[c->n] + rec->text_len;
    return WN_OK;
}

/* The texts will be mapped, and count from the moment they are read: in steps, for there are many rows. */
static wn_code hold_text(reading *g, size_t more, wn_err *err) {
    enum { STEP = 256 * 1024 };
    size_t want = (size_t)g->texts.bytes + more;
    if (want <= g->impl->held) return WN_OK;
    size_t grown = want - g->impl->held > STEP ? want - g->impl->held : STEP;
    wn_code code = wn_mem_hold(grown, err);
    if (code == WN_OK) g->impl->held += grown;
    return code;
}

static wn_code add_record(reading *g, const wn_record *rec, wn_err *err) {
    wn_corpus *c = &g->c;
    wn_code code = add_place(g, rec, err);
    if (code != WN_OK) return code;
    if ((code = hold_text(g, rec->text_len, err)) != WN_OK) return code;
    if ((code = wn_spool_write(&g->texts, rec->text, rec->text_len, err)) != WN_OK) return code;
    if (g->o->id_field && (code = add_id(g, rec, err)) != WN_OK) return code;
    if (g->o->label_field && (code = add_label(g, rec, err)) != WN_OK) return code;
    if ((code = add_more(g, rec, err)) != WN_OK) return code;
    c->empty += wn_text_blank(rec->text, rec->text_len);
    ++c->sources[rec->file].records;
    ++c->n;
    return WN_OK;
}

/* How far the reading came when memory ran out: what a --limit may be. */
static wn_code full_at(const reading *g, wn_err *err) {
    size_t file = g->reader->next_file ? g->reader->next_file - 1 : 0;
    return wn_err_prefix(err, "%s: after %zu records in all: ", wn_path_label(g->o->paths[file]), g->c.n);
}

static wn_code read_all(reading *g, wn_progress *p, wn_err *err) {
    for (size_t seen = 0;; ++seen) {
        wn_record rec;
        bool end = false;
        wn_code code = wn_records_next(g->reader, &rec, &end, err);
        if (code != WN_OK) return code;
        if (end || seen % 1024 == 0) code = wn_tick(p, "read", "bytes", (size_t)g->stored, (size_t)g->total, err);
        if (code != WN_OK || end) return code;
        if ((code = add_record(g, &rec, err)) != WN_OK) return code;
    }
}

static wn_code map_texts(reading *g, wn_err *err) {
    wn_code code = wn_spool_flush(&g->texts, err);
    if (code != WN_OK) return code;
    if (g->texts.bytes) {
        void *map = mmap(NULL, (size_t)g->texts.bytes, PROT_READ, MAP_SHARED, g->texts.fd, 0);
        if (map == MAP_FAILED)
            return wn_err_errno(err, "cannot map %llu bytes of text", (unsigned long long)g->texts.bytes);
        g->impl->map = map;
        g->impl->map_len = (size_t)g->texts.bytes;
    }
    g->c.texts = (wn_texts){.base = g->texts.bytes ? g->impl->map : "", .off = g->text_off, .n = g->c.n};
    return WN_OK;
}

/* One block for all of them: there may be as many as records. */
static wn_code hand_over_labels(reading *g, wn_err *err) {
    const wn_strset *t = &g->labels;
    g->c.labels = wn_alloc(t->n, sizeof *g->c.labels, err);
    char *at = g->impl->labels = wn_alloc((t->n ? (size_t)t->off[t->n] : 0) + t->n, 1, err);
    if (!g->c.labels || !at) return WN_EMEMORY;
    g->c.nlabels = t->n;
    for (size_t i = 0; i < t->n; ++i) {
        const size_t len = (size_t)(t->off[i + 1] - t->off[i]);
        if (len) memcpy(at, t->bytes + t->off[i], len);
        g->c.labels[i] = at;
        at += len + 1;
    }
    return WN_OK;
}

wn_code wn_corpus_read(wn_corpus *c, const wn_records_opts *o, wn_progress *p, wn_err *err) {
    reading g = {.o = o};
    *c = (wn_corpus){0};
    wn_code code = start_reading(&g, err);
    if (code != WN_OK) goto out;
    if ((code = read_all(&g, p, err)) != WN_OK) {
        if (code == WN_EMEMORY) code = full_at(&g, err);
        goto out;
    }
    while (g.hashed < g.c.nsources)
        if ((code = end_source(&g, err)) != WN_OK) goto out;
    if ((code = map_texts(&g, err)) != WN_OK) goto out;
    if (o->label_field && (code = hand_over_labels(&g, err)) != WN_OK) goto out;
    while (g.c.nsources > g.reader->next_file) wn_free(g.c.sources[--g.c.nsources].path);
    g.c.skipped = wn_records_skipped(g.reader);
    if (o->id_field) g.c.ids = (wn_texts){.base = g.ids.data ? g.ids.data : "", .off = g.id_off, .n = g.c.n};
    for (size_t i = 0; i < o->nmore; ++i)
        g.c.more[i] = (wn_texts){.base = g.more[i].data ? g.more[i].data : "", .off = g.more_off[i], .n = g.c.n};
    *c = g.c;
out:
    if (code != WN_OK) {
        g.c.texts = g.c.ids = (wn_texts){0};
        wn_corpus_free(&g.c);
        wn_free(g.text_off);
        for (size_t i = 0; i < WN_MORE_FIELDS; ++i) {
            wn_free(g.more[i].data);
            wn_free(g.more_off[i]);
        }
    }
    if (code != WN_OK || !o->id_field) {
        wn_free(g.ids.data);
        wn_free(g.id_off);
    }
    wn_strset_free(&g.labels);
    wn_strmap_free(&g.id_rows);
    wn_sha256_free(&g.sha);
    wn_spool_close(&g.texts);
    wn_records_close(g.reader);
    return code;
}

/* The views of a corpus own what they show; it was allocated here, writable. */
static void free_texts(const wn_texts *t, bool base) {
    if (base && t->off && t->off[t->n]) wn_free((void *)(uintptr_t)t->base);
    wn_free((void *)(uintptr_t)t->off);
}

void wn_corpus_free(wn_corpus *c) {
    if (!c) return;
    struct wn_corpus_impl *impl = c->impl;
    free_texts(&c->texts, false);
    free_texts(&c->ids, true);
    for (size_t i = 0; i < WN_MORE_FIELDS; ++i) free_texts(&c->more[i], true);
    wn_free(c->label);
    wn_free(c->labels);
    wn_free(c->file);
    wn_free(c->line);
    wn_free(c->offset);
    wn_free(c->length);
    for (size_t i = 0; i < c->nsources && c->sources; ++i) wn_free(c->sources[i].path);
    wn_free(c->sources);
    if (impl) {
        if (impl->map) (void)munmap(impl->map, impl->map_len);
        wn_mem_unhold(impl->held);
        for (size_t i = 0; i < impl->nsource; ++i) wn_spool_close(&impl->source[i].copy);
        wn_free(impl->source);
        wn_free(impl->labels);
        wn_free(impl);
    }
    *c = (wn_corpus){0};
}

const char *wn_corpus_id(const wn_corpus *c, size_t i, char number[24], size_t *len) {
    if (c->ids.n) {
        *len = (size_t)(c->ids.off[i + 1] - c->ids.off[i]);
        return c->ids.base + c->ids.off[i];
    }
    *len = (size_t)snprintf(number, 24, "%zu", i);
    return number;
}
