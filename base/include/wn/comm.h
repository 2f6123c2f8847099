#ifndef WINNOW_COMM_H
#define WINNOW_COMM_H
/* Processes (ranks) that work on one job and exchange bytes: three operations, which all ranks call in the same order.
 *
 * An error of one must become the error of all, or the others wait for ever. So a rank that fails does not leave: it
 * goes on to the next wn_comm_agree, where all learn of it. A transport that breaks ends the process, as no message
 * can be sent any more.
 *
 * Three ways to have one: wn_comm_self, one process; wn_comm_mpi, where mpirun started this process; and whatever
 * fills the struct, such as the threads that tests simulate ranks by. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/err.h>

/* What a rank bids. The larger key goes first, ties to the lower row; a code other than WN_OK before all. */
typedef struct {
    double key;
    uint64_t row;
    int64_t code;
} wn_comm_bid;
static inline bool wn_comm_outbids(const wn_comm_bid *a, const wn_comm_bid *b) {
    if (a->code != b->code) return a->code > b->code;
    return a->key > b->key || (a->key == b->key && a->row < b->row);
}

typedef struct {
    /* data[n] of rank `root` to all. */
    wn_code (*bcast)(void *state, void *data, size_t n, int root, wn_err *err);
    /* all[sum of bytes] = what the ranks have, in their order: bytes[size] of each, known to all. `all` matters at rank
     * `root`, or everywhere where root is -1. */
    wn_code (*gather)(void *state, const void *mine, const size_t *bytes, void *all, int root, wn_err *err);
    /* *bid becomes the first of all ranks'. */
    wn_code (*best)(void *state, wn_comm_bid *bid, wn_err *err);
    void (*close)(void *state);
} wn_comm_vt;

typedef struct {
    int rank, size;
    const wn_comm_vt *vt;
    void *state;
    uint64_t received; /* bytes that came from other ranks */
} wn_comm;

void wn_comm_self(wn_comm *out);
void wn_comm_close(wn_comm *c); /* all ranks together; empties it */

wn_code wn_comm_bcast(wn_comm *c, void *data, size_t n, int root, wn_err *err);
wn_code wn_comm_gather(wn_comm *c, const void *mine, const size_t *bytes, void *all, int root, wn_err *err);
/* What reaches a rank is counted as one bid a doubling of ranks. */
wn_code wn_comm_best(wn_comm *c, wn_comm_bid *bid, wn_err *err);
/* WN_OK where `code` is that at every rank; else code and message of the rank with the largest code, the first of such,
 * with its number. *err is this rank's, and becomes that one's. */
wn_code wn_comm_agree(wn_comm *c, wn_code code, wn_err *err);

/* ---- under mpirun ---- */

/* What Open MPI's mpirun has told this process; rank 0 of 1 where it did not start it. */
void wn_comm_launched(int *rank, int *size);
/* How many of the ranks are on this machine, this one counted. */
int wn_comm_neighbours(void);
/* The ranks that mpirun started. libmpi is not linked: a module beside the program (winnow-mpi.so) is, and only here is
 * it loaded, so that winnow runs where there is no MPI. WN_EUSAGE: there is no such module. Release with
 * wn_comm_close, once a process. */
wn_code wn_comm_mpi(wn_comm *out, wn_err *err);
/* What the module has: fills rank, size, vt and state; message [size]. */
typedef int (*wn_comm_open_function)(wn_comm *out, char *message, size_t size);
#define WN_COMM_OPEN_SYMBOL "wn_comm_module_open"
int wn_comm_module_open(wn_comm *out, char *message, size_t size); /* stands in the module alone */

#endif
