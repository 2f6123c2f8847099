/* Nothing yet. */
typedef int wn_selector_empty;
