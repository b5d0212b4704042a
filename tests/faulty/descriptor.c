/* Plugins whose descriptor is wrong in one field; the build says which (see CMakeLists.txt). */
#include "plugin.h"
