#ifndef WN_PIPELINE_IDS_H
#define WN_PIPELINE_IDS_H
/* Ids that name more than one row. */
#include <winnow/data.h>
#include <winnow/err.h>
#include <winnow/io.h>

typedef struct {
    size_t n;             /* rows whose id an earlier row has; 0: none */
    size_t first, second; /* the first two of one id */
} wn_repeated_ids;
/* 16 to 32 bytes a row while it looks. */
wn_code wn_ids_repeated(wn_repeated_ids *out, const wn_texts *ids, wn_err *err);
wn_code wn_ids_repeated_say(const wn_texts *ids, wn_io *io, wn_err *err); /* a note where there are such */

#endif
