// The configs of published searches on a machine that has no published data: `harmonic data synth` makes what they
// need.
#include <tuple>

#include <catch2/catch.hpp>

#include "core/data/synthetic.hpp"
#include "core/hardware/missing_rows.hpp"
#include "core/work/fitted_settings.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {

TEST_CASE("Data that synth makes fit the config of what they stand for, and its tables price their models", "[work]") {
  const auto [config, kind, samples] =
      GENERATE(table<std::string, SyntheticKind, int>({{"avmnist", SyntheticKind::av_digits, 67},
                                                       {"avmnist", SyntheticKind::av_parity, 134},
                                                       {"quickstart", SyntheticKind::av_digits, 67},
                                                       {"mmimdb", SyntheticKind::movie_posters, 14},
                                                       {"harmp", SyntheticKind::memes, 20},
                                                       {"harmp", SyntheticKind::meme_tokens, 20}}));
  INFO(config << " on " << word_of(kSyntheticKinds, kind));
  const testing::TemporaryFolder folder;
  write_dataset(folder / "d.h5", make_synthetic(kind, samples, Seed{1}));
  const DatasetFile data(folder / "d.h5");

  SearchSettings settings;
  OptionSet options("harmonic search", "");
  settings.declare(options);
  (void)options.parse({"--config", std::string(HARMONIC_CONFIGS "/") + config + ".cfg", "--data", data.path(), "--run",
                       folder / "run"});
  REQUIRE_NOTHROW(settings.check());
  CHECK(settings.modalities.size() == data.info().modalities.size());
  const auto fitted = fitted_settings(settings, data);
  for (const auto& device : fitted.devices) {
    const auto table = LookUpTable::load({device.tables.begin(), device.tables.end()});
    for (const auto& modality : fitted.modalities)
      CHECK_NOTHROW(check_table(table, {.spaces = {modality.space}, .head_classes = data.info().classes}));
  }
}

}  // namespace harmonic
