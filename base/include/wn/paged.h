#ifndef WN_PAGED_H
#define WN_PAGED_H
/* Memory that is a file: blocks larger than what may be held, of which a part is in memory at a time. Whoever reads
 * and writes them need not know: after each piece of a parallel loop, and by a thread of its own in between, it is
 * looked how much of them the process holds, and let go of it when that is too much; what is touched again comes back
 * from the system's cache of the file, or from the disk. What goes through them in order is read ahead. */
#include <stdbool.h>
#include <stddef.h>
#include <winnow/data.h>
#include <winnow/err.h>

/* n*size zeroed bytes, page-aligned, in a file without a name in `folder`; the disk has room for all of them, or it is
 * WN_EIO naming folder and bytes. They count as memory (wn_mem_hold) up to what wn_paged_resident allows; WN_EMEMORY.
 * Release with wn_paged_free. */
void *wn_paged_alloc(size_t n, size_t size, const char *folder, wn_err *err);
/* False where p is no such block. */
bool wn_paged_free(void *p);
/* Where the file of a block is; NULL: p is no such block. Valid as long as the block. */
const char *wn_paged_folder(const void *p);

/* Bytes of all blocks together that may be in memory, about: what is touched in a few milliseconds can come on top. To
 * be set before there are blocks; WN_PAGED_LEAST where it is not, or is less. */
enum { WN_PAGED_LEAST = 32 << 20 };
void wn_paged_limit(size_t bytes);
size_t wn_paged_resident(void);
/* Lets go of pages where too many are there: what wn_parallel_for calls after each piece. Cheap where there are no
 * blocks, or somebody has looked just now. */
void wn_paged_look(void);

/* wn_mat_init of a matrix in such a block; folder NULL: in memory. wn_mat_free releases either. */
wn_code wn_mat_init_in(wn_mat *m, size_t rows, size_t cols, const char *folder, wn_err *err);
/* The same where `like` is. */
wn_code wn_mat_init_like(wn_mat *m, size_t rows, size_t cols, const wn_mat *like, wn_err *err);

#endif
