#include "master/sweep/sweep_options.hpp"

#include "core/base/error.hpp"
#include "master/sweep/row_checksums.hpp"

namespace harmonic {

void SweepOptions::declare(OptionSet& options) {
  options.add("genomes", genomes, "file with one genome a line");
  options.add("all", all, "every distinct network of the space instead");
  options.add("device", devices, "a device whose cost is added: name=table.json[+more.json]",
              {parse_device, [](const DeviceSpec& spec) { return to_text(spec); }, listed_devices});
  options.add("head-classes", head_classes, "classifier row of the tables; 0: the data's number of classes",
              {0, 1'000'000});
  options
      .add("out", out,
           "CSV file to write: genome, metric, ms and mJ on every device, parameters and macs, whether none dominates "
           "it; its folder is made where there is none")
      .required();
  options.add("resume", resume,
              "go on with the CSV file where it stopped, or add to it; OUT.conditions says what its rows depend on, "
              "OUT.checksums which of them are as they were measured");
  options.add_seconds("lease", lease_s,
                      "seconds of silence after which a worker counts as lost; its work is dealt again",
                      {1.0, 86400.0});
  options.add_seconds("deadline", deadline_s, "seconds after which a group of networks is dealt to another worker",
                      {1.0, 1e7});
  options.add("json", json, "print a summary as one JSON object");
}

void SweepOptions::check() const {
  if (all == !genomes.empty()) throw InputError("a sweep takes either --genomes or --all", "give one of them");
}

void SweepOptions::check_outputs(const std::vector<OptionFile>& read) const {
  auto inputs = read;
  inputs.push_back({"genomes", genomes});
  for (const auto& device : devices)
    for (const auto& table : device.tables) inputs.push_back({"device", table});
  for (const auto& file : {out, conditions_file(), checksums_file(out).string()}) check_output(file, "out", inputs);
  if (!resume) check_absent(out, "out", "go on with it by --resume, remove it, or give another");
}

}  // namespace harmonic
