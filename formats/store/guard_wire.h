#ifndef WINNOW_SRC_GUARD_WIRE_H
#define WINNOW_SRC_GUARD_WIRE_H
/* What goes over the socket between the two sides of guard.h: a question, then an answer and what belongs to it. */
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>

#include "guard.h"

/* The names of the functions that answer. */
#define GUARD_QUESTIONS(X) X(rows) X(strings) X(i64) X(f64) X(uns) X(graph)
#define GUARD_ASK(name) ASK_##name,
typedef enum { GUARD_QUESTIONS(GUARD_ASK) GUARD_NQUESTIONS } guard_topic;
#undef GUARD_ASK

typedef struct {
    guard_topic what;
    size_t begin, n; /* rows */
    size_t held;     /* what the parent holds, the child's share included: the child goes on counting from there */
    char name[256];  /* of a column or value */
} guard_question;

/* Behind it, bytes: rows [size 0, cols] f32; strings: offsets [size 0 + 1], bytes [size 1]; i64, f64: [size 0]; uns:
 * bytes [size 0]; graph: indptr [rows + 1], indices and data [size 0]; opening (rows, cols): a length, names. An answer
 * to a question is followed by an empty one, when the child has let go of what it sent. */
typedef struct {
    wn_code code;
    size_t size[2];
    size_t held; /* parent and child together */
    wn_err err;
} guard_answer;

/* Rows that travel at once. */
static inline size_t wn_guard_block(size_t cols) {
    size_t n = ((size_t)1 << 18) / cols;
    return n ? n : 1;
}

/* The child's life; does not return. */
_Noreturn void wn_guard_child(int fd, const char *path, const char *dataset);

#endif
