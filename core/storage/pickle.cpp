#include "core/storage/pickle.hpp"

#include <map>

#include <fmt/format.h>

namespace harmonic {
using Kind = PickleValue::Kind;
using Items = std::vector<const PickleValue*>;

namespace {

/// The machine that a pickle is a program of: a stack, marks in it, and values put by for later.
class Stack {
 public:
  void push(PickleValue* value) { values_.push_back(value); }
  void mark() { marks_.push_back(values_.size()); }
  PickleValue* pop() {
    PickleValue* value = top();
    values_.pop_back();
    return value;
  }
  [[nodiscard]] PickleValue* top() const {
    if (values_.size() <= floor()) throw PickleError("a value is missing");
    return values_.back();
  }
  /// Everything above the last mark, which goes with it.
  Items pop_to_mark() {
    if (marks_.empty()) throw PickleError("a mark is missing");
    const auto first = values_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    Items items(first, values_.end());
    values_.erase(first, values_.end());
    marks_.pop_back();
    return items;
  }
  Items pop_tuple(std::size_t count) {
    Items items(count);
    for (auto item = items.rbegin(); item != items.rend(); ++item) *item = pop();
    return items;
  }
  void append(Kind kind, const Items& items) {
    if (top()->kind != kind) return;  // of an object that is passed over
    if (kind == Kind::dictionary && items.size() % 2 != 0) throw PickleError("a key has no value");
    auto& all = top()->items;
    all.insert(all.end(), items.begin(), items.end());
  }

 private:
  [[nodiscard]] std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  std::vector<PickleValue*> values_;
  std::vector<std::size_t> marks_;
};

}  // namespace

const PickleValue* PickleValue::find(std::string_view key) const {
  if (kind != Kind::dictionary) return nullptr;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2)
    if (items[i]->kind == Kind::text && items[i]->text == key) return items[i + 1];
  return nullptr;
}

std::string_view PickleReader::take(std::size_t count) {
  if (bytes_.size() - at_ < count) throw PickleError("it ends too early");
  const auto part = bytes_.substr(at_, count);
  at_ += count;
  return part;
}

std::string_view PickleReader::line() {
  const auto end = bytes_.find('\n', at_);
  if (end == std::string_view::npos) throw PickleError("it ends too early");
  const auto part = bytes_.substr(at_, end - at_);
  at_ = end + 1;
  return part;
}

std::int64_t PickleReader::little_endian(std::size_t count, bool is_signed) {
  const auto part = take(count);
  if (count > 8) return 0;  // a number that no tensor has: legacy files begin with one
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i) value |= std::uint64_t{static_cast<unsigned char>(part[i])} << (8 * i);
  if (is_signed && count > 0 && count < 8 && (value >> (8 * count - 1)) != 0) value |= ~std::uint64_t{0} << (8 * count);
  return static_cast<std::int64_t>(value);
}

PickleValue* PickleReader::make(Kind kind, Items items) {
  auto& value = values_.emplace_back();
  value.kind = kind;
  value.items = std::move(items);
  return &value;
}

PickleValue* PickleReader::make_integer(std::int64_t number, Kind kind) {
  auto* value = make(kind);
  value->integer = number;
  return value;
}

PickleValue* PickleReader::make_text(std::string_view text) {
  auto* value = make(Kind::text);
  value->text = text;
  return value;
}

PickleValue* PickleReader::make_global(std::string_view module, std::string_view name) {
  auto* value = make(Kind::global);
  value->text = fmt::format("{} {}", module, name);
  return value;
}

PickleValue* PickleReader::make_call(const PickleValue* function, const PickleValue* arguments) {
  if (function->kind == Kind::global && function->text == "collections OrderedDict" && arguments->items.empty())
    return make(Kind::dictionary);
  return make(Kind::call, {function, arguments});
}

