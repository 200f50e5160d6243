// deploy/mpirun.sh: what it hears, what it says, and that it ends.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <signal.h>

#include <catch2/catch.hpp>

#include "core/base/seconds_since.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/process.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/terminal.hpp"

using namespace harmonic;
using namespace harmonic::testing;
using Catch::Contains;

namespace {

const std::string& launcher() {
  static const std::string path = std::string(std::getenv("HARMONIC_SOURCE")) + "/deploy/mpirun.sh";
  return path;
}

const std::string& stand_in() {
  static const std::string path = std::getenv("HARMONIC_STAND_IN");
  return path;
}

/// "deploy/mpirun.sh RANKS harmonic …" with these settings in its environment.
std::vector<std::string> on_ranks(int ranks, const std::vector<std::string>& words,
                                  const std::vector<std::string>& settings = {}) {
  std::vector<std::string> command = {"env"};
  command.insert(command.end(), settings.begin(), settings.end());
  command.insert(command.end(), {launcher(), std::to_string(ranks), stand_in()});
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

bool alive(pid_t pid) {
  std::ifstream words("/proc/" + std::to_string(pid) + "/cmdline");  // empty for what is dead and not buried yet
  return words.peek() != std::ifstream::traits_type::eof();
}

/// What is left of a process that must end by itself in so many seconds.
Finished ended_in(double seconds, Process& process) {
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(wait_until(process, [&] { return seconds_since(start) > seconds; }));
  if (process.running()) process.kill_all();
  return process.wait();
}

/// A folder whose program `mpirun` is this script; $real is the true one.
std::string with_mpirun(const TemporaryFolder& folder, const std::string& script) {
  const auto path = folder / "mpirun";
  std::ofstream(path) << "#!/usr/bin/env bash\nreal=$(PATH=${PATH#*:} command -v mpirun)\n" << script;
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return "PATH=" + (folder / "").string() + ":" + std::getenv("PATH");
}

}  // namespace

TEST_CASE("The exit code is rank 0's", "[launcher]") {
  for (const std::string code : {"0", "1", "2", "3"}) {
    const auto finished = run(on_ranks(2, {"search", "code=" + code}));
    INFO(finished.err);
    CHECK(finished.exit_code == std::stoi(code));
  }
}

TEST_CASE("The program is found behind a wrapper whose own words end as its name does", "[launcher]") {
  const TemporaryFolder folder;
  const auto asked = [&](const std::vector<std::string>& words) {
    std::vector<std::string> command = {
        "env",
        with_mpirun(folder, "echo \"$*\" >" + (folder / "asked").string() + "\necho 0 >\"$HARMONIC_EXIT_FILE\"\n"),
        launcher(), "2", "env"};
    command.insert(command.end(), words.begin(), words.end());
    const auto finished = run(command);
    INFO(finished.err);
    CHECK(finished.exit_code == 0);
    return read_file(folder / "asked");
  };
  CHECK_THAT(asked({"DATA_ROOT=/data/harmonic", "build/harmonic", "search", "--json"}), Contains("--enable-recovery"));
  CHECK_THAT(asked({"wrapper", "--bind", "/x/harmonic", "/images/harmonic", "harmonic", "supernet", "sweep"}),
             Contains("--enable-recovery"));
  CHECK_THAT(asked({"build/harmonic", "report", "--run", "/runs/harmonic", "search"}), !Contains("--enable-recovery"));
  CHECK_THAT(asked({"DATA_ROOT=/data/harmonic", "build/harmonic", "supernet", "train"}),
             !Contains("--enable-recovery"));
}

TEST_CASE("A worker that is stopped at the end keeps nobody waiting, and is ended too", "[launcher]") {
  for (const std::vector<std::string>& command : {std::vector<std::string>{"search"}, {"supernet", "train"}}) {
    auto words = command;
    words.insert(words.end(), {"stop-at-end=1", "code=3"});
    Process process(on_ranks(3, words));
    pid_t worker = 0;
    CHECK(wait_until(process, [&] { return (worker = process.rank(1)) != 0; }));
    const auto finished = process.wait();
    INFO(finished.err);
    CHECK(finished.exit_code == 3);
    CHECK_FALSE(alive(worker));
  }
}

TEST_CASE("A worker that is stopped for a while costs that while and nothing else", "[launcher]") {
  Process process(on_ranks(2, {"search", "stop-at-end=1"}));
  pid_t worker = 0;
  REQUIRE(wait_until(process, [&] { return (worker = process.rank(1)) != 0; }));
  REQUIRE(wait_until(process, [&] {
    const auto stat = read_file("/proc/" + std::to_string(worker) + "/stat");
    return stat.find(") T ") != std::string::npos;
  }));
  REQUIRE(kill(worker, SIGCONT) == 0);
  const auto finished = process.wait();
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
  CHECK(finished.err.empty());
}

TEST_CASE("When rank 0 is killed the launcher says so and ends the others", "[launcher]") {
  const auto finished = run(on_ranks(3, {"search", "kill-master"}));
  CHECK(finished.exit_code == 1);
  CHECK_THAT(finished.err, Contains("rank 0 was lost; what was finished can be resumed"));
}

TEST_CASE("A rank 0 that is stopped until the others have ended is ended too, and the launcher says so", "[launcher]") {
  for (const std::string code : {"code=1", "code=0"}) {
    Process process(on_ranks(3, {"search", "master-stops", code}));
    pid_t master = 0;
    CHECK(wait_until(process, [&] { return (master = process.rank(0)) != 0; }));
    const auto finished = ended_in(60, process);
    CHECK(finished.exit_code == 1);
    CHECK(finished.err == "deploy/mpirun.sh: rank 0 was silent, and all others have ended; go on with --resume\n");
    CHECK_FALSE(alive(master));
  }
}

TEST_CASE("A rank 0 that has sent the others home may take its time", "[launcher]") {
  const auto finished = run(on_ranks(3, {"search", "master-lingers"}));
  CHECK(finished.exit_code == 0);
  CHECK(finished.err.empty());
}

TEST_CASE("When mpirun itself is killed the launcher says so and ends the ranks", "[launcher]") {
  for (const std::vector<std::string>& command : {std::vector<std::string>{"search"}, {"supernet", "train"}}) {
    auto words = command;
    words.emplace_back("until-stopped");
    const TemporaryFolder folder;
    const auto pid_file = folder / "pid";
    Process process(
        on_ranks(2, words, {with_mpirun(folder, "echo $$ >" + pid_file.string() + "\nexec \"$real\" \"$@\"\n")}));
    pid_t worker = 0;
    REQUIRE(wait_until(process, [&] { return (worker = process.rank(1)) != 0; }));
    REQUIRE(kill(std::stoi(read_file(pid_file)), SIGKILL) == 0);
    const auto finished = ended_in(60, process);
    CHECK(finished.exit_code == 1);
    CHECK(finished.err == "deploy/mpirun.sh: mpirun was killed by signal 9; go on with --resume\n");
    CHECK_FALSE(alive(worker));
  }
}

TEST_CASE("A rank that is killed while the ranks meet costs a second start", "[launcher]") {
  const TemporaryFolder folder;
  const auto finished = run(on_ranks(3, {"search", "kill-before=2," + (folder / "once").string()}));
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
  CHECK_THAT(finished.err, Contains("rank 2 was ended by a signal before all ranks had met: starting again"));
}

TEST_CASE("Ranks that cannot meet are not waited for, and the launcher says why", "[launcher]") {
  const auto killed = run(on_ranks(3, {"search", "kill-before=2"}));
  CHECK(killed.exit_code == 1);
  CHECK_THAT(killed.err,
             Contains("starting again") && Contains("rank 2 was ended by a signal before all ranks had met\n"));
  const auto stopped = run(on_ranks(2, {"search", "stop-before=1"}, {"HARMONIC_MEET_SECONDS=1"}));
  CHECK(stopped.exit_code == 1);
  CHECK_THAT(stopped.err, Contains("starting again") && Contains("the ranks have not met in 1 s\n"));
}

TEST_CASE("A rank that ends by itself before the ranks meet is named, after a second start", "[launcher]") {
  const auto with_rank_1 = [&](const std::string& end, const std::vector<std::string>& words) {
    std::vector<std::string> command = {
        launcher(), "2", "bash", "-c", "[ $OMPI_COMM_WORLD_RANK != 1 ] || " + end + "; exec \"$0\" \"$@\"", stand_in()};
    command.insert(command.end(), words.begin(), words.end());
    return run(command);
  };
  const auto failed = with_rank_1("exit 7", {"search"});
  CHECK(failed.exit_code == 1);
  CHECK(failed.err ==
        "deploy/mpirun.sh: rank 1 exited with non-zero status before all ranks had met: starting again\n"
        "deploy/mpirun.sh: rank 1 exited with non-zero status before all ranks had met\n");
  const auto quiet = with_rank_1("exit 0", {"search"});
  CHECK(quiet.exit_code == 1);
  CHECK_THAT(quiet.err, Contains("starting again") && Contains("rank 1 ended before all ranks had met\n"));
  const auto training = with_rank_1("exit 7", {"supernet", "train"});
  CHECK(training.exit_code == 1);
  CHECK_THAT(training.err, Contains("starting again") && Contains("rank 1 exited with non-zero status (7) before all"));
}

TEST_CASE("What never reached its ranks is explained in mpirun's words", "[launcher]") {
  const TemporaryFolder folder;
  std::ofstream(folder / "hosts") << "unreachable.invalid slots=4\n";
  const auto host = run(
      on_ranks(2, {"search"},
               {"OMPI_MCA_orte_default_hostfile=" + (folder / "hosts").string(), "OMPI_MCA_plm_rsh_agent=/bin/false"}));
  CHECK(host.exit_code != 0);
  CHECK_THAT(host.err, Contains("mpirun says:") && Contains("unable to reliably start one or more daemons"));
  // What ranks hand mpirun to say, as here of the component, Open MPI 4.1 may lose; that they gave up is known all the
  // same.
  const auto value = run(on_ranks(2, {"search"}, {"OMPI_MCA_btl=no-such"}));
  CHECK(value.exit_code == 1);
  CHECK_THAT(value.err, Contains("gave up before all ranks had met"));
}

TEST_CASE("A run that meets shows none of mpirun's boxes", "[launcher]") {
  const TemporaryFolder folder;
  const std::string edge(74, '-');
  const auto finished = run(on_ranks(2, {"search"},
                                     {with_mpirun(folder, "printf '%s\\nA box\\n%s\\nA word\\n' " + edge + " " + edge +
                                                              " >&2\nexec \"$real\" \"$@\"\n")}));
  CHECK(finished.exit_code == 0);
  CHECK(finished.err == "A word\n");
}

TEST_CASE("An MPI without --enable-recovery runs without it, with a word", "[launcher]") {
  const TemporaryFolder folder;
  const auto finished = run(on_ranks(2, {"search", "code=3"},
                                     {with_mpirun(folder,
                                                  "case \"$*\" in *--enable-recovery*)\n"
                                                  "  printf '%s\\nunrecognized option: --enable-recovery\\n%s\\n' " +
                                                      std::string(74, '-') + " " + std::string(74, '-') +
                                                      " >&2; exit 213 ;;\nesac\nexec \"$real\" \"$@\"\n")}));
  INFO(finished.err);
  CHECK(finished.exit_code == 3);
  CHECK_THAT(finished.err, Contains("this MPI has no --enable-recovery"));
}

TEST_CASE("A command stands after the program, not among its values", "[launcher]") {
  const TemporaryFolder folder;
  const auto setting = with_mpirun(folder, "echo \"$@\"\n");
  const auto given = [&](const std::vector<std::string>& words) { return run(on_ranks(2, words, {setting})).out; };
  CHECK_THAT(given({"search", "--run", "train"}), Contains("--enable-recovery"));
  CHECK_THAT(given({"reproduce", "--table", "avmnist"}), Contains("--enable-recovery"));
  CHECK_THAT(given({"supernet", "sweep", "--out", "a.csv"}), Contains("--enable-recovery"));
  CHECK_THAT(given({"supernet", "train", "--out", "search"}), !Contains("--enable-recovery"));
  CHECK_THAT(given({"report", "--run", "search"}), !Contains("--enable-recovery"));
}

TEST_CASE("A loop over runs takes all its turns: the launcher leaves stdin alone", "[launcher]") {
  const auto finished =
      run({"bash", "-c",
           "printf '1\\n2\\n3\\n' | while read -r turn; do \"$0\" 1 \"$1\" search || exit; echo \"turn $turn\"; done",
           launcher(), stand_in()});
  INFO(finished.err);
  CHECK(finished.out == "turn 1\nturn 2\nturn 3\n");
}

TEST_CASE("The number of ranks may be written as mpirun has it", "[launcher]") {
  for (const std::vector<std::string>& ranks : {std::vector<std::string>{"-n", "2"}, {"-np", "2"}, {"-n2"}}) {
    std::vector<std::string> command = {launcher()};
    command.insert(command.end(), ranks.begin(), ranks.end());
    command.insert(command.end(), {stand_in(), "search", "code=3"});
    const auto finished = run(command);
    INFO(finished.err);
    CHECK(finished.exit_code == 3);
  }
}

TEST_CASE("The launcher may be called through a link", "[launcher]") {
  const TemporaryFolder folder;
  std::filesystem::create_symlink(launcher(), folder / "ranks");
  const auto finished = run({(folder / "ranks").string(), "2", stand_in(), "search", "code=3"});
  CHECK(finished.exit_code == 3);
  CHECK(finished.err.empty());
}

TEST_CASE("What needs no ranks runs once, and says what it says once", "[launcher]") {
  const TemporaryFolder folder;
  const auto setting = with_mpirun(folder, "echo \"asked: $*\"\n");
  const auto given = [&](const std::vector<std::string>& words) { return run(on_ranks(3, words, {setting})).out; };
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"data", "show"}, {"report", "--run", "r"}, {"--version"}, {"serch", "--run", "r"}})
    CHECK_THAT(given(words), Contains("-n 1 "));
  CHECK_THAT(given({"supernet", "eval"}), Contains("-n 3 "));
}

