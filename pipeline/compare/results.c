#include "results.h"

#include "cell_file.h"

#include <math.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/buf.h>

/* ---- values ---- */

static void put_number(wn_outfile *f, double v) { /* JSON knows no NaN */
    if (isfinite(v))
        wn_outfile_printf(f, "%.10g", v);
    else
        wn_outfile_printf(f, "null");
}

static void put_string(wn_outfile *f, const char *s) {
    char out[8];
    wn_outfile_printf(f, "\"");
    for (; *s; s++) wn_outfile_write(f, out, wn_json_byte(out, (unsigned char)*s));
    wn_outfile_printf(f, "\"");
}

static void put_member(wn_outfile *f, const char *name, double v) {
    wn_outfile_printf(f, ",\"%s\":", name);
    put_number(f, v);
}

static void put_interval(wn_outfile *f, const char *name, const wn_interval *i) {
    wn_outfile_printf(f, "\"%s\":{\"mean\":", name);
    put_number(f, i->mean);
    put_member(f, "sd", i->sd);
    put_member(f, "low", i->low);
    put_member(f, "high", i->high);
    wn_outfile_printf(f, "}");
}

/* ---- a line a cell ---- */

static wn_code write_csv(const wn_compare_results *r, wn_outdir *d, wn_err *err) {
    const wn_cells *c = r->verdicts->cells;
    const wn_compare_plan *p = c->plan;
    char budget[32];
    wn_outfile *f = NULL;
    wn_code code = wn_outfile_open(&f, d, WN_FILE_RESULTS_CSV, err);
    if (code != WN_OK) return code;
    wn_outfile_printf(f, "scenario,method,budget,k,selection_seed,training_seed");
#define NAME_SCORE(name) wn_outfile_printf(f, ",%s", #name);
    WN_CELL_SCORES(NAME_SCORE)
#undef NAME_SCORE
    wn_outfile_printf(f, ",select_s,train_s\n");
    for (size_t i = 0; i < c->n; i++) {
        const wn_cell *cell = &c->list[i];
        if (!cell->used) continue;
        wn_outfile_printf(f, "%s,%s,%s,%zu,%zu,%zu", p->scenarios[cell->scenario].name, p->methods[cell->method].name,
                          wn_budget_text(p, cell->budget, budget), cell->k, cell->draw, cell->training);
#define PUT_SCORE(name) wn_outfile_printf(f, ",%.10g", cell->name);
        WN_CELL_SCORES(PUT_SCORE)
#undef PUT_SCORE
        wn_outfile_printf(f, ",%.4f,%.4f\n", cell->select_s, cell->train_s);
    }
    return wn_outfile_close(f, err);
}

/* The members that say which cell it is. */
static void put_cell(wn_outfile *f, const wn_compare_plan *p, const wn_cell *cell) {
    char budget[32];
    wn_outfile_printf(f, "{\"scenario\":");
    put_string(f, p->scenarios[cell->scenario].name);
    wn_outfile_printf(f, ",\"method\":");
    put_string(f, p->methods[cell->method].name);
    wn_outfile_printf(f, ",\"budget\":\"%s\",\"k\":%zu,\"selection_seed\":%zu,\"training_seed\":%zu",
                      wn_budget_text(p, cell->budget, budget), cell->k, cell->draw, cell->training);
}

static wn_code write_json(const wn_compare_results *r, wn_outdir *d, wn_err *err) {
    const wn_cells *c = r->verdicts->cells;
    wn_outfile *f = NULL;
    size_t n = 0;
    wn_code code = wn_outfile_open(&f, d, WN_FILE_RESULTS_JSON, err);
    if (code != WN_OK) return code;
    wn_outfile_printf(f, "[");
    for (size_t i = 0; i < c->n; i++) {
        const wn_cell *cell = &c->list[i];
        if (!cell->used) continue;
        wn_outfile_printf(f, n++ ? ",\n" : "\n");
        put_cell(f, c->plan, cell);
#define PUT_SCORE(name) put_member(f, #name, cell->name);
        WN_CELL_SCORES(PUT_SCORE)
#undef PUT_SCORE
        wn_outfile_printf(f, ",\"select_s\":%.4f,\"train_s\":%.4f}", cell->select_s, cell->train_s);
    }
    wn_outfile_printf(f, "\n]\n");
    return wn_outfile_close(f, err);
}

