/* What limits share: caps on how many rows of each part of a partition, and their messages. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>

#include "constraint/limit.h"

void wn_limit_say(char *out, size_t size, const char *fmt, ...) {
    const size_t at = strlen(out);
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(out + at, size - at, fmt, args);
    va_end(args);
}

/* ---- caps ---- */

size_t wn_caps_bytes(size_t parts, size_t n) {
    return (3 * parts + 1 + n) * sizeof(size_t);
}

wn_code wn_caps_init(wn_caps *c, const uint32_t *part, size_t parts, size_t n, wn_err *err) {
    *c = (wn_caps){.part = part, .parts = parts, .n = n};
    if (!(c->cap = wn_alloc(parts, sizeof *c->cap, err))) return WN_EMEMORY;
    if (!(c->count = wn_alloc(parts, sizeof *c->count, err))) return WN_EMEMORY;
    if (!(c->begin = wn_alloc(parts + 1, sizeof *c->begin, err))) return WN_EMEMORY;
    if (!(c->member = wn_alloc(n, sizeof *c->member, err))) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++)
        if (part[i] < parts) c->begin[part[i] + 1]++;
    for (size_t p = 0; p < parts; p++) c->begin[p + 1] += c->begin[p];
    for (size_t i = 0; i < n; i++) /* count is the place in a part, for the moment */
        if (part[i] < parts) c->member[c->begin[part[i]] + c->count[part[i]]++] = i;
    memset(c->count, 0, parts * sizeof *c->count);
    return WN_OK;
}

void wn_caps_free(wn_caps *c) {
    wn_free(c->cap);
    wn_free(c->count);
    wn_free(c->begin);
    wn_free(c->member);
    *c = (wn_caps){0};
}

void wn_caps_close_part(const wn_caps *caps, wn_constraint *c, size_t part, wn_limit by) {
    for (size_t i = caps->begin[part]; i < caps->begin[part + 1]; i++) wn_constraint_close(c, caps->member[i], by);
}

void wn_caps_take(wn_caps *caps, wn_constraint *c, size_t row, wn_limit by) {
    if (row >= caps->n || caps->part[row] >= caps->parts) return;
    const size_t part = caps->part[row];
    if (++caps->count[part] == caps->cap[part]) wn_caps_close_part(caps, c, part, by);
}
