/* Feeds every file of the folders (or every file) named on the command line to a fuzz target: the corpus as a test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed(const char *path) {
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return 1;
    }
    size_t cap = 1 << 16, n = 0, got = 0;
    uint8_t *data = malloc(cap);
    while (data && (got = fread(data + n, 1, cap - n, f)) > 0)
        if ((n += got) == cap) data = realloc(data, cap *= 2);
    (void)fclose(f);
    if (!data) return 1;
    /* A block of exactly n bytes, so that a sanitizer sees a read behind its end. */
    uint8_t *exact = malloc(n ? n : 1);
    if (exact) {
        memcpy(exact, data, n);
        (void)LLVMFuzzerTestOneInput(exact, n);
    }
    free(data);
    free(exact);
    return exact == NULL;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

int main(int argc, char **argv) {
    size_t files = 0;
    int failed = 0;
    for (int i = 1; i < argc; ++i) {
        struct dirent **entry = NULL;
        int n = scandir(argv[i], &entry, NULL, by_name);
        if (n < 0) {
            failed |= feed(argv[i]);
            ++files;
        }
        for (int k = 0; k < n; ++k) {
            char path[4096];
            if (entry[k]->d_name[0] != '.' &&
                snprintf(path, sizeof path, "%s/%s", argv[i], entry[k]->d_name) < (int)sizeof path) {
                failed |= feed(path);
                ++files;
            }
            free(entry[k]);
        }
        free(entry);
    }
    printf("%zu inputs\n", files);
    return failed || !files;
}
