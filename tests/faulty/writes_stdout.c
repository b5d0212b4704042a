/* Chatters on standard output and error, and through the call and the log service. */
#include <stdio.h>
#include <unistd.h>

#include "null_table.h"

static const char *const required[] = {BH_LOG_1, NULL};

static bh_status chatter(bh_call *call, bh_instance *instance, const bh_codec_encode_params *params,
                         bh_codec_encode_result *result) {
  if (faulty_asked(params, "stdout")) {
    printf("a line on standard output\n");
    fflush(stdout);
    fprintf(stderr, "a line on standard error\n");
  }
  if (faulty_asked(params, "binary")) {
    const char noise[] = "\x00\xff\xfe\x1b[31m\x07 noise\n";
    if (write(STDOUT_FILENO, noise, sizeof noise - 1) < 0) return BH_IO_ERROR;
  }
  if (faulty_asked(params, "call")) {
    call->fn->log(call, BH_LOG_WARN, faulty_text("a line through the call"));
  }
  if (faulty_asked(params, "service")) {
    const bh_log_v1 *log = (const bh_log_v1 *)instance->services->get(instance->services, BH_LOG_1);
    if (log == NULL) return faulty_fail(call, BH_INTERNAL, "the log service is missing");
    log->write(log, BH_LOG_ERROR, faulty_text("a line through the service"));
  }
  return null_encode(call, instance, params, result);
}

#define FAULTY_ENCODE chatter
#define FAULTY_SERVICES_REQUIRED required
#include "plugin.h"
