#include <wn/cpu.h>

#include <assert.h>
#include <cblas.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

static struct {
    unsigned all, used; /* features: what the processor has, and what of it kernels may use */
    bool unknown;       /* WINNOW_ISA names no level */
    char model[64];
} cpu;

/* What a level leaves of the features; rising. */
static const struct {
    const char *name;
    unsigned features;
} levels[] = {{"portable", 0}, {"avx2", WN_CPU_AVX2}, {"avx512", ~0u}};
enum { LEVELS = sizeof levels / sizeof *levels };

static void read_model(char *out, size_t size) {
    FILE *f = fopen("/proc/cpuinfo", "re");
    (void)snprintf(out, size, "unknown");
    if (!f) return;
    char line[256];
    while (fgets(line, sizeof line, f)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        colon[strcspn(colon, "\n")] = 0;
        (void)snprintf(out, size, "%s", colon + 2);
        break;
    }
    (void)fclose(f);
}

#if defined(__x86_64__)
static unsigned long long enabled_state(void) {
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (unsigned long long)high << 32 | low;
}

static unsigned read_features(void) {
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
        return WN_CPU_AVX2;
    unsigned found = WN_CPU_AVX2 | WN_CPU_AVX512, a, b, c, d, a1, b1, c1, d1;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !__get_cpuid_count(7, 1, &a1, &b1, &c1, &d1)) return found;
    const bool tiles = (enabled_state() >> 17 & 3) == 3; /* the system saves AMX tile state */
    if (c >> 11 & 1) found |= WN_CPU_AVX512_VNNI;
    if (a1 >> 5 & 1) found |= WN_CPU_AVX512_BF16;
    if (d >> 23 & 1) found |= WN_CPU_AVX512_FP16;
    if (tiles && (d >> 22 & 1)) found |= WN_CPU_AMX_BF16;
    if (__builtin_cpu_is("amd")) found |= WN_CPU_ADDERS;
    return found;
}
#else
static unsigned read_features(void) { return 0; }
#endif

static const unsigned *level_features(const char *name) {
    for (size_t i = 0; i < LEVELS; i++)
        if (strcmp(name, levels[i].name) == 0) return &levels[i].features;
    return NULL;
}

static void cpu_detect(void) {
    read_model(cpu.model, sizeof cpu.model);
    cpu.all = cpu.used = read_features();
    const char *wanted = getenv("WINNOW_ISA");
    if (!wanted) return;
    const unsigned *features = level_features(wanted);
    cpu.unknown = features == NULL;
    cpu.used &= features ? *features : 0;
}

static void cpu_know(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, cpu_detect);
}

bool wn_cpu_has(unsigned features) {
    cpu_know();
    return (cpu.used & features) == features;
}

const char *wn_cpu_model(void) {
    cpu_know();
    return cpu.model;
}

const char *wn_cpu_level(void) {
    return levels[wn_cpu_has(WN_CPU_AVX512) ? 2 : wn_cpu_has(WN_CPU_AVX2) ? 1 : 0].name;
}

wn_code wn_cpu_check(wn_err *err) {
    cpu_know();
    if (!cpu.unknown) return WN_OK;
    return wn_err_set(err, WN_EUSAGE, "WINNOW_ISA is \"%.60s\": one of %s, %s, %s, or unset it", getenv("WINNOW_ISA"),
                      levels[0].name, levels[1].name, levels[2].name);
}

bool wn_cpu_use(const char *level) {
    cpu_know();
    const unsigned *features = level_features(level);
    assert(features);
    const unsigned needs = *features & (WN_CPU_AVX2 | WN_CPU_AVX512);
    if ((cpu.all & needs) != needs) return false;
    cpu.used = cpu.all & *features;
    return true;
}

const void *wn_isa_pick(const wn_isa_row *rows, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (wn_cpu_has(rows[i].needs)) return rows[i].kernels;
    return NULL;
}

const char *wn_blas_core(void) { return openblas_get_corename(); }

const char *wn_blas_better(const char *core, unsigned features) {
    /* The families that OpenBLAS uses where it does not recognise the processor; the later ones lack AVX-512 only. */
    static const char *const fallbacks[] = {"Prescott",  "Core2", "Nehalem", "Sandybridge", "Barcelona",
                                            "Generic",   "Haswell", "Zen",   "Excavator"};
    enum { WITHOUT_AVX2 = 6 };
    const bool avx512 = features & WN_CPU_AVX512;
    if (!(features & WN_CPU_AVX2)) return NULL;
    size_t n = avx512 ? sizeof fallbacks / sizeof *fallbacks : WITHOUT_AVX2;
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(core, fallbacks[i]) == 0) return avx512 ? "SkylakeX" : "Haswell";
    return NULL;
}

const char *wn_blas_cure(void) {
    if (getenv("OPENBLAS_CORETYPE")) return NULL; /* the user's own choice stands */
    cpu_know();
    return wn_blas_better(wn_blas_core(), cpu.used);
}

void wn_blas_reexec(char **argv) {
    const char *core = wn_blas_cure();
    if (!core || getenv("WINNOW_BLAS_CURED")) return;
    if (setenv("OPENBLAS_CORETYPE", core, 1) != 0 || setenv("WINNOW_BLAS_CURED", core, 1) != 0) return;
    (void)execv("/proc/self/exe", argv);
}
