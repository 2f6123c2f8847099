#include "registry.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FAMILY_ROW(value, word, options) [value] = &wn_encoder_##word,
static const wn_encoder_vt *const families[] = {WN_ENCODERS(FAMILY_ROW)};
enum { FAMILIES = sizeof families / sizeof *families, MAGIC_SIZE = 8 };

const wn_encoder_vt *wn_encoder_family(wn_encoder_kind kind) {
    return families[kind];
}

const wn_encoder_vt *wn_encoder_family_of_file(const char *path) {
    char head[MAGIC_SIZE] = {0};
    struct stat s;
    if (stat(path, &s) != 0 || !S_ISREG(s.st_mode)) return NULL; /* a pipe must not lose its first bytes */
    FILE *f = fopen(path, "re");
    if (!f) return NULL;
    size_t n = fread(head, 1, sizeof head, f);
    (void)fclose(f);
    for (size_t i = 0; n == sizeof head && i < FAMILIES; i++)
        if (families[i]->magic && strncmp(head, families[i]->magic, strlen(families[i]->magic)) == 0)
            return families[i];
    return NULL;
}
