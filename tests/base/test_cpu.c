/* The processor's level, and the cure for an OpenBLAS that does not know the processor. */
#include <cblas.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wn/cpu.h>

Test(cpu, level_can_be_lowered_not_raised) { /* a test is a process of its own: nothing has asked before */
    cr_assert_eq(setenv("WINNOW_ISA", "portable", 1), 0);
    cr_assert_str_eq(wn_cpu_level(), "portable");
    cr_assert(wn_cpu_has(0) && !wn_cpu_has(WN_CPU_AVX2) && !wn_cpu_has(WN_CPU_AVX512_BF16));
    cr_assert_eq(wn_cpu_check(NULL), WN_OK);
}

Test(cpu, avx2_leaves_out_what_comes_with_avx512) {
    cr_assert_eq(setenv("WINNOW_ISA", "avx2", 1), 0);
    cr_assert_str_neq(wn_cpu_level(), "avx512");
    for (unsigned f = WN_CPU_AVX512; f <= WN_CPU_ADDERS; f *= 2) cr_assert_not(wn_cpu_has(f));
}

Test(cpu, unknown_level_is_refused) {
    static const char *const wrong[] = {"avx", "AVX2", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_assert_eq(setenv("WINNOW_ISA", wrong[i], 1), 0);
        FILE *p = popen("\"$WINNOW_BIN\" --version 2>&1", "r");
        char line[512] = "";
        cr_assert(p && fgets(line, sizeof line, p));
        cr_assert_eq(WEXITSTATUS(pclose(p)), WN_EUSAGE);
        cr_assert(strstr(line, wrong[i]) && strstr(line, "portable, avx2, avx512"), "%s", line);
    }
    wn_err err;
    cr_assert_eq(wn_cpu_check(&err), WN_EUSAGE);
    cr_assert_str_eq(wn_cpu_level(), "portable");
}

Test(cpu, first_row_whose_features_are_there) {
    static const char plain[] = "plain", some[] = "some", all[] = "all";
    static const wn_isa_row rows[] = {{WN_CPU_AVX512 | WN_CPU_AVX2, all}, {WN_CPU_AVX2, some}, {0, plain}};
    static const char *const levels[] = {"portable", "avx2", "avx512"}, *const want[] = {plain, some, all};
    for (size_t i = 0; i < 3; i++) {
        if (!wn_cpu_use(levels[i])) continue;
        cr_assert_str_eq(wn_cpu_level(), levels[i]);
        cr_assert_eq(wn_isa_pick(rows, 3), want[i]);
        cr_assert_eq(wn_isa_pick(rows, 1), i == 2 ? all : NULL);
    }
}

Test(cpu, model_is_named) { cr_assert_gt(strlen(wn_cpu_model()), 2); }

Test(cpu, cure_names_the_family_that_fits) {
    cr_assert_eq(unsetenv("OPENBLAS_CORETYPE"), 0);
    const char *core = wn_blas_core(), *cure = wn_blas_cure();
    if (strcasecmp(core, "SkylakeX") == 0) cr_assert_null(cure);
    else if (wn_cpu_has(WN_CPU_AVX512) && strcasecmp(core, "Haswell") == 0) cr_assert_str_eq(cure, "SkylakeX");
    cr_assert_eq(setenv("OPENBLAS_CORETYPE", "Haswell", 1), 0);
    cr_assert_null(wn_blas_cure()); /* the user's own choice stands */
}

/* Starts the command without a choice of the user's and looks at what it says of itself. */
Test(cpu, command_runs_with_good_kernels_after_the_cure) {
    if (!wn_cpu_has(WN_CPU_AVX2)) cr_skip_test("this processor has no AVX2: there is nothing to cure");
    if (!getenv("WINNOW_BIN")) cr_skip_test("WINNOW_BIN does not name the command");
    FILE *p = popen("env -u OPENBLAS_CORETYPE -u WINNOW_BLAS_CURED \"$WINNOW_BIN\" --version", "r");
    char line[512], core[64] = "";
    while (p && fgets(line, sizeof line, p)) {
        const char *at = strstr(line, ", core ");
        if (strncmp(line, "OpenBLAS:", 9) == 0 && at) (void)sscanf(at + 7, "%63[A-Za-z0-9]", core);
    }
    cr_assert(p && pclose(p) == 0);
    static const char *const late[] = {"SkylakeX", "Cooperlake", "SapphireRapids"}, *const middle[] = {"Haswell", "Zen",
                                                                                                       "Excavator"};
    bool good = false;
    for (size_t i = 0; i < 3; i++) good |= strcasecmp(core, late[i]) == 0;
    for (size_t i = 0; i < 3; i++) good |= !wn_cpu_has(WN_CPU_AVX512) && strcasecmp(core, middle[i]) == 0;
    cr_assert(good, "winnow --version names the kernels %s", core);
}

/* OpenBLAS made to choose badly, as it does on processors that it does not know: the name of the cure. */
Test(cpu, fallback_kernels_are_recognised) {
    if (!wn_cpu_has(WN_CPU_AVX2)) cr_skip_test("this processor has no AVX2: there is nothing to cure");
    const unsigned late = WN_CPU_AVX2 | WN_CPU_AVX512;
    const char *best = wn_cpu_has(WN_CPU_AVX512) ? "SkylakeX" : "Haswell";
    cr_assert_str_eq(wn_blas_better("Prescott", wn_cpu_has(WN_CPU_AVX512) ? late : WN_CPU_AVX2), best);
    cr_assert_str_eq(wn_blas_better("Nehalem", WN_CPU_AVX2), "Haswell");
    cr_assert_str_eq(wn_blas_better("Haswell", late), "SkylakeX");
    cr_assert_null(wn_blas_better("Haswell", WN_CPU_AVX2));
    cr_assert_null(wn_blas_better("Cooperlake", late));
    cr_assert_null(wn_blas_better("Prescott", 0));
}
