#ifndef WINNOW_MEM_H
#define WINNOW_MEM_H
/* Checked allocation. */
#include <stdbool.h>
#include <stddef.h>
#include <winnow/err.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* n*size zeroed bytes, 64-byte aligned; n*size == 0 gives a valid pointer. NULL and WN_EMEMORY in `err` on
 * overflow or exhaustion. Release with wn_free. */
void *wn_alloc(size_t n, size_t size, wn_err *err);

/* The same for a block of which only some parts will ever be written: the others take no memory. */
void *wn_alloc_sparse(size_t n, size_t size, wn_err *err);
/* A part of such a block becomes zeros again, and takes no memory until it is written to. */
void wn_zero_sparse(void *p, size_t bytes);

/* Grows or shrinks `p` (from wn_alloc, may be NULL) from old_n to n elements; new elements are zero.
 * On failure returns NULL and leaves `p` valid. */
void *wn_realloc(void *p, size_t old_n, size_t n, size_t size, wn_err *err);

/* Makes room for at least `want` elements in *p of capacity *cap, growing by halves. */
wn_code wn_reserve(void **p, size_t *cap, size_t want, size_t size, wn_err *err);

void wn_free(void *p); /* NULL is fine */

/* A copy of the first n bytes of s with a final zero. */
char *wn_strndup(const char *s, size_t n, wn_err *err);

/* The most bytes that the process may hold: what wn_alloc and its kin gave, and what wn_mem_hold counts. An allocation
 * beyond it fails with WN_EMEMORY and says so. 0 = no bound. To be set before there are threads. */
void wn_mem_limit(size_t bytes);
/* Bytes held. */
size_t wn_mem_held(void);
/* Counts bytes that something else holds (a mapped file, a library's buffer) until wn_mem_unhold. On WN_EMEMORY nothing
 * was counted. */
wn_code wn_mem_hold(size_t bytes, wn_err *err);
void wn_mem_unhold(size_t bytes);
/* WN_EMEMORY where `need` bytes more do not fit below the limit (without one: into what the machine has): "WHAT takes
 * about ... Try REMEDY". */
wn_code wn_mem_require(size_t need, const char *what, const char *remedy, wn_err *err);
/* "1.5 MiB". Returns out. */
const char *wn_bytes_text(size_t bytes, char out[32]);

/* Peak resident memory of the process, bytes. */
size_t wn_mem_peak(void);
/* Memory that the machine (or its control group) can still give, bytes. */
size_t wn_mem_available(void);

/* For tests: the allocation after the next `after` ones fails; all later ones too when `forever`.
 * A negative `after` turns it off. Counts wn_alloc, wn_realloc and wn_strndup in the whole process. */
void wn_mem_fail_after(long after, bool forever);
/* Allocations made since the last wn_mem_fail_after. */
long wn_mem_count(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
