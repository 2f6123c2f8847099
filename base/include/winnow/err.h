#ifndef WINNOW_ERR_H
#define WINNOW_ERR_H
/* Errors: every function that can fail returns a wn_code and fills the caller's wn_err. */

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* The values of the first six are also the exit codes of the command. */
typedef enum {
    WN_OK = 0,
    WN_EIO = 1,         /* reading or writing failed */
    WN_EUSAGE = 2,      /* an option or argument is wrong */
    WN_EINPUT = 3,      /* a record, a file's content or a matrix is wrong */
    WN_EMEMORY = 4,     /* it would not fit, or an allocation failed */
    WN_ECONSTRAINT = 5, /* the constraints cannot be met */
    WN_EINTERNAL = 6,   /* a library failed in a way that no input explains; exit code 1 */
    WN_EINTERRUPT = 130 /* stopped by SIGINT, SIGTERM or SIGHUP */
} wn_code;

/* Caller-owned, no allocation, may cross threads and processes. `msg` is one line without a final newline. */
typedef struct {
    wn_code code;
    char msg[512];
} wn_err;

/* Fills `err` (never NULL) and returns `code`. A message says what failed, where (file, line or row),
 * what was found and what was wanted, and what to try. Names and contents of files in it are made visible: it is one
 * line of valid UTF-8 without control characters. Too long a message is cut between characters. */
__attribute__((format(printf, 3, 4))) wn_code wn_err_set(wn_err *err, wn_code code, const char *fmt, ...);

/* Like wn_err_set, with ": <strerror(errno)>" appended; code WN_EIO. */
__attribute__((format(printf, 2, 3))) wn_code wn_err_errno(wn_err *err, const char *fmt, ...);

/* Puts text before the message that `err` already holds ("file:line: " and the like); returns err->code. */
__attribute__((format(printf, 2, 3))) wn_code wn_err_prefix(wn_err *err, const char *fmt, ...);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
