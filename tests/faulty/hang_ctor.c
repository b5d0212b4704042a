/* Never comes back from being loaded. */
#include <time.h>

__attribute__((constructor)) static void hang(void) {
  const struct timespec pause = {0, 10000000};
  for (;;) nanosleep(&pause, NULL);
}

#include "plugin.h"
