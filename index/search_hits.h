/* search_hits.h - keeping the best hit of each of the best owners, in bounded memory. */
#ifndef CW_INDEX_SEARCH_HITS_H
#define CW_INDEX_SEARCH_HITS_H

#include "index/search.h"

/* Adds a hit; several of one owner are fine. When there are too many, all but the best
 * max_hits owners go: each of them has that many owners before it already, and a better
 * hit of it still to come will be added again.
 *
 * Errors  CW_E_NO_MEMORY */
int cw_hits_add(struct cw_hits *h, const struct cw_search_hit *hit, size_t max_hits,
                struct cw_err *err) CW_CHECKED;
/* Leaves the best hit of each of the best max_hits owners, best first, then by owner. */
void cw_hits_settle(struct cw_hits *h, size_t max_hits);
/* What a scan kernel found for a hash of the query, without its owner. */
struct cw_search_hit cw_hit_of(const struct cw_search_hash *hash, size_t hash_index,
                               unsigned distance);

#endif
