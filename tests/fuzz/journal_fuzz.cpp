// A journal of any bytes is opened, or refused; opened again it holds the same. Where the first byte is odd, the others
// are records (two bytes of length, then the payload) that get true checksums: else hardly one would be read.
#include <vector>

#include "core/base/error.hpp"
#include "master/run/journal.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/journal_bytes.hpp"

using namespace harmonic;

namespace {

constexpr std::uint64_t kSettings = 7;

std::string journal_of(std::string_view input) {
  if (input.empty() || input.front() % 2 == 0) return std::string(input.substr(input.empty() ? 0 : 1));
  std::string bytes = testing::framed(JournalHeader{JournalHeader::kVersion, kSettings, "fuzz"});
  for (input.remove_prefix(1); input.size() > 2;) {
    const std::size_t length = static_cast<std::uint8_t>(input[0]) + 256U * static_cast<std::uint8_t>(input[1]);
    const auto payload = input.substr(2, length);
    bytes += testing::framed(payload);
    input.remove_prefix(2 + payload.size());
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::silence();
  const auto path = fuzz::file_of(journal_of(fuzz::text_of(data, size)));
  try {
    Journal::check_version(path);
    const auto records = Journal(path, kSettings).size();
    fuzz::require(Journal(path, kSettings).size() == records);
  } catch (const InputError&) {  // another form, other settings, no journal
  }
  return 0;
}
