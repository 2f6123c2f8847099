/* Stand-ins for commands that have not landed; each owner removes its line, the last one this file. */
#include <winnow/config.h>

#define PENDING(name)                                                                                                  \
    wn_code name(const wn_config *c, wn_io *io, wn_err *err) {                                                         \
        (void)c, (void)io;                                                                                             \
        return wn_err_set(err, WN_EINTERNAL, #name " has not landed");                                                 \
    }

PENDING(wn_report_command)
