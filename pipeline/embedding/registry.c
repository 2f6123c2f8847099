#include "registry.h"

#include <string.h>
#include <wn/input_fd.h>

#define FAMILY_ROW(value, word, options) [value] = &wn_encoder_##word,
static const wn_encoder_vt *const families[] = {WN_ENCODERS(FAMILY_ROW)};
enum { FAMILIES = sizeof families / sizeof *families, MAGIC_SIZE = 8 };

const wn_encoder_vt *wn_encoder_family(wn_encoder_kind kind) {
    return families[kind];
}

const wn_encoder_vt *wn_encoder_family_of_file(const char *path) {
    char head[MAGIC_SIZE];
    size_t n;
    if (!wn_input_file_head(head, sizeof head, &n, path) || n < sizeof head) return NULL;
    for (size_t i = 0; i < FAMILIES; i++)
        if (families[i]->magic && strncmp(head, families[i]->magic, strlen(families[i]->magic)) == 0)
            return families[i];
    return NULL;
}
