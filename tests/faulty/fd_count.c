/* decode gives the numbers of the open descriptors. It asks recvmsg, which a locked cell may call:
 * a closed descriptor is EBADF, an open one that is no socket ENOTSOCK. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "null_table.h"

static bh_status list(bh_call *call, bh_instance *instance, const bh_codec_decode_params *params,
                      bh_codec_bytes_result *result) {
  (void)instance, (void)params;
  char text[2048] = "";
  size_t used = 0;
  for (int fd = 0; fd < 1024 && used < sizeof text; ++fd) {
    struct msghdr message = {0};
    if (recvmsg(fd, &message, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EBADF) continue;
    used += (size_t)snprintf(text + used, sizeof text - used, "%d ", fd);
  }
  return faulty_bytes(call, text, strlen(text), result);
}

#define FAULTY_DECODE list
#include "plugin.h"
