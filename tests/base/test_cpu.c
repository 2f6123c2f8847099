/* The processor's level, and the cure for an OpenBLAS that does not know the processor. */
#include <cblas.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>
#include <winnow/cpu.h>

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

/* Runs a copy of this process with OpenBLAS forced to its slowest kernels, as it chooses them on processors that it
 * does not know, and looks at what the command says of itself. */
Test(cpu, command_runs_with_good_kernels_after_the_cure) {
    if (wn_cpu_get()->isa == WN_ISA_PORTABLE) cr_skip_test("this processor has no AVX2: there is nothing to cure");
    FILE *p = popen("env -u OPENBLAS_CORETYPE -u WINNOW_BLAS_CURED ${WINNOW_BIN:-winnow} --version 2>&1", "r");
    char line[512];
    bool good = false, seen = false;
    while (p && fgets(line, sizeof line, p)) {
        const char *at = strstr(line, "BLAS core");
        seen |= at != NULL;
        good |= at && (strcasestr(line, "SkylakeX") || strcasestr(line, "Haswell") || strcasestr(line, "Zen") ||
                       strcasestr(line, "Cooperlake") || strcasestr(line, "SapphireRapids"));
        if (at && wn_cpu_get()->isa == WN_ISA_AVX512 && (strcasestr(line, "Haswell") || strcasestr(line, "Zen")))
            good = false;
    }
    if (!p || pclose(p) != 0 || !seen) cr_skip_test("WINNOW_BIN does not name the command");
    cr_assert(good, "winnow --version reports slow BLAS kernels: %s", line);
}
