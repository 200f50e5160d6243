#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace harmonic {

/// A cell of a page's table.
struct Cell {
  std::string html;
  bool number = false;
  bool best = false;
};

/// A table whose rows become cards on screens that are too narrow for its columns side by side. Rows are as long as the
/// header.
[[nodiscard]] std::string table_html(const std::vector<Cell>& header, const std::vector<std::vector<Cell>>& rows);

/// A whole page that needs nothing beside it, in light or dark as its reader prefers. @param body HTML
/// It may load nothing from anywhere, whatever is in it.
/// @param style more CSS @param script JavaScript that runs when the body is there; none when empty
/// @param head more of the page's head
[[nodiscard]] std::string page_html(const std::string& title, const std::string& body, std::string_view style = {},
                                    std::string_view script = {}, std::string_view head = {});

}  // namespace harmonic
