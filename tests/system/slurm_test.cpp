// A search on a real Slurm of two nodes, which deploy/slurm/local-cluster.sh starts here: whatever happens to its job,
// it ends with the front of one that nothing happened to.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>

#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/base/seconds_since.hpp"
#include "core/base/text.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/system/cloned_root.hpp"

using namespace harmonic;
using namespace harmonic::testing;

namespace {

constexpr double kPatience_s = 240;  // after which a job counts as one that never ends

/// Slurm, from its start to the end of the test.
class Cluster {
 public:
  explicit Cluster(const World& w) : script_((w.source / "deploy/slurm/local-cluster.sh").string()) {
    setenv("HARMONIC_SLURM_FOLDER", folder_.path().c_str(), 1);
    const auto started = run({script_, "start"});
    INFO(started.err);
    if (started.exit_code != 0) stop();  // what has been started: no destructor follows
    REQUIRE(started.exit_code == 0);
    has_links_ = started.err.find("network of its own") != std::string::npos;
    for (const auto& line : split(run({script_, "env"}).out, '\n')) {
      const auto name = line.find(' ') + 1, equals = line.find('=');
      if (equals == std::string::npos) continue;
      variables_.push_back(line.substr(name, equals - name));
      setenv(variables_.back().c_str(), line.substr(equals + 1).c_str(), 1);
    }
  }
  ~Cluster() { stop(); }
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  /// Whether a node's link can be cut.
  [[nodiscard]] bool has_links() const { return has_links_; }
  void act(const std::string& action, const std::string& node) const {
    const auto done = run({script_, action, node});
    INFO(action << " " << node << ": " << done.err);
    CHECK(done.exit_code == 0);
  }

 private:
  void stop() const {
    run({script_, "stop"});
    for (const auto& name : variables_) unsetenv(name.c_str());
    unsetenv("HARMONIC_SLURM_FOLDER");
  }

  std::string script_;
  TemporaryFolder folder_;
  std::vector<std::string> variables_;  ///< that mean this cluster
  bool has_links_ = false;
};

/// Why there can be no cluster here; empty where there can.
std::string why_no_cluster() {
  if (geteuid() != 0) return "only root can start daemons";
  if (run({"bash", "-c", "PATH=$PATH:/usr/sbin:/sbin; type slurmctld slurmd munged sbatch"}).exit_code != 0)
    return "there is no Slurm: HARMONIC_SLURM=1 deploy/setup.sh installs it";
  return {};
}

/// A search on four tasks of two nodes, submitted as a user does.
class Job {
 public:
  /// @param sbatch more options of Slurm's @param lease of a worker
  Job(const World& w, const std::filesystem::path& run_folder, const std::vector<std::string>& sbatch = {},
      const std::string& lease = "3")
      : root_(w), run_(run_folder) {
    std::vector<std::string> words = {"env",
                                      "-C",
                                      (root_ / "").string(),
                                      "HARMONIC_REQUEUE=no",
                                      "sbatch",
                                      "--parsable",
                                      "--ntasks-per-node=2",
                                      "--cpus-per-task=1",
                                      "--output=" + log().string()};
    words.insert(words.end(), sbatch.begin(), sbatch.end());
    words.emplace_back("deploy/slurm/search.sh");
    auto search = w.search(run_folder);
    *std::next(std::ranges::find(search, "--lease")) = lease;
    words.insert(words.end(), search.begin(), search.end());
    const auto submitted = run(words);
    INFO(submitted.err);
    REQUIRE(submitted.exit_code == 0);
    id_ = trim(submitted.out);
  }
  ~Job() { run({"scancel", id_}); }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] std::string said() const { return std::filesystem::exists(log()) ? read_file(log()) : ""; }
  /// Polls until `condition` holds, and the job has not ended.
  template <class Condition>
  [[nodiscard]] bool wait_until(Condition condition) const {
    const auto start = std::chrono::steady_clock::now();
    while (!condition()) {
      if (seconds_since(start) > kPatience_s || has_ended()) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return true;
  }
  /// Whether some results are in, but not all of them. @param bytes of the whole journal
  [[nodiscard]] bool is_in_the_middle(std::uintmax_t bytes) const {
    std::error_code missing;
    const auto now = std::filesystem::file_size(run_ / "journal", missing);
    return !missing && now > bytes / 2;
  }
  [[nodiscard]] bool until_the_middle(std::uintmax_t bytes) const {
    return wait_until([&] { return is_in_the_middle(bytes); });
  }
  [[nodiscard]] bool has_ended() const {
    const auto state = field("JobState");
    return state != "PENDING" && state != "RUNNING" && state != "COMPLETING" && state != "CONFIGURING" &&
           state != "REQUEUED" && state != "SUSPENDED";
  }
  /// "COMPLETED 0:0", once it has ended.
  [[nodiscard]] std::string end() const {
    const auto start = std::chrono::steady_clock::now();
    while (!has_ended() && seconds_since(start) < kPatience_s)
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    return field("JobState") + " " + field("ExitCode");
  }
  /// Processes of its ranks, by rank.
  [[nodiscard]] std::map<int, pid_t> ranks() const {
    std::map<int, pid_t> all;
    for (const auto& process : std::filesystem::directory_iterator("/proc")) {
      std::ifstream file(process.path() / "environ");
      std::string variable;
      bool own = false;
      int rank = -1;
      while (std::getline(file, variable, '\0')) {
        own |= variable == "SLURM_JOB_ID=" + id_;
        if (variable.starts_with("OMPI_COMM_WORLD_RANK=")) rank = std::stoi(variable.substr(variable.find('=') + 1));
      }
      if (own && rank >= 0) all[rank] = std::stoi(process.path().filename().string());
    }
    return all;
  }

 private:
  [[nodiscard]] std::filesystem::path log() const { return run_.string() + ".log"; }
  [[nodiscard]] std::string field(const std::string& name) const {
    const auto told = run({"scontrol", "show", "job", id_}).out;
    const auto at = told.find(" " + name + "=");
    if (at == std::string::npos) return {};
    const auto begin = at + name.size() + 2;
    return told.substr(begin, told.find_first_of(" \n", begin) - begin);
  }

  ClonedRoot root_;
  std::filesystem::path run_;
  std::string id_;
};

nlohmann::json status_of(const std::filesystem::path& run_folder) {
  return nlohmann::json::parse(read_file(run_folder / "status.json"));
}

}  // namespace

