#include <filesystem>
#include <iostream>
#include <optional>

#include <fmt/format.h>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/config/space_config.hpp"
#include "core/mpi/communicator.hpp"
#include "core/storage/json_text.hpp"
#include "core/storage/output_file.hpp"
#include "worker/backbone/checkpoint_import.hpp"
#include "worker/backbone/supernet_file.hpp"
#include "worker/commands/commands.hpp"
#include "worker/commands/supernet_actions.hpp"
#include "worker/tensor/gpu_failure.hpp"

namespace harmonic {
namespace {

const std::vector<std::string> kActions = {"train", "import", "eval", "sweep"};
constexpr const char* kHelp =
    "harmonic supernet: weight-sharing backbones\n\n"
    "  train   trains a supernet by the sandwich rule; data-parallel under mpirun\n"
    "  import  reads a checkpoint of PyTorch (.pth.tar)\n"
    "  eval    measures one sub-network; can write every feature it returns\n"
    "  sweep   measures many, or all of a space, into a CSV file; shared by ranks under mpirun\n\n"
    "harmonic supernet ACTION --help lists an action's options.\n";

// ---- import

/// What is to be known of an import that went well.
void tell_of_import(const std::string& in, const Supernet& supernet, const ImportNotes& notes) {
  const std::string& space = supernet.space().name;
  if (!notes.other_keys.empty())
    log::info("{}: weights read from {}; tensors are also under: {} (--key takes one of them)", in,
              notes.key.empty() ? "the file's own dictionary" : "key " + notes.key, join(notes.other_keys, ", "));
  for (const auto& twin : spaces_of_same_tensors(supernet.space()))
    log::warning(
        "{} would fit space {} as well, whose tensors have the same shapes: be sure that it was trained for {}", in,
        twin, space);
  if (!notes.identities.empty())
    log::warning(
        "{} has no kernel matrices {}: it is of a network of one kernel size, and identities stand in for them; train "
        "on from it (supernet train --init) before smaller kernels are used",
        in, join(notes.identities, ", "));
  if (!notes.left.empty())
    log::warning("{}: {} tensor(s) have no place in space {} and are left out, the first is {}", in, notes.left.size(),
                 space, notes.left.front());
}

ExitCode import(const Arguments& args) {
  std::string in, key, space_name, out, modality;
  SpaceCatalog spaces;
  bool json = false;
  OptionSet options("harmonic supernet import", "Reads a published checkpoint into a supernet file.");
  options.add("in", in, "checkpoint that torch.save wrote (.pth.tar, .pth, .pt)").required();
  options.add(
      "key", key,
      "where its weights are: a key, with dots where dictionaries lie in each other, or what stands before their "
      "names; default: state_dict, model, ema and other usual keys, or the file itself");
  options.add("space", space_name, fmt::format("search space: {}", join(spaces.names(), ", "))).required();
  options.add("out", out, "supernet file to write (HDF5); its folder is made where there is none").required();
  options.add("modality", modality, "modality it belongs to, noted in the file");
  options.add("json", json, "print the result as one JSON object");
  declare_spaces(options, spaces);
  if (options.parse(args) == OptionSet::Parsed::help_printed) return ExitCode::done;
  const bool leads = Communicator().rank().value == 0;
  std::optional<OutputFolder> folder;
  if (leads) {
    folder.emplace(out, "out", std::vector<OptionFile>{{"in", in}});
    check_own_kind(out, "out", "a supernet", is_supernet);
  }
  ImportNotes notes;
  const Supernet supernet = import_checkpoint(in, spaces.find(space_name), key, &notes);
  if (!leads) return ExitCode::done;
  say_notices(options);
  save_supernet(out, supernet,
                {modality, fmt::format("imported from checkpoint {}{}", std::filesystem::path(in).filename().string(),
                                       notes.key.empty() ? "" : ", key " + notes.key)});
  log::info("{}: {} tensors, {} classes", out, supernet.tensors().size(), supernet.classes());
  tell_of_import(in, supernet, notes);
  if (json)
    std::cout << json_text(nlohmann::ordered_json{
                     {"weights", out}, {"tensors", supernet.tensors().size()}, {"classes", supernet.classes()}})
              << '\n';
  return ExitCode::done;
}

}  // namespace

ExitCode supernet_command(const Arguments& args, const std::vector<std::string>& program,
                          const std::function<void()>& abandon_mpi) {
  if (args.empty())
    throw InputError("harmonic supernet names no action", fmt::format("give one of: {}", join(kActions, ", ")));
  const std::string& action = args.front();
  if (action == "--help" || action == "-h" || action == "help") {
    std::cout << kHelp;
    return ExitCode::done;
  }
  const Arguments rest(args.begin() + 1, args.end());
  if (action == "train") return naming_gpu_failures([&] { return supernet_train(rest, program, abandon_mpi); });
  if (action == "import") return import(rest);
  if (action == "eval") return naming_gpu_failures([&] { return supernet_eval(rest); });
  throw InputError(fmt::format("harmonic supernet knows no action '{}'", action),
                   fmt::format("did you mean {}? There are: {}", nearest(action, kActions), join(kActions, ", ")));
}

}  // namespace harmonic
