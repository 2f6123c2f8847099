/* The encoder against the reference framework's float64 outputs (fixtures/encoder), on six models. */
#include <criterion/criterion.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winnow/bert.h>
#include <winnow/mem.h>
#include <winnow/threads.h>

typedef struct {
    uint32_t *ids;
    size_t *offsets, n, dims;
    double *mean, *cls;
    hid_t file;
} fixture;

static const char *data(void) {
    const char *d = getenv("WINNOW_DATA");
    return d && *d ? d : "../shared/data";
}

/* The folder of model `name`; all-MiniLM-L6-v2 comes from where tools/get-minilm puts it. */
static char *model_dir(const char *name) {
    wn_err e;
    char path[1024], *dir = NULL;
    (void)snprintf(path, sizeof path, "%s/models/%s", data(), name);
    if (wn_model_find(&dir, path, &e) && wn_model_find(&dir, name, &e))
        cr_skip_test("no model %s (tools/get-minilm fetches all-MiniLM-L6-v2)", name);
    return dir;
}

static void *read_all(hid_t file, const char *name, hid_t type, hsize_t shape[2]) {
    hid_t d = H5Dopen2(file, name, H5P_DEFAULT), s = H5Dget_space(d);
    cr_assert(d >= 0 && s >= 0);
    hssize_t n = H5Sget_simple_extent_npoints(s);
    (void)H5Sget_simple_extent_dims(s, shape, NULL);
    void *out = malloc((size_t)n * H5Tget_size(type));
    cr_assert(out && H5Dread(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out) >= 0);
    (void)H5Sclose(s);
    (void)H5Dclose(d);
    return out;
}

static fixture load(const char *name) {
    char path[1024];
    hsize_t shape[2] = {0};
    fixture f = {0};
    (void)snprintf(path, sizeof path, "%s/fixtures/encoder/%s.h5", data(), name);
    if (access(path, R_OK) != 0) cr_skip_test("%s is absent (WINNOW_DATA)", path);
    f.file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    f.ids = read_all(f.file, "ids", H5T_NATIVE_UINT32, shape);
    f.offsets = read_all(f.file, "offsets", H5T_NATIVE_ULLONG, shape);
    f.n = (size_t)shape[0] - 1;
    f.cls = read_all(f.file, "cls", H5T_NATIVE_DOUBLE, shape);
    f.mean = read_all(f.file, "mean", H5T_NATIVE_DOUBLE, shape);
    f.dims = (size_t)shape[1];
    return f;
}

static double worst(const float *got, const double *want, size_t n) {
    double w = 0;
    for (size_t i = 0; i < n; i++) w = fmax(w, fabs((double)got[i] - want[i]));
    return w;
}

static void normalize(double *x, size_t n, size_t d) {
    for (size_t i = 0; i < n; i++) {
        double s = 0;
        for (size_t j = 0; j < d; j++) s += x[i * d + j] * x[i * d + j];
        for (size_t j = 0; j < d; j++) x[i * d + j] /= sqrt(s);
    }
}

/* Vectors [n, dims] of the first n texts. */
static float *encode(const char *dir, const fixture *f, size_t n, wn_pooling pooling, int norm) {
    wn_err e = {0};
    wn_bert *m;
    wn_bert_opts o = {.layer = -1, .pooling = pooling, .normalize = norm};
    float *out = malloc(n * f->dims * sizeof *out);
    cr_assert_eq(wn_bert_open(&m, dir, &o, &e), WN_OK, "%s", e.msg);
    cr_assert_eq(wn_bert_dims(m), f->dims);
    cr_assert_eq(wn_bert_forward(m, &(wn_token_batch){f->ids, NULL, f->offsets, n}, out, f->dims, NULL, &e), WN_OK,
                 "%s", e.msg);
    wn_bert_close(m);
    return out;
}

/* Not normalised by the model's own modules: its config is read from a copy of the folder without them where needed. */
static void against_reference(const char *name, double bar) {
    char *dir = model_dir(name);
    fixture f = load(name);
    bool own_norm = strcmp(name, "all-MiniLM-L6-v2") == 0; /* its modules normalise */
    const size_t few = f.n < 64 ? f.n : 64; /* of a text's states, mean and cls are made alike */
    const size_t n = getenv("WINNOW_ISA") ? few : f.n; /* slower kernels, the same layers */
    float *mean = encode(dir, &f, n, WN_POOL_MEAN, 0), *cls = encode(dir, &f, few, WN_POOL_CLS, 0);
    if (own_norm) normalize(f.mean, f.n, f.dims), normalize(f.cls, f.n, f.dims);
    double a = worst(mean, f.mean, n * f.dims), b = worst(cls, f.cls, few * f.dims);
    fprintf(stderr, "%s: mean %.2e cls %.2e\n", name, a, b);
    cr_assert_lt(a, own_norm ? 1e-6 : bar);
    cr_assert_lt(b, own_norm ? 1e-6 : bar);
    float *unit = encode(dir, &f, few, WN_POOL_MEAN, 1);
    if (!own_norm) normalize(f.mean, f.n, f.dims);
    cr_assert_lt(worst(unit, f.mean, few * f.dims), 1e-6);
    void *const owned[] = {mean, cls, unit, dir, f.ids, f.offsets, f.cls, f.mean};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
    (void)H5Fclose(f.file);
}

Test(bert, tiny_random_bert) { against_reference("tiny-random-bert", 5e-6); }
Test(bert, tiny_random_roberta) { against_reference("tiny-random-roberta", 5e-6); }
Test(bert, tiny_random_distilbert) { against_reference("tiny-random-distilbert", 5e-6); }
Test(bert, tiny_random_albert) { against_reference("tiny-random-albert", 5e-6); }
Test(bert, albert_smiles) { against_reference("albert-smiles", 5e-6); }
Test(bert, all_minilm) { against_reference("all-MiniLM-L6-v2", 5e-6); }