TEST_CASE("What the launcher is told in error is refused in one line", "[launcher]") {
  const auto refusal = [&](const std::vector<std::string>& words, const std::string& setting = "NONE=") {
    std::vector<std::string> command = {"env", setting, launcher()};
    command.insert(command.end(), words.begin(), words.end());
    const auto finished = run(command);
    INFO(finished.err);
    CHECK(finished.exit_code == 2);
    CHECK(std::count(finished.err.begin(), finished.err.end(), '\n') == 1);
    return finished.err;
  };
  for (const std::string ranks : {"abc", "2.5", "0", "-1", "", "2x"})
    CHECK_THAT(refusal({ranks, stand_in(), "search"}), Contains("RANKS is '" + ranks + "'"));
  CHECK_THAT(refusal({stand_in(), "search"}), Contains("no number of ranks before " + stand_in()));
  CHECK_THAT(refusal({"100000", stand_in(), "search"}), Contains("RANKS is 100000, too many for"));
  CHECK_THAT(refusal({}), Contains("usage:"));
  CHECK_THAT(refusal({"2"}), Contains("usage:"));
  CHECK_THAT(refusal({"-n", "2"}), Contains("usage:"));
  CHECK_THAT(refusal({"2", "no/such/harmonic", "search"}), Contains("no program no/such/harmonic; build it"));
  CHECK_THAT(refusal({"2", "search", "--json"}), Contains("no program search; after RANKS comes one"));
  CHECK_THAT(refusal({"2", launcher().substr(0, launcher().rfind('/')) + "/README.md"}), Contains("is no program"));
  CHECK_THAT(refusal({"2", "/", "search"}), Contains("no program /"));
  for (const std::string seconds : {"10s", "abc", "-5", "0", "1.5"})
    CHECK_THAT(refusal({"2", stand_in(), "search"}, "HARMONIC_MEET_SECONDS=" + seconds),
               Contains("HARMONIC_MEET_SECONDS is '" + seconds + "'"));
}

