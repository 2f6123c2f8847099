/* Nothing yet. */
typedef int wn_pipeline_empty;
