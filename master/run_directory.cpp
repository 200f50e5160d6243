#include "master/run_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "master/journal.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

/// Nothing in it, or what a run leaves that was cut off while it made its folder.
bool holds_nothing(const fs::path& folder) {
  return std::ranges::all_of(fs::directory_iterator(folder), [](const fs::directory_entry& entry) {
    const auto name = entry.path().filename();
    return (name == "lock" || name == "journal") && entry.is_regular_file() && entry.file_size() == 0;
  });
}

/// The names that a run without finished work has in its folder.
bool holds_workless_run(const fs::path& folder) {
  static const std::set<fs::path> own = {"lock",          "journal",        "config.cfg", "log.txt",
                                         "checkpoint.h5", "candidates.csv", "front.csv",  "reproduced.csv"};
  return Journal::kind(folder / "journal") == Journal::Kind::without_work &&
         std::ranges::all_of(fs::directory_iterator(folder),
                             [](const fs::directory_entry& entry) { return own.contains(entry.path().filename()); });
}

bool holds_run(const fs::path& folder) {
  const auto kind = Journal::kind(folder / "journal");
  return kind == Journal::Kind::with_work || kind == Journal::Kind::without_work ||
         (fs::exists(folder / "config.cfg") && (kind != Journal::Kind::none || fs::exists(folder / "checkpoint.h5")));
}

}  // namespace

RunDirectory::RunDirectory(fs::path path, bool resume, RunConfig config)
    : path_((path / "").parent_path()),  // without a slash at its end
      config_(std::move(config)) {
  if (path_.empty()) throw InputError("no run directory is named", "give one to --run");
  try {
    if (fs::exists(path_)) check(resume);
    make();
    lock();
    check(resume);  // again: another run may have come in between
    remember();
    // A run without work begins anew; its other files are replaced.
    if (!resume) fs::remove(journal());
  } catch (const fs::filesystem_error& e) {
    withdraw();
    throw InputError(fmt::format("cannot use the run directory {}: {}", path_.string(), e.code().message()),
                     "check its rights, or give another to --run");
  } catch (...) {
    withdraw();
    throw;
  }
}

RunDirectory::~RunDirectory() {
  if (!begun_) withdraw();
  if (lock_ >= 0) close(lock_);
}

void RunDirectory::check(bool resume) const {
  if (!fs::is_directory(path_))
    throw InputError(fmt::format("{} is no folder", path_.string()), "give another run directory to --run");
  if (holds_nothing(path_) || (!resume && holds_workless_run(path_))) return;
  if (!holds_run(path_))
    throw InputError(fmt::format("{} is not empty and holds no run", path_.string()),
                     "give an empty or a new directory to --run");
  if (!resume)
    throw InputError(fmt::format("{} holds a run already", path_.string()),
                     "go on with --resume, or give another to --run");
  Journal::check_version(journal());  // another version's settings differ, too, but cannot be given
  const auto file = path_ / "config.cfg";
  const auto found = fs::exists(file) ? config_.differences(read_file(file), file) : std::vector<std::string>{};
  if (!found.empty())
    throw InputError(fmt::format("{} is a run with other settings: {}", path_.string(), join(found, ", ")),
                     "resume with the run's own settings, or give another directory to --run");
}

void RunDirectory::make() {
  if (fs::exists(path_)) return;
  made_ = fs::absolute(path_);
  while (made_.has_parent_path() && !fs::exists(made_.parent_path())) made_ = made_.parent_path();
  fs::create_directories(path_);
}

void RunDirectory::lock() {
  const auto file = path_ / "lock";
  made_lock_ = !fs::exists(file);
  lock_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) {
    made_lock_ = false;
    throw InputError(fmt::format("cannot write to {}: {}", path_.string(), std::strerror(errno)), "check its rights");
  }
  struct stat mine {
  }, there{};
  if (flock(lock_, LOCK_EX | LOCK_NB) == 0 && fstat(lock_, &mine) == 0 && stat(file.c_str(), &there) == 0 &&
      mine.st_ino == there.st_ino)  // else it was taken away by a run that withdrew
    return;
  made_lock_ = false;
  throw InputError(fmt::format("another run uses {}", path_.string()),
                   "wait for its end, or give another directory to --run");
}

void RunDirectory::remember() {
  std::vector<fs::path> files = {path_ / "config.cfg", checkpoint(), candidates(), front(), reproduced()};
  if (Journal::kind(journal()) != Journal::Kind::with_work) files.push_back(journal());
  for (const auto& file : files) before_[file] = fs::exists(file) ? std::optional(read_file(file)) : std::nullopt;
  const auto log = path_ / "log.txt";
  if (fs::exists(log))
    log_bytes_ = fs::file_size(log);
  else
    before_[log] = std::nullopt;
}

void RunDirectory::begin() {
  log::open_file(path_ / "log.txt");
  replace_file(path_ / "config.cfg", config_.text);
  begun_ = true;
}

void RunDirectory::withdraw() noexcept try {
  log::close_file();
  begun_ = false;
  std::error_code ignored;
  for (const auto& [file, text] : before_) {
    if (!text)
      fs::remove(file, ignored);
    else if (!fs::exists(file) || read_file(file) != *text)
      replace_file(file, *text);
  }
  const auto log = path_ / "log.txt";
  if (!before_.empty() && !before_.contains(log)) fs::resize_file(log, log_bytes_, ignored);
  before_.clear();
  if (made_lock_) fs::remove(path_ / "lock", ignored);
  made_lock_ = false;
  // Only empty folders go.
  for (auto folder = fs::absolute(path_); !made_.empty() && fs::remove(folder, ignored) && folder != made_;)
    folder = folder.parent_path();
  made_.clear();
  if (lock_ >= 0) close(lock_);
  lock_ = -1;
} catch (const std::exception& e) {
  log::warning("{} could not be put back as it was: {}", path_.string(), e.what());
}

void RunDirectory::prune_models(const Archive& archive, const std::vector<CandidateId>& keep) const {
  for (const auto& [id, model] : archive.models()) {
    if (std::ranges::find(keep, id) != keep.end()) continue;
    std::error_code ignored;
    fs::remove_all(models() / std::to_string(id.value), ignored);
  }
}

}  // namespace harmonic
