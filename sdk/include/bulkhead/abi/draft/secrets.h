/* bulkhead/abi/draft/secrets.h: the service "bulkhead.secrets/1", secrets that are used and never
 * seen.
 *
 * A person stores a secret (`bulkhead secrets set`), a plugin asks for it by name in its manifest,
 * the policy grants it. The plugin then has the host sign with it, or send it in a header (http.h).
 * The value never reaches the plugin. What was not granted does not exist: BH_PERMISSION_DENIED.
 *
 * A draft, like the interfaces of this folder.
 */
#ifndef BULKHEAD_ABI_DRAFT_SECRETS_H
#define BULKHEAD_ABI_DRAFT_SECRETS_H

#include "../call.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BH_SECRETS_1 "bulkhead.secrets/1"

enum {
  BH_SECRETS_MAX_STEPS = 16,
  BH_SECRETS_MAX_MESSAGE = 1 << 20, /* bytes of one message */
  BH_SECRETS_SIGNATURE = 32         /* bytes */
};

typedef struct bh_secrets_sign_params {
  uint32_t struct_size;
  uint32_t reserved;
  bh_text secret; /* its name */
  bh_text prefix; /* stands before its value in the first key, such as "AWS4"; may be empty */
  /* HMAC-SHA256 of the first message with prefix and secret; of each further message with the HMAC
   * before it as the key: one message is a plain HMAC, more derive a key as the signatures of
   * clouds do. [message_count], 1 to BH_SECRETS_MAX_STEPS */
  const bh_bytes *messages;
  size_t message_count;
} bh_secrets_sign_params;

typedef struct bh_secrets_sign_result {
  uint32_t struct_size;
  uint32_t reserved;
  bh_bytes signature; /* BH_SECRETS_SIGNATURE bytes */
} bh_secrets_sign_result;

typedef struct bh_secrets_has_params {
  uint32_t struct_size;
  uint32_t reserved;
  bh_text secret;
} bh_secrets_has_params;

typedef struct bh_secrets_has_result {
  uint32_t struct_size;
  uint32_t present; /* 1: it was granted, and it is there */
} bh_secrets_has_result;

typedef struct bh_secrets_v1 bh_secrets_v1;
struct bh_secrets_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* Signs. [any-thread] Errors: BH_PERMISSION_DENIED, BH_NOT_FOUND for a secret that was granted
   * and is not there, BH_INVALID_ARGUMENT, BH_DATA_INVALID where it can't be decrypted. */
  bh_status (*sign)(bh_call *call, const bh_secrets_v1 *self, const bh_secrets_sign_params *params,
                    bh_secrets_sign_result *result);
  /* Whether a secret can be used; no error where it can't. [any-thread] */
  bh_status (*has)(bh_call *call, const bh_secrets_v1 *self, const bh_secrets_has_params *params,
                   bh_secrets_has_result *result);
};

#ifdef __cplusplus
}
#endif

#endif
