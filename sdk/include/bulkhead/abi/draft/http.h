/* bulkhead/abi/draft/http.h: the service "bulkhead.http/1", requests to origins that were granted.
 *
 * A plugin in a cell has no network. The host speaks HTTP for it, with the origins that the policy
 * granted (`http` in the permissions of the manifest), and nobody else: an origin is scheme, host
 * and port. What was not granted does not exist: BH_PERMISSION_DENIED. It is the same in process.
 *
 * A name must lead to a public address: this machine and private networks are reached by an origin
 * with an address, or localhost, alone. Certificates are verified. The host keeps no cookies, uses
 * no proxy, asks for no compression and undoes none.
 *
 * A secret is sent by its name: the host adds the header, the plugin never sees the value.
 *
 * `request` returns when the headers of the answer are there; its body is read in pieces, each by a
 * call of its own, so that it is never in memory as a whole. Functions block. They belong to a call
 * and obey its deadline and cancellation; words of an error are given to it. Handles belong to the
 * instance and may be used by any of its threads that runs a call; closing the instance closes
 * them.
 *
 * A draft, like the interfaces of this folder.
 */
#ifndef BULKHEAD_ABI_DRAFT_HTTP_H
#define BULKHEAD_ABI_DRAFT_HTTP_H

#include "../call.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BH_HTTP_1 "bulkhead.http/1"

enum {
  BH_HTTP_MAX_PIECE = 1 << 20,         /* bytes that one read carries at most */
  BH_HTTP_MAX_REQUEST_BODY = 16 << 20, /* bytes */
  BH_HTTP_MAX_REDIRECTS = 10
};

typedef struct bh_http_header {
  bh_text name, value;
} bh_http_header;

typedef struct bh_http_request_params {
  uint32_t struct_size;
  uint32_t redirects; /* how many are followed at most, to granted origins alone; 0: none */
  bh_text method;     /* GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS */
  bh_text url;        /* absolute, http or https, without a user */
  const bh_http_header *headers; /* [header_count]; not Host, nor those of the connection */
  size_t header_count;
  bh_bytes body;
  /* A header with a secret, added by the host: `secret_header`: `secret_prefix` and the value of
   * the secret `secret`. It goes only to origins that the secret is bound to, and not along with a
   * redirect to another origin. `secret` empty: none. */
  bh_text secret_header, secret_prefix, secret;
  uint64_t max_body; /* bytes of the answer; more is BH_RESOURCE_EXHAUSTED; 0: 1 GiB */
} bh_http_request_params;

typedef struct bh_http_request_result {
  uint32_t struct_size;
  uint32_t status;               /* of HTTP: 200, 404, ... */
  const bh_http_header *headers; /* [header_count], names in lower case */
  size_t header_count;
  bh_text url;       /* where the answer came from, after redirects */
  uint64_t response; /* handle for read and close */
} bh_http_request_result;

typedef struct bh_http_read_params {
  uint32_t struct_size;
  uint32_t max; /* bytes, 1 to BH_HTTP_MAX_PIECE */
  uint64_t response;
  uint64_t position; /* how many bytes of the body were read so far */
} bh_http_read_params;

typedef struct bh_http_read_result {
  uint32_t struct_size;
  uint32_t end;   /* 1: the body is over, with these bytes; the handle is closed */
  bh_bytes bytes; /* at least one, unless `end` */
} bh_http_read_result;

typedef struct bh_http_close_params {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t response;
} bh_http_close_params;

typedef struct bh_http_v1 bh_http_v1;
struct bh_http_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* Sends a request and waits for the headers of the answer; a status of HTTP is no error here.
   * [any-thread] Errors: BH_INVALID_ARGUMENT for a request that can't be sent,
   * BH_PERMISSION_DENIED for an origin, an address or a secret, BH_NOT_FOUND for a secret that was
   * granted and is not there, BH_UNAVAILABLE where there is no connection, BH_IO_ERROR where it
   * broke, BH_RESOURCE_EXHAUSTED for too many open answers or headers, and those of the call. */
  bh_status (*request)(bh_call *call, const bh_http_v1 *self, const bh_http_request_params *params,
                       bh_http_request_result *result);
  /* The next piece of a body. One call at a time for each handle. Errors: BH_NOT_FOUND for a
   * handle, BH_INVALID_ARGUMENT for another position, BH_RESOURCE_EXHAUSTED for a body over
   * max_body, BH_IO_ERROR. After an error of the connection the handle is closed; after a deadline
   * or cancellation it can be read on. [any-thread] */
  bh_status (*read)(bh_call *call, const bh_http_v1 *self, const bh_http_read_params *params,
                    bh_http_read_result *result);
  /* Closes a handle, read or not; one that is closed already is ignored. [any-thread] */
  bh_status (*close)(bh_call *call, const bh_http_v1 *self, const bh_http_close_params *params,
                     bh_empty *result);
};

#ifdef __cplusplus
}
#endif

#endif
