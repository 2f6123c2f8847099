#ifndef WN_CORE_NORMAL_FORM_H
#define WN_CORE_NORMAL_FORM_H
/* Normal forms as code points; wn_text_normalize gives them as UTF-8. */
#include <wn/text.h>

/* The text's normal form as `*count` 32-bit code points at the start of out->data; out->len means nothing. Linear. */
wn_code wn_normalize_points(const unsigned char *s, size_t n, wn_normal_form form, wn_buf *out, size_t *count,
                            wn_err *err);

#endif
