#include <wn/textfile.h>

#include <string.h>
#include <winnow/mem.h>
#include <wn/input_fd.h>
#include <wn/text.h>

/* At the first zero: of what a device gives no more is read. */
static wn_code check_zero(const char *s, size_t n, const char *zero, const char *path, wn_err *err) {
    const char *label = wn_path_label(path);
    size_t line = 1;
    if (n >= 2 && (memcmp(s, "\xFF\xFE", 2) == 0 || memcmp(s, "\xFE\xFF", 2) == 0))
        return wn_err_set(err, WN_EUSAGE, "%s: it looks like UTF-16; convert it with iconv to UTF-8", label);
    for (; s < zero; s++) line += *s == '\n';
    return wn_err_set(err, WN_EUSAGE, "%s:%zu: a zero byte in a text file", label, line);
}

static wn_code check_text(const char *s, size_t n, const char *path, wn_err *err) {
    const char *label = wn_path_label(path), *cr = n ? memchr(s, '\r', n) : NULL;
    if (cr && (size_t)(cr - s) + 1 < n && !memchr(s, '\n', n))
        return wn_err_set(err, WN_EUSAGE, "%s: its lines end in CR alone; tr '\\r' '\\n' <FILE makes them LF", label);
    return WN_OK;
}

/* Reads `fd` to its end, and closes it. */
static wn_code read_text(char **text, size_t *len, int fd, bool regular, const char *path, size_t max, wn_err *err) {
    enum { PIECE = 1 << 16 };
    size_t cap = 0, n = 0, mark;
    char *data = NULL;
    wn_code code = WN_OK;
    for (size_t got = 1; got > 0; n += got) {
        if ((code = wn_reserve((void **)&data, &cap, n + PIECE + 1, 1, err)) != WN_OK) goto out;
        if ((code = wn_input_fd_read(fd, regular, data + n, PIECE, &got, path, err)) != WN_OK) goto out;
        const char *zero = got ? memchr(data + n, 0, got) : NULL;
        if (zero) {
            code = check_zero(data, n + got, zero, path, err);
            goto out;
        }
        if (n + got <= max) continue;
        code = wn_err_set(err, WN_EUSAGE, "%s: longer than %zu MiB, which no such file should be", wn_path_label(path),
                          max >> 20);
        goto out;
    }
    if ((code = check_text(data, n, path, err)) != WN_OK) goto out;
    mark = wn_text_mark(data, n);
    n -= mark;
    memmove(data, data + mark, n);
    data[n] = 0;
    *text = data;
    *len = n;
    data = NULL;
out:
    wn_input_fd_close(fd);
    wn_free(data);
    return code;
}

wn_code wn_textfile_read(char **text, size_t *len, const char *path, size_t max, wn_err *err) {
    bool regular = false;
    int fd;
    wn_code code = wn_input_fd_open(&fd, &regular, path, err);
    return code == WN_OK ? read_text(text, len, fd, regular, path, max, err) : code;
}

wn_code wn_textfile_read_regular(char **text, size_t *len, const char *path, size_t max, wn_err *err) {
    int fd;
    wn_code code = wn_input_file_open(&fd, path, err);
    return code == WN_OK ? read_text(text, len, fd, true, path, max, err) : code;
}
