#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace harmonic::testing {

/// What was seen of a page, by name.
using Seen = std::map<std::string, std::string>;

/// Opens a page in a headless Chromium without a network, uses it as `reader` does, and tells what that saw. Its
/// console must stay empty. Nothing, and "SKIPPED: …" is printed, where there is no Chromium.
/// @param reader JavaScript: `see(name, value)` keeps a value, `press(key)` types at what has the focus, `click(node)`
/// @param width of the window, pixels @param fragment of the address: "#model-7"
std::optional<Seen> browse(std::string html, std::string_view reader, int width = 1400,
                           const std::string& fragment = {});

}  // namespace harmonic::testing
