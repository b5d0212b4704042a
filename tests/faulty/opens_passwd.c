/* encode opens /etc/passwd. */
#include <fcntl.h>
#include <unistd.h>

#include "null_table.h"

static bh_status peek(bh_call *call, bh_instance *instance, const bh_codec_encode_params *params,
                      bh_codec_encode_result *result) {
  const int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
  if (file < 0) return faulty_fail(call, BH_PERMISSION_DENIED, "/etc/passwd does not open");
  close(file);
  return null_encode(call, instance, params, result);
}

#define FAULTY_ENCODE peek
#include "plugin.h"
