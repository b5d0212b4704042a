/* Turns a text into token ids. */
#include <stdio.h>
#include <string.h>
#include <bulkhead/host.h>

int main(int argc, char **argv) {
  const char *text = argc > 1 ? argv[1] : "Hello, world";
  bh_host *host = NULL;
  bh_plugin *plugin = NULL;
  bh_handle *handle = NULL;
  bh_call *call = NULL;
  char *error = NULL;
  bh_config_entry config = {{"encoding", 8}, BH_VALUE_TEXT, 0, 0, 0, {"gpt2", 4}};
  bh_status status = bh_host_open(NULL, &host, &error);
  if (status == BH_OK) status = bh_plugin_load(host, "en_gpt2", NULL, &plugin, &error);
  if (status == BH_OK) status = bh_plugin_open(plugin, &config, 1, &handle, &error);
  if (status == BH_OK) {
    const bh_codec_v1 *codec = bh_handle_interface(handle, BH_CODEC_1);
    bh_codec_encode_params params = {.struct_size = sizeof params};
    bh_codec_encode_result result = {.struct_size = sizeof result};
    params.text = (bh_bytes){(const uint8_t *)text, strlen(text)};
    call = bh_call_new(host);
    status = codec->encode(call, bh_handle_instance(handle), &params, &result);
    for (size_t i = 0; status == BH_OK && i < result.count; ++i) printf("%u ", result.ids[i]);
    printf("\n");
  }
  if (status != BH_OK)
    fprintf(stderr, "%s: %s\n", bh_status_name(status), error ? error : bh_call_error(call));
  bh_text_free(error);
  bh_call_free(call);
  bh_handle_free(handle);
  bh_plugin_free(plugin);
  bh_host_free(host);
  return status == BH_OK ? 0 : 1;
}
