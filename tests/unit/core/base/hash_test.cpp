#include "core/base/hash.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace harmonic;

TEST_CASE("A hash of pieces is that of the whole, however it is cut", "[base]") {
  std::string bytes(5000, ' ');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * i / 7);
  const auto whole = std::as_bytes(std::span(bytes));
  for (const std::size_t length : {0U, 1U, 200U, 241U, 5000U})
    for (const std::size_t piece : {1U, 64U, 255U, 1024U}) {
      INFO(length << " bytes by " << piece);
      StreamedHash hash(9);
      for (std::size_t first = 0; first < length; first += piece)
        hash.add(whole.subspan(first, std::min(piece, length - first)));
      CHECK(hash.value() == hash64(whole.first(length), 9));
    }
}
