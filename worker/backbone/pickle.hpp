#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace harmonic {

/// A value read from a Python pickle. What is neither plain data nor a container is `other`.
struct PickleValue {
  enum class Kind { none, boolean, integer, text, tuple, list, dictionary, global, persistent, call, other };
  using Ref = std::shared_ptr<PickleValue>;

  Kind kind = Kind::none;
  std::int64_t integer = 0;  ///< boolean, integer
  std::string text;          ///< text; of a global "module name"
  /// tuple, list: the elements; dictionary: key, value, key, value …; persistent: {id}; call: {function, arguments}
  std::vector<Ref> items;

  /// Of a dictionary; null when it has no such key.
  [[nodiscard]] Ref find(std::string_view key) const;
};

class PickleError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads pickles one after the other from a text. Protocols 0 to 5 as far as torch.save uses them. Builds no object and
/// calls nothing: what the pickle would have called is kept as `call`; an ordered dictionary is a dictionary.
class PickleReader {
 public:
  explicit PickleReader(std::string_view bytes) : bytes_(bytes) {}
  /// The next pickle. @throws PickleError when it is cut short or holds what no data needs
  [[nodiscard]] PickleValue::Ref next();
  /// The bytes behind what was read so far.
  [[nodiscard]] std::string_view rest() const { return bytes_.substr(at_); }

 private:
  std::string_view take(std::size_t count);
  std::string_view line();
  std::int64_t little_endian(std::size_t count, bool is_signed);

  std::string_view bytes_;
  std::size_t at_ = 0;
};

}  // namespace harmonic
