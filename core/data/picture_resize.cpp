#include "core/data/picture_resize.hpp"

#include <algorithm>

#include "core/base/error.hpp"

#define STB_IMAGE_RESIZE_STATIC
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#include <stb_image_resize.h>

namespace harmonic {
namespace {

Picture resized(const Picture& picture, std::size_t width, std::size_t height) {
  if (picture.width == width && picture.height == height) return picture;
  Picture result{.width = width, .height = height, .channels = picture.channels};
  result.pixels.resize(width * height * picture.channels);
  const int done = stbir_resize_uint8_generic(
      picture.pixels.data(), static_cast<int>(picture.width), static_cast<int>(picture.height), 0, result.pixels.data(),
      static_cast<int>(width), static_cast<int>(height), 0, static_cast<int>(picture.channels),
      STBIR_ALPHA_CHANNEL_NONE, 0, STBIR_EDGE_CLAMP, STBIR_FILTER_CATMULLROM, STBIR_COLORSPACE_LINEAR, nullptr);
  if (done == 0) throw RunError("a picture cannot be resized: no memory");
  return result;
}

Picture cut(const Picture& picture, std::size_t side) {
  const std::size_t left = (picture.width - side) / 2, top = (picture.height - side) / 2;
  Picture result{.width = side, .height = side, .channels = picture.channels};
  for (std::size_t row = 0; row < side; ++row) {
    const auto from =
        picture.pixels.begin() + static_cast<std::ptrdiff_t>(((top + row) * picture.width + left) * picture.channels);
    result.pixels.insert(result.pixels.end(), from, from + static_cast<std::ptrdiff_t>(side * picture.channels));
  }
  return result;
}

}  // namespace

Picture resized_to_square(const Picture& picture, std::size_t side, PictureFit fit) {
  if (fit == PictureFit::stretch) return resized(picture, side, side);
  const std::size_t shorter = std::min(picture.width, picture.height);
  return cut(resized(picture, picture.width * side / shorter, picture.height * side / shorter), side);
}

}  // namespace harmonic
