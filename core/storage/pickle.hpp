#pragma once

#include <cstdint>
#include <deque>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace harmonic {

/// A value read from a Python pickle. What is neither plain data nor a container is `other`. An object of a class is
/// the `call` that makes it, or, when it was given keys and values, a dictionary.
struct PickleValue {
  enum class Kind { none, boolean, integer, text, tuple, list, dictionary, global, persistent, call, other };

  Kind kind = Kind::none;
  std::int64_t integer = 0;  ///< boolean, integer
  std::string text;          ///< text; of a global "module name"
  /// tuple, list (and set): the elements; dictionary: key, value, key, value …; persistent: {id}; call: {function,
  /// arguments}. A value may stand in several places, and in itself: who follows items needs a bound.
  std::vector<const PickleValue*> items;
};

class PickleError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads pickles one after the other from a text: every instruction of protocols 0 to 5. Builds no object and calls
/// nothing: what the pickle would have called is kept as `call`. Time and memory are linear in the text, but for log
/// factors. The values live as long as their reader.
class PickleReader {
 public:
  explicit PickleReader(std::string_view bytes) : bytes_(bytes) {}
  PickleReader(const PickleReader&) = delete;
  PickleReader& operator=(const PickleReader&) = delete;

  /// The next pickle. @throws PickleError when it is cut short or damaged
  [[nodiscard]] const PickleValue& next();
  /// The bytes behind what was read so far.
  [[nodiscard]] std::string_view rest() const { return bytes_.substr(at_); }
  /// Every value read so far, in any place.
  [[nodiscard]] const std::deque<PickleValue>& values() const { return values_; }

 private:
  std::string_view take(std::size_t count);
  std::string_view line();
  std::int64_t little_endian(std::size_t count, bool is_signed);
  std::int64_t number_of_line();
  PickleValue* take_bytes(std::size_t count);
  PickleValue* make(PickleValue::Kind kind, std::vector<const PickleValue*> items = {});
  PickleValue* make_integer(std::int64_t number, PickleValue::Kind kind = PickleValue::Kind::integer);
  PickleValue* make_text(std::string_view text);
  PickleValue* make_global(std::string_view module, std::string_view name);
  PickleValue* make_call(const PickleValue* function, const PickleValue* arguments);

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::size_t paired_ = 0;  ///< items copied from lists of pairs, which bytes alone bound
  std::deque<PickleValue> values_;
};

}  // namespace harmonic