TEST_CASE("A job over two nodes that is requeued, out of time, or loses a node ends with the quiet run's front",
          "[slurm]") {
  if (const auto why = why_no_cluster(); !why.empty()) {
    std::puts(("SKIPPED: " + why).c_str());
    return;
  }
  const World w = world();
  const TemporaryFolder folder;
  const auto quiet = folder / "quiet";
  REQUIRE(run(w.on_ranks(3, w.search(quiet))).exit_code == 0);
  const auto journal = std::filesystem::file_size(quiet / "journal");
  const auto check_same = [&](const std::filesystem::path& run_folder) {
    CHECK(status_of(run_folder).at("state") == "finished");
    for (const auto* file : {"candidates.csv", "front.csv"})
      CHECK(without_seconds(run_folder / file) == without_seconds(quiet / file));
  };
  const Cluster cluster(w);

  {
    INFO("nothing happens");
    const Job job(w, folder / "submitted");
    CHECK(job.end() == "COMPLETED 0:0");
    INFO(job.said());
    check_same(folder / "submitted");
    for (const char* part : {"node-a", "node-b", "CPU, 1 thread"}) CHECK_THAT(job.said(), Catch::Contains(part));
  }
  {
    INFO("requeued in the middle");
    const Job job(w, folder / "requeued");
    REQUIRE(job.until_the_middle(journal));
    REQUIRE(run({"scontrol", "requeue", job.id()}).exit_code == 0);
    CHECK(job.end() == "COMPLETED 0:0");
    INFO(job.said());
    check_same(folder / "requeued");
  }
  {
    INFO("out of time in the middle");
    const auto run_folder = folder / "late";
    const std::vector<std::string> limits = {"--time=2", "--signal=B:USR1@60"};
    {
      const Job job(w, run_folder, limits, /*lease=*/"120");  // the pause below is no loss
      const auto warned = [&] { return job.said().find("the time limit is near") != std::string::npos; };
      REQUIRE(job.wait_until([&] { return warned() || job.is_in_the_middle(journal); }));
      const auto ranks = job.ranks();
      for (const auto& [rank, pid] : ranks)  // or it could be done before Slurm's signal comes
        if (rank > 0 && !warned()) kill(pid, SIGSTOP);
      CHECK(job.wait_until(warned));
      for (const auto& [rank, pid] : ranks)
        if (rank > 0) kill(pid, SIGCONT);
      CHECK(job.end() == "FAILED 3:0");
      INFO(job.said());
      CHECK(status_of(run_folder).at("state") == "stopped");
    }
    const Job again(w, run_folder);
    CHECK(again.end() == "COMPLETED 0:0");
    INFO(again.said());
    check_same(run_folder);
  }
  const std::string node = "node-b";
  std::vector<std::string> faults = {"killed", "set down"};
  if (cluster.has_links()) faults.insert(faults.begin(), "cut off");
  for (const auto& fault : faults) {
    INFO("a node " << fault << " in the middle");
    const auto run_folder = folder / fault;
    const Job job(w, run_folder);
    REQUIRE(job.until_the_middle(journal));
    if (fault == "set down")
      REQUIRE(run({"scontrol", "update", "nodename=" + node, "state=down", "reason=test"}).exit_code == 0);
    else
      cluster.act(fault == "killed" ? "kill" : "cut", node);
    CHECK(job.end() == "COMPLETED 0:0");
    INFO(job.said());
    check_same(run_folder);
    CHECK(status_of(run_folder).at("lost_workers") == 2);
    if (fault == "cut off") cluster.act("mend", node);
    if (fault == "killed") cluster.act("revive", node);
    if (fault == "set down") run({"scontrol", "update", "nodename=" + node, "state=resume"});
  }
}

TEST_CASE("Programs that srun starts without MPI's language are refused in one line, with the remedy", "[slurm]") {
  if (const auto why = why_no_cluster(); !why.empty()) {
    std::puts(("SKIPPED: " + why).c_str());
    return;
  }
  const World w = world();
  const Cluster cluster(w);
  const TemporaryFolder folder;
  auto words = w.alone(w.search(folder / "run"));
  words.insert(words.begin(), {"srun", "--mpi=none", "--nodes=2", "--ntasks=4"});
  const auto refused = run(words);
  CHECK(refused.exit_code == 2);
  std::size_t lines = 0;
  for (const auto& line : split(refused.err, '\n')) lines += line.starts_with("harmonic: ") ? 1 : 0;
  CHECK(lines == 1);
  CHECK_THAT(refused.err, Catch::Contains("srun started 4 programs") && Catch::Contains("srun --mpi=pmix"));
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
}
