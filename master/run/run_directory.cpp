#include "master/run/run_directory.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/conditions.hpp"
#include "master/run/journal.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

/// The names that a run without finished work has in its folder; what is on the way to one of them counts as that.
bool is_of_workless_run(const fs::path& path) {
  static const std::set<fs::path> own = {"lock",
                                         "journal",
                                         "config.cfg",
                                         "inputs.json",
                                         "log.txt",
                                         "checkpoint.h5",
                                         "checkpoint.h5.previous",
                                         "candidates.csv",
                                         "front.csv",
                                         "hypervolume.csv",
                                         "reproduced.csv",
                                         "reproduced.html",
                                         "failures.csv",
                                         "status.json"};
  return own.contains(destination_of(path).value_or(path).filename());
}

/// Nothing in it, or what a run leaves that was killed while it made its folder, or began anew in it.
bool holds_nothing(const fs::path& folder) {
  const bool is_a_runs = fs::exists(folder / "lock");
  return std::ranges::all_of(fs::directory_iterator(folder), [&](const fs::directory_entry& entry) {
    const auto name = entry.path().filename();
    if (!entry.is_regular_file()) return false;
    if (name == "lock" || name == "journal") return entry.file_size() == 0;
    if (!is_a_runs || !is_of_workless_run(entry.path())) return false;
    return name == "log.txt" || name == "failures.csv" || destination_of(name).has_value();
  });
}

bool holds_workless_run(const fs::path& folder) {
  return Journal::kind(folder / "journal") == Journal::Kind::without_work &&
         std::ranges::all_of(fs::directory_iterator(folder),
                             [](const auto& entry) { return is_of_workless_run(entry); });
}

/// Leaves holds_nothing(), whenever it is killed: what tells of the run without work goes last.
void clear_workless_run(const RunPaths& paths) {
  for (const auto& entry : fs::directory_iterator(paths.folder)) {
    const auto& path = entry.path();
    if (path.filename() != "lock" && path != paths.journal() && path != paths.log() && path != paths.failures())
      fs::remove(path);
  }
  fs::remove(paths.journal());
}

bool holds_run(const fs::path& folder) {
  const auto kind = Journal::kind(folder / "journal");
  return kind == Journal::Kind::with_work || kind == Journal::Kind::without_work ||
         (fs::exists(folder / "config.cfg") && (kind != Journal::Kind::none || fs::exists(folder / "checkpoint.h5")));
}

/// As inputs.json keeps it.
std::string text_of(std::uint64_t content) {
  return fmt::format("{:016x}", content);
}

}  // namespace

void check_run_folder(const fs::path& folder, bool resume) {
  if (!fs::is_directory(folder))
    throw InputError(fmt::format("{} is no folder", folder.string()), "give another run directory to --run");
  if (holds_nothing(folder) || (!resume && holds_workless_run(folder))) return;
  if (!holds_run(folder))
    throw InputError(fmt::format("{} is not empty and holds no run", folder.string()),
                     "give an empty or a new directory to --run");
  if (!resume)
    throw InputError(fmt::format("{} holds a run already", folder.string()),
                     "go on with --resume, or give another to --run");
}

RunDirectory::RunDirectory(const fs::path& path, bool resume, RunConfig config, const RunInputs& inputs)
    : paths_{(path / "").parent_path()},  // without a slash at its end
      config_(std::move(config)),
      files_(inputs.files),
      contents_(inputs.contents),
      data_shape_(inputs.data_shape),
      data_provenance_(inputs.data_provenance),
      hash_(inputs.hash) {
  if (paths_.folder.empty()) throw InputError("no run directory is named", "give one to --run");
  try {
    if (fs::exists(paths_.folder)) (void)check(resume);
    found_.emplace(paths_.folder);
    lock_.emplace(paths_.folder);
    for (const auto& damage : check(resume)) log::warning("{}", damage);  // again: another run may have come in between
    begins_ = resume && !holds_run(paths_.folder);
    remember();
    if (!resume) clear_workless_run(paths_);
  } catch (const fs::filesystem_error& e) {
    withdraw();
    throw InputError(fmt::format("cannot use the run directory {}: {}", paths_.folder.string(), e.code().message()),
                     "check its rights, or give another to --run");
  } catch (...) {
    withdraw();
    throw;
  }
}

