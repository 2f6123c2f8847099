#ifndef WINNOW_TESTS_TRAIN_FIXTURE_H
#define WINNOW_TESTS_TRAIN_FIXTURE_H
/* The reference framework's ten steps of training (fixtures/train), in float64. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/train.h>

typedef struct {
    uint32_t *ids, *labels;
    uint8_t *types;
    size_t *offsets, texts;
    hid_t file;
    cJSON *json;
} train_fixture;

static const char *data_folder(void) {
    const char *d = getenv("WINNOW_DATA");
    return d && *d ? d : "../shared/data";
}

/* The folder of model `name`; all-MiniLM-L6-v2 comes from where tools/get-minilm puts it. */
static char *model_dir(const char *name) {
    wn_err e;
    char path[1024], *dir = NULL;
    (void)snprintf(path, sizeof path, "%s/models/%s", data_folder(), name);
    if (wn_model_find(&dir, path, &e) && wn_model_find(&dir, name, &e)) cr_skip_test("no model %s", name);
    return dir;
}

static void *read_set(hid_t file, const char *name, hid_t type, size_t *count) {
    hid_t d = H5Dopen2(file, name, H5P_DEFAULT), s = H5Dget_space(d);
    cr_assert(d >= 0 && s >= 0, "%s", name);
    *count = (size_t)H5Sget_simple_extent_npoints(s);
    void *out = malloc(*count * H5Tget_size(type));
    cr_assert(out && H5Dread(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0);
    (void)H5Sclose(s);
    (void)H5Dclose(d);
    return out;
}

/* A data set under group/name, or NULL. */
static inline double *fixture_values(const train_fixture *f, const char *group, const char *name, size_t *count) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", group, name);
    if (H5Lexists(f->file, group, H5P_DEFAULT) <= 0 || H5Lexists(f->file, path, H5P_DEFAULT) <= 0) return NULL;
    return read_set(f->file, path, H5T_NATIVE_DOUBLE, count);
}

static inline double fixture_number(const train_fixture *f, const char *key) {
    return cJSON_GetObjectItem(f->json, key)->valuedouble;
}
static inline double fixture_step(const train_fixture *f, const char *key, size_t step) {
    return cJSON_GetArrayItem(cJSON_GetObjectItem(f->json, key), (int)step)->valuedouble;
}

static inline train_fixture fixture_load(const char *model, const char *task) {
    char path[1024], *json = NULL;
    size_t n;
    train_fixture f = {0};
    (void)snprintf(path, sizeof path, "%s/fixtures/train/%s.%s.h5", data_folder(), model, task);
    if (access(path, R_OK) != 0) cr_skip_test("%s is absent (WINNOW_DATA)", path);
    f.file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    f.ids = read_set(f.file, "ids", H5T_NATIVE_UINT32, &n);
    f.types = read_set(f.file, "types", H5T_NATIVE_UINT8, &n);
    f.labels = read_set(f.file, "labels", H5T_NATIVE_UINT32, &n);
    f.offsets = read_set(f.file, "offsets", H5T_NATIVE_ULLONG, &n);
    f.texts = n - 1;
    hid_t a = H5Aopen(f.file, "json", H5P_DEFAULT), type = H5Aget_type(a);
    cr_assert(H5Aread(a, type, &json) >= 0);
    f.json = cJSON_Parse(json);
    cr_assert(f.json);
    (void)H5free_memory(json);
    (void)H5Tclose(type);
    (void)H5Aclose(a);
    return f;
}

static inline void fixture_free(train_fixture *f) {
    free(f->ids), free(f->types), free(f->labels), free(f->offsets);
    cJSON_Delete(f->json);
    (void)H5Fclose(f->file);
}

/* Cross-entropy over rows of `classes` logits: the mean, and its gradient. */
static inline double cross_entropy(const wn_real *logits, const uint32_t *labels, size_t n, size_t classes,
                                   wn_real *d) {
    double loss = 0;
    for (size_t i = 0; i < n; i++) {
        const wn_real *row = logits + i * classes;
        double top = (double)row[0], sum = 0;
        for (size_t c = 1; c < classes; c++) top = fmax(top, (double)row[c]);
        for (size_t c = 0; c < classes; c++) sum += exp((double)row[c] - top);
        loss += top + log(sum) - (double)row[labels[i]];
        for (size_t c = 0; c < classes; c++)
            d[i * classes + c] = (wn_real)((exp((double)row[c] - top) / sum - (labels[i] == c)) / (double)n);
    }
    return loss / (double)n;
}

#endif
