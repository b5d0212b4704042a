/* Crashes while it is being loaded. */
#include <signal.h>
#include <stdint.h>

__attribute__((constructor)) static void crash(void) {
  signal(SIGSEGV, SIG_DFL);
  volatile uintptr_t address = 16;
  *(volatile int *)address = 1;
}

#include "plugin.h"
