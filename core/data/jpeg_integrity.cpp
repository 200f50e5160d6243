#include "core/data/jpeg_integrity.hpp"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>  // jpeglib.h wants it

#include <jerror.h>
#include <jpeglib.h>

namespace harmonic {
namespace {

/// What libjpeg reports to; `base` comes first, so that it can be found from it.
struct JpegErrors {
  jpeg_error_mgr base;
  std::jmp_buf leave;
  std::array<char, JMSG_LENGTH_MAX> words;  ///< of the first damage
  bool is_damaged;
};

JpegErrors& errors_of(j_common_ptr jpeg) {
  return *reinterpret_cast<JpegErrors*>(jpeg->err);
}

void note_damage(j_common_ptr jpeg) {
  auto& errors = errors_of(jpeg);
  if (!errors.is_damaged) errors.base.format_message(jpeg, errors.words.data());
  errors.is_damaged = true;
}

[[noreturn]] void jump_out(j_common_ptr jpeg) {
  note_damage(jpeg);
  std::longjmp(errors_of(jpeg).leave, 1);
}

/// Whether the bytes that were passed over before a marker are what some cameras fill their files up with: few, or all
/// the same.
bool is_padding(j_common_ptr jpeg) {
  constexpr std::size_t kFew = 8;
  const auto& source = *reinterpret_cast<j_decompress_ptr>(jpeg)->src;
  const auto count = static_cast<std::size_t>(jpeg->err->msg_parm.i[0]);
  if (count <= kFew) return true;
  const auto* end = source.next_input_byte;  // before the marker
  return std::all_of(end - count, end, [&](JOCTET byte) { return byte == end[-1]; });
}

void hear_warning(j_common_ptr jpeg, int level) {
  if (level >= 0) return;  // what it does, step by step
  switch (jpeg->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_JPEG_EOF:
    case JWRN_MUST_RESYNC:
      note_damage(jpeg);
      break;
    case JWRN_EXTRANEOUS_DATA:
      if (!is_padding(jpeg)) note_damage(jpeg);
      break;
    default:  // what some programs write and all read
      break;
  }
}

/// Decodes a picture for nothing but its errors: at an eighth of its size, a row at a time. Nothing here has a
/// destructor, which a jump would pass over.
void decode_for_errors(std::string_view bytes, JpegErrors& errors) {
  jpeg_decompress_struct jpeg{};
  jpeg.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = jump_out;
  errors.base.emit_message = hear_warning;
  if (setjmp(errors.leave) == 0) {
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_read_header(&jpeg, TRUE);
    jpeg.scale_num = 1;
    jpeg.scale_denom = 8;
    jpeg.dct_method = JDCT_IFAST;
    jpeg.out_color_space = jpeg.jpeg_color_space;
    jpeg_start_decompress(&jpeg);
    const JDIMENSION row_size = jpeg.output_width * static_cast<JDIMENSION>(jpeg.output_components);
    JSAMPARRAY row =
        jpeg.mem->alloc_sarray(reinterpret_cast<j_common_ptr>(&jpeg), JPOOL_IMAGE, row_size, /*numrows=*/1);
    while (jpeg.output_scanline < jpeg.output_height && !errors.is_damaged) jpeg_read_scanlines(&jpeg, row, 1);
    if (!errors.is_damaged) jpeg_finish_decompress(&jpeg);
  }
  jpeg_destroy_decompress(&jpeg);
}

}  // namespace

std::optional<std::string> damage_of_jpeg(std::string_view bytes) {
  JpegErrors errors{};
  decode_for_errors(bytes, errors);
  if (!errors.is_damaged) return std::nullopt;
  return errors.words.data();
}

}  // namespace harmonic
