#include <fmt/format.h>

#include "core/base/progress_display.hpp"
#include "core/config/options.hpp"
#include "core/data/synthetic.hpp"
#include "core/storage/output_file.hpp"
#include "master/commands/data_actions.hpp"

namespace harmonic {

ExitCode data_synth(const Arguments& args) {
  std::string out;
  SyntheticKind kind = SyntheticKind::av_digits;
  int samples = 0;
  std::uint64_t seed = 1;
  bool json = false;
  OptionSet options("harmonic data synth", "Makes a data set of two modalities; the same bytes for the same seed.");
  options.add("out", out, "data set file to write (HDF5); its folder is made where there is none").required();
  options.add_choice("kind", kind, kSyntheticKinds,
                     "what to make; av-parity: digits whose label is in part the exclusive or of something seen and "
                     "something heard, at which late fusion fails");
  options.add(
      "samples", samples,
      fmt::format(
          "samples in all, 60 % train, 15 % val, 25 % test; 0: {} av-digits, {} av-parity, {} movie-posters, {} memes",
          default_samples(SyntheticKind::av_digits), default_samples(SyntheticKind::av_parity),
          default_samples(SyntheticKind::movie_posters), default_samples(SyntheticKind::memes)),
      {0, 10'000'000});
  options.add("seed", seed, "seed of everything random");
  options.add("json", json, "print what the file holds as one JSON object");
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  const OutputFolder folder(out, "out");
  check_output(out, "out");
  if (samples == 0) samples = default_samples(kind);
  ProgressDisplay display(fmt::format("making {} samples", samples));
  write_dataset(out, make_synthetic(kind, samples, Seed{seed}));
  display.close();
  print_dataset(out, json);
  return ExitCode::done;
}

}  // namespace harmonic
