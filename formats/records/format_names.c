/* The names of the formats; apart from their readers, which need them in messages. */
#include <winnow/records.h>

const char *wn_format_name(wn_format f) {
    switch (f) { WN_FORMATS(WN_NAME_CASE) }
    return NULL;
}