TEST_CASE("A TMPDIR that is not there, no HOME: the run starts all the same", "[launcher]") {
  const TemporaryFolder folder;
  const auto finished = run(on_ranks(2, {"search"}, {"-u", "HOME", "TMPDIR=" + (folder / "absent").string()}));
  INFO(finished.err);
  CHECK(finished.exit_code == 0);
  CHECK_THAT(finished.err, Contains("/tmp serves"));
}

TEST_CASE("Every signal that ends programs is passed on as a wish to stop", "[launcher]") {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
    Process process(on_ranks(2, {"search", "until-stopped"}));
    pid_t worker = 0;
    REQUIRE(wait_until(process, [&] { return (worker = process.rank(1)) != 0; }));
    process.signal(number);
    const auto stopped = process.wait();
    INFO("signal " << number << ": " << stopped.err);
    CHECK(stopped.exit_code == 3);
    CHECK_THAT(stopped.err, !Contains("Forwarding signal"));
    CHECK_FALSE(alive(worker));
  }
}

TEST_CASE("A person at a terminal sees the ranks start, then the program's progress in one line, and its last word",
          "[launcher]") {
  const auto shown = run_on_terminal(on_ranks(2, {"search", "shows-progress", "until-stopped"}), 40, "3s  ETA ?");
  const auto text = shown.text();
  INFO(text);
  CHECK(shown.exit_code == 3);
  CHECK(shown.pieces.front().seconds < 3);
  CHECK(shown.longest_silence() < 2);
  CHECK_THAT(text, Contains("\r\033[Kstarting 2 ranks: ") && Contains("\r\033[K1s  ETA ?  at work, with words ..."));
  CHECK_THAT(text, !Contains("enough") && !Contains("Forwarding signal"));  // 39 characters fit
  CHECK_THAT(text, Contains("\r\033[Kstopped at the end\r\n"));
}

