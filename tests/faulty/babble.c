/* In a cell: writes what the text names on the descriptor of the host's connection. */
#include <unistd.h>

#include "null_table.h"

static void put(const void *data, size_t size) {
  /* The host may hang up in between: then there is nobody to babble to. */
  const char *at = (const char *)data;
  while (size != 0) {
    const ssize_t count = write(3, at, size);
    if (count <= 0) return;
    at += count;
    size -= (size_t)count;
  }
}

static bh_status babble(bh_call *call, bh_instance *instance, const bh_codec_encode_params *params,
                        bh_codec_encode_result *result) {
  static unsigned char noise[65536];
  uint32_t random = 2463534242u;
  for (size_t i = 0; i < sizeof noise; ++i) {
    random ^= random << 13, random ^= random >> 17, random ^= random << 5;
    noise[i] = (unsigned char)random;
  }
  const uint32_t huge_count[2] = {0xffffffffu, 0};
  const uint32_t huge_segment[2] = {0, 0xffffffffu};
  const uint32_t empty_frames[512] = {0};
  if (faulty_asked(params, "noise")) put(noise, sizeof noise);
  if (faulty_asked(params, "segments")) put(huge_count, sizeof huge_count);
  if (faulty_asked(params, "size")) put(huge_segment, sizeof huge_segment);
  if (faulty_asked(params, "empty")) put(empty_frames, sizeof empty_frames);
  if (faulty_asked(params, "text")) put("HTTP/1.1 200 OK\r\n\r\n", 19);
  return null_encode(call, instance, params, result);
}

#define FAULTY_ENCODE babble
#include "plugin.h"
