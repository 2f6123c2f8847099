/* winnow-mpi.so: the operations of wn/comm.h by Open MPI. A module of its own, so that nothing else needs libmpi.
 *
 * Every operation is begun without waiting and then asked for: first often, then less and less, so that a rank that
 * waits long for the others leaves its processor to them. */
#include <wn/comm.h>

#include <limits.h>
#include <mpi.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOOKS = 200, YIELDS = 2000, LONGEST_NS = 1000000, AT_ONCE = 1 << 28 };

/* Counts of a gather, which MPI wants as int. */
typedef struct {
    int rank, size;
    int *count, *offset; /* [size] */
    MPI_Datatype bid;
    MPI_Op first;
} mpi_state;

static wn_code failed(int result, const char *what, wn_err *err) {
    char text[MPI_MAX_ERROR_STRING] = "";
    int n = 0;
    (void)MPI_Error_string(result, text, &n);
    err->code = WN_EIO;
    (void)snprintf(err->msg, sizeof err->msg, "MPI: %s failed: %.200s", what, text);
    return WN_EIO;
}

static int wait_for(MPI_Request *request) {
    long sleep_ns = 1000;
    for (int i = 0, done = 0;; i++) {
        const int result = MPI_Test(request, &done, MPI_STATUS_IGNORE);
        if (result != MPI_SUCCESS || done) return result;
        if (i < LOOKS) continue;
        if (i < YIELDS) {
            (void)sched_yield();
            continue;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = sleep_ns}, NULL);
        if (sleep_ns < LONGEST_NS) sleep_ns += sleep_ns / 8;
    }
}

static wn_code mpi_bcast(void *state, void *data, size_t n, int root, wn_err *err) {
    (void)state;
    for (size_t at = 0; at < n || at == 0; at += AT_ONCE) {
        const int m = n - at < AT_ONCE ? (int)(n - at) : AT_ONCE;
        MPI_Request request;
        int result = MPI_Ibcast((char *)data + at, m, MPI_BYTE, root, MPI_COMM_WORLD, &request);
        if (result == MPI_SUCCESS) result = wait_for(&request);
        if (result != MPI_SUCCESS) return failed(result, "a broadcast", err);
    }
    return WN_OK;
}

/* What does not fit one gather of ints goes rank by rank. */
static wn_code gather_by_parts(mpi_state *s, const void *mine, const size_t *bytes, void *all, int root, wn_err *err) {
    char *to = all, *spare = NULL;
    wn_code code = WN_OK;
    for (int r = 0; r < s->size && code == WN_OK; r++) {
        const bool here = root < 0 || root == s->rank;
        char *data = here ? to : NULL;
        if (here) to += bytes[r];
        if (!data && r == s->rank && !(data = spare = malloc(bytes[r] + 1)))
            return failed(MPI_ERR_NO_MEM, "a gather", err);
        if (r == s->rank && bytes[r]) memmove(data, mine, bytes[r]);
        if (root < 0) {
            code = mpi_bcast(s, data, bytes[r], r, err);
        } else if (r != root) {
            for (size_t at = 0; at < bytes[r] && code == WN_OK; at += AT_ONCE) {
                const int m = bytes[r] - at < AT_ONCE ? (int)(bytes[r] - at) : AT_ONCE;
                MPI_Request request = MPI_REQUEST_NULL;
                int result = MPI_SUCCESS;
                if (s->rank == r) result = MPI_Isend(data + at, m, MPI_BYTE, root, 1, MPI_COMM_WORLD, &request);
                if (s->rank == root) result = MPI_Irecv(data + at, m, MPI_BYTE, r, 1, MPI_COMM_WORLD, &request);
                if (result == MPI_SUCCESS) result = wait_for(&request);
                if (result != MPI_SUCCESS) code = failed(result, "a gather", err);
            }
        }
        free(spare);
        spare = NULL;
    }
    return code;
}

static wn_code mpi_gather(void *state, const void *mine, const size_t *bytes, void *all, int root, wn_err *err) {
    mpi_state *s = state;
    size_t total = 0;
    for (int r = 0; r < s->size; r++) total += bytes[r];
    if (total > INT_MAX) return gather_by_parts(s, mine, bytes, all, root, err);
    for (int r = 0, at = 0; r < s->size; at += s->count[r++]) s->count[r] = (int)bytes[r], s->offset[r] = at;
    MPI_Request request;
    int result = root < 0 ? MPI_Iallgatherv(mine, s->count[s->rank], MPI_BYTE, all, s->count, s->offset, MPI_BYTE,
                                            MPI_COMM_WORLD, &request)
                          : MPI_Igatherv(mine, s->count[s->rank], MPI_BYTE, all, s->count, s->offset, MPI_BYTE, root,
                                         MPI_COMM_WORLD, &request);
    if (result == MPI_SUCCESS) result = wait_for(&request);
    return result == MPI_SUCCESS ? WN_OK : failed(result, "a gather", err);
}

static void first_bid(void *in, void *inout, int *n, MPI_Datatype *type) {
    const wn_comm_bid *a = in;
    wn_comm_bid *b = inout;
    (void)type;
    for (int i = 0; i < *n; i++)
        if (wn_comm_outbids(&a[i], &b[i])) b[i] = a[i];
}

static wn_code mpi_best(void *state, wn_comm_bid *bid, wn_err *err) {
    mpi_state *s = state;
    MPI_Request request;
    int result = MPI_Iallreduce(MPI_IN_PLACE, bid, 1, s->bid, s->first, MPI_COMM_WORLD, &request);
    if (result == MPI_SUCCESS) result = wait_for(&request);
    return result == MPI_SUCCESS ? WN_OK : failed(result, "a reduction", err);
}

static void mpi_close(void *state) {
    mpi_state *s = state;
    (void)MPI_Op_free(&s->first);
    (void)MPI_Type_free(&s->bid);
    free(s->count);
    free(s->offset);
    free(s);
    (void)MPI_Finalize();
}

static const wn_comm_vt by_mpi = {mpi_bcast, mpi_gather, mpi_best, mpi_close};

int wn_comm_module_open(wn_comm *out, char *message, size_t size) {
    int given = 0;
    mpi_state *s = calloc(1, sizeof *s);
    (void)snprintf(message, size, "MPI_Init failed");
    if (!s) return 1;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &given) != MPI_SUCCESS) goto failed;
    (void)MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    (void)MPI_Comm_rank(MPI_COMM_WORLD, &s->rank);
    (void)MPI_Comm_size(MPI_COMM_WORLD, &s->size);
    s->count = calloc((size_t)s->size, sizeof *s->count);
    s->offset = calloc((size_t)s->size, sizeof *s->offset);
    if (!s->count || !s->offset) goto failed;
    if (MPI_Type_contiguous((int)sizeof(wn_comm_bid), MPI_BYTE, &s->bid) != MPI_SUCCESS ||
        MPI_Type_commit(&s->bid) != MPI_SUCCESS || MPI_Op_create(first_bid, 1, &s->first) != MPI_SUCCESS)
        goto failed;
    *out = (wn_comm){.rank = s->rank, .size = s->size, .vt = &by_mpi, .state = s};
    return 0;
failed:
    free(s->count);
    free(s->offset);
    free(s);
    return 1;
}
