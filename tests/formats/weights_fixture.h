#ifndef WINNOW_TESTS_WEIGHTS_FIXTURE_H
#define WINNOW_TESTS_WEIGHTS_FIXTURE_H
/* A folder of its own for every test, a checkpoint in it, and what comes of opening that. */
#include <winnow/mem.h>
#include <wn/weights.h>

#include "weights_build.h"

static char *folder, path[256];

static inline void begin(void) {
    folder = new_folder();
    (void)snprintf(path, sizeof path, "%s/model", folder);
}
static inline void end(void) { remove_folder(folder); }

static inline wn_weights *opened(const char *p) {
    wn_weights *w = NULL;
    wn_err e = {0};
    cr_assert_eq(wn_weights_open(&w, p, &e), WN_OK, "%s", e.msg);
    return w;
}

static inline void read_all(const wn_weights *w, const char *name, float *out, size_t n) {
    wn_err e = {0};
    const wn_tensor *t = wn_weights_find(w, name);
    cr_assert(t, "no %s", name);
    cr_assert_eq(t->count, n);
    cr_assert_eq(wn_weights_read(w, t, out, &e), WN_OK, "%s", e.msg);
}

/* Opening `p` is refused with a message that names the path and holds `text`. */
static inline void refused_at(const char *p, const char *text) {
    wn_weights *w = NULL;
    wn_err e = {0};
    wn_code rc = wn_weights_open(&w, p, &e);
    cr_assert(rc != WN_OK && w == NULL, "wanted a refusal: %s", text);
    cr_assert_eq(rc, e.code);
    cr_assert(strstr(e.msg, text), "wanted \"%s\", got \"%s\"", text, e.msg);
    cr_assert(strncmp(e.msg, folder, strlen(folder)) == 0, "no path in \"%s\"", e.msg);
}

static inline void refused(bytes b, const char *text) {
    write_file(path, b.p, b.n);
    drop(&b);
    refused_at(path, text);
}

static inline void in_folder(const char *name, bytes b) {
    char p[300];
    (void)snprintf(p, sizeof p, "%s/%s", folder, name);
    write_file(p, b.p, b.n);
    drop(&b);
}

static inline bytes text_of(const char *s) {
    bytes b = {0};
    put_text(&b, s);
    return b;
}

/* A safetensors header of one tensor. */
#define ONE(dtype, shape, from, to)                                                                                    \
    "{\"a\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" #from "," #to "]}}"

#endif
