#include "memory.h"

#include "say.h"

#include <winnow/mem.h>

size_t wn_memory_budget(size_t limit) {
    return limit ? limit : wn_mem_available();
}

wn_code wn_memory_require(size_t limit, size_t need, const char *what, wn_memory_of of, wn_err *err) {
    static const char *const remedy[][2] = {
        [WN_OF_RECORDS] = {"--limit, or fewer --dims", "a larger --memory, or --limit"},
        [WN_OF_MATRIX] = {"fewer rows", "a larger --memory, or fewer rows"},
        [WN_OF_MODEL] = {"a smaller model", "a larger --memory"},
    };
    char a[32], b[32];
    size_t budget = wn_memory_budget(limit);
    if (need <= budget) return WN_OK;
    return wn_err_set(err, WN_EMEMORY, "%s takes about %s of memory, and %s %s. Try %s", what, wn_bytes_text(need, a),
                      limit ? "--memory allows" : "this machine has", wn_bytes_text(budget, b),
                      remedy[of][limit > 0]);
}
