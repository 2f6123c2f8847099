/* Apart from visible.c, which messages of errors need and which therefore cannot allocate. */
#include <wn/visible.h>

#include <string.h>
#include <winnow/mem.h>
#include <wn/text.h>

char *wn_visible_name(const char *name, wn_err *err) {
    size_t n = strlen(name);
    if (wn_utf8_invalid(name, n) == n) return wn_strndup(name, n, err);
    size_t size = n * (WN_VISIBLE_MAX - 1) + 1;
    char *out = wn_alloc(size, 1, err);
    if (out) (void)wn_visible(out, size, name, n);
    return out;
}