const PickleValue& PickleReader::next() {
  Stack stack;
  std::map<std::int64_t, PickleValue*> memo;
  const auto remembered = [&](std::int64_t key) {
    const auto found = memo.find(key);
    if (found == memo.end()) throw PickleError("it refers to a value that is not there");
    return found->second;
  };
  const auto size = [&](std::size_t bytes) { return static_cast<std::size_t>(little_endian(bytes, false)); };
  for (;;) {
    const char code = take(1).front();
    switch (code) {
      case '\x80':  // PROTO
        take(1);
        break;
      case '\x95':  // FRAME
        take(8);
        break;
      case '.':
        return *stack.pop();
      case '(':
        stack.mark();
        break;
      case '0':
        stack.pop();
        break;
      case '1':
        stack.pop_to_mark();
        break;
      case 'N':
        stack.push(make(Kind::none));
        break;
      case '\x88':
      case '\x89':
        stack.push(make_integer(code == '\x88' ? 1 : 0, Kind::boolean));
        break;
      case 'K':
        stack.push(make_integer(little_endian(1, false)));
        break;
      case 'M':
        stack.push(make_integer(little_endian(2, false)));
        break;
      case 'J':
        stack.push(make_integer(little_endian(4, true)));
        break;
      case '\x8a':  // LONG1
        stack.push(make_integer(little_endian(size(1), true)));
        break;
      case 'G':  // a double
        take(8);
        stack.push(make(Kind::other));
        break;
      case 'X':
        stack.push(make_text(take(size(4))));
        break;
      case '\x8c':
      case 'U':
        stack.push(make_text(take(size(1))));
        break;
      case 'T':
        stack.push(make_text(take(size(4))));
        break;
      case 'C':
        take(size(1));
        stack.push(make(Kind::other));
        break;
      case 'B':
        take(size(4));
        stack.push(make(Kind::other));
        break;
      case '}':
        stack.push(make(Kind::dictionary));
        break;
      case ']':
      case '\x8f':  // a set
        stack.push(make(Kind::list));
        break;
      case ')':
        stack.push(make(Kind::tuple));
        break;
      case 't':
        stack.push(make(Kind::tuple, stack.pop_to_mark()));
        break;
      case 'l':
        stack.push(make(Kind::list, stack.pop_to_mark()));
        break;
      case 'd':
        stack.push(make(Kind::dictionary, stack.pop_to_mark()));
        break;
      case '\x85':
      case '\x86':
      case '\x87':
        stack.push(make(Kind::tuple, stack.pop_tuple(static_cast<std::size_t>(code - '\x84'))));
        break;
      case 's':
        stack.append(Kind::dictionary, stack.pop_tuple(2));
        break;
      case 'u':
        stack.append(Kind::dictionary, stack.pop_to_mark());
        break;
      case 'a':
        stack.append(Kind::list, stack.pop_tuple(1));
        break;
      case 'e':
      case '\x90':
        stack.append(Kind::list, stack.pop_to_mark());
        break;
      case 'c': {
        const auto module = line();
        stack.push(make_global(module, line()));
        break;
      }
      case '\x93': {
        const auto parts = stack.pop_tuple(2);
        if (parts[0]->kind != Kind::text || parts[1]->kind != Kind::text) throw PickleError("a name is no text");
        stack.push(make_global(parts[0]->text, parts[1]->text));
        break;
      }
      case 'R':
      case '\x81': {  // a call, or a new object
        const auto parts = stack.pop_tuple(2);
        stack.push(make_call(parts[0], parts[1]));
        break;
      }
      case 'b':  // an object's attributes, of which no data need any
        stack.pop();
        break;
      case 'Q':
        stack.push(make(Kind::persistent, stack.pop_tuple(1)));
        break;
      case 'q':
        memo[little_endian(1, false)] = stack.top();
        break;
      case 'r':
        memo[little_endian(4, false)] = stack.top();
        break;
      case '\x94': {
        const auto key = static_cast<std::int64_t>(memo.size());
        memo[key] = stack.top();
        break;
      }
      case 'h':
        stack.push(remembered(little_endian(1, false)));
        break;
      case 'j':
        stack.push(remembered(little_endian(4, false)));
        break;
      default:
        throw PickleError(
            fmt::format("it has an instruction {:#04x} at byte {}", static_cast<unsigned char>(code), at_ - 1));
    }
  }
}

}  // namespace harmonic
