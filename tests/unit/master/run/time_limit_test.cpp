#include "master/run/time_limit.hpp"

#include <cstdlib>
#include <limits>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "core/base/log.hpp"
#include "core/storage/curves.hpp"
#include "core/work/expected_cost.hpp"
#include "master/run/cut_groups.hpp"
#include "master/run/expected_seconds.hpp"
#include "tests/support/fakes.hpp"

namespace harmonic {
namespace {

using namespace testing;

constexpr double kNone = std::numeric_limits<double>::infinity();

/// The end of a Slurm job in the environment while it lives.
class SlurmJob {
 public:
  explicit SlurmJob(const std::string& end) {
    ::setenv("SLURM_JOB_ID", "7", 1);
    ::setenv("SLURM_JOB_END_TIME", end.c_str(), 1);
    log::set_level(log::Level::error);
  }
  ~SlurmJob() {
    ::unsetenv("SLURM_JOB_ID");
    ::unsetenv("SLURM_JOB_END_TIME");
    log::set_level(log::Level::info);
  }
};

TEST_CASE("A run stops after the time that it was given", "[master][time]") {
  double now_s = 100;
  const TimeLimit limit(60, 30, [&] { return now_s; });
  CHECK(limit.grace_s() == 30);
  now_s = 159;
  CHECK_FALSE(limit.is_reached());
  now_s = 161;
  CHECK(limit.is_reached());
  CHECK_THAT(limit.reason(), Catch::Contains("1m00s"));
}

TEST_CASE("Under Slurm a run stops before its job ends: the grace, and a minute for clocks", "[master][time]") {
  log::set_level(log::Level::error);
  double now_s = 0;
  const auto clock = [&] { return now_s; };
  const auto stops_at = [&](const TimeLimit& limit) {
    for (now_s = 0; !limit.is_reached(); ++now_s) continue;
    return std::exchange(now_s, 0);
  };
  CHECK(stops_at(TimeLimit(kNone, 60, clock, 3600)) == 3600 - 60 - 60 + 1);
  CHECK_THAT(TimeLimit(kNone, 60, clock, 3600).reason(), Catch::Contains("Slurm"));
  CHECK(stops_at(TimeLimit(1000, 60, clock, 3600)) == 1000 + 1);
  SECTION("of a job of minutes that is a quarter at most, and the grace a part of it") {
    const TimeLimit limit(kNone, 60, clock, 120);
    CHECK(stops_at(limit) == 90 + 1);
    CHECK(limit.grace_s() == 15);
  }
  log::set_level(log::Level::info);
}

TEST_CASE("The time that a Slurm job has left is read where it is told", "[master][time]") {
  CHECK_FALSE(seconds_of_slurm_job());
  {
    const SlurmJob job(fmt::format("{:.0f}", wall_time_s() + 500));
    const auto left = seconds_of_slurm_job();
    REQUIRE(left);
    CHECK(*left > 400);
    CHECK(*left < 600);
  }
  for (const auto* end : {"1000", "soon", ""}) {  // another clock, or none
    const SlurmJob job(end);
    CHECK_FALSE(seconds_of_slurm_job());
  }
}

FusionCandidate candidate(std::uint64_t id, MacroArchitecture macro) {
  return {CandidateId{id}, {{smallest_genome(find_space("avmnist-image"))}, macro}};
}

TEST_CASE("Work is expected to take as long as work of its kind and size did", "[master][time]") {
  ExpectedSeconds expected;
  const Work small = SearchFusion{{candidate(1, {1, 1})}}, large = SearchFusion{{candidate(2, {4, 4})}};
  CHECK(expected.of(small) == 0);
  expected.add(small, fake_outcome(small), 10);
  expected.add(large, Failure{"no memory"}, 1e6);
  CHECK(expected.of(small) == Approx(10));
  CHECK(expected.of(large) == Approx(10 * expected_cost(large) / expected_cost(small)));
  CHECK(expected.of(TestModel{}) == 0);
}

std::vector<Job> group_jobs(std::size_t groups, std::size_t genomes) {
  RandomStream random(Seed{3}, "groups");
  std::vector<Job> jobs;
  for (std::size_t g = 0; g < groups; ++g) {
    EvaluateBackbones work;
    for (std::size_t i = 0; i < genomes; ++i)
      work.genomes.push_back(random_genome(find_space("avmnist-image"), random));
    jobs.push_back({{TaskId{g + 1}, work}, 1});
  }
  return jobs;
}

TEST_CASE("Groups of backbones are cut so that every worker has some, and answered as they were asked for",
          "[master][groups]") {
  for (const int workers : {1, 3, 7, 24, 100}) {
    CutGroups groups;
    const auto asked = group_jobs(3, 8);
    const auto dealt = groups.cut(asked, workers);
    CHECK(dealt.size() == static_cast<std::size_t>(std::clamp(workers, 3, 24)));
    std::map<TaskId, Result> answered;
    for (auto job = dealt.rbegin(); job != dealt.rend(); ++job)
      if (const auto whole =
              groups.take(job->task, {job->task.id, Rank{1}, 0.5, fake_outcome(job->task.work)}, /*refused=*/false)) {
        CHECK(whole->task.id == whole->result.task);
        answered.emplace(whole->task.id, whole->result);
      }
    REQUIRE(answered.size() == asked.size());
    double seconds = 0;
    for (const auto& job : asked) {
      CHECK(answered.at(job.task.id).outcome == fake_outcome(job.task.work));
      seconds += answered.at(job.task.id).seconds;
    }
    CHECK(seconds == Approx(0.5 * static_cast<double>(dealt.size())));
  }
}

TEST_CASE("A group has failed where a part of it has, once all parts are answered", "[master][groups]") {
  CutGroups groups;
  const auto dealt = groups.cut(group_jobs(1, 6), 3);
  REQUIRE(dealt.size() == 3);
  CHECK_FALSE(groups.take(dealt[0].task, {dealt[0].task.id, Rank{1}, 1, Failure{"no memory"}}, /*refused=*/true));
  CHECK_FALSE(groups.take(dealt[1].task, {dealt[1].task.id, Rank{1}, 1, fake_outcome(dealt[1].task.work)}, false));
  const auto whole =
      groups.take(dealt[2].task, {dealt[2].task.id, Rank{1}, 1, fake_outcome(dealt[2].task.work)}, false);
  REQUIRE(whole);
  CHECK(whole->refused);
  CHECK(std::get<Failure>(whole->result.outcome).message == "no memory");
  CHECK(whole->task.id == TaskId{1});
}

TEST_CASE("Fusion searches that train together are not cut", "[master][groups]") {
  CutGroups groups;
  const std::vector<Job> pair = {{{TaskId{1}, SearchFusion{{candidate(1, {1, 1}), candidate(2, {1, 1})}}}, 1}};
  CHECK(groups.cut(pair, 10).size() == 1);
}

}  // namespace
}  // namespace harmonic
