/* Memory that lives as long as the parsed command line. */
#include "options.h"

#include <string.h>
#include <winnow/mem.h>

typedef struct owned_block {
    struct owned_block *next;
    size_t pad[7]; /* keeps what follows 64-byte aligned */
} owned_block;

void *wn_cli_own(wn_cli *cli, size_t n, wn_err *err) {
    owned_block *block = wn_alloc(1, sizeof *block + n, err);
    if (!block) return NULL;
    block->next = cli->owned;
    cli->owned = block;
    return block + 1;
}

char *wn_cli_own_string(wn_cli *cli, const char *s, size_t n, wn_err *err) {
    char *copy = wn_cli_own(cli, n + 1, err);
    if (copy) memcpy(copy, s, n);
    return copy;
}

void wn_cli_free(wn_cli *cli) {
    if (!cli) return;
    for (owned_block *block = cli->owned, *next; block; block = next) {
        next = block->next;
        wn_free(block);
    }
    *cli = (wn_cli){0};
}
