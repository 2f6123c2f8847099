/* Open MPI by a module that is loaded when mpirun started this process. */
#include <wn/comm.h>

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef WINNOW_MODULES
#define WINNOW_MODULES "../lib/winnow" /* seen from the program's folder */
#endif

static int number_of(const char *name, int least, int otherwise) {
    const char *text = getenv(name);
    char *end = NULL;
    if (!text || !*text) return otherwise;
    const long n = strtol(text, &end, 10);
    return *end || n < least || n > INT_MAX ? otherwise : (int)n;
}

void wn_comm_launched(int *rank, int *size) {
    *size = number_of("OMPI_COMM_WORLD_SIZE", 1, 1);
    *rank = number_of("OMPI_COMM_WORLD_RANK", 0, 0);
    if (*rank >= *size) *rank = 0;
}

int wn_comm_neighbours(void) {
    return number_of("OMPI_COMM_WORLD_LOCAL_SIZE", 1, 1);
}

/* Beside the program, as built, or where it is installed. */
static void *load_module(char *why, size_t size) {
    static const char *const folders[] = {".", WINNOW_MODULES};
    char program[PATH_MAX], path[PATH_MAX + sizeof WINNOW_MODULES + 32];
    const ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    program[n > 0 ? n : 0] = 0;
    char *slash = strrchr(program, '/');
    if (slash) *slash = 0;
    (void)snprintf(why, size, "there is none");
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        (void)snprintf(path, sizeof path, "%s/%s/winnow-mpi.so", program, folders[i]);
        if (access(path, F_OK) != 0) continue;
        void *module = dlopen(path, RTLD_NOW | RTLD_GLOBAL); /* Open MPI loads parts of its own, which look for it */
        if (module) return module;
        const char *said = dlerror();
        (void)snprintf(why, size, "%.250s", said ? said : path);
    }
    return NULL;
}

wn_code wn_comm_mpi(wn_comm *out, wn_err *err) {
    char why[300];
    void *module = load_module(why, sizeof why); /* stays loaded: libmpi cannot be unloaded */
    if (!module)
        return wn_err_set(err, WN_EUSAGE,
                          "mpirun started this, but winnow-mpi.so cannot be loaded (%s): build winnow with Open MPI "
                          "(libopenmpi-dev), or use --partitions M --shard I/M without mpirun",
                          why);
    wn_comm_open_function open = NULL;
    *(void **)&open = dlsym(module, WN_COMM_OPEN_SYMBOL);
    *out = (wn_comm){0};
    if (!open || open(out, why, sizeof why) != 0)
        return wn_err_set(err, WN_EIO, "MPI cannot be started: %s", open ? why : "winnow-mpi.so is of another version");
    return WN_OK;
}
