#ifndef WN_RECORDS_FOREIGN_H
#define WN_RECORDS_FOREIGN_H
/* What a file of another kind is, and what to do with it, as the end of a message; NULL: nothing known. */
#include <stddef.h>

const char *wn_foreign_by_extension(const char *extension, size_t n);
const char *wn_foreign_by_magic(const unsigned char *s, size_t n);

#endif
