#include <wn/cpu.h>

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

static wn_cpu detected;

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

static void detect_isa(wn_cpu *c) {
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) c->isa = WN_ISA_AVX2;
    if (c->isa == WN_ISA_AVX2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        c->isa = WN_ISA_AVX512;
    if (c->isa != WN_ISA_AVX512) return;
    unsigned a, b, cx, d, a1, b1, c1, d1;
    if (!__get_cpuid_count(7, 0, &a, &b, &cx, &d) || !__get_cpuid_count(7, 1, &a1, &b1, &c1, &d1)) return;
    c->avx512_vnni = cx >> 11 & 1;
    c->adders = __builtin_cpu_is("amd");
    c->avx512_fp16 = d >> 23 & 1;
    c->avx512_bf16 = a1 >> 5 & 1;
    bool tiles = (enabled_state() >> 17 & 3) == 3; /* the system saves AMX tile state */
    c->amx_bf16 = tiles && (d >> 22 & 1);
    c->amx_int8 = tiles && (d >> 25 & 1);
}
#else
static void detect_isa(wn_cpu *c) { (void)c; }
#endif

static void detect(void) {
    read_model(detected.model, sizeof detected.model);
    detect_isa(&detected);
    const char *wanted = getenv("WINNOW_ISA");
    if (!wanted) return;
    wn_isa limit = strcmp(wanted, "portable") == 0 ? WN_ISA_PORTABLE
                   : strcmp(wanted, "avx2") == 0   ? WN_ISA_AVX2
                                                   : WN_ISA_AVX512;
    if (limit >= detected.isa) return;
    detected.isa = limit;
    detected.avx512_bf16 = detected.avx512_fp16 = detected.avx512_vnni = false;
    detected.amx_bf16 = detected.amx_int8 = false;
}

const wn_cpu *wn_cpu_get(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, detect);
    return &detected;
}

const char *wn_isa_name(wn_isa isa) {
    static const char *const names[] = {"portable", "avx2", "avx512"};
    return names[isa];
}

const char *wn_blas_core(void) { return openblas_get_corename(); }

const char *wn_blas_better(const char *core, wn_isa isa) {
    /* The families that OpenBLAS uses where it does not recognise the processor; the later ones lack AVX-512 only. */
    static const char *const fallbacks[] = {"Prescott",  "Core2", "Nehalem", "Sandybridge", "Barcelona",
                                            "Generic",   "Haswell", "Zen",   "Excavator"};
    enum { WITHOUT_AVX2 = 6 };
    if (isa == WN_ISA_PORTABLE) return NULL;
    size_t n = isa == WN_ISA_AVX512 ? sizeof fallbacks / sizeof *fallbacks : WITHOUT_AVX2;
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(core, fallbacks[i]) == 0) return isa == WN_ISA_AVX512 ? "SkylakeX" : "Haswell";
    return NULL;
}

const char *wn_blas_cure(void) {
    if (getenv("OPENBLAS_CORETYPE")) return NULL; /* the user's own choice stands */
    return wn_blas_better(wn_blas_core(), wn_cpu_get()->isa);
}

void wn_blas_reexec(char **argv) {
    const char *core = wn_blas_cure();
    if (!core || getenv("WINNOW_BLAS_CURED")) return;
    if (setenv("OPENBLAS_CORETYPE", core, 1) != 0 || setenv("WINNOW_BLAS_CURED", core, 1) != 0) return;
    (void)execv("/proc/self/exe", argv);
}
