#ifndef WN_COMPARE_SIDE_H
#define WN_COMPARE_SIDE_H
/* The hidden folder beside an output that keeps the finished cells of a comparison until it is whole. */
#include <winnow/err.h>

/* Where that of `output` stands: .NAME.winnow.cells in its folder; wn_free the result. */
char *wn_side_path(const char *output, wn_err *err);
wn_code wn_side_create(const char *path, wn_err *err); /* one that is there stays */
/* Removes the cells in it and, if nothing else is there, the folder; what cannot be removed stays. */
void wn_side_remove(const char *path);
void wn_side_remove_empty(const char *path);

#endif
