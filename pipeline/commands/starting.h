#ifndef WN_PIPELINE_STARTING_H
#define WN_PIPELINE_STARTING_H
/* --start-from: an earlier choice, to which others are added. */
#include <winnow/stages.h>

/* The rows chosen in an output folder, by their ids, become the first of those to keep, in their order. WN_EINPUT: it
 * is no such folder; WN_EUSAGE: an id that no row has; WN_ECONSTRAINT: one that is excluded. */
wn_code wn_starting_read(wn_lists *lists, const wn_view *rows, const char *folder, wn_io *io, wn_err *err);

#endif
