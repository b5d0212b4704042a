/* bulkhead/abi/core.h: how a host and a plugin meet.
 *
 * A plugin is a shared library that exports ONE symbol, `bulkhead_query`. The host calls it with a
 * bh_query (what the host speaks) and gets a bh_descriptor (what the plugin is). Everything else is
 * reached from the descriptor, by string-named interfaces with a revision ("bulkhead.codec/1").
 *
 * Rules that hold in every header of this folder:
 *  - C11 and C++20; no C++ type, exception, allocator or errno crosses.
 *  - Every struct that crosses begins with its own size, so that both sides can grow: a reader
 *    touches a field only where `struct_size` covers it.
 *  - A released table never changes. Growth is a new revision of the interface.
 *  - Thread rules stand in brackets: [any-thread] may be called from any thread, also concurrently;
 *    [instance] one call at a time for each instance; [stream] one call at a time for each stream.
 *  - Text is UTF-8, given as pointer and length, not terminated, unless a comment says otherwise.
 */
#ifndef BULKHEAD_ABI_CORE_H
#define BULKHEAD_ABI_CORE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this ABI. A major is a new world; a minor only adds. */
#define BH_ABI_MAJOR 1
#define BH_ABI_MINOR 0
#define BH_ABI_VERSION(major, minor) (((uint32_t)(major) << 16) | (uint32_t)(minor))

#define BH_QUERY_MAGIC UINT64_C(0x59524555514b4842)      /* "BHKQUERY" in memory, little endian */
#define BH_DESCRIPTOR_MAGIC UINT64_C(0x435345444b4b4842) /* "BHKKDESC" */

#if defined(_WIN32)
#error "Bulkhead plugins are ELF shared libraries"
#endif
#define BH_EXPORT __attribute__((visibility("default")))

/* Borrowed UTF-8 text and borrowed bytes. `data` may be NULL where `size` is 0. */
typedef struct bh_text {
  const char *data;
  size_t size; /* bytes */
} bh_text;

typedef struct bh_bytes {
  const uint8_t *data;
  size_t size; /* bytes */
} bh_bytes;

/* What became of a call. The words for a person travel through bh_call (call.h). Values are
 * frozen; 1000 and above belong to the kinds (see codec.h). A plugin that returns a value that the
 * host does not know is treated as BH_INTERNAL. */
typedef int32_t bh_status;
enum {
  BH_OK = 0,
  BH_INVALID_ARGUMENT = 1,   /* the caller's input is wrong */
  BH_NOT_FOUND = 2,          /* the thing named does not exist */
  BH_UNSUPPORTED = 3,        /* this plugin or host can't do that at all */
  BH_CANCELLED = 4,          /* the caller took the call back, and the plugin obeyed */
  BH_DEADLINE_EXCEEDED = 5,  /* the time was up; in a cell that ignored it, the cell was ended */
  BH_OUT_OF_MEMORY = 6,      /* an allocation or a memory limit */
  BH_RESOURCE_EXHAUSTED = 7, /* another limit: size, count, disk */
  BH_OVERLOADED = 8,         /* refused early, nothing was done: try again later */
  BH_PERMISSION_DENIED = 9,  /* the policy or the kernel says no */
  BH_DATA_INVALID = 10,      /* a file or message is malformed */
  BH_IO_ERROR = 11,          /* the operating system could not read or write */
  BH_INTERNAL = 12,          /* the plugin failed in a way of its own; also: an exception */
  BH_PLUGIN_CRASHED = 13,    /* the cell ended while the call was in flight, or could not start */
  BH_UNRESPONSIVE = 14,      /* in process only: the plugin ignored cancellation and still runs */
  BH_PROTOCOL_ERROR = 15,    /* the plugin broke the contract: garbage sizes, malformed frames */
  BH_VERSION_MISMATCH = 16,  /* host and plugin share no version */
  BH_UNAVAILABLE = 17        /* not ready: stopped, quarantined, or the host is closing */
};

/* Sanitizers a binary was built with. */
enum { BH_SANITIZER_ADDRESS = 1u, BH_SANITIZER_THREAD = 2u, BH_SANITIZER_UNDEFINED = 4u };

/* Where the plugin is being loaded. For logging only: behave the same everywhere. */
enum { BH_ISOLATION_IN_PROCESS = 0, BH_ISOLATION_CELL = 1 };

/* What the host tells the plugin about itself. */
typedef struct bh_query {
  uint64_t magic;       /* BH_QUERY_MAGIC */
  uint32_t struct_size; /* sizeof(bh_query) of the host */
  uint32_t abi_min;     /* lowest and highest BH_ABI_VERSION the host speaks */
  uint32_t abi_max;
  uint32_t sanitizers; /* BH_SANITIZER_* of the process that loads */
  uint32_t isolation;  /* BH_ISOLATION_* */
  uint32_t reserved;
  bh_text host_version; /* for messages, for example "0.1.0" */
} bh_query;

typedef struct bh_call bh_call;         /* call.h: the context of one call */
typedef struct bh_services bh_services; /* services.h: what the host lends */
typedef struct bh_instance bh_instance; /* the plugin's own configured object; opaque to the host */

/* One value of a configuration. The host has checked keys, types and limits against the schema in
 * the manifest and filled in the defaults before the plugin sees them. */
