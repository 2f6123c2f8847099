#ifndef WN_PIPELINE_SAY_H
#define WN_PIPELINE_SAY_H
/* What commands say and print. */
#include <stddef.h>
#include <winnow/io.h>
#include <winnow/mem.h>

/* Bytes of s[n] that stand in `most`, cut between characters. */
size_t wn_cut_text(const char *s, size_t n, size_t most);

__attribute__((format(printf, 2, 3))) void wn_sayf(wn_io *io, const char *fmt, ...);   /* io may be NULL */
__attribute__((format(printf, 2, 3))) void wn_printf(wn_io *io, const char *fmt, ...); /* to io->print */
/* Text of others to io->print on one line, as wn/visible.h makes it visible: names of files, labels, ids, records. */
void wn_print_text(wn_io *io, const char *s, size_t n);
void wn_print_name(wn_io *io, const char *s); /* the same of a string */

#endif