RunDirectory::~RunDirectory() {
  if (!begun_) withdraw();
}

std::vector<std::string> RunDirectory::check(bool resume) const {
  const auto& folder = paths_.folder;
  check_run_folder(folder, resume);
  if (!resume || holds_nothing(folder)) return {};
  Journal::check_version(paths_.journal());  // another version's settings differ, too, but cannot be given
  std::vector<std::string> damages;
  const auto damaged = [&](const fs::path& file, std::string_view what) {
    damages.push_back(
        fmt::format("{} {}: the journal alone tells whether the run is this one, and the file is written anew",
                    file.string(), what));
  };
  // Where the journal is of these settings and inputs, a file that says otherwise is damaged.
  if (const auto others = other_settings(damaged); !others.empty()) {
    if (!Journal::is_of(paths_.journal(), hash_))
      throw InputError(fmt::format("{} is a run with other settings: {}", folder.string(), join(others, ", ")),
                       "leave them out: the run holds its settings; or give another directory to --run");
    damaged(paths_.config(), "is damaged");
  }
  if (const auto others = other_inputs(damaged); !others.empty()) {
    if (!Journal::is_of(paths_.journal(), hash_))
      throw InputError(
          fmt::format("{} began with other content than that of {}", folder.string(), join(others, " and ")),
          "give the files that it began with, under whatever name, or another directory to --run");
    damaged(paths_.inputs(), "is damaged");
  }
  return damages;
}

std::vector<std::string> RunDirectory::other_settings(const Damaged& damaged) const {
  const auto file = paths_.config();
  if (!fs::exists(file)) return {};
  const auto text = read_file(file);
  if (!text.ends_with(RunConfig::kEnd)) {
    damaged(file, text.empty() ? "is empty" : "is cut short");
    return {};
  }
  try {
    return config_.differences(text, file);
  } catch (const InputError& e) {
    damaged(file, fmt::format("is damaged ({})", e.what()));
    return {};
  }
}

std::vector<std::string> RunDirectory::other_inputs(const Damaged& damaged) const {
  const auto file = paths_.inputs();
  if (!fs::exists(file)) return {};
  const auto before = read_conditions(file);
  if (!before) {
    damaged(file, "is damaged");
    return {};
  }
  std::vector<std::string> changed;
  for (const auto& input : files_) {
    const auto known = std::ranges::find(*before, input.role, &Conditions::value_type::first);
    if (known != before->end() && known->second != text_of(contents_.at(input.role)))
      changed.push_back(fmt::format("{} ({})", input.path.string(), input.role));
  }
  return changed;
}

void RunDirectory::remember() {
  if (lock_->made_file()) found_->made(lock_->path());
  for (const auto& file : {paths_.config(), paths_.inputs(), paths_.checkpoint(), previous_version(paths_.checkpoint()),
                           paths_.candidates(), paths_.front(), paths_.hypervolume(), paths_.reproduced(),
                           paths_.reproduced_page(), paths_.status()})
    found_->keep(file);
  if (Journal::kind(paths_.journal()) != Journal::Kind::with_work) found_->keep(paths_.journal());
  found_->keep_length(paths_.log());
  found_->keep_length(paths_.failures());
}

void RunDirectory::begin() {
  log::open_file(paths_.log());
  if (begins_) log::info("there is no run in {} to go on with: it begins", paths_.folder.string());
  replace_file(paths_.config(), config_.text);
  Conditions contents = to_conditions(data_shape_);
  for (const auto& [role, content] : contents_) contents.emplace_back(role, text_of(content));
  contents.emplace_back(kDataProvenance, data_provenance_);
  write_conditions(paths_.inputs(), contents);
  begun_ = true;
}

void RunDirectory::withdraw() noexcept {
  log::close_file();
  begun_ = false;
  if (found_) found_->undo();
  found_.reset();
  lock_.reset();
}

}  // namespace harmonic
