#ifndef WINNOW_SRC_GUARD_H
#define WINNOW_SRC_GUARD_H
/* A matrix file that a process of its own reads: libhdf5 crashes on some broken files, and must not take the command
 * along. The parent asks, the child reads and answers; nothing of libhdf5 touches the file in the parent. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <winnow/data.h>
#include <winnow/err.h>

typedef struct wn_matrix_guard {
    int fd;      /* of the socket to the child */
    pid_t pid;   /* of the child; 0: it has been waited for */
    size_t asked, held; /* bytes that this process held by itself when it asked, and that the child holds: both count */
    bool answering;     /* an answer is still to be taken to its end */
    char *names; /* [names_bytes] the columns of /obs, each with a final zero */
    size_t names_bytes;
} wn_matrix_guard;

/* Starts a child whose life `reader` (wn_guard_child) is; wn_guard_close in any case. Then: the shape that it found. */
typedef void (*wn_guard_reader)(int fd, const char *path, const char *dataset);
wn_code wn_guard_start(wn_matrix_guard *g, const char *path, const char *dataset, wn_guard_reader reader, wn_err *err);
wn_code wn_guard_greet(wn_matrix_guard *g, const char *path, size_t *rows, size_t *cols, wn_err *err);
bool wn_guard_has_obs(const wn_matrix_guard *g, const char *name);

/* What the child is asked for: the functions of wn_matrix_file. */
typedef struct {
    const char *path; /* for messages */
    const char *name; /* of the column or value; NULL: none */
    size_t rows, cols;
} wn_guard_about;
wn_code wn_guard_rows(wn_matrix_guard *g, const wn_guard_about *a, size_t begin, size_t n, float *out, size_t stride,
                      wn_err *err);
wn_code wn_guard_strings(wn_matrix_guard *g, const wn_guard_about *a, wn_strings *out, wn_err *err);
wn_code wn_guard_i64(wn_matrix_guard *g, const wn_guard_about *a, int64_t *out, wn_err *err); /* [rows] */
wn_code wn_guard_f64(wn_matrix_guard *g, const wn_guard_about *a, double *out, wn_err *err);  /* [rows] */
wn_code wn_guard_uns(wn_matrix_guard *g, const wn_guard_about *a, char **out, wn_err *err);   /* wn_free it */
wn_code wn_guard_graph(wn_matrix_guard *g, const wn_guard_about *a, wn_csr *out, wn_err *err);
void wn_guard_close(wn_matrix_guard *g);

/* In a fresh child that reads `path`: signals as a reader wants them, no core, no messages, and an end to its time. */
void wn_guard_child_begin(const char *path);
/* Reads exactly n bytes of a child's answer; false where it ended before. Kills it where winnow is interrupted. */
bool wn_guard_receive(int fd, pid_t pid, void *out, size_t n);
/* Waits for the child, and says what its end without an answer means. */
wn_code wn_guard_ended(pid_t pid, const char *path, wn_err *err);

#endif
