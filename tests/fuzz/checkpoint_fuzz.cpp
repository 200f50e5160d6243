// A checkpoint of any content is read, or is none. After an even byte the input is the file, but for its seal: what
// lies behind that is reached. After an odd one it makes up a state, which is saved: read again it is the same, or is
// none.
#include <array>

#include <fuzzer/FuzzedDataProvider.h>

#include <fmt/format.h>

#include "core/base/hash.hpp"
#include "core/space/search_space.hpp"
#include "master/search/checkpoint.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace harmonic;

namespace {

constexpr std::uint64_t kSettings = 7;

const std::vector<BackboneSpace>& spaces() {
  static const std::vector<BackboneSpace> all = {find_space("avmnist-audio"), find_space("maxout")};
  return all;
}

/// A network of the space, but for one gene now and then.
BackboneGenome backbone(FuzzedDataProvider& input, const BackboneSpace& space) {
  BackboneGenome genome = input.ConsumeBool() ? smallest_genome(space) : largest_genome(space);
  if (!genome.kernel.empty() && input.ConsumeBool())
    genome.kernel[input.ConsumeIntegralInRange<std::size_t>(0, genome.kernel.size() - 1)] =
        input.ConsumeIntegral<int>();
  return genome;
}

MultimodalGenome genome(FuzzedDataProvider& input) {
  MultimodalGenome made;
  for (const auto& space : spaces()) made.backbones.push_back(backbone(input, space));
  made.macro = {input.ConsumeIntegralInRange(0, 3), input.ConsumeIntegralInRange(0, 2)};
  return made;
}

Genotype genotype(FuzzedDataProvider& input, const MacroArchitecture& macro) {
  static constexpr std::array kOperators = {"Sum", "LinearGLU", "SE1", "Su}", ""};
  const auto state = [&] {
    return input.ConsumeBool() ? input.ConsumeIntegralInRange(0, 4) : input.ConsumeIntegral<int>();
  };
  Genotype made;
  for (int c = 0; c < macro.cells; ++c) {
    FusionCell cell{state(), state(), {}};
    for (int n = 0; n < macro.nodes; ++n) cell.steps.push_back({input.PickValueInArray(kOperators), state(), state()});
    made.cells.push_back(std::move(cell));
  }
  const auto first = static_cast<unsigned>(state());
  for (unsigned joined = 0, count = input.ConsumeIntegralInRange(0U, 3U); joined < count; ++joined)
    made.concat.push_back(static_cast<int>((first + joined) & 0x7fffffffU));
  return made;
}

SearchState state(FuzzedDataProvider& input) {
  SearchState made;
  made.generation = input.ConsumeIntegral<int>();
  made.next_task = input.ConsumeIntegral<std::uint64_t>();
  made.next_candidate = input.ConsumeIntegral<std::uint64_t>();
  for (const auto& space : spaces()) made.survivors.push_back({backbone(input, space)});
  if (input.ConsumeBool())
    made.memo.add(input.ConsumeIntegralInRange(0, 1), backbone(input, spaces()[0]),
                  input.ConsumeFloatingPoint<double>());
  for (int models = input.ConsumeIntegralInRange(0, 3); models > 0; --models) {
    ScoredModel model;
    model.id = CandidateId{input.ConsumeIntegral<std::uint8_t>()};
    model.generation = input.ConsumeIntegral<int>();
    model.genome = genome(input);
    model.genotype = genotype(input, model.genome.macro);
    model.metric_val = input.ConsumeFloatingPointInRange(-1.0, 101.0);
    if (input.ConsumeBool()) model.metric_test = input.ConsumeFloatingPoint<double>();
    if (input.ConsumeBool()) model.predicted = input.ConsumeFloatingPoint<double>();
    model.architecture.assign(input.ConsumeIntegralInRange<std::size_t>(0, 3), input.ConsumeFloatingPoint<float>());
    model.retrained.assign(input.ConsumeIntegralInRange<std::size_t>(0, 3),
                           input.ConsumeFloatingPointInRange(-1.0, 101.0));
    made.archive.add(std::move(model));
  }
  if (input.ConsumeBool()) made.archive.add_failed(genome(input));
  if (input.ConsumeBool()) made.parents.emplace_back(input.ConsumeIntegral<std::uint8_t>());
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::silence();
  if (size == 0) return 0;
  if (data[0] % 2 == 0) {
    const std::string bytes(fuzz::text_of(data + 1, size - 1));
    (void)load_checkpoint(fuzz::file_of(fmt::format("{}HARMONIC{:016x}", bytes, hash64(bytes))), kSettings, spaces());
  } else {
    FuzzedDataProvider input(data + 1, size - 1);
    const SearchState made = state(input);
    const auto path = fuzz::file_of("");
    save_checkpoint(path, made, kSettings, spaces().size());
    const auto loaded = load_checkpoint(path, kSettings, spaces());
    fuzz::require(!loaded || *loaded == made);
  }
  return 0;
}
