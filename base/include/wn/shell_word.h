#ifndef WN_SHELL_WORD_H
#define WN_SHELL_WORD_H
/* Words of a command that a person may paste into a shell. */
#include <stdbool.h>
#include <wn/buf.h>

/* Appends a word as a shell reads it: quoted where it has to be. */
void wn_shell_word(wn_writer *out, const char *word);
/* Is every byte of it shown as it is (wn/visible.h)? */
bool wn_shows_itself(const char *word);

#endif
