/* The C interface, from C: what an embedder in C11 relies on, in short. Prints what fails; the exit
 * code is the number of failures. Arguments: plugin folder, policy file. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bulkhead/host.h>

static int failures = 0;

static void check(int good, const char *what, const char *mode, int line) {
  if (good) return;
  fprintf(stderr, "c_api.c:%d: %s: not so: %s\n", line, mode, what);
  ++failures;
}
#define CHECK(condition) check((condition), #condition, mode, __LINE__)

static bh_codec_encode_params text_params(const char *text) {
  bh_codec_encode_params params = {.struct_size = sizeof params};
  params.text.data = (const uint8_t *)text;
  params.text.size = strlen(text);
  return params;
}

static void count_step(void *user, uint64_t done, uint64_t total) {
  (void)total;
  uint64_t *last = user;
  if (done > *last) *last = done;
}

static void count_line(void *user, uint32_t level, bh_text plugin, uint64_t call, bh_text line) {
  (void)level, (void)plugin, (void)call, (void)line;
  __atomic_add_fetch((int *)user, 1, __ATOMIC_RELAXED);
}

typedef struct Waiting {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  int runs;
  bh_status status;
} Waiting;

static void complete(void *user, bh_status status) {
  Waiting *waiting = user;
  pthread_mutex_lock(&waiting->mutex);
  waiting->status = status;
  ++waiting->runs;
  pthread_cond_signal(&waiting->changed);
  pthread_mutex_unlock(&waiting->mutex);
}

static bh_status await(Waiting *waiting) {
  pthread_mutex_lock(&waiting->mutex);
  while (waiting->runs == 0) pthread_cond_wait(&waiting->changed, &waiting->mutex);
  const bh_status status = waiting->status;
  waiting->runs = 0;
  pthread_mutex_unlock(&waiting->mutex);
  return status;
}

typedef struct Codec {
  bh_plugin *plugin;
  bh_handle *handle;
  const bh_codec_v1 *table;
  bh_instance *instance;
} Codec;

static int open_codec(bh_host *host, const char *id, int32_t isolation, Codec *codec,
                      const char *mode) {
  const bh_load_options options = {
      .struct_size = sizeof options, .isolation = isolation, .minimum_level = -1};
  char *error = NULL;
  memset(codec, 0, sizeof *codec);
  if (bh_plugin_load(host, id, &options, &codec->plugin, &error) != BH_OK ||
      bh_plugin_open(codec->plugin, NULL, 0, &codec->handle, &error) != BH_OK) {
    fprintf(stderr, "%s: %s: %s\n", mode, id, error);
    bh_text_free(error);
    ++failures;
    return 0;
  }
  codec->table = bh_handle_interface(codec->handle, BH_CODEC_1);
  codec->instance = bh_handle_instance(codec->handle);
  return codec->table != NULL;
}

static void close_codec(Codec *codec) {
  bh_handle_free(codec->handle);
  bh_plugin_free(codec->plugin);
}

static void *cancel_soon(void *call) {
  bh_call_cancel(call);
  return NULL;
}

/* A context is used again and again; results and errors live until it is reset. */
static void test_calls(bh_host *host, int32_t isolation, const char *mode) {
  Codec null, slow;
  if (!open_codec(host, "null_codec", isolation, &null, mode)) return;
  if (!open_codec(host, "slow", isolation, &slow, mode)) return;
  CHECK(null.table->struct_size >= sizeof(bh_codec_v1));
  CHECK(null.table->submit != NULL);
  CHECK(bh_handle_interface(null.handle, "bulkhead.codec/9") == NULL);
  CHECK((bh_plugin_process(null.plugin) != 0) == (isolation == BH_ISOLATION_CELL));
  CHECK(bh_plugin_level(null.plugin) >= 0);

  bh_call *call = bh_call_new(host);
  bh_codec_encode_params params = text_params("some text");
  for (int i = 0; i < 100; ++i) {
    bh_codec_count_result counted = {.struct_size = sizeof counted};
    CHECK(null.table->count(call, null.instance, &params, &counted) == BH_OK);
    CHECK(counted.count == 9);
    bh_call_reset(call);
  }
  CHECK(bh_call_error(call)[0] == '\0');

  uint64_t last = 0;
  bh_call_set_progress(call, count_step, &last);
  params = text_params("50");
  bh_codec_encode_result encoded = {.struct_size = sizeof encoded};
  CHECK(slow.table->encode(call, slow.instance, &params, &encoded) == BH_OK);
  CHECK(encoded.count == 1 && encoded.ids[0] == 50);
  CHECK(last == 10);
  bh_call_set_progress(call, NULL, NULL);
  bh_call_reset(call);

  params = text_params("600000");
  bh_call_set_timeout(call, 50 * INT64_C(1000000));
  CHECK(slow.table->encode(call, slow.instance, &params, &encoded) == BH_DEADLINE_EXCEEDED);
  CHECK(strstr(bh_call_error(call), "slow") != NULL);
  bh_call_reset(call);
  CHECK(bh_call_error(call)[0] == '\0');
  bh_call_set_timeout(call, 0);

  pthread_t other;
  CHECK(pthread_create(&other, NULL, cancel_soon, call) == 0);
  CHECK(slow.table->encode(call, slow.instance, &params, &encoded) == BH_CANCELLED);
  pthread_join(other, NULL);

  bh_call_free(call);
  close_codec(&slow);
  close_codec(&null);
}

