#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/data/dataset_file.hpp"

namespace harmonic {

/// What a modality's files are, by their names' ends.
enum class MediaKind {
  picture,  ///< .png .jpg .jpeg .bmp .gif
  sound,    ///< .wav .flac .ogg .aiff
  array,    ///< .npy .npz
};
/// Nothing for a file of another kind.
[[nodiscard]] std::optional<MediaKind> media_kind(const std::filesystem::path& path);

/// An array that is longer or shorter than the first of its modality, and like it in all else: a series, for which no
/// length was given.
class LengthError : public InputError {
 public:
  LengthError(std::string_view problem, std::string_view mend, std::size_t first, std::size_t length)
      : InputError(problem, mend), first_(first), length_(length) {}
  [[nodiscard]] std::size_t first() const { return first_; }
  [[nodiscard]] std::size_t length() const { return length_; }

 private:
  std::size_t first_, length_;
};

/// Turns the files of one modality into samples of one shape. What is made of them says a text, NAME:key=value,…
///   pictures: side=112 channels=3 (or 1) fit=crop (or stretch)              uint8 (channels, side, side)
///   sounds:   features=mfcc frames=20 coefficients=20 rate=16000 (Hz)       float32 (1, coefficients, frames)
///   arrays:   a vector, (H, W) map or (C, H, W) map as it is, all of one shape: uint8 where maps are, else float32;
///             length=L: a series (T) or (T, C), cut at its end or filled up with zeros, channel after channel
///                                                                            float32 (C L);  key=NAME of an .npz
class SampleDecoder {
 public:
  virtual ~SampleDecoder() = default;
  struct Sample {
    std::vector<std::uint8_t> bytes;  ///< of pictures, and maps of bytes
    std::vector<float> floats;        ///< of others
    bool is_uniform = false;          ///< a picture of one single value
  };
  /// @throws InputError naming the file: unreadable, damaged, not finite, or of another shape than those before;
  ///   LengthError when nothing but its length is another
  [[nodiscard]] virtual Sample read(const std::filesystem::path& path) = 0;
  [[nodiscard]] virtual ElementType type() const = 0;
  /// Of a sample; known once one was read. {C, H, W} or {F}.
  [[nodiscard]] virtual std::vector<std::size_t> shape() const = 0;
  /// Values that share a mean and a deviation lie together, in groups of this many: a channel, or 1.
  [[nodiscard]] virtual std::size_t group() const = 0;
};

/// @param spec "image:side=64", or the name alone @throws InputError naming the key or value that is not known
[[nodiscard]] std::unique_ptr<SampleDecoder> make_decoder(const std::string& spec, MediaKind kind);
/// The specs in a text that commas part, as they part keys: "image:side=64,channels=3,audio" is two.
[[nodiscard]] std::vector<std::string> listed_specs(const std::string& text);
/// The name in a spec: "image".
[[nodiscard]] std::string spec_name(const std::string& spec);

}  // namespace harmonic
