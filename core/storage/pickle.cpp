#include "core/storage/pickle.hpp"

#include <charconv>
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
    if (kind == Kind::dictionary && items.size() % 2 != 0) throw PickleError("a key has no value");
    PickleValue& value = *top();
    if (kind == Kind::dictionary && value.kind == Kind::call) {  // a class that is a dictionary, with more to it
      value.kind = kind;
      value.items.clear();
    }
    if (value.kind != kind) return;  // of an object that is passed over
    auto& all = value.items;
    all.insert(all.end(), items.begin(), items.end());
  }

 private:
  [[nodiscard]] std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  std::vector<PickleValue*> values_;
  std::vector<std::size_t> marks_;
};

}  // namespace

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
  if (function->kind != Kind::global || function->text != "collections OrderedDict")
    return make(Kind::call, {function, arguments});
  Items items;
  if (!arguments->items.empty())  // pairs, as Python 2 wrote them
    for (const auto* pair : arguments->items.front()->items)
      if (pair->items.size() == 2) items.insert(items.end(), pair->items.begin(), pair->items.end());
  paired_ += items.size();
  if (paired_ > bytes_.size()) throw PickleError("it repeats one list without end");
  return make(Kind::dictionary, std::move(items));
}

std::int64_t PickleReader::number_of_line() {
  auto text = line();
  if (text.ends_with('L')) text.remove_suffix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return 0;  // a number that no tensor has
  if (error != std::errc() || end != text.data() + text.size()) throw PickleError("a number is none");
  return number;
}

/// What no tensor needs.
PickleValue* PickleReader::take_bytes(std::size_t count) {
  take(count);
  return make(Kind::other);
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
      case '2':
        stack.push(stack.top());
        break;
      case 'N':
        stack.push(make(Kind::none));
        break;
      case '\x88':
      case '\x89':
        stack.push(make_integer(code == '\x88' ? 1 : 0, Kind::boolean));
        break;
      case 'I': {
        const bool is_boolean = bytes_.substr(at_, 3) == "00\n" || bytes_.substr(at_, 3) == "01\n";
        stack.push(make_integer(number_of_line(), is_boolean ? Kind::boolean : Kind::integer));
        break;
      }
      case 'L':
        stack.push(make_integer(number_of_line()));
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
      case '\x8b':  // LONG4
        stack.push(make_integer(little_endian(size(4), true)));
        break;
      case 'F':
        line();
        stack.push(make(Kind::other));
        break;
      case 'G':  // a double
        stack.push(take_bytes(8));
        break;
      case 'S': {
        const auto quoted = line();
        if (quoted.size() < 2) throw PickleError("a text has no quotes");
        stack.push(make_text(quoted.substr(1, quoted.size() - 2)));
        break;
      }
      case 'V':
        stack.push(make_text(line()));
        break;
      case '\x8c':
      case 'U':
        stack.push(make_text(take(size(1))));
        break;
      case 'X':
      case 'T':
        stack.push(make_text(take(size(4))));
        break;
      case '\x8d':
        stack.push(make_text(take(size(8))));
        break;
      case 'C':
        stack.push(take_bytes(size(1)));
        break;
      case 'B':
        stack.push(take_bytes(size(4)));
        break;
      case '\x8e':
      case '\x96':  // bytes, bytearray
        stack.push(take_bytes(size(8)));
        break;
      case '\x97':  // a buffer that lies elsewhere
        stack.push(make(Kind::other));
        break;
      case '\x98':  // … and is read-only
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
      case '\x91':  // a frozen set
        stack.push(make(Kind::list, stack.pop_to_mark()));
        break;
      case 'd': {
        auto* dictionary = make(Kind::dictionary);
        const auto items = stack.pop_to_mark();
        stack.push(dictionary);
        stack.append(Kind::dictionary, items);
        break;
      }
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
      case '\x82':
      case '\x83':
      case '\x84':  // a name by a number that programs have agreed upon
        take(std::size_t{1} << static_cast<unsigned>(code - '\x82'));
        stack.push(make(Kind::other));
        break;
      case 'R':
      case '\x81': {  // a call, or a new object
        const auto parts = stack.pop_tuple(2);
        stack.push(make_call(parts[0], parts[1]));
        break;
      }
      case '\x92': {  // … with arguments by name
        const auto parts = stack.pop_tuple(3);
        stack.push(make_call(parts[0], parts[1]));
        break;
      }
      case 'i': {
        const auto module = line();
        const auto* type = make_global(module, line());
        stack.push(make_call(type, make(Kind::tuple, stack.pop_to_mark())));
        break;
      }
      case 'o': {
        auto items = stack.pop_to_mark();
        if (items.empty()) throw PickleError("an object has no class");
        const auto* type = items.front();
        items.erase(items.begin());
        stack.push(make_call(type, make(Kind::tuple, std::move(items))));
        break;
      }
      case 'b':  // an object's attributes, of which no data need any
        stack.pop();
        break;
      case 'P':
        stack.push(make(Kind::persistent, {make_text(line())}));
        break;
      case 'Q':
        stack.push(make(Kind::persistent, stack.pop_tuple(1)));
        break;
      case 'p':
        memo[number_of_line()] = stack.top();
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
      case 'g':
        stack.push(remembered(number_of_line()));
        break;
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
