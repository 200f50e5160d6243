// Texts of genomes and genotypes: read, or refused; what is read is written as it was read.
#include "core/base/error.hpp"
#include "core/space/genome.hpp"
#include "core/space/genotype.hpp"
#include "core/space/search_space.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace harmonic;

namespace {

/// Whether a text means anything is up to `parse`, which throws an InputError where it does not.
template <class Parse, class Again>
void read_twice(std::string_view text, Parse parse, Again again) {
  try {
    const auto value = parse(text);
    fuzz::require(again(to_text(value)) == value);
  } catch (const InputError&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::text_of(data, size);
  for (const auto* name : {"avmnist-image", "maxout"}) {
    const auto genome = [&](std::string_view of) { return parse_genome(of, find_space(name)); };
    read_twice(text, genome, genome);
  }
  read_twice(text, parse_genotype, parse_genotype);
  read_twice(text, genotype_from_json, parse_genotype);
  return 0;
}
