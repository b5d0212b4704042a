#include "png.hpp"

#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include <png.h>

#include <bulkhead/sdk/error.hpp>

namespace loader {
namespace {

using bulkhead::sdk::PluginError;

constexpr std::string_view kSignature("\x89PNG\r\n\x1a\n", 8);
// No deflate stream becomes more than this many times its size.
constexpr std::uint64_t kMostDeflation = 1032;
constexpr std::size_t kBytesPerPoll = std::size_t{64} * 1024;

// Chunks that libpng knows and pixels don't need. It skips them unread: no decompression, no lists.
// Five bytes each, the name and its end.
constexpr char kSkipped[] =
    "bKGD\0cHRM\0eXIf\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0sBIT\0sCAL\0sPLT\0sRGB\0sTER\0"
    "tEXt\0tIME\0zTXt";

[[noreturn]] void refuse(const std::string& why) {
  throw PluginError(BH_DATA_INVALID, "The PNG image is malformed: " + why + ".");
}

// What libpng made, also where a constructor fails.
struct Structs {
  png_structp png = nullptr;
  png_infop info = nullptr;

  Structs() = default;
  Structs(const Structs&) = delete;
  Structs& operator=(const Structs&) = delete;
  ~Structs() { png_destroy_read_struct(&png, &info, nullptr); }
};

// One image as libpng reads it. libpng reports errors by a jump: run() is where it lands, and only
// frames of libpng and of functions that own nothing lie between.
class Reader {
 public:
  explicit Reader(std::string_view file) : rest_(file) {
    png_ = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, this, on_error, on_warning, this,
                                    allocate, release);
    if (png_ == nullptr) throw std::bad_alloc();
    info_ = png_create_info_struct(png_);
    if (info_ == nullptr) throw std::bad_alloc();
    run([this] {
      png_set_read_fn(png_, this, read);
      png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // the caller says it better
      png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
      png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER,
                                  reinterpret_cast<png_const_bytep>(kSkipped), sizeof kSkipped / 5);
      png_read_info(png_, info_);
    });
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  PngHeader header() const {
    const int type = png_get_color_type(png_, info_);
    const bool transparent = png_get_valid(png_, info_, PNG_INFO_tRNS) != 0;
    PngHeader header;
    header.width = png_get_image_width(png_, info_);
    header.height = png_get_image_height(png_, info_);
    header.channels = (type & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1;
    if ((type & PNG_COLOR_MASK_ALPHA) != 0 || transparent) ++header.channels;
    return header;
  }
  // Of the pixels as the file holds them, without what begins each row.
  std::uint64_t stored_bytes() const {
    const std::uint64_t bits = std::uint64_t{png_get_bit_depth(png_, info_)} *
                               png_get_channels(png_, info_) * png_get_image_width(png_, info_);
    return (bits + 7) / 8 * png_get_image_height(png_, info_);
  }

  // Returns how often all rows must be read.
  int start() {
    int passes = 0;
    run([this, &passes] {
      png_set_expand(png_);
      png_set_scale_16(png_);
      passes = png_set_interlace_handling(png_);
      png_read_update_info(png_, info_);
    });
    return passes;
  }
  std::size_t row_bytes() const { return png_get_rowbytes(png_, info_); }
  void read_row(std::uint8_t* row) {
    run([this, row] { png_read_row(png_, row, nullptr); });
  }
  void finish() {
    run([this] { png_read_end(png_, nullptr); });
  }

 private:
  template <class Step>
  void run(Step step) {
    if (setjmp(png_jmpbuf(png_)) != 0) fail();
    step();
  }
  [[noreturn]] void fail() const {
    if (out_of_memory_) throw std::bad_alloc();
    refuse(message_);
  }

  static Reader& of(void* self) { return *static_cast<Reader*>(self); }
  static void read(png_structp png, png_bytep to, std::size_t size) {
    Reader& self = of(png_get_io_ptr(png));
    if (size > self.rest_.size()) png_error(png, "the file ends too early");
    std::memcpy(to, self.rest_.data(), size);
    self.rest_.remove_prefix(size);
  }
  static void on_error(png_structp png, png_const_charp message) {
    Reader& self = of(png_get_error_ptr(png));
    std::strncpy(self.message_, message, sizeof self.message_ - 1);
    png_longjmp(png, 1);
  }
  static void on_warning(png_structp, png_const_charp) {}
  static png_voidp allocate(png_structp png, png_alloc_size_t size) {
    void* memory = std::malloc(size);
    if (memory == nullptr) of(png_get_mem_ptr(png)).out_of_memory_ = true;
    return memory;
  }
  static void release(png_structp, png_voidp memory) { std::free(memory); }

  std::string_view rest_;  // of the file
  Structs structs_;
  png_structp& png_ = structs_.png;
  png_infop& info_ = structs_.info;
  bool out_of_memory_ = false;
  char message_[128] = "libpng gave no reason";
};

// Whether the file, up to its IDAT chunks, is worth libpng's time: IHDR alone decides about sides.
void check_sides(std::string_view file) {
  if (file.size() < 33) refuse("the file ends too early");
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
      value = value << 8 | static_cast<std::uint8_t>(file[at + i]);
    return value;
  };
  const std::uint32_t width = number(16), height = number(20);
  if (file.substr(12, 4) != "IHDR") refuse("it does not begin with IHDR");
  if (width > PNG_UINT_31_MAX || height > PNG_UINT_31_MAX) return;  // libpng refuses those
  if (width <= kMostPixelsPerSide && height <= kMostPixelsPerSide) return;
  throw PluginError(BH_RESOURCE_EXHAUSTED,
                    "The PNG image has " + std::to_string(width) + " x " + std::to_string(height) +
                        " pixels; a side may have " + std::to_string(kMostPixelsPerSide) + ".");
}

void check_size(const Reader& reader, std::string_view file) {
  if (reader.stored_bytes() / kMostDeflation <= file.size()) return;
  const PngHeader header = reader.header();
  refuse("its " + std::to_string(file.size()) + " bytes can't hold " +
         std::to_string(header.width) + " x " + std::to_string(header.height) + " pixels");
}

}  // namespace

bool is_png(std::string_view file) { return file.starts_with(kSignature); }

PngHeader read_png_header(std::string_view file) {
  if (!is_png(file)) refuse("it does not begin with PNG's signature");
  check_sides(file);
  const Reader reader(file);
  check_size(reader, file);
  return reader.header();
}

void decode_png(const bulkhead::sdk::Call& call, std::string_view file,
                std::span<std::uint8_t> pixels) {
  Reader reader(file);
  const PngHeader header = reader.header();
  const auto passes = static_cast<std::uint64_t>(reader.start());
  const std::size_t row_bytes = reader.row_bytes();
  if (row_bytes != std::size_t{header.width} * header.channels ||
      pixels.size() != row_bytes * header.height) {
    throw PluginError(BH_INTERNAL, "The PNG image has another size than its header says.");
  }
  std::uint64_t done = 0;
  std::size_t unpolled = 0;
  for (std::uint64_t pass = 0; pass < passes; ++pass) {
    for (std::uint32_t y = 0; y < header.height; ++y) {
      reader.read_row(pixels.data() + y * row_bytes);
      ++done;
      unpolled += row_bytes + 64;  // a row has its cost even if it is short
      if (unpolled < kBytesPerPoll) continue;
      unpolled = 0;
      call.check();
      call.progress(done, passes * header.height);
    }
  }
  reader.finish();
  call.progress(done, done);
}

}  // namespace loader