static void test_submit(bh_host *host, int32_t isolation, const char *mode) {
  Codec slow;
  if (!open_codec(host, "slow", isolation, &slow, mode)) return;
  Waiting waiting = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
  const bh_completion done = {complete, &waiting};
  bh_call *call = bh_call_new(host);
  bh_codec_encode_result encoded = {.struct_size = sizeof encoded};
  bh_status status;
  {
    char text[] = "30"; /* params are read before submit returns */
    bh_codec_encode_params params = text_params(text);
    status = slow.table->submit(call, slow.instance, BH_CODEC_ENCODE, &params, &encoded, done);
    memset(&params, 0xee, sizeof params);
    memset(text, 'x', sizeof text);
  }
  CHECK(status == BH_OK);
  CHECK(await(&waiting) == BH_OK);
  CHECK(encoded.count == 1 && encoded.ids[0] == 30);
  bh_call_reset(call);

  bh_codec_encode_params params = text_params("600000");
  CHECK(slow.table->submit(call, slow.instance, BH_CODEC_ENCODE, &params, &encoded, done) == BH_OK);
  bh_call_cancel(call);
  CHECK(await(&waiting) == BH_CANCELLED);
  CHECK(bh_call_error(call)[0] != '\0');
  bh_call_reset(call);

  CHECK(slow.table->submit(call, slow.instance, 4711, &params, &encoded, done) ==
        BH_INVALID_ARGUMENT);
  CHECK(waiting.runs == 0);
  bh_call_free(call);
  close_codec(&slow);
}

static void test_config(bh_host *host, int32_t isolation, const char *mode) {
  const bh_load_options options = {
      .struct_size = sizeof options, .isolation = isolation, .minimum_level = -1};
  bh_plugin *plugin = NULL;
  char *error = NULL;
  CHECK(bh_plugin_load(host, "echo_config", &options, &plugin, &error) == BH_OK);
  if (plugin == NULL) return;
  bh_config_entry entry = {.key = {"depth", 5}, .type = BH_VALUE_INTEGER, .integer = 8};
  bh_handle *handle = NULL;
  CHECK(bh_plugin_open(plugin, &entry, 1, &handle, &error) == BH_OK);
  const bh_codec_v1 *table = bh_handle_interface(handle, BH_CODEC_1);
  bh_call *call = bh_call_new(host);
  const bh_codec_decode_params params = {.struct_size = sizeof params};
  bh_codec_bytes_result bytes = {.struct_size = sizeof bytes};
  CHECK(table->decode(call, bh_handle_instance(handle), &params, &bytes) == BH_OK);
  const char expected[] = "colour=red\ndepth=8\n";
  CHECK(bytes.bytes.size > sizeof expected &&
        memcmp(bytes.bytes.data, expected, sizeof expected - 1) == 0);
  bh_call_free(call);
  bh_handle_free(handle);

  entry.integer = 99;
  handle = NULL;
  CHECK(bh_plugin_open(plugin, &entry, 1, &handle, &error) == BH_INVALID_ARGUMENT);
  CHECK(handle == NULL);
  CHECK(error != NULL && strstr(error, "depth") != NULL);
  bh_text_free(error);
  bh_plugin_free(plugin);
}

