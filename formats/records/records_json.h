#ifndef WINNOW_RECORDS_JSON_H
#define WINNOW_RECORDS_JSON_H
/* One JSON object on a line: checked whole (RFC 8259), members as exact spans, nothing built. */
#include <wn/text.h>

typedef enum { WN_JNULL, WN_JFALSE, WN_JTRUE, WN_JNUMBER, WN_JSTRING, WN_JARRAY, WN_JOBJECT } wn_json_kind;

typedef struct {
    const char *s; /* strings: between the quotes, still escaped; others: the whole value */
    size_t n;
    wn_json_kind kind;
    bool escaped; /* a string with a backslash in it */
} wn_json_value;

typedef struct {
    wn_json_value key, value;
} wn_json_member;

typedef struct {
    wn_json_member *at; /* [n] */
    size_t n, cap;
} wn_json_members;

/* Checks that s holds one object and lists its members. WN_EINPUT: what is wrong and at which byte (from 1). */
wn_code wn_json_object(const char *s, size_t n, wn_json_members *m, wn_err *err);

/* Appends the characters of a string value. WN_EINPUT for half of a surrogate pair. */
wn_code wn_json_unescape(const wn_json_value *v, wn_buf *out, wn_err *err);

/* The elements of an array that was checked, one after the other: *end = true behind the last. */
typedef struct {
    const char *at, *end;
} wn_json_elements;
wn_json_elements wn_json_elements_of(const wn_json_value *array);
wn_code wn_json_elements_next(wn_json_elements *e, wn_json_value *v, bool *end, wn_err *err);

/* Appends the strings of an array, joined by one space. *strings = false (and nothing more) if it holds other values.
 */
wn_code wn_json_join(const wn_json_value *array, wn_buf *out, bool *strings, wn_err *err);

/* ---- paths (records_path.c) ----
 * `a.b` steps into an object, `a[]` into every element of an array, `a[0]` and `a[-1]` into one. A key with the very
 * name of a path, or of its beginning, comes first. */

/* Of objects in an array those that say `wanted` in their member "role" (or "from"), or that say nothing. */
typedef struct {
    const char *wanted; /* NULL: all objects */
    bool met;           /* an object said it */
    char other[48];     /* what else one said; "": nothing */
} wn_json_role;

/* The values that a path names go to `sink`, in their order. *found = false if there is no such place: a key that is
 * absent, an array that is too short, or one of whose elements none has the rest of the path. role may be NULL. */
typedef wn_code (*wn_json_sink)(void *ctx, const wn_json_value *v, wn_err *err);
wn_code wn_json_walk(const wn_json_members *m, const char *path, wn_json_role *role, wn_json_sink sink, void *ctx,
                     bool *found, wn_err *err);
/* The first value of the path; *count is how many there are. */
wn_code wn_json_find(const wn_json_members *m, const char *path, wn_json_value *first, size_t *count, wn_err *err);

/* Is the character after a name a step of a path: `.`, `[]`, `[12]`, `[-1]`? */
bool wn_json_is_step(const char *s);

const char *wn_json_kind_name(wn_json_kind k); /* "a number", ... */

#endif
