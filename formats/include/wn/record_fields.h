#ifndef WN_RECORD_FIELDS_H
#define WN_RECORD_FIELDS_H
/* All fields of a record, for those who want to know which there are. */
#include <winnow/records.h>

typedef struct {
    const char *name; /* [name_len], as one gives it to --text-field where it holds no dot */
    size_t name_len;
    const char *value; /* [value_len]: a JSON value as it stands (a string between its quotes), or a cell */
    size_t value_len;
    const char *kind; /* "a string", "a number", ...; of a cell NULL */
    bool empty;       /* null, or no byte */
} wn_field;
/* Called for each field; stops at the first code that is not WN_OK. The field is valid during the call. */
typedef wn_code (*wn_field_sink)(void *ctx, const wn_field *f, wn_err *err);

/* The fields of the record that wn_records_next gave last, in their order. A record of plain text has none. */
wn_code wn_records_fields(wn_records *r, wn_field_sink sink, void *ctx, wn_err *err);

#endif
