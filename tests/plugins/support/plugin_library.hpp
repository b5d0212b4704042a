// The installed kit for tests of plugins, all of it.
#pragma once

#include <bulkhead/testing/codec.hpp>
