#ifndef WN_PIPELINE_LAYOUT_H
#define WN_PIPELINE_LAYOUT_H
/* Names in an output folder: its files, their columns. WN_OUTCOME_COLUMNS (wn/outcome.h) has those of the choice. */

#define WN_FILE_MANIFEST "manifest.json"
#define WN_FILE_SUMS "SHA256SUMS"
#define WN_FILE_SELECTION "selection.tsv"
#define WN_FILE_ASSIGNMENT "assignment.tsv"
#define WN_FILE_CONFLICTS "conflicts.tsv"
#define WN_FILE_MATRIX "selection.h5ad"
#define WN_FILE_REPORT "report.html"
#define WN_STEM_SUBSET "subset" /* .jsonl, ... as the input; .h5ad */
#define WN_STEM_REST "rest"

/* Columns of /obs that come from the input; a file has those that its input had. */
#define WN_INPUT_COLUMNS(X) X(_index) X(label) X(source) X(line) X(offset) X(length) X(row)

/* Columns of selection.tsv, one line a choice (the last one, query, where there are queries), of assignment.tsv, one
 * line a row, and of conflicts.tsv, one line a row whose copies have other labels, in their order. */
#define WN_SELECTION_COLUMNS(X)                                                                                        \
    X(rank) X(id) X(row) X(file) X(line) X(gain) X(objective) X(cost) X(n_represented) X(query)
#define WN_ASSIGNMENT_COLUMNS(X) X(id) X(represented_by) X(similarity)
#define WN_CONFLICTS_COLUMNS(X) X(kept) X(id) X(row) X(label) X(file) X(line)

#endif
