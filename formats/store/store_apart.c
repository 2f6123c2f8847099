/* A matrix file that a process of its own reads. */
#include <string.h>
#include <winnow/mem.h>

#include "guard_wire.h"
#include "matrix.h"

wn_code wn_matrix_open_apart(wn_matrix_file **out, const char *path, const char *dataset, wn_err *err) {
    if (wn_npy_probe(path) || wn_npz_probe(path)) return wn_matrix_open(out, path, dataset, err);
    wn_matrix_file *m = wn_alloc(1, sizeof *m, err);
    wn_code code = m ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    m->npy.fd = -1;
    m->apart = true;
    if (!(m->path = wn_strndup(path, strlen(path), err))) {
        code = WN_EMEMORY;
        goto out;
    }
    if ((code = wn_guard_start(&m->guard, path, dataset, wn_guard_child, err)) != WN_OK) goto out;
    if ((code = wn_guard_greet(&m->guard, path, &m->rows, &m->cols, err)) != WN_OK) goto out;
    *out = m;
    m = NULL;
out:
    wn_matrix_close(m);
    return code;
}
