#include "options.h"

#include <cjson/cJSON.h>
#include <hdf5.h>
#include <openssl/crypto.h>
#include <utf8proc.h>
#include <wn/cpu.h>
#include <winnow/threads.h>
#include <zlib.h>
#include <zstd.h>

extern char *openblas_get_config(void);

wn_code wn_help_version(bool cured, wn_writer *out) {
    unsigned major = 0, minor = 0, patch = 0;
    (void)H5get_libversion(&major, &minor, &patch);
    wn_writer_printf(out, "winnow %s\nprocessor: %s, %d threads\nkernels: %s\n", WINNOW_VERSION, wn_cpu_model(),
                     wn_threads_get(), wn_cpu_level());
    wn_writer_printf(out, "OpenBLAS: %s, core %s%s\n", openblas_get_config(), wn_blas_core(),
                     cured ? " (set by winnow: the library does not know this processor)" : "");
    wn_writer_printf(out, "HDF5 %u.%u.%u, zlib %s, zstd %s, cJSON %s, utf8proc %s, %s\n", major, minor, patch,
                     zlibVersion(), ZSTD_versionString(), cJSON_Version(), utf8proc_version(),
                     OpenSSL_version(OPENSSL_VERSION));
    return out->code;
}