TEST_CASE("Ctrl-C before the ranks have met ends them at once, and is no signal's death", "[launcher]") {
  for (const std::vector<std::string>& command : {std::vector<std::string>{"search"}, {"supernet", "train"}}) {
    auto words = command;
    words.emplace_back("slow-before=1");
    const auto shown = run_on_terminal(on_ranks(2, words), 100, "starting 2 ranks: 1s");
    INFO(shown.text());
    CHECK(shown.exit_code == 3);
    CHECK(shown.seconds < 20);
    CHECK_THAT(shown.text(), Contains("\r\033[Kdeploy/mpirun.sh: stopped before the ranks had met: nothing was begun"));
    CHECK_THAT(shown.text(), !Contains("Forwarding signal") && !Contains("signal 10") && !Contains("mpirun says"));
  }
}

TEST_CASE("Ctrl-C ends what makes no checkpoint, without a word", "[launcher]") {
  const auto shown = run_on_terminal({launcher(), "1", "bash", "-c", "echo begun; exec sleep 30"}, 100, "begun");
  CHECK(shown.exit_code == 130);
  CHECK(shown.seconds < 20);
  CHECK_THAT(shown.text(), !Contains("mpirun") && !Contains("***"));
}

TEST_CASE("What mpirun and its libraries say while they are ended is nobody's news", "[launcher]") {
  const TemporaryFolder folder;
  const auto path =
      with_mpirun(folder,
                  "chatter() {\n"
                  "  printf '[warn] Epoll MOD(1) on fd 23 failed\\n[node:1] a frame\\ncorrupted chunks\\n' >&2\n"
                  "  exit 1\n"
                  "}\n"
                  "trap chatter TERM\n"
                  "while sleep 0.1; do :; done\n");
  const auto shown = run_on_terminal(on_ranks(2, {"search"}, {path}), 200, "starting 2 ranks: 1s");
  INFO(shown.text());
  CHECK(shown.exit_code == 3);
  CHECK_THAT(shown.text(), Contains("\r\033[Kdeploy/mpirun.sh: stopped before the ranks had met: nothing was begun"));
  CHECK_THAT(shown.text(), !Contains("Epoll") && !Contains("frame") && !Contains("chunks"));
}

TEST_CASE("In a file nothing is redrawn", "[launcher]") {
  Process process(on_ranks(2, {"search", "shows-progress", "until-stopped"}));
  const auto start = std::chrono::steady_clock::now();
  wait_until(process, [&] { return seconds_since(start) > 4; });
  process.signal(SIGTERM);
  const auto stopped = process.wait();
  CHECK(stopped.exit_code == 3);
  CHECK(stopped.err == "stopped at the end\n");
}
