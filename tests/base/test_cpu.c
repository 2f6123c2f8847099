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

Test(cpu, level_can_be_lowered_not_raised) {
    cr_assert_eq(setenv("WINNOW_ISA", "portable", 1), 0);
    cr_assert_eq(wn_cpu_get()->isa, WN_ISA_PORTABLE);
    cr_assert_not(wn_cpu_get()->avx512_bf16 || wn_cpu_get()->avx512_vnni || wn_cpu_get()->amx_bf16);
}

Test(cpu, model_is_named) { cr_assert_gt(strlen(wn_cpu_get()->model), 2); }

Test(cpu, cure_names_the_family_that_fits) {
    cr_assert_eq(unsetenv("OPENBLAS_CORETYPE"), 0);
    const char *core = wn_blas_core(), *cure = wn_blas_cure();
    if (strcasecmp(core, "SkylakeX") == 0) cr_assert_null(cure);
    else if (wn_cpu_get()->isa == WN_ISA_AVX512 && strcasecmp(core, "Haswell") == 0) cr_assert_str_eq(cure, "SkylakeX");
    cr_assert_eq(setenv("OPENBLAS_CORETYPE", "Haswell", 1), 0);
    cr_assert_null(wn_blas_cure()); /* the user's own choice stands */
}

/* Starts the command without a choice of the user's and looks at what it says of itself. */
Test(cpu, command_runs_with_good_kernels_after_the_cure) {
    if (wn_cpu_get()->isa == WN_ISA_PORTABLE) cr_skip_test("this processor has no AVX2: there is nothing to cure");
    if (!getenv("WINNOW_BIN")) cr_skip_test("WINNOW_BIN does not name the command");
    FILE *p = popen("env -u OPENBLAS_CORETYPE -u WINNOW_BLAS_CURED \"$WINNOW_BIN\" --version", "r");
    char line[512], core[64] = "";
    while (p && fgets(line, sizeof line, p)) {
        const char *at = strstr(line, ", core ");
        if (strncmp(line, "OpenBLAS:", 9) == 0 && at) (void)sscanf(at + 7, "%63[A-Za-z0-9]", core);
    }
    cr_assert(p && pclose(p) == 0);
    static const char *const late[] = {"SkylakeX", "Cooperlake", "SapphireRapids"}, *const middle[] = {"Haswell", "Zen", "Excavator"};
    bool good = false;
    for (size_t i = 0; i < 3; i++) good |= strcasecmp(core, late[i]) == 0;
    for (size_t i = 0; i < 3; i++) good |= wn_cpu_get()->isa == WN_ISA_AVX2 && strcasecmp(core, middle[i]) == 0;
    cr_assert(good, "winnow --version names the kernels %s", core);
}

/* OpenBLAS made to choose badly, as it does on processors that it does not know: the name of the cure. */
Test(cpu, fallback_kernels_are_recognised) {
    if (wn_cpu_get()->isa == WN_ISA_PORTABLE) cr_skip_test("this processor has no AVX2: there is nothing to cure");
    const char *best = wn_cpu_get()->isa == WN_ISA_AVX512 ? "SkylakeX" : "Haswell";
    cr_assert_str_eq(wn_blas_better("Prescott", wn_cpu_get()->isa), best);
    cr_assert_str_eq(wn_blas_better("Nehalem", WN_ISA_AVX2), "Haswell");
    cr_assert_str_eq(wn_blas_better("Haswell", WN_ISA_AVX512), "SkylakeX");
    cr_assert_null(wn_blas_better("Haswell", WN_ISA_AVX2));
    cr_assert_null(wn_blas_better("Cooperlake", WN_ISA_AVX512));
    cr_assert_null(wn_blas_better("Prescott", WN_ISA_PORTABLE));
}
