#ifndef WINNOW_JSONFILE_H
#define WINNOW_JSONFILE_H
/* Small JSON files as trees, with bounds on what they may cost: model configurations, vocabularies, tensor headers. */
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <winnow/err.h>

/* The tree of text[n]; `what` names it in messages. WN_EINPUT: not UTF-8, not one whole JSON value, or more than four
 * million values (a tree costs some hundred bytes a value). cJSON_Delete the result. */
wn_code wn_jsonfile_parse(cJSON **out, const char *text, size_t n, const char *what, wn_err *err);

/* The tree of the file dir/name of at most `max` bytes. An absent file that is not required: *out = NULL and WN_OK. */
wn_code wn_jsonfile_read(cJSON **out, const char *dir, const char *name, size_t max, bool required, wn_err *err);

/* The bytes of dir/name and a zero behind them; absent: *data = NULL and WN_OK. wn_free the result. */
wn_code wn_file_read(char **data, size_t *n, const char *dir, const char *name, size_t max, wn_err *err);

/* A non-negative whole number of at most `high` (which a double holds exactly). */
bool wn_jsonfile_whole(const cJSON *v, unsigned long long high, unsigned long long *out);

#endif
