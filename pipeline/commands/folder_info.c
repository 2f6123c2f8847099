/* winnow info OUT: what was chosen, how and from what; the whole is in its manifest. */
#include "kind.h"
#include "outcome/layout.h"
#include "stages/say.h"
#include "stages/whole_file.h"

#include <string.h>
#include <winnow/mem.h>
#include <wn/path.h>

static const cJSON *member_of(const cJSON *in, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(in, name);
}

static double number_of(const cJSON *in, const char *name) {
    const cJSON *v = member_of(in, name);
    return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

/* A number of bytes that somebody else may have written. */
static size_t size_of(const cJSON *in, const char *name) {
    double v = number_of(in, name);
    return v >= 0 && v < 0x1p60 ? (size_t)v : 0;
}

static const char *text_of(const cJSON *in, const char *name) {
    const cJSON *v = member_of(in, name);
    return cJSON_IsString(v) ? v->valuestring : "";
}

static bool is_number(const cJSON *in, const char *name) {
    return cJSON_IsNumber(member_of(in, name));
}

/* "  name: value" */
static void print_member(const char *name, const char *value, wn_io *io) {
    if (!*value) return;
    wn_printf(io, "  %s: ", name);
    wn_print_name(io, value);
    wn_printf(io, "\n");
}

static void print_inputs(const cJSON *inputs, wn_io *io) {
    char bytes[32];
    const cJSON *in;
    cJSON_ArrayForEach(in, inputs) {
        const char *unit = is_number(in, "rows") ? "rows" : "records";
        wn_printf(io, "  input: ");
        wn_print_name(io, text_of(in, "path"));
        wn_printf(io, ", %.0f %s, %s\n", number_of(in, unit), unit, wn_bytes_text(size_of(in, "bytes"), bytes));
    }
}

static void print_selection(const cJSON *s, wn_io *io) {
    if (!s) return;
    print_member("vectors", text_of(s, "encoder"), io);
    wn_printf(io, "  chosen by: ");
    wn_print_name(io, text_of(s, "objective"));
    wn_printf(io, ", ");
    wn_print_name(io, text_of(s, "similarity"));
    if (is_number(s, "gamma")) wn_printf(io, ", gamma %.4g", number_of(s, "gamma"));
    if (is_number(s, "lambda")) wn_printf(io, ", lambda %.4g", number_of(s, "lambda"));
    if (is_number(s, "saturation")) wn_printf(io, ", saturation %.4g", number_of(s, "saturation"));
    wn_printf(io, "\n");
    if (is_number(s, "coverage"))
        wn_printf(io, "  coverage: %.3f mean cosine to the nearest chosen row; at random %.3f\n",
                  number_of(s, "coverage"), number_of(s, "coverage_random"));
}

static void print_outputs(const cJSON *outputs, wn_io *io) {
    char bytes[32];
    const cJSON *file;
    size_t n = 0;
    wn_printf(io, "  files: ");
    cJSON_ArrayForEach(file, outputs) {
        wn_printf(io, "%s", n++ ? ", " : "");
        wn_print_name(io, file->string);
        wn_printf(io, " (%s)", wn_bytes_text(size_of(file, "bytes"), bytes));
    }
    wn_printf(io, "%s" WN_FILE_MANIFEST "\n", n ? ", " : "");
}

/* What compare says of itself. */
static void print_comparison(const char *path, const cJSON *m, const cJSON *c, wn_io *io) {
    const cJSON *run = member_of(m, "this_run");
    wn_print_name(io, path);
    wn_printf(io, ": a comparison of %.0f methods at %.0f budgets, %.0f cells\n", number_of(c, "methods"),
              number_of(c, "budgets"), number_of(c, "cells"));
    print_member("command", text_of(m, "command"), io);
    print_inputs(member_of(m, "inputs"), io);
    wn_printf(io, "  records: %.0f to choose from, %.0f to test on, in %.0f classes\n", number_of(c, "pool"),
              number_of(c, "tests"), number_of(c, "classes"));
    print_outputs(member_of(m, "outputs"), io);
    print_member("version", text_of(m, "winnow"), io);
    if (run) wn_printf(io, "  took: %.1f s\n", number_of(member_of(run, "seconds"), "total"));
}

/* A folder of winnow train. */
static void print_training(const char *path, const cJSON *m, const cJSON *t, wn_io *io) {
    wn_print_name(io, path);
    wn_printf(io, ": a model trained for the task ");
    wn_print_name(io, text_of(t, "task"));
    wn_printf(io, " on %.0f records\n", number_of(t, "records"));
    print_member("command", text_of(m, "command"), io);
    print_inputs(member_of(m, "inputs"), io);
    print_member("model", text_of(member_of(m, "model"), "path"), io);
    print_member("settings", text_of(t, "settings"), io);
    wn_printf(io, "  steps: %.0f, loss %.4g in the last epoch", number_of(t, "steps"), number_of(t, "loss"));
    if (is_number(t, "held_out_loss"))
        wn_printf(io, ", %.4g on %.0f held-out records after epoch %.0f", number_of(t, "held_out_loss"),
                  number_of(t, "held_out"), number_of(t, "best_epoch"));
    wn_printf(io, "\n");
}

/* A folder of winnow distill. */
static void print_table(const char *path, const cJSON *m, const cJSON *t, wn_io *io) {
    wn_print_name(io, path);
    wn_printf(io, ": a static table of %.0f tokens, %.0f dimensions (%.1f%% of the variance)\n", number_of(t, "tokens"),
              number_of(t, "dims"), 100 * number_of(t, "variance"));
    print_member("command", text_of(m, "command"), io);
    print_member("model", text_of(member_of(m, "model"), "path"), io);
    print_member("weights of tokens", text_of(t, "weights"), io);
}

static void print_folder(const char *path, const cJSON *m, wn_io *io) {
    const cJSON *training = member_of(m, "training"), *table = member_of(m, "table");
    if (training || table) {
        if (training)
            print_training(path, m, training, io);
        else
            print_table(path, m, table, io);
        print_outputs(member_of(m, "outputs"), io);
        print_member("version", text_of(m, "winnow"), io);
        return;
    }
    const cJSON *counts = member_of(m, "counts"), *run = member_of(m, "this_run");
    double read = number_of(counts, "read"), distinct = number_of(counts, "distinct");
    wn_print_name(io, path);
    if (is_number(counts, "chosen"))
        wn_printf(io, ": %.0f of %.0f chosen\n", number_of(counts, "chosen"), read);
    else
        wn_printf(io, ": %.0f of %.0f kept\n", distinct, read);
    print_member("command", text_of(m, "command"), io);
    print_inputs(member_of(m, "inputs"), io);
    wn_printf(io, "  left out: %.0f copies in %.0f groups, %.0f bad records; texts that are empty: %.0f\n",
              number_of(counts, "copies_dropped"), number_of(counts, "copy_groups"), number_of(counts, "skipped"),
              number_of(counts, "empty"));
    print_selection(member_of(m, "selection"), io);
    print_outputs(member_of(m, "outputs"), io);
    print_member("version", text_of(m, "winnow"), io);
    if (run) wn_printf(io, "  took: %.1f s\n", number_of(member_of(run, "seconds"), "total"));
}

wn_code wn_info_folder(const char *path, wn_io *io, wn_err *err) {
    cJSON *manifest = NULL;
    char *file = wn_path_join(path, WN_FILE_MANIFEST, err);
    wn_code code = file ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    code = wn_json_read(file, &manifest, err);
    if (code == WN_EIO)
        code = wn_err_set(err, WN_EINPUT, "%s is a folder without manifest.json: not an output of winnow", path);
    if (code != WN_OK) goto out;
    const cJSON *comparison = member_of(manifest, "comparison");
    if (comparison)
        print_comparison(path, manifest, comparison, io);
    else
        print_folder(path, manifest, io);
out:
    cJSON_Delete(manifest);
    wn_free(file);
    return code;
}