enum { BH_VALUE_BOOLEAN = 1, BH_VALUE_INTEGER = 2, BH_VALUE_NUMBER = 3, BH_VALUE_TEXT = 4 };
typedef struct bh_config_entry {
  bh_text key;   /* as in the manifest, for example "encoding" */
  uint32_t type; /* BH_VALUE_*: says which of the following fields counts */
  uint32_t reserved;
  int64_t integer; /* also BOOLEAN: 0 or 1 */
  double number;
  bh_text text;
} bh_config_entry;

typedef struct bh_open_params {
  uint32_t struct_size;
  uint32_t config_count;
  const bh_config_entry *config; /* [config_count]; valid during open only */
  const bh_services *services;   /* valid until close returns */
} bh_open_params;

/* What the plugin is. Static data of the library: valid as long as it is loaded. */
typedef struct bh_descriptor {
  /* --- frozen prefix: the same in every ABI version for ever, so that any host can explain a
   * mismatch --- */
  uint64_t magic;       /* BH_DESCRIPTOR_MAGIC */
  uint32_t struct_size; /* sizeof(bh_descriptor) of the plugin */
  uint16_t abi_major;   /* the ABI that the plugin was compiled against */
  uint16_t abi_minor;
  uint16_t min_host_minor; /* lowest ABI minor of a host that the plugin can live with */
  uint16_t reserved;
  uint32_t sanitizers;                  /* BH_SANITIZER_* */
  uint32_t cuda_major;                  /* 0: not linked with CUDA */
  const char *compiler;                 /* terminated text, for messages */
  const char *id;                       /* terminated; equals the manifest's id */
  const char *version;                  /* terminated SemVer; equals the manifest's version */
  const char *const *interfaces;        /* NULL-terminated list of names: "bulkhead.codec/1" */
  const char *const *services_required; /* NULL-terminated list, or NULL */
  const char *const *services_optional; /* NULL-terminated list, or NULL */
  /* --- end of the frozen prefix --- */

  /* Makes an instance. [any-thread] On failure *out is untouched and the text is given through
   * `call`. Errors: any. */
  bh_status (*open)(bh_call *call, const bh_open_params *params, bh_instance **out);
  /* Ends an instance. [instance] Called once; no call is in flight and none follows. */
  void (*close)(bh_instance *instance);
  /* The table of a named interface, or NULL where the plugin does not offer it. [any-thread] The
   * table lives as long as the library. */
  const void *(*get_interface)(bh_instance *instance, const char *name);
} bh_descriptor;

/* The one exported symbol. [any-thread] Returns the descriptor even when the versions in `query`
 * don't fit, so that the host can say why; never NULL. Emitted by BULKHEAD_PLUGIN in
 * bulkhead/sdk/plugin.hpp or BH_DEFINE_PLUGIN below, not written by hand. */
typedef const bh_descriptor *bh_query_function(const bh_query *query);
#define BH_QUERY_SYMBOL "bulkhead_query"
BH_EXPORT const bh_descriptor *bulkhead_query(const bh_query *query);

/* What this translation unit was built with: the build facts of a descriptor. */
#if defined(__has_feature)
#define BH_HAS_FEATURE_(x) __has_feature(x)
#else
#define BH_HAS_FEATURE_(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || BH_HAS_FEATURE_(address_sanitizer)
#define BH_BUILT_ADDRESS_ BH_SANITIZER_ADDRESS
#else
#define BH_BUILT_ADDRESS_ 0u
#endif
#if defined(__SANITIZE_THREAD__) || BH_HAS_FEATURE_(thread_sanitizer)
#define BH_BUILT_THREAD_ BH_SANITIZER_THREAD
#else
#define BH_BUILT_THREAD_ 0u
#endif
#define BH_BUILT_SANITIZERS (BH_BUILT_ADDRESS_ | BH_BUILT_THREAD_)
#if defined(__clang__)
#define BH_BUILT_COMPILER "clang " __clang_version__
#else
#define BH_BUILT_COMPILER "gcc " __VERSION__
#endif
#if defined(__CUDACC_VER_MAJOR__)
#define BH_BUILT_CUDA __CUDACC_VER_MAJOR__
#else
#define BH_BUILT_CUDA 0u
#endif

/* Fills the frozen prefix of a descriptor from this header: use as the first initialisers. */
#define BH_DESCRIPTOR_PREFIX(id_, version_, interfaces_, required_, optional_)                     \
  BH_DESCRIPTOR_MAGIC, (uint32_t)sizeof(bh_descriptor), BH_ABI_MAJOR, BH_ABI_MINOR, 0, 0,          \
      BH_BUILT_SANITIZERS, BH_BUILT_CUDA, BH_BUILT_COMPILER, id_, version_, interfaces_,           \
      required_, optional_

/* Emits the exported symbol of a plugin written in C. `descriptor` is a static bh_descriptor. */
#define BH_DEFINE_PLUGIN(descriptor)                                                               \
  BH_EXPORT const bh_descriptor *bulkhead_query(const bh_query *query) {                           \
    (void)query;                                                                                   \
    return &(descriptor);                                                                          \
  }

#ifdef __cplusplus
}
#endif
#endif
