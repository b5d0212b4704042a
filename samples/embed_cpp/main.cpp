// Turns a text into token ids and back.
#include <iostream>
#include <bulkhead/host.hpp>

int main(int argc, char** argv) {
  const std::string text = argc > 1 ? argv[1] : "Hello, world";
  try {
    bulkhead::Host host;
    bulkhead::Plugin plugin = host.load("en_gpt2");
    bulkhead::CodecClient codec = plugin.codec({{"encoding", "gpt2"}});
    const auto ids = codec.encode(text);
    for (auto id : ids) std::cout << id << ' ';
    std::cout << "\n" << codec.decode(ids) << "\n";
    std::cout << bulkhead::isolation_name(plugin.isolation()) << ", level " << plugin.level().number
              << "\n";
  } catch (const bulkhead::Error& error) {
    std::cerr << bulkhead::status_name(error.status()) << ": " << error.what() << "\n";
    return 1;
  }
}
