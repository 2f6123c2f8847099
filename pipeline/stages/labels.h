#ifndef WN_PIPELINE_LABELS_H
#define WN_PIPELINE_LABELS_H
/* Strings of a column as codes. */
#include <stdint.h>
#include <winnow/data.h>

typedef struct {
    uint32_t *code; /* [texts->n] index into names; UINT32_MAX: empty. NULL: more than 65536 distinct ones, no classes */
    char **names;   /* [n], in order of first appearance */
    size_t n;
} wn_label_codes;

wn_code wn_label_codes_init(wn_label_codes *l, const wn_texts *texts, wn_err *err);
void wn_label_codes_free(wn_label_codes *l);

#endif