/* Rows of the input and labels, from the finished cells: enough for a script of anyone's to learn the same. */
static wn_code write_subsets(const wn_compare_results *r, wn_outdir *d, wn_progress *progress, wn_err *err) {
    const wn_cells *c = r->verdicts->cells;
    const wn_compare_data *data = c->plan->data;
    wn_outfile *f = NULL;
    wn_code code = wn_outfile_open(&f, d, WN_FILE_SUBSETS, err);
    if (code != WN_OK) return code;
    for (size_t i = 0, n = 0; i < c->n; i++) {
        wn_cell cell = c->list[i];
        wn_subset s = {0};
        bool there = false;
        if (!cell.used) continue;
        cell.predicted = NULL;
        if ((code = wn_tick(progress, "write", "cells", n++, c->used, err)) != WN_OK) goto out;
        if ((code = wn_cell_read(&cell, &s, data, r->folder, &there, err)) != WN_OK) goto out;
        wn_free(cell.predicted);
        if (!there) {
            code = wn_err_set(err, WN_EIO, "%s: a cell that was finished is gone; the same command makes it again",
                              r->folder);
            goto out;
        }
        put_cell(f, c->plan, &cell);
        wn_outfile_printf(f, ",\"rows\":[");
        for (size_t j = 0; j < s.n; j++) wn_outfile_printf(f, j ? ",%zu" : "%zu", r->at[s.row[j]]);
        wn_outfile_printf(f, "],\"labels\":[");
        for (size_t j = 0; j < s.n; j++) {
            if (j) wn_outfile_write(f, ",", 1);
            put_string(f, data->names[s.label[j]]);
        }
        wn_outfile_printf(f, "]}\n");
        wn_subset_free(&s);
    }
    return wn_outfile_close(f, err);
out:
    wn_outfile_abort(f);
    return code;
}

static wn_code write_tests(const wn_compare_results *r, wn_outdir *d, wn_err *err) {
    const wn_compare_data *data = r->verdicts->cells->plan->data;
    wn_outfile *f = NULL;
    wn_code code = wn_outfile_open(&f, d, WN_FILE_TESTS, err);
    if (code != WN_OK) return code;
    for (size_t i = data->n; i < data->n + data->tests; i++) wn_outfile_printf(f, "%zu\n", r->at[i]);
    return wn_outfile_close(f, err);
}

/* ---- summary.json ---- */

static void put_difference(wn_outfile *f, const char *baseline, const wn_difference *d) {
    put_string(f, baseline);
    wn_outfile_printf(f, ":{\"verdict\":\"%s\",", wn_verdict_word(d->verdict));
    put_interval(f, "difference", &d->seeds);
    put_member(f, "p", d->seeds.p);
    put_member(f, "p_holm", d->holm);
    wn_outfile_printf(f, ",");
    put_interval(f, "over_test_rows", &d->items);
    put_member(f, "p_over_test_rows", d->items.p);
    wn_outfile_printf(f, ",\"wins\":%zu,\"ties\":%zu,\"losses\":%zu,", d->wins.wins, d->wins.ties, d->wins.losses);
    put_interval(f, "balanced_accuracy_difference", &d->balanced);
    wn_outfile_printf(f, "}");
}

