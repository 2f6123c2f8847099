#ifndef WINNOW_SELECTOR_SOLVER_H
#define WINNOW_SELECTOR_SOLVER_H
/* Fast and exact for one cell of objective, kernel and storage each; and one that serves every objective. */
#include "greedy.h"

extern const wn_solver_vt wn_solver_graph_cut_dense, wn_solver_graph_cut_linear, wn_solver_graph_cut_rbf;
extern const wn_solver_vt wn_solver_graph_cut_cone; /* of a rank's share */
extern const wn_solver_vt wn_solver_class_herding;
extern const wn_solver_vt wn_solver_random_order;
extern const wn_solver_vt wn_solver_by_value, wn_solver_kmeans, wn_solver_typiclust;
extern const wn_solver_vt wn_solver_rds, wn_solver_tsds;
/* g->objective by g->maximizer. Its bytes are NULL. */
extern const wn_solver_vt wn_solver_generic;

#endif
