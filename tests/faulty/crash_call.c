/* encode ends the process in the way that the text names; any other text is encoded. */
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "null_table.h"

static void pause_a_little(void) {
  const struct timespec time = {0, 10000000};
  nanosleep(&time, NULL);
}

static bh_status crash_encode(bh_call *call, bh_instance *instance,
                              const bh_codec_encode_params *params,
                              bh_codec_encode_result *result) {
  if (faulty_asked(params, "segv")) {
    signal(SIGSEGV, SIG_DFL); /* a sanitizer's handler would exit instead */
    volatile uintptr_t address = 16;
    *(volatile int *)address = 1;
  }
  if (faulty_asked(params, "last words")) {
    /* More than a reader takes at once, less than a pipe holds. */
    for (int line = 1; line <= 15; ++line) fprintf(stderr, "last words %04000d\n", line);
    _exit(0);
  }
  if (faulty_asked(params, "abort")) abort();
  if (faulty_asked(params, "exit")) exit(3);
  if (faulty_asked(params, "_exit")) _exit(0);
  if (faulty_asked(params, "hang up")) {
    /* By then another thread waits for the socket, and hears nothing of this. */
    for (int i = 0; i < 20; ++i) pause_a_little();
    for (int fd = 0; fd < 64; ++fd) close(fd);
    for (;;) pause_a_little();
  }
  return null_encode(call, instance, params, result);
}

#define FAULTY_ENCODE crash_encode
#include "plugin.h"
