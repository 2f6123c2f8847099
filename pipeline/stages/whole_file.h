#ifndef WN_PIPELINE_WHOLE_FILE_H
#define WN_PIPELINE_WHOLE_FILE_H
/* Small files in memory. */
#include <cjson/cJSON.h>
#include <stddef.h>
#include <winnow/err.h>

/* The JSON object in a file; cJSON_Delete the result. WN_EINPUT where it is none. */
wn_code wn_json_read(const char *path, cJSON **out, wn_err *err);

#endif
