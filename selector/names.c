/* The words of objectives, storages and maximizers. */
#include <string.h>
#include <winnow/select.h>

const char *wn_objective_name(wn_objective o) {
    switch (o) { WN_OBJECTIVES(WN_NAME_CASE) }
    return NULL;
}

const char *wn_storage_name(wn_storage s) {
    switch (s) { WN_STORAGES(WN_NAME_CASE) }
    return NULL;
}

const char *wn_maximizer_name(wn_maximizer m) {
    switch (m) { WN_MAXIMIZERS(WN_NAME_CASE) }
    return NULL;
}

bool wn_objective_named(const char *word, wn_objective *out) {
    for (int i = 0; wn_objective_name((wn_objective)i); i++) {
        if (strcmp(wn_objective_name((wn_objective)i), word) != 0) continue;
        *out = (wn_objective)i;
        return true;
    }
    return false;
}
