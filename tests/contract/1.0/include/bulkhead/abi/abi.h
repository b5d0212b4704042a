/* bulkhead/abi/abi.h: every released header of the C ABI. */
#ifndef BULKHEAD_ABI_ABI_H
#define BULKHEAD_ABI_ABI_H
#include "call.h"
#include "codec.h"
#include "core.h"
#include "services.h"
#include "tensor.h"
#endif
