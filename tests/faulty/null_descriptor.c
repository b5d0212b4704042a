/* Has the symbol, and answers with nothing. */
#include <bulkhead/abi/core.h>

const bh_descriptor *bulkhead_query(const bh_query *query) {
  (void)query;
  return NULL;
}