static void test_errors(bh_host *host, int32_t isolation, const char *mode) {
  const bh_load_options options = {
      .struct_size = sizeof options, .isolation = isolation, .minimum_level = -1};
  bh_plugin *plugin = NULL;
  char *error = NULL;
  CHECK(bh_plugin_load(host, "no_such_plugin", &options, &plugin, &error) == BH_NOT_FOUND);
  CHECK(plugin == NULL);
  CHECK(error != NULL && strstr(error, "no_such_plugin") != NULL);
  bh_text_free(error);
  error = NULL;
  CHECK(bh_plugin_load(host, "too_new", &options, &plugin, &error) == BH_VERSION_MISMATCH);
  CHECK(error != NULL && strstr(error, "2.0") != NULL);
  bh_text_free(error);
  CHECK(bh_plugin_load(host, "too_new", &options, &plugin, NULL) == BH_VERSION_MISMATCH);

  Codec garbage;
  if (!open_codec(host, "garbage_sizes", isolation, &garbage, mode)) return;
  bh_call *call = bh_call_new(host);
  bh_codec_encode_params params = text_params("huge");
  bh_codec_encode_result encoded = {.struct_size = sizeof encoded};
  CHECK(garbage.table->encode(call, garbage.instance, &params, &encoded) == BH_PROTOCOL_ERROR);
  CHECK(strstr(bh_call_error(call), "garbage_sizes") != NULL);
  bh_call_free(call);
  close_codec(&garbage);
}

static void test_crash(bh_host *host) {
  const char *mode = "cell";
  Codec codec;
  if (!open_codec(host, "crash_call", BH_ISOLATION_CELL, &codec, mode)) return;
  bh_call *call = bh_call_new(host);
  bh_codec_encode_params params = text_params("abort");
  bh_codec_encode_result encoded = {.struct_size = sizeof encoded};
  CHECK(codec.table->encode(call, codec.instance, &params, &encoded) == BH_PLUGIN_CRASHED);
  CHECK(strstr(bh_call_error(call), "SIGABRT") != NULL);
  bh_call_reset(call);
  params = text_params("fine");
  CHECK(codec.table->encode(call, codec.instance, &params, &encoded) == BH_OK);
  bh_call_free(call);
  close_codec(&codec);
}

int main(int argc, char **argv) {
  const char *mode = "host";
  if (argc != 3) return 2;
  const char *folder = argv[1];
  int lines = 0;
  const bh_host_options options = {.struct_size = sizeof options,
                                   .plugin_folder_count = 1,
                                   .plugin_folders = &folder,
                                   .policy_file = argv[2],
                                   .name = "c_api",
                                   .log = count_line,
                                   .log_user = &lines};
  bh_host *host = NULL;
  char *error = NULL;
  CHECK(bh_host_version()[0] != '\0');
  CHECK(strcmp(bh_status_name(BH_PLUGIN_CRASHED), "plugin_crashed") == 0);
  CHECK(bh_host_open(&options, &host, &error) == BH_OK);
  if (host == NULL) {
    fprintf(stderr, "the host did not open: %s\n", error);
    return 1;
  }
  const int32_t isolations[] = {BH_ISOLATION_IN_PROCESS, BH_ISOLATION_CELL};
  for (int i = 0; i < 2; ++i) {
    mode = i == 0 ? "in process" : "cell";
    test_calls(host, isolations[i], mode);
    test_submit(host, isolations[i], mode);
    test_config(host, isolations[i], mode);
    test_errors(host, isolations[i], mode);
  }
  test_crash(host);
  bh_host_free(host);

  mode = "host";
  bh_host_options missing = options;
  missing.policy_file = "/nonexistent/bulkhead.toml";
  host = NULL;
  CHECK(bh_host_open(&missing, &host, &error) != BH_OK);
  CHECK(host == NULL && error != NULL && strstr(error, "/nonexistent/bulkhead.toml") != NULL);
  bh_text_free(error);
  bh_host_free(NULL), bh_plugin_free(NULL), bh_handle_free(NULL), bh_call_free(NULL);
  bh_text_free(NULL);
  printf("%d failures\n", failures);
  return failures > 100 ? 100 : failures;
}
