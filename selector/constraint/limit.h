#ifndef WINNOW_SELECTOR_LIMIT_H
#define WINNOW_SELECTOR_LIMIT_H
/* One kind of limit on what may be chosen together: which rows a pick closes. One file a limit, and a row of `limits`
 * in limits.c. Limits leave a set that may be chosen one that may be when rows are left out of it: so what is closed
 * stays closed. */
#include "constraint/constraint.h"

typedef struct wn_limit_vt {
    bool (*asked)(const wn_limits *l);
    size_t (*bytes)(const wn_select_opts *o, size_t n);
    /* Closes what can never be chosen. *state: its own, to be closed even on error. WN_EUSAGE: options out of range;
     * WN_ECONSTRAINT: k is out of reach by this limit alone. */
    wn_code (*open)(void **state, wn_constraint *c, const wn_select_opts *o, wn_err *err);
    /* The row is taken: closes what may no longer come. Rows from c->pool on are those that one has. */
    void (*take)(void *state, wn_constraint *c, size_t row);
    const char *why; /* a row is closed: a clause */
    /* After the last pick, with fewer than k: what is lacking, appended; NULL: nothing to say. */
    void (*lacking)(const void *state, char *out, size_t size);
    void (*close)(void *state); /* NULL is fine */
    /* By definition: may these rows be chosen together? rows[k] of x [n, d], those that one has among them. */
    bool (*allows)(const wn_mat *x, const wn_select_opts *o, const size_t *rows, size_t k);
} wn_limit_vt;

extern const wn_limit_vt wn_limit_quotas, wn_limit_groups, wn_limit_budget, wn_limit_apart;
extern const wn_limit_vt *const wn_limit_table[];
enum { WN_LIMIT_COUNT = WN_LIMIT_APART + 1 };

/* Appends to a text of `size` bytes. */
__attribute__((format(printf, 3, 4))) void wn_limit_say(char *out, size_t size, const char *fmt, ...);

/* ---- caps on how many rows of each part of a partition ---- */

typedef struct {
    const uint32_t *part; /* [n] below `parts`; others are in none */
    size_t parts, n;
    size_t *cap, *count;    /* [parts] */
    size_t *begin, *member; /* [parts + 1], [n] rows by part */
} wn_caps;
/* The part array must outlive it; caps are 0. wn_caps_free whatever it returned. */
wn_code wn_caps_init(wn_caps *c, const uint32_t *part, size_t parts, size_t n, wn_err *err);
void wn_caps_free(wn_caps *c);
size_t wn_caps_bytes(size_t parts, size_t n);
void wn_caps_close_part(const wn_caps *caps, wn_constraint *c, size_t part, wn_limit by);
/* The row is taken; closes the others of its part where that is full. */
void wn_caps_take(wn_caps *caps, wn_constraint *c, size_t row, wn_limit by);

#endif