static void put_standing(wn_outfile *f, const wn_compare_plan *p, const wn_standing *s) {
    char budget[32];
    size_t n = 0;
    wn_outfile_printf(f, "{\"scenario\":");
    put_string(f, p->scenarios[s->scenario].name);
    wn_outfile_printf(f, ",\"budget\":\"%s\",\"method\":", wn_budget_text(p, s->budget, budget));
    put_string(f, p->methods[s->method].name);
    wn_outfile_printf(f, ",\"baseline\":%s", p->methods[s->method].baseline ? "true" : "false");
    put_member(f, "k", s->k);
#define PUT_SCORE(name)                                                                                                \
    wn_outfile_write(f, ",", 1);                                                                                       \
    put_interval(f, #name, &s->name);
    WN_CELL_SCORES(PUT_SCORE)
#undef PUT_SCORE
    put_member(f, "gap_closed", s->closed);
    put_member(f, "select_s", s->select_s);
    put_member(f, "train_s", s->train_s);
    wn_outfile_printf(f, ",\"against\":{");
    for (size_t b = 0; b < p->nmethods; b++)
        if (wn_verdicts_compared(p, s->method, b)) {
            if (n++) wn_outfile_write(f, ",", 1);
            put_difference(f, p->methods[b].name, &s->against[b]);
        }
    wn_outfile_printf(f, "}}");
}

static wn_code put_sentences(wn_outfile *f, const wn_verdicts *v, wn_err *err) {
    const wn_compare_plan *p = v->cells->plan;
    size_t n = 0, base = wn_verdicts_yardstick(p);
    for (size_t s = 0; s < p->nscenarios; s++)
        for (size_t m = 0; m < p->nmethods; m++) {
            if (base == p->nmethods || p->methods[m].baseline || !wn_verdicts_compared(p, m, base)) continue;
            wn_writer w = {.err = err};
            wn_writer_printf(&w, "%s: ", p->scenarios[s].name);
            wn_verdicts_sentence(&w, v, s, m, base);
            if (w.code == WN_OK) wn_outfile_printf(f, n++ ? ",\n" : "\n"), put_string(f, w.data);
            wn_free(w.data);
            if (w.code != WN_OK) return w.code;
        }
    return WN_OK;
}

static wn_code write_summary(const wn_compare_results *r, wn_outdir *d, wn_err *err) {
    const wn_verdicts *v = r->verdicts;
    const wn_compare_plan *p = v->cells->plan;
    wn_outfile *f = NULL;
    size_t n = 0;
    wn_code code = wn_outfile_open(&f, d, WN_FILE_SUMMARY, err);
    if (code != WN_OK) return code;
    wn_outfile_printf(f, "{\"pool\":%zu,\"tests\":%zu,\"classes\":%zu,\"tests_also_in_pool\":%zu,\"level\":%g,",
                      p->data->n, p->data->tests, p->data->classes, r->shared, WN_VERDICT_LEVEL);
    wn_outfile_printf(f, "\"selection_seeds\":%zu,\"training_seeds\":%zu,\"pool_share\":%g,\n\"sentences\":[", p->draws,
                      p->trainings, p->pool_share);
    if ((code = put_sentences(f, v, err)) != WN_OK) {
        wn_outfile_abort(f);
        return code;
    }
    wn_outfile_printf(f, "],\n\"standings\":[");
    for (size_t i = 0; i < v->n; i++) {
        if (!v->list[i].used) continue;
        wn_outfile_printf(f, n++ ? ",\n" : "\n");
        put_standing(f, p, &v->list[i]);
    }
    wn_outfile_printf(f, "\n]}\n");
    return wn_outfile_close(f, err);
}

wn_code wn_compare_results_write(const wn_compare_results *r, wn_outdir *d, wn_progress *p, wn_err *err) {
    wn_code code = write_csv(r, d, err);
    if (code != WN_OK) return code;
    if ((code = write_json(r, d, err)) != WN_OK) return code;
    if ((code = write_subsets(r, d, p, err)) != WN_OK) return code;
    if (!r->tests_apart && (code = write_tests(r, d, err)) != WN_OK) return code;
    return write_summary(r, d, err);
}
