// Writes what the targets of the program's own forms start from: corpus/{codec,journal,checkpoint}. To be run again
// when a form changes: ninja -C build-fuzz seeds.   seeds FOLDER
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include <fmt/format.h>

#include "core/storage/atomic_file.hpp"
#include "master/search/checkpoint.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/journal_bytes.hpp"
#include "tests/support/messages.hpp"

using namespace harmonic;
using namespace harmonic::testing;

namespace {

using Seeds = std::map<std::string, std::string>;  ///< name, bytes

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Every work with an answer of its own kind.
std::vector<JournalRecord> records() {
  std::vector<JournalRecord> all = {JournalHeader{JournalHeader::kVersion, 7, "fuzz"}};
  for (const auto& work : every_work()) all.emplace_back(FinishedWork{work, fake_outcome(work), 1.5});
  return all;
}

Seeds messages() {
  Seeds seeds = {{"empty", ""}};
  for (const auto& envelope : every_envelope())
    seeds.emplace(fmt::format("envelope-{}", seeds.size()), text_of(encode(envelope)));
  for (const auto& record : records()) seeds.emplace(fmt::format("record-{}", seeds.size()), payload_of(record));
  return seeds;
}

Seeds journals() {
  std::string whole(1, '\0'), framed_by_target = "\x01";
  for (const auto& record : records()) {
    whole += framed(record);
    framed_by_target += number_bytes(payload_of(record).size(), 2) + payload_of(record);
  }
  return {{"empty", "\x01"}, {"whole", whole}, {"records", framed_by_target}};
}

/// A search of two small generations, as far as a checkpoint knows it.
SearchState searched() {
  EvolutionSettings settings;
  settings.population = 4;
  settings.generations = 2;
  Search search(settings, Seed{3}, {find_space("avmnist-audio"), find_space("maxout")},
                {[](int, const BackboneGenome& genome) { return fake_costs(genome); }, fake_model_costs});
  for (auto tasks = search.ask(); !tasks.empty(); tasks = search.ask())
    for (const auto& task : tasks) search.tell({task.id, Rank{1}, 1.5, fake_outcome(task.work)});
  return search.boundary();
}

Seeds checkpoints() {
  const auto file = fuzz::file_of("");
  const auto bytes = [&](const SearchState& state) {
    save_checkpoint(file, state, 7, 2);
    const auto sealed = read_file(file);
    return std::string(1, '\0') + sealed.substr(0, sealed.size() - 24);  // the target seals it
  };
  std::string made = "\x01";
  RandomStream random(Seed{5}, "seeds of the fuzz targets");
  for (int i = 0; i < 400; ++i) made += static_cast<char>(random.below(256));
  return {{"start", bytes({0, 1, 1, {{}, {}}, {}, {}, {}})}, {"searched", bytes(searched())}, {"made", made}};
}

void write(const std::filesystem::path& folder, const Seeds& seeds) {
  std::filesystem::create_directories(folder);
  for (const auto& [name, bytes] : seeds) std::ofstream(folder / name, std::ios::binary) << bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::filesystem::path folder = argv[1];
  write(folder / "codec", messages());
  write(folder / "journal", journals());
  write(folder / "checkpoint", checkpoints());
  return 0;
}
