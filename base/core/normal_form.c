/* Normal forms in linear time. utf8proc decomposes and composes one character at a time, which is used here as it is;
 * but it orders combining marks by swapping neighbours, which takes hours over a megabyte of them. Marks are ordered
 * here by counting, run by run: the same order, since both are stable sorts by the combining class. */
#include "normal_form.h"

#include <stdint.h>
#include <string.h>
#include <utf8proc.h>
#include <winnow/mem.h>
#include <winnow/progress.h>

enum { FEW_MARKS = 32, CLASSES = 256, TELL = 1 << 18 };

static unsigned mark_class(utf8proc_int32_t c) {
    return c < 0x300 ? 0 : (unsigned)utf8proc_get_property(c)->combining_class;
}

static void order_few_marks(utf8proc_int32_t *c, size_t n) {
    for (size_t i = 1; i < n; i++) {
        utf8proc_int32_t moved = c[i];
        unsigned class = mark_class(moved);
        size_t at = i;
        for (; at > 0 && mark_class(c[at - 1]) > class; at--) c[at] = c[at - 1];
        c[at] = moved;
    }
}

static void order_many_marks(utf8proc_int32_t *c, size_t n, utf8proc_int32_t *scratch) {
    size_t next[CLASSES] = {0}, before = 0;
    for (size_t i = 0; i < n; i++) next[mark_class(c[i])]++;
    for (size_t k = 0; k < CLASSES; k++) {
        size_t of_class = next[k];
        next[k] = before;
        before += of_class;
    }
    for (size_t i = 0; i < n; i++) scratch[next[mark_class(c[i])]++] = c[i];
    memcpy(c, scratch, n * sizeof *c);
}

/* Canonical ordering (The Unicode Standard, 3.11, D109): each run of marks by rising class, equals as they stood. */
static wn_code order_marks(utf8proc_int32_t *c, size_t n, wn_err *err) {
    utf8proc_int32_t *scratch = NULL;
    size_t longest = 0, run = 0;
    wn_code code = WN_OK;
    for (size_t i = 0; i < n; i++) {
        run = mark_class(c[i]) ? run + 1 : 0;
        if (run > longest) longest = run;
    }
    if (longest < 2) return WN_OK;
    if (longest > FEW_MARKS && !(scratch = wn_alloc(longest, sizeof *scratch, err))) return WN_EMEMORY;
    for (size_t i = 0, told = TELL; i < n && code == WN_OK; i += run + 1) {
        for (run = 0; i + run < n && mark_class(c[i + run]); run++) {
        }
        if (run > FEW_MARKS)
            order_many_marks(c + i, run, scratch);
        else
            order_few_marks(c + i, run);
        if (i < told) continue;
        code = wn_tick(NULL, "normalise", "characters", i, n, err);
        told = i + TELL;
    }
    wn_free(scratch);
    return code;
}

static wn_code cannot_normalize(utf8proc_ssize_t why, wn_err *err) {
    wn_code code = why == UTF8PROC_ERROR_INVALIDUTF8 ? WN_EINPUT : WN_EINTERNAL;
    return wn_err_set(err, code, "the text cannot be normalised: %s", utf8proc_errmsg(why));
}

/* Code points of the decomposed text, in no order of marks yet. */
static wn_code decompose(const unsigned char *s, size_t n, utf8proc_option_t options, wn_buf *out, size_t *count,
                         wn_err *err) {
    enum { MOST = 32 }; /* code points that one decomposes into: 18 in Unicode 15 */
    size_t made = 0, told = TELL;
    for (size_t at = 0; at < n;) {
        wn_code code = wn_reserve((void **)&out->data, &out->cap, (made + MOST) * sizeof(int32_t), 1, err);
        if (code != WN_OK) return code;
        if (at >= told) { /* a single text may be long */
            if ((code = wn_tick(NULL, "normalise", "bytes", at, n, err)) != WN_OK) return code;
            told = at + TELL;
        }
        utf8proc_int32_t *to = (utf8proc_int32_t *)(void *)out->data + made, c = 0;
        int boundary = 0;
        utf8proc_ssize_t used = utf8proc_iterate(s + at, (utf8proc_ssize_t)(n - at), &c);
        if (used < 0) return cannot_normalize(used, err);
        utf8proc_ssize_t got = utf8proc_decompose_char(c, to, MOST, options, &boundary);
        if (got < 0 || got > MOST) return cannot_normalize(got < 0 ? got : UTF8PROC_ERROR_OVERFLOW, err);
        made += (size_t)got;
        at += (size_t)used;
    }
    *count = made;
    return WN_OK;
}

static utf8proc_option_t options_of(wn_normal_form form) {
    switch (form) {
    case WN_NFC:
        return UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    case WN_NFC_FOLDED:
        return UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD;
    case WN_NFD:
        return UTF8PROC_DECOMPOSE;
    }
    return UTF8PROC_DECOMPOSE;
}

wn_code wn_normalize_points(const unsigned char *s, size_t n, wn_normal_form form, wn_buf *out, size_t *count,
                            wn_err *err) {
    utf8proc_option_t options = options_of(form);
    if (n > PTRDIFF_MAX / 32) return wn_err_set(err, WN_EMEMORY, "a text of %zu bytes is too long to normalise", n);
    wn_code code = decompose(s, n, options, out, count, err);
    if (code != WN_OK) return code;
    utf8proc_int32_t *points = (utf8proc_int32_t *)(void *)out->data;
    if ((code = order_marks(points, *count, err)) != WN_OK) return code;
    if ((code = wn_tick(NULL, "normalise", "characters", 0, *count, err)) != WN_OK) return code;
    utf8proc_ssize_t left = *count ? utf8proc_normalize_utf32(points, (utf8proc_ssize_t)*count, options) : 0;
    if (left < 0) return cannot_normalize(left, err);
    *count = (size_t)left;
    return wn_tick(NULL, "normalise", "characters", *count, *count, err);
}

wn_code wn_text_normalize(const char *s, size_t n, wn_normal_form form, wn_buf *out, wn_err *err) {
    size_t count = 0, len = 0;
    out->len = 0;
    wn_code code = wn_normalize_points((const unsigned char *)s, n, form, out, &count, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < count; i++) { /* in place: a code point takes four bytes at most */
        utf8proc_int32_t c = 0;
        memcpy(&c, out->data + i * sizeof c, sizeof c);
        len += (size_t)utf8proc_encode_char(c, (utf8proc_uint8_t *)out->data + len);
    }
    out->len = len;
    return WN_OK;
}
