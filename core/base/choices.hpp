#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace harmonic {

/// The values of an enumeration with the words that options and files have for them.
template <class T>
using Choices = std::vector<std::pair<std::string, T>>;

template <class T>
[[nodiscard]] std::vector<std::string> words_of(const Choices<T>& choices) {
  std::vector<std::string> words;
  for (const auto& [word, value] : choices) words.push_back(word);
  return words;
}

/// The word of a value that has one.
template <class T>
[[nodiscard]] const std::string& word_of(const Choices<T>& choices, const std::type_identity_t<T>& value) {
  return std::ranges::find(choices, value, &std::pair<std::string, T>::second)->first;
}

/// The value of a word. @throws InputError naming `what`, the nearest word, and all there are
template <class T>
[[nodiscard]] const T& value_of(const Choices<T>& choices, std::string_view word, std::string_view what) {
  const auto found = std::ranges::find(choices, word, &std::pair<std::string, T>::first);
  if (found != choices.end()) return found->second;
  const auto words = words_of(choices);
  throw InputError(fmt::format("{} is '{}'", what, word),
                   fmt::format("did you mean {}? Choices: {}", nearest(word, words), join(words, ", ")));
}

}  // namespace harmonic
