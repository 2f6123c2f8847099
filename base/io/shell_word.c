#include <wn/shell_word.h>

#include <string.h>
#include <wn/visible.h>

/* $'...', as Bash, zsh and POSIX of 2024 read it: bytes that would act on a terminal, or are no UTF-8, by number. */
static void quote_bytes(wn_writer *out, const char *word) {
    char one[WN_VISIBLE_MAX];
    size_t n = strlen(word), len;
    wn_writer_put(out, "$'");
    for (size_t i = 0; i < n;) {
        if (word[i] == '\'' || word[i] == '\\') wn_writer_put(out, "\\");
        i += wn_visible_next(one, &len, word + i, n - i);
        wn_writer_bytes(out, one, len);
    }
    wn_writer_put(out, "'");
}

bool wn_shows_itself(const char *word) {
    char one[WN_VISIBLE_MAX];
    size_t n = strlen(word), len;
    for (size_t i = 0, used; i < n; i += used)
        if ((used = wn_visible_next(one, &len, word + i, n - i)) != len) return false;
    return true;
}

void wn_shell_word(wn_writer *out, const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_";
    if (*word && strspn(word, plain) == strlen(word)) {
        wn_writer_put(out, word);
        return;
    }
    if (!wn_shows_itself(word)) {
        quote_bytes(out, word);
        return;
    }
    wn_writer_put(out, "'");
    for (const char *p = word; *p; p++) {
        if (*p == '\'')
            wn_writer_put(out, "'\\''");
        else
            wn_writer_bytes(out, p, 1);
    }
    wn_writer_put(out, "'");
}
