/* The child's side of guard.h: reads, and answers. */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <winnow/store.h>

#include "guard_wire.h"
#include "matrix.h"

/* libhdf5 never comes to an end on some broken files: seconds of processor time, for all sizes and for each MB. */
enum { SECONDS_BASE = 10, SECONDS_PER_MB = 1 };

static void limit_time(const char *path) {
    struct stat st;
    struct rlimit most = {RLIM_INFINITY, RLIM_INFINITY};
    struct rusage used;
    rlim_t spent = getrusage(RUSAGE_SELF, &used) == 0 ? (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) : 0;
    rlim_t mb = stat(path, &st) == 0 ? (rlim_t)(st.st_size >> 20) : 0;
    (void)getrlimit(RLIMIT_CPU, &most);
    rlim_t limit = spent + SECONDS_BASE + SECONDS_PER_MB * mb;
    most.rlim_cur = limit < most.rlim_max ? limit : most.rlim_max;
    (void)setrlimit(RLIMIT_CPU, &most);
}

void wn_guard_child_begin(const char *path) {
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU},
                     outside[] = {SIGINT, SIGTERM, SIGHUP};
    const struct rlimit none = {0, 0};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setrlimit(RLIMIT_CORE, &none);
    limit_time(path);
    for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++) (void)signal(fatal[i], SIG_DFL);
    /* what comes from the terminal is the parent's to answer: it ends the child */
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) (void)signal(outside[i], SIG_IGN);
    (void)close(STDERR_FILENO); /* what a dying library says is of no use to the user */
    wn_mem_fail_after(-1, false); /* tests that let allocations fail mean the parent's */
}

/* ---- one function a question; each sends its answer, false where nobody listens ---- */

static bool send_bytes(int fd, const void *data, size_t n) {
    const char *p = data;
    while (n) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        p += sent;
        n -= (size_t)sent;
    }
    return true;
}

static bool send_answer(int fd, wn_code code, const wn_err *err, size_t first, size_t second) {
    guard_answer a;
    memset(&a, 0, sizeof a);
    a.code = code;
    if (code != WN_OK) a.err = *err;
    a.size[0] = first, a.size[1] = second, a.held = wn_mem_held();
    return send_bytes(fd, &a, sizeof a);
}

/* Rows in blocks, each with an answer of its own: an error may come after good rows. */
static bool answer_rows(int fd, wn_matrix_file *m, const guard_question *q) {
    wn_err err = {0};
    size_t block = wn_guard_block(m->cols);
    float *room = wn_alloc(block, m->cols * sizeof *room, &err);
    if (!room) return send_answer(fd, WN_EMEMORY, &err, 0, 0);
    bool heard = true;
    for (size_t at = 0; heard && at < q->n; at += block) {
        size_t n = q->n - at < block ? q->n - at : block;
        limit_time(m->path); /* what comes along is no endless loop */
        wn_code code = wn_matrix_read(m, q->begin + at, n, room, m->cols, &err);
        heard = send_answer(fd, code, &err, n, 0);
        if (code != WN_OK) break;
        heard = heard && send_bytes(fd, room, n * m->cols * sizeof *room);
    }
    wn_free(room);
    return heard;
}

static bool answer_strings(int fd, wn_matrix_file *m, const guard_question *q) {
    wn_err err = {0};
    wn_strings s = {0};
    wn_code code = wn_matrix_obs_strings(m, q->name, &s, &err);
    size_t n = code == WN_OK ? s.view.n : 0, bytes = n ? (size_t)s.off[n] : 0;
    bool heard = send_answer(fd, code, &err, n, bytes);
    if (heard && code == WN_OK)
        heard = send_bytes(fd, s.off, (n + 1) * sizeof *s.off) && send_bytes(fd, s.base, bytes);
    wn_strings_free(&s);
    return heard;
}

static bool answer_i64(int fd, wn_matrix_file *m, const guard_question *q) {
    wn_err err = {0};
    int64_t *v = wn_alloc(m->rows, sizeof *v, &err);
    wn_code code = v ? wn_matrix_obs_i64(m, q->name, v, &err) : WN_EMEMORY;
    bool heard = send_answer(fd, code, &err, m->rows, 0);
    if (heard && code == WN_OK) heard = send_bytes(fd, v, m->rows * sizeof *v);
    wn_free(v);
    return heard;
}

static bool answer_f64(int fd, wn_matrix_file *m, const guard_question *q) {
    wn_err err = {0};
    double *v = wn_alloc(m->rows, sizeof *v, &err);
    wn_code code = v ? wn_matrix_obs_f64(m, q->name, v, &err) : WN_EMEMORY;
    bool heard = send_answer(fd, code, &err, m->rows, 0);
    if (heard && code == WN_OK) heard = send_bytes(fd, v, m->rows * sizeof *v);
    wn_free(v);
    return heard;
}

