#include "core/data/data_origin.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

namespace harmonic {

DataOrigin data_origin(const DatasetInfo& data, const PublishedTable& table) {
  // What importers and `data synth` begin their provenances with, or say in them.
  constexpr std::string_view kSynthetic = "synthetic ";
  static const std::map<std::string, std::vector<std::string_view>, std::less<>> words = {
      {"avmnist", {"AV-MNIST (", "published audio features", "published pairs"}},
      {"mmimdb", {"MM-IMDB ("}},
      {"harmp", {"Harm-P's form"}},
  };
  if (data.provenance.starts_with(kSynthetic)) return DataOrigin::stand_in;
  const auto says = [&](std::string_view word) { return data.provenance.find(word) != std::string::npos; };
  return std::ranges::all_of(words.at(table.name), says) && data.samples[index_of(Split::test)] == table.test_samples
             ? DataOrigin::published
             : DataOrigin::other;
}

}  // namespace harmonic
