#ifndef TOKENIZER_OWN_H
#define TOKENIZER_OWN_H
/* Small tokenizers that tests write into a folder of their own. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/tokenizer.h>

static char *folder;

static inline void begin(void) {
    folder = strdup("/tmp/winnow-tokenizer.XXXXXX");
    cr_assert(mkdtemp(folder));
}

static inline void end(void) {
    char command[256];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    cr_assert_eq(system(command), 0);
    free(folder);
}

static inline void put_file(const char *name, const char *s) {
    char p[256];
    (void)snprintf(p, sizeof p, "%s/%s", folder, name);
    FILE *f = fopen(p, "wb");
    cr_assert(f && fputs(s, f) >= 0 && fclose(f) == 0);
}

static inline wn_tok *opened(void) {
    wn_tok *t = NULL;
    wn_err e = {0};
    cr_assert_eq(wn_tok_open(&t, folder, &e), WN_OK, "%s", e.msg);
    return t;
}

/* Opening and encoding with every allocation failing once. */
static inline void sweep(const char *text) {
    for (long k = 0;; k++) {
        wn_tok *t = NULL;
        wn_err e = {0};
        wn_ids ids = {0};
        wn_mem_fail_after(k, k % 2);
        wn_code rc = wn_tok_open(&t, folder, &e);
        if (!rc) rc = wn_tok_encode(t, text, strlen(text), "b b b", 5, 7, &ids, &e);
        wn_mem_fail_after(-1, false);
        wn_ids_free(&ids);
        wn_tok_close(t);
        if (!rc) return;
        cr_assert(rc == WN_EMEMORY && k < 10000, "allocation %ld: %s", k, e.msg);
    }
}

#endif
