#ifndef WN_STORE_OURS_H
#define WN_STORE_OURS_H
/* Who wrote a matrix file. */
#include <stdbool.h>

/* Whether winnow did: an .h5ad with /uns/winnow, or a graph by wn_store_export_ann. A process of its own looks at the
 * file, so that a broken one is none of ours rather than a crash. */
bool wn_store_ours(const char *path);

#endif
