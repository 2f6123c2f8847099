#ifndef WN_PIPELINE_MEMORY_H
#define WN_PIPELINE_MEMORY_H
/* Memory that may be used, and the refusal of what would take more. limit: --memory; 0 = what the machine has. */
#include <stddef.h>
#include <winnow/err.h>

size_t wn_memory_budget(size_t limit);
/* WN_EMEMORY naming need and budget where `need` bytes are more than that. `what`: "embedding 3742 texts", of records
 * or of the rows of a matrix: there is a --limit for the former alone. */
typedef enum { WN_OF_RECORDS, WN_OF_MATRIX, WN_OF_MODEL } wn_memory_of;
wn_code wn_memory_require(size_t limit, size_t need, const char *what, wn_memory_of of, wn_err *err);

#endif
