/* Included last by each plugin: emits its table, descriptor and exported symbol. What the plugin
 * does in its own way it says in macros before: FAULTY_ENCODE names the function that takes the
 * place of null_encode, and so on. FAULTY_ID and FAULTY_VERSION come from the build. */
#include "null_table.h"

#ifndef FAULTY_ENCODE
#define FAULTY_ENCODE null_encode
#endif
#ifndef FAULTY_DECODE
#define FAULTY_DECODE null_decode
#endif
#ifndef FAULTY_TOKENIZE
#define FAULTY_TOKENIZE null_tokenize
#endif
#ifndef FAULTY_COUNT
#define FAULTY_COUNT null_count
#endif
#ifndef FAULTY_ENCODE_BATCH
#define FAULTY_ENCODE_BATCH null_encode_batch
#endif
#ifndef FAULTY_OPEN
#define FAULTY_OPEN null_open
#endif
#ifndef FAULTY_MAGIC
#define FAULTY_MAGIC BH_DESCRIPTOR_MAGIC
#endif
#ifndef FAULTY_STRUCT_SIZE
#define FAULTY_STRUCT_SIZE sizeof(bh_descriptor)
#endif
#ifndef FAULTY_ABI_MAJOR
#define FAULTY_ABI_MAJOR BH_ABI_MAJOR
#endif
#ifndef FAULTY_ABI_MINOR
#define FAULTY_ABI_MINOR BH_ABI_MINOR
#endif
#ifndef FAULTY_MIN_HOST_MINOR
#define FAULTY_MIN_HOST_MINOR 0
#endif
#ifndef FAULTY_SANITIZERS
#define FAULTY_SANITIZERS BH_BUILT_SANITIZERS
#endif
#ifndef FAULTY_DESCRIPTOR_ID
#define FAULTY_DESCRIPTOR_ID FAULTY_ID
#endif
#ifndef FAULTY_INTERFACE
#define FAULTY_INTERFACE BH_CODEC_1
#endif
#ifndef FAULTY_SERVICES_REQUIRED
#define FAULTY_SERVICES_REQUIRED NULL
#endif

static const bh_codec_v1 table = {
    sizeof(bh_codec_v1),
    0,
    FAULTY_ENCODE,
    FAULTY_DECODE,
    FAULTY_TOKENIZE,
    FAULTY_COUNT,
    FAULTY_ENCODE_BATCH,
    null_decode_batch,
    null_stream_open,
    null_stream,
    null_stream,
    null_info,
    NULL,
};

static const void *get_interface(bh_instance *instance, const char *name) {
  (void)instance;
  return strcmp(name, FAULTY_INTERFACE) == 0 ? &table : NULL;
}

static const char *const interfaces[] = {BH_CODEC_1, NULL};

static const bh_descriptor descriptor = {
    FAULTY_MAGIC,
    (uint32_t)(FAULTY_STRUCT_SIZE),
    FAULTY_ABI_MAJOR,
    FAULTY_ABI_MINOR,
    FAULTY_MIN_HOST_MINOR,
    0,
    FAULTY_SANITIZERS,
    BH_BUILT_CUDA,
    BH_BUILT_COMPILER,
    FAULTY_DESCRIPTOR_ID,
    FAULTY_VERSION,
    interfaces,
    FAULTY_SERVICES_REQUIRED,
    NULL,
    FAULTY_OPEN,
    null_close,
    get_interface,
};

BH_DEFINE_PLUGIN(descriptor)
