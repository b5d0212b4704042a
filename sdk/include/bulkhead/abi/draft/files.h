/* bulkhead/abi/draft/files.h: the service "bulkhead.files/1", files that were granted.
 *
 * A plugin in a cell opens no file. The host opens those that the embedder or the policy granted to
 * this plugin, under the name of the grant ("model", "runs/checkpoint"), and does the reading and
 * writing. It is the same in process. What was not granted does not exist: BH_PERMISSION_DENIED.
 *
 * Reading and writing block. They belong to a call and obey its deadline and cancellation; words of
 * an error are given to it. Handles belong to the instance and may be used by any of its threads
 * that runs a call; closing the instance closes them.
 *
 * A draft, like the interfaces of this folder.
 */
#ifndef BULKHEAD_ABI_DRAFT_FILES_H
#define BULKHEAD_ABI_DRAFT_FILES_H

#include "../call.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BH_FILES_1 "bulkhead.files/1"

/* The most that one read or write carries; more is split by the SDK. */
enum { BH_FILES_MAX_TRANSFER = 1 << 20 };

typedef struct bh_files_v1 bh_files_v1;
struct bh_files_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* Opens a file for reading. `size` is what it is now. [any-thread] Errors:
   * BH_PERMISSION_DENIED, BH_NOT_FOUND, BH_IO_ERROR, BH_RESOURCE_EXHAUSTED for too many. */
  bh_status (*open)(const bh_files_v1 *self, bh_call *call, bh_text name, uint64_t *handle,
                    uint64_t *size);
  /* Reads at an offset; `*got` less than `size` only at the end of the file. `buffer` is the
   * plugin's. [any-thread] Errors: BH_NOT_FOUND for a handle, BH_INVALID_ARGUMENT for more than
   * BH_FILES_MAX_TRANSFER, BH_IO_ERROR. */
  bh_status (*read)(const bh_files_v1 *self, bh_call *call, uint64_t handle, uint64_t offset,
                    void *buffer, size_t size, size_t *got);
  /* Begins to write a file. Nothing is seen under the name before `commit`. [any-thread] Errors: as
   * open. */
  bh_status (*create)(const bh_files_v1 *self, bh_call *call, bh_text name, uint64_t *handle);
  /* Appends all of the bytes. One call at a time for each handle. Errors: as read;
   * BH_RESOURCE_EXHAUSTED for a full disk or a limit. */
  bh_status (*write)(const bh_files_v1 *self, bh_call *call, uint64_t handle, const void *bytes,
                     size_t size);
  /* Makes the file durable and puts it under its name, whole: after a crash there is the old one or
   * the new one. Closes the handle. Errors: as write; then nothing has changed. */
  bh_status (*commit)(const bh_files_v1 *self, bh_call *call, uint64_t handle);
  /* Closes a handle; what was written and not committed is gone. [any-thread] */
  void (*close)(const bh_files_v1 *self, uint64_t handle);
};

#ifdef __cplusplus
}
#endif

#endif
