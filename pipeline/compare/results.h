#ifndef WN_COMPARE_RESULTS_H
#define WN_COMPARE_RESULTS_H
/* The files of a comparison's output folder, but for the page and the manifest. */
#include "outcome/outdir.h"
#include "verdict.h"

#define WN_FILE_RESULTS_CSV "results.csv"
#define WN_FILE_RESULTS_JSON "results.json"
#define WN_FILE_SUMMARY "summary.json"
#define WN_FILE_SUBSETS "subsets.jsonl"
#define WN_FILE_TESTS "tests.txt"

/* What is to be written. A view. */
typedef struct {
    const wn_verdicts *verdicts;
    const char *folder; /* of the finished cells */
    const size_t *at;   /* [n + tests] numbers of the data's rows in the input, from 0 */
    bool tests_apart;   /* the test rows come from a file of their own */
    size_t shared;      /* test rows whose text the pool has, too */
} wn_compare_results;

/* results.csv and results.json: a line a cell. subsets.jsonl: the rows and labels that each cell was taught.
 * tests.txt: which rows of the input were tested on, unless they have a file of their own. summary.json: means,
 * differences, verdicts. */
wn_code wn_compare_results_write(const wn_compare_results *r, wn_outdir *d, wn_progress *p, wn_err *err);

#endif
