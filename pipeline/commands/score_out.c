#include "score_out.h"

#include "stages/say.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/buf.h>
#include <wn/input_fd.h>
#include <wn/safefile.h>
#include <wn/visible.h>

static const char table_head[] = "id\tlabel\tpredicted", json_head[] = "{\"id\":", metrics_head[] = "{\n\t\"winnow\":";

static bool begins_with(const char *path, const char *const *heads, size_t n) {
    char got[64] = "";
    size_t have;
    if (!wn_input_file_head(got, sizeof got - 1, &have, path)) return false;
    for (size_t i = 0; i < n; i++)
        if (strncmp(got, heads[i], strlen(heads[i])) == 0) return true;
    return have == 0;
}

bool wn_predictions_ours(const char *path) {
    static const char *const heads[] = {table_head, json_head};
    return begins_with(path, heads, 2);
}

bool wn_metrics_ours(const char *path) {
    static const char *const heads[] = {metrics_head};
    return begins_with(path, heads, 1);
}

/* ---- predictions ---- */

/* A cell of a table: no tab or line end in it. */
static void put_cell(wn_writer *w, const char *s, size_t n) {
    char one[WN_VISIBLE_MAX];
    size_t len;
    for (size_t i = 0; i < n;) {
        i += wn_visible_next(one, &len, s + i, n - i);
        wn_writer_bytes(w, one, len);
    }
}

static void put_name(wn_writer *w, const char *s) {
    put_cell(w, s, strlen(s));
}

/* Nine digits: a float reads back as it was. */
static void table_line(wn_writer *w, const wn_scored *s, size_t i) {
    char number[24];
    size_t len, c = s->classes->n;
    const wn_corpus *corpus = &s->examples->corpus;
    const char *id = wn_corpus_id(corpus, i, number, &len);
    put_cell(w, id, len);
    wn_writer_put(w, "\t");
    if (s->labelled) put_name(w, corpus->labels[corpus->label[i]]);
    wn_writer_put(w, "\t");
    if (c)
        put_name(w, s->classes->names[wn_metrics_likeliest(s->out + i * c, c)]);
    else
        wn_writer_printf(w, "%.9g", (double)s->out[i]);
    for (size_t j = 0; j < c; j++) wn_writer_printf(w, "\t%.9g", (double)s->out[i * c + j]);
    wn_writer_put(w, "\n");
}

static void json_line(wn_writer *w, const wn_scored *s, size_t i) {
    char number[24];
    size_t len, c = s->classes->n;
    const wn_corpus *corpus = &s->examples->corpus;
    const char *id = wn_corpus_id(corpus, i, number, &len);
    wn_writer_printf(w, "%s ", json_head);
    wn_writer_json(w, id, len);
    if (s->labelled) {
        const char *label = corpus->labels[corpus->label[i]];
        wn_writer_put(w, ", \"label\": ");
        wn_writer_json(w, label, strlen(label));
    }
    wn_writer_put(w, ", \"predicted\": ");
    if (c) {
        const char *name = s->classes->names[wn_metrics_likeliest(s->out + i * c, c)];
        wn_writer_json(w, name, strlen(name));
        wn_writer_put(w, ", \"probabilities\": {");
        for (size_t j = 0; j < c; j++) {
            if (j) wn_writer_put(w, ", ");
            wn_writer_json(w, s->classes->names[j], strlen(s->classes->names[j]));
            wn_writer_printf(w, ": %.9g", (double)s->out[i * c + j]);
        }
        wn_writer_put(w, "}");
    } else {
        wn_writer_printf(w, "%.9g", (double)s->out[i]);
    }
    wn_writer_put(w, "}\n");
}

static void table_header(wn_writer *w, const wn_scored *s) {
    wn_writer_put(w, table_head);
    for (size_t j = 0; j < s->classes->n; j++) {
        wn_writer_put(w, "\tp:");
        put_name(w, s->classes->names[j]);
    }
    wn_writer_put(w, "\n");
}

wn_code wn_score_predictions(const wn_scored *s, const char *path, bool overwrite, wn_err *err) {
    enum { FLUSH = 1 << 16 };
    size_t n = strlen(path);
    bool json = n >= 6 && strcmp(path + n - 6, ".jsonl") == 0;
    wn_safefile *f = NULL;
    wn_writer w = {.err = err};
    wn_code code = wn_safefile_create(&f, path, overwrite, err);
    if (code != WN_OK) goto out;
    if (!json) table_header(&w, s);
    for (size_t i = 0; i < s->examples->n; i++) {
        if (json)
            json_line(&w, s, i);
        else
            table_line(&w, s, i);
        if ((code = w.code) != WN_OK) goto out;
        if (w.len < FLUSH && i + 1 < s->examples->n) continue;
        if ((code = wn_safefile_write(f, w.data, w.len, err)) != WN_OK) goto out;
        w.len = 0;
    }
    wn_safefile *whole = f;
    f = NULL;
    code = wn_safefile_commit(whole, err);
out:
    wn_safefile_abort(f);
    wn_free(w.data);
    return code;
}

/* ---- metrics ---- */

/* The figures of all classes together, by their names. */
typedef struct {
    const char *key, *words;
    double value;
} score_figure;
enum { FIGURES = 8 };

