/* Files of other kinds that are given as records: known by name or by their first bytes, with the way out. */
#include "records_foreign.h"

#include <string.h>
#include <strings.h>

typedef struct {
    const char *extension, *magic; /* NULL: not known by it */
    size_t at, magic_n;            /* where the magic stands, its length */
    const char *what;
} foreign_kind;

#define PANDAS(read) "; in Python: pandas." read "(FILE).to_json(\"x.jsonl\", orient=\"records\", lines=True)"
#define MATRIX "a matrix, not text records; select, graph and dedup take those"

static const foreign_kind kinds[] = {
    {"bz2", "1AY&SY", 4, 6, "packed with bzip2, which is not read (gzip and zstd are); bzip2 -dc FILE >x unpacks it"},
    {"xz", "\xFD" "7zXZ", 0, 6, "packed with xz, which is not read (gzip and zstd are); xz -dc FILE >x unpacks it"},
    {"lzma", NULL, 0, 0, "packed with lzma, which is not read (gzip and zstd are); xz -dc FILE >x unpacks it"},
    {"lz4", "\x04\x22\x4D\x18", 0, 4,
     "packed with lz4, which is not read (gzip and zstd are); lz4 -dc FILE >x unpacks it"},
    {"7z", "7z\xBC\xAF\x27\x1C", 0, 6, "a 7-Zip archive, which is not read; 7z x FILE unpacks it"},
    {"xlsx", NULL, 0, 0, "a spreadsheet, which is not read; save the sheet as csv (UTF-8)"},
    {"xls", "\xD0\xCF\x11\xE0", 0, 4, "a spreadsheet, which is not read; save the sheet as csv (UTF-8)"},
    {"ods", NULL, 0, 0, "a spreadsheet, which is not read; save the sheet as csv (UTF-8)"},
    {"npz", NULL, 0, 0, MATRIX},
    {"zip", "PK\x03\x04", 0, 4, "a zip archive, which is not read (or a spreadsheet); unzip FILE unpacks it"},
    {"tar", NULL, 0, 0, "a tar archive, which is not read; tar -xf FILE unpacks it"},
    {"tgz", NULL, 0, 0, "a tar archive, which is not read; tar -xf FILE unpacks it"},
    {"parquet", "PAR1\x15", 0, 5, "a Parquet file, which is not read" PANDAS("read_parquet")},
    {"feather", "ARROW1\0", 0, 7, "an Arrow file, which is not read" PANDAS("read_feather")},
    {"arrow", NULL, 0, 0, "an Arrow file, which is not read; in Python: "
                          "datasets.Dataset.from_file(FILE).to_json(\"x.jsonl\")"},
    {"pkl", NULL, 0, 0, "a pickle, which is not read" PANDAS("read_pickle")},
    {"sqlite", "SQLite format 3", 0, 16, "a database, which is not read; write the table out as csv"},
    {"h5ad", "\x89HDF\r\n", 0, 6, MATRIX},
    {"hdf5", NULL, 0, 0, MATRIX},
    {"h5", NULL, 0, 0, MATRIX},
    {"npy", "\x93NUMPY", 0, 6, MATRIX},
};

const char *wn_foreign_by_extension(const char *extension, size_t n) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; ++i)
        if (strlen(kinds[i].extension) == n && strncasecmp(kinds[i].extension, extension, n) == 0) return kinds[i].what;
    return NULL;
}

const char *wn_foreign_by_magic(const unsigned char *s, size_t n) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; ++i)
        if (kinds[i].magic && n >= kinds[i].at + kinds[i].magic_n &&
            memcmp(s + kinds[i].at, kinds[i].magic, kinds[i].magic_n) == 0)
            return kinds[i].what;
    return NULL;
}