static bool answer_uns(int fd, wn_matrix_file *m, const guard_question *q) {
    wn_err err = {0};
    char *v = NULL;
    wn_code code = wn_matrix_uns_string(m, q->name, &v, &err);
    size_t n = code == WN_OK ? strlen(v) : 0;
    bool heard = send_answer(fd, code, &err, n, 0) && send_bytes(fd, v, n);
    wn_free(v);
    return heard;
}

static bool answer_graph(int fd, wn_matrix_file *m, const guard_question *q) {
    wn_err err = {0};
    wn_csr g = {0};
    wn_code code = wn_matrix_obsp(m, q->name, &g, &err);
    size_t entries = code == WN_OK ? (size_t)g.indptr[g.rows] : 0;
    bool heard = send_answer(fd, code, &err, entries, 0);
    if (heard && code == WN_OK)
        heard = send_bytes(fd, g.indptr, (g.rows + 1) * sizeof *g.indptr) &&
                send_bytes(fd, g.indices, entries * sizeof *g.indices) &&
                send_bytes(fd, g.data, entries * sizeof *g.data);
    wn_csr_free(&g);
    return heard;
}

/* ---- opening ---- */

typedef struct {
    wn_matrix_file *m;
    char *names; /* each with a final zero */
    size_t n, cap;
    wn_err *err;
    wn_code code;
} name_list;

static void list_name(name_list *l, const char *name) {
    size_t n = strlen(name) + 1;
    void *names = l->names;
    if (l->code != WN_OK || !wn_matrix_has_obs(l->m, name)) return;
    l->code = wn_reserve(&names, &l->cap, l->n + n, 1, l->err);
    l->names = names;
    if (l->code != WN_OK) return;
    memcpy(l->names + l->n, name, n);
    l->n += n;
}

static herr_t list_link(hid_t group, const char *name, const H5L_info_t *info, void *ctx) {
    (void)group, (void)info;
    if (strcmp(name, "_index") != 0) list_name(ctx, name);
    return 0;
}

static void list_members(name_list *l, hid_t table) {
    hid_t type = H5Dget_type(table);
    int n = type >= 0 && H5Tget_class(type) == H5T_COMPOUND ? H5Tget_nmembers(type) : 0;
    for (int i = 0; i < n; i++) {
        char *name = H5Tget_member_name(type, (unsigned)i);
        if (name) list_name(l, name);
        (void)H5free_memory(name);
    }
    if (type >= 0) (void)H5Tclose(type);
}

/* Every column that has_obs knows: the parent looks names up by itself. */
static wn_code list_names(name_list *l) {
    if (l->m->obs <= 0) return WN_OK;
    list_name(l, "_index");
    if (H5Iget_type(l->m->obs) == H5I_DATASET) list_members(l, l->m->obs);
    else (void)H5Literate(l->m->obs, H5_INDEX_NAME, H5_ITER_INC, NULL, list_link, l);
    return l->code;
}

static bool answer_open(int fd, wn_matrix_file **m, const char *path, const char *dataset) {
    wn_err err = {0};
    name_list l = {.err = &err};
    wn_code code = wn_matrix_open(m, path, dataset, &err);
    l.m = *m;
    if (code == WN_OK) code = list_names(&l);
    bool heard = send_answer(fd, code, &err, *m ? (*m)->rows : 0, *m ? (*m)->cols : 0);
    if (heard && code == WN_OK) heard = send_bytes(fd, &l.n, sizeof l.n) && send_bytes(fd, l.names, l.n);
    wn_free(l.names);
    return heard && code == WN_OK;
}

_Noreturn void wn_guard_child(int fd, const char *path, const char *dataset) {
    static bool (*const answer[])(int fd, wn_matrix_file *m, const guard_question *q) = {
#define ANSWER(name) [ASK_##name] = answer_##name,
        GUARD_QUESTIONS(ANSWER)
#undef ANSWER
    };
    wn_matrix_file *m = NULL;
    guard_question q;
    wn_guard_child_begin(path);
    bool heard = answer_open(fd, &m, path, dataset);
    while (heard && recv(fd, &q, sizeof q, MSG_WAITALL) == (ssize_t)sizeof q) {
        wn_mem_unhold(wn_mem_held() - q.held); /* upwards, too: the difference wraps around */
        heard = answer[q.what](fd, m, &q) && send_answer(fd, WN_OK, NULL, 0, 0);
    }
    _exit(0);
}
