#ifndef WINNOW_SELECTOR_GRAPH_CUT_H
#define WINNOW_SELECTOR_GRAPH_CUT_H
#include "objective/evaluate.h"

/* f(S) of graph-cut from its definition, whatever the similarities. */
wn_code wn_graph_cut_evaluate(const wn_evaluation *e, double *value, wn_err *err);

#endif
