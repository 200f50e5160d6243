#pragma once

#include <string_view>

namespace harmonic {

/// Whether every byte belongs to a character of UTF-8. Text of one byte a letter (Latin-1) with an accent in it is not.
[[nodiscard]] bool is_utf8(std::string_view text);

/// @param name the file that holds the text @throws InputError naming the first line that is not UTF-8
void require_utf8(std::string_view text, std::string_view name);

}  // namespace harmonic
