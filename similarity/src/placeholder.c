/* Nothing yet. */
typedef int wn_similarity_empty;