static size_t score_figures(score_figure f[FIGURES], const wn_scored *s) {
    const wn_metrics *m = &s->metrics;
    const wn_regress_metrics *r = &s->numbers;
    size_t n = 0;
    if (!s->classes->n) {
        f[n++] = (score_figure){"mse", "mean squared error", r->mse};
        f[n++] = (score_figure){"mae", "mean absolute error", r->mae};
        f[n++] = (score_figure){"pearson", "Pearson correlation", r->pearson};
        f[n++] = (score_figure){"spearman", "Spearman correlation", r->spearman};
        return n;
    }
    f[n++] = (score_figure){"accuracy", "accuracy", m->accuracy};
    f[n++] = (score_figure){"balanced_accuracy", "balanced accuracy", m->balanced_accuracy};
    f[n++] = (score_figure){"macro_precision", "macro precision", m->macro_precision};
    f[n++] = (score_figure){"macro_recall", "macro recall", m->macro_recall};
    f[n++] = (score_figure){"macro_f1", "macro F1", m->macro_f1};
    f[n++] = (score_figure){"auc", m->classes == 2 ? "AUC" : "AUC, one against rest", m->auc};
    f[n++] = (score_figure){"log_loss", "log loss", m->log_loss};
    f[n++] = (score_figure){"calibration_error", "calibration error", m->calibration_error};
    return n;
}

/* A number as JSON has it. */
static void put_number(wn_writer *w, double v) {
    if (isfinite(v))
        wn_writer_printf(w, "%.17g", v);
    else
        wn_writer_put(w, "null");
}

static size_t class_records(const wn_metrics *m, size_t c) {
    size_t n = 0;
    for (size_t k = 0; k < m->classes; k++) n += m->confusion[c * m->classes + k];
    return n;
}

static void put_classes(wn_writer *w, const wn_scored *s) {
    const wn_metrics *m = &s->metrics;
    wn_writer_put(w, ",\n\t\"classes\": [");
    for (size_t j = 0; j < m->classes; j++) {
        wn_writer_put(w, j ? ",\n\t\t{\"label\": " : "\n\t\t{\"label\": ");
        wn_writer_json(w, s->classes->names[j], strlen(s->classes->names[j]));
        wn_writer_printf(w, ", \"records\": %zu, \"precision\": ", class_records(m, j));
        put_number(w, m->precision[j]);
        wn_writer_put(w, ", \"recall\": ");
        put_number(w, m->recall[j]);
        wn_writer_put(w, ", \"f1\": ");
        put_number(w, m->f1[j]);
        wn_writer_put(w, "}");
    }
    wn_writer_put(w, "],\n\t\"confusion\": [");
    for (size_t j = 0; j < m->classes; j++) {
        wn_writer_put(w, j ? ",\n\t\t[" : "\n\t\t[");
        for (size_t k = 0; k < m->classes; k++)
            wn_writer_printf(w, "%s%zu", k ? ", " : "", m->confusion[j * m->classes + k]);
        wn_writer_put(w, "]");
    }
    wn_writer_put(w, "]");
}

static void put_metrics(wn_writer *w, const wn_scored *s) {
    score_figure f[FIGURES];
    size_t n = score_figures(f, s);
    char model[4096];
    size_t len = wn_visible(model, sizeof model, s->model, strlen(s->model));
    wn_writer_printf(w, "%s \"%s\",\n\t\"model\": ", metrics_head, WINNOW_VERSION);
    wn_writer_json(w, model, len);
    wn_writer_printf(w, ",\n\t\"task\": \"%s\",\n\t\"records\": %zu", wn_finetune_task_name(s->task), s->examples->n);
    for (size_t i = 0; i < n; i++) {
        wn_writer_printf(w, ",\n\t\"%s\": ", f[i].key);
        put_number(w, f[i].value);
    }
    if (s->classes->n) put_classes(w, s);
    wn_writer_put(w, "\n}\n");
}

wn_code wn_score_metrics(const wn_scored *s, const char *path, bool overwrite, wn_err *err) {
    wn_safefile *f = NULL;
    wn_writer w = {.err = err};
    put_metrics(&w, s);
    wn_code code = w.code;
    if (code != WN_OK) goto out;
    if ((code = wn_safefile_create(&f, path, overwrite, err)) != WN_OK) goto out;
    if ((code = wn_safefile_write(f, w.data, w.len, err)) != WN_OK) goto out;
    wn_safefile *whole = f;
    f = NULL;
    code = wn_safefile_commit(whole, err);
out:
    wn_safefile_abort(f);
    wn_free(w.data);
    return code;
}

/* ---- for people ---- */

static const char *figure_text(double v, char out[24]) {
    (void)snprintf(out, 24, "%.4f", v);
    return isfinite(v) ? out : "-";
}

static void print_confusion(const wn_scored *s, wn_io *io) {
    enum { SHOWN = 12 };
    const wn_metrics *m = &s->metrics;
    if (m->classes > SHOWN) return;
    wn_printf(io, "\nconfusion (a row a true class, a column a predicted one)\n");
    for (size_t j = 0; j < m->classes; j++) {
        for (size_t k = 0; k < m->classes; k++) wn_printf(io, "%8zu", m->confusion[j * m->classes + k]);
        wn_printf(io, "  ");
        wn_print_name(io, s->classes->names[j]);
        wn_printf(io, "\n");
    }
}

void wn_score_print(const wn_scored *s, wn_io *io) {
    score_figure f[FIGURES];
    char a[24], b[24], d[24];
    const wn_metrics *m = &s->metrics;
    size_t n = score_figures(f, s);
    wn_printf(io, "%-22s %zu\n", "records", s->examples->n);
    for (size_t i = 0; i < n; i++) wn_printf(io, "%-22s %s\n", f[i].words, figure_text(f[i].value, a));
    if (!s->classes->n) return;
    wn_printf(io, "\nprecision  recall      F1  records  class\n");
    for (size_t j = 0; j < m->classes; j++) {
        wn_printf(io, "%9s %7s %7s %8zu  ", figure_text(m->precision[j], a), figure_text(m->recall[j], b),
                  figure_text(m->f1[j], d), class_records(m, j));
        wn_print_name(io, s->classes->names[j]);
        wn_printf(io, "\n");
    }
    print_confusion(s, io);
}
