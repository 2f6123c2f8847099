/* The formats: their readers, and which one a file's name tells. */
#include "records_foreign.h"
#include "records_internal.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <wn/path.h>

const wn_format_reader *wn_format_reader_of(wn_format f) {
    switch (f) {
    case WN_FORMAT_AUTO:
        return NULL;
    case WN_JSONL:
        return &wn_reader_jsonl;
    case WN_CSV:
        return &wn_reader_csv;
    case WN_TSV:
        return &wn_reader_tsv;
    case WN_TXT:
        return &wn_reader_txt;
    }
    return NULL;
}

/* Does name[0, end) end with a dot and `extension`, in upper or lower case, with at least `stem` bytes before? */
static bool has_extension(const char *name, const char *end, const char *extension, size_t stem) {
    size_t n = strlen(extension);
    return (size_t)(end - name) >= stem + 1 + n && end[-(ptrdiff_t)n - 1] == '.' &&
           strncasecmp(end - n, extension, n) == 0;
}

wn_code wn_format_of_path(const char *path, wn_format *f, wn_err *err) {
    *f = WN_JSONL;
    if (strcmp(path, "-") == 0) return WN_OK;
    const char *name = wn_path_name(path), *end = path + strlen(path);
    static const char *const packed[] = {"gz", "zst"};
    for (size_t i = 0; i < sizeof packed / sizeof *packed; ++i)
        if (has_extension(name, end, packed[i], 1)) {
            end -= strlen(packed[i]) + 1;
            break;
        }
    static const wn_format formats[] = {WN_FORMATS(WN_NAME_VALUE)};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; ++i) {
        const wn_format_reader *reader = wn_format_reader_of(formats[i]);
        if (!reader) continue;
        if (has_extension(name, end, wn_format_name(formats[i]), 0) ||
            (reader->alias && has_extension(name, end, reader->alias, 0))) {
            *f = formats[i];
            return WN_OK;
        }
    }
    struct stat s; /* what is wrong with the path matters more than what is wrong with its name */
    if (stat(path, &s) != 0) return wn_err_errno(err, "cannot open %s", path);
    if (S_ISDIR(s.st_mode)) return wn_err_set(err, WN_EIO, "%s is a folder; name the files in it", path);
    const char *dot = end;
    while (dot > name && *dot != '.') --dot;
    const char *foreign = dot > name ? wn_foreign_by_extension(dot + 1, (size_t)(end - dot) - 1) : NULL;
    if (foreign) return wn_err_set(err, WN_EUSAGE, "%s: by its name %s", path, foreign);
    if (has_extension(name, end, "json", 0))
        return wn_err_set(err, WN_EUSAGE,
                          "%s: .json does not tell the format; use --format jsonl where each line is an object, else "
                          "write it so (an array: jq -c '.[]' FILE, objects: jq -c . FILE)",
                          path);
    return wn_err_set(err, WN_EUSAGE, "%s: the name does not tell the format; use --format jsonl, csv, tsv or txt",
                      path);
}
