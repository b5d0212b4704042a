// Structs that several interfaces use.
#include <bulkhead/abi/call.h>

#include "sdk/wire/layout.hpp"

namespace bulkhead::wire {

template <>
const Layout& layout<bh_empty>() {
  static const Layout self = describe<bh_empty>({});
  return self;
}

template <>
const Layout& layout<bh_config_entry>() {
  static const Layout self = describe<bh_config_entry>(
      {BULKHEAD_FIELD(bh_config_entry, key), BULKHEAD_FIELD(bh_config_entry, type),
       BULKHEAD_FIELD(bh_config_entry, integer), BULKHEAD_FIELD(bh_config_entry, number),
       BULKHEAD_FIELD(bh_config_entry, text)});
  return self;
}

}  // namespace bulkhead::wire
