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

/* The member called `field` (the last one, where a key is repeated), or the one reached by taking the dots of `field`
 * as steps into objects. *present = false if there is none. */
wn_code wn_json_find(const wn_json_members *m, const char *field, wn_json_value *found, bool *present, wn_err *err);

/* Appends the characters of a string value. WN_EINPUT for half of a surrogate pair. */
wn_code wn_json_unescape(const wn_json_value *v, wn_buf *out, wn_err *err);

/* Appends the strings of an array, joined by one space. *strings = false (and nothing more) if it holds other values.
 */
wn_code wn_json_join(const wn_json_value *array, wn_buf *out, bool *strings, wn_err *err);

const char *wn_json_kind_name(wn_json_kind k); /* "a number", ... */

#endif
