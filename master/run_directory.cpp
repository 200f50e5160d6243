#include "master/run_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <set>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"

namespace harmonic {
namespace {

namespace fs = std::filesystem;

/// Settings that change no number of the result, so that a resumed run may have others.
const std::set<std::string> kFreeSettings = {"threads",     "compute",     "lease", "deadline",
                                             "keep-models", "generations", "rows",  "seeds"};
constexpr std::uintmax_t kJournalWithoutWork = 64;  // bytes; a header alone is shorter, any finished work longer

/// INI text -> key -> its values.
std::map<std::string, std::vector<std::string>> values_of(const std::string& ini) {
  std::map<std::string, std::vector<std::string>> values;
  for (const auto& line : split(ini, '\n')) {
    const auto equals = line.find('=');
    if (line.empty() || line.front() == '#' || line.front() == '[' || equals == std::string::npos) continue;
    values[trim(line.substr(0, equals))].push_back(trim(line.substr(equals + 1)));
  }
  return values;
}

/// "seed (1 in the run, 2 given)", for every setting that differs and matters.
std::vector<std::string> differences(const std::string& of_run, const std::string& given) {
  auto before = values_of(of_run), now = values_of(given);
  std::set<std::string> keys;
  for (const auto& [key, value] : before) keys.insert(key);
  for (const auto& [key, value] : now) keys.insert(key);
  std::vector<std::string> found;
  for (const auto& key : keys)
    if (!kFreeSettings.contains(key) && before[key] != now[key])
      found.push_back(fmt::format("{} ({} in the run, {} given)", key, join(before[key], " "), join(now[key], " ")));
  return found;
}

/// What an attempt leaves behind that was refused before any work was done.
bool is_leftover(const fs::directory_entry& entry) {
  const auto name = entry.path().filename().string();
  if (name == "journal") return entry.file_size() < kJournalWithoutWork;
  return name == "lock" || name == "log.txt" || name == "config.cfg" || name == "checkpoint.h5" ||
         name == "candidates.csv" || name == "front.csv" || name == "reproduced.csv";
}

}  // namespace

RunDirectory::RunDirectory(std::filesystem::path path, bool resume, const std::string& config)
    : path_(std::move(path)) {
  std::error_code error;
  fs::create_directories(path_, error);
  if (!fs::is_directory(path_))
    throw InputError(fmt::format("cannot make the run directory {}: {}", path_.string(), error.message()),
                     "give another to --run");
  lock();
  try {
    if (resume) {
      open_again(config);
    } else {
      open_new();
    }
    log::open_file(path_ / "log.txt");
    replace_file(path_ / "config.cfg", config);
  } catch (...) {
    close(lock_);
    throw;
  }
}

RunDirectory::~RunDirectory() {
  close(lock_);
}

void RunDirectory::lock() {
  const auto file = path_ / "lock";
  lock_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0)
    throw InputError(fmt::format("cannot write to {}: {}", path_.string(), std::strerror(errno)), "check its rights");
  if (flock(lock_, LOCK_EX | LOCK_NB) == 0) return;
  close(lock_);
  throw InputError(fmt::format("another run uses {}", path_.string()),
                   "wait for its end, or give another directory to --run");
}

void RunDirectory::open_new() const {
  bool work_done = !fs::exists(journal()) && fs::exists(checkpoint());
  bool strangers = false;
  for (const auto& entry : fs::directory_iterator(path_)) {
    strangers = strangers || !is_leftover(entry);
    work_done = work_done || (entry.path() == journal() && !is_leftover(entry));
  }
  if (work_done)
    throw InputError(fmt::format("{} holds a run already", path_.string()),
                     "go on with --resume, or give another to --run");
  if (strangers)
    throw InputError(fmt::format("{} is not empty", path_.string()), "give an empty or a new directory to --run");
  for (const auto& leftover : {journal(), checkpoint(), candidates(), front(), reproduced()}) fs::remove(leftover);
}

void RunDirectory::open_again(const std::string& config) const {
  const auto file = path_ / "config.cfg";
  if (!fs::exists(file) && !fs::exists(journal())) return open_new();
  const auto found = fs::exists(file) ? differences(read_file(file), config) : std::vector<std::string>{};
  if (!found.empty())
    throw InputError(fmt::format("{} is a run with other settings: {}", path_.string(), join(found, ", ")),
                     "resume with the run's own settings, or give another directory to --run");
}

void RunDirectory::prune_models(const Archive& archive, const std::vector<CandidateId>& keep) const {
  for (const auto& [id, model] : archive.models()) {
    if (std::ranges::find(keep, id) != keep.end()) continue;
    std::error_code ignored;
    fs::remove_all(models() / std::to_string(id.value), ignored);
  }
}

}  // namespace harmonic
