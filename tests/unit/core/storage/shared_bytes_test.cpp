#include "core/storage/shared_bytes.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <stdexcept>

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "tests/support/shared_data.hpp"

using namespace harmonic;

namespace {

constexpr std::size_t kSize = 100'000;

void fill(std::span<std::byte> room) {
  for (std::size_t i = 0; i < room.size(); ++i) room[i] = static_cast<std::byte>(i * 3);
}

bool is_filled(std::span<const std::byte> bytes) {
  if (bytes.size() != kSize) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (bytes[i] != static_cast<std::byte>(i * 3)) return false;
  return true;
}

std::ptrdiff_t files_in(const testing::TemporaryFolder& folder) {
  return std::distance(std::filesystem::directory_iterator(folder.path()), {});
}

/// Runs `body` in a process of its own, which then ends as if it were killed.
pid_t in_process(const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body() ? 0 : 1);
  return child;
}

int exit_of(pid_t child) {
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("Shared bytes are made once, seen by all who ask, and go with the last of them", "[storage]") {
  const testing::TemporaryFolder folder;
  auto first = SharedBytes::get(1, kSize, fill, folder.path());
  REQUIRE(first != nullptr);
  CHECK(is_filled(first->bytes()));
  auto second = SharedBytes::get(
      1, kSize, [](auto) { FAIL("made twice"); }, folder.path());
  REQUIRE(second != nullptr);
  first.reset();
  CHECK(is_filled(second->bytes()));
  CHECK(files_in(folder) == 1);
  second.reset();
  CHECK(files_in(folder) == 0);
}

TEST_CASE("Processes that ask for bytes at once get the same, made by one of them", "[storage]") {
  const testing::TemporaryFolder folder, notes;
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i)
    children.push_back(in_process([&] {
      const auto bytes = SharedBytes::get(
          7, kSize,
          [&](auto room) {
            std::ofstream(notes / fmt::format("{}", getpid())) << "made";
            usleep(100'000);
            fill(room);
          },
          folder.path());
      usleep(200'000);
      return bytes != nullptr && is_filled(bytes->bytes());
    }));
  for (const auto child : children) CHECK(exit_of(child) == 0);
  CHECK(files_in(notes) == 1);
}

TEST_CASE("Who has shared bytes keeps nobody waiting who asked at the same moment", "[storage]") {
  constexpr int kRounds = 40, kProcesses = 3;
  for (int round = 0; round < kRounds; ++round) {
    const testing::TemporaryFolder folder, notes;
    const auto start = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
    std::vector<pid_t> children;
    for (int i = 0; i < kProcesses; ++i)
      children.push_back(in_process([&] {
        while (std::chrono::steady_clock::now() < start) continue;
        const auto bytes = SharedBytes::get(7, kSize, fill, folder.path());
        std::ofstream(notes / fmt::format("{}", getpid())) << "has them";
        for (int waits = 0; waits < 10'000 && files_in(notes) < kProcesses; ++waits) usleep(1000);
        return bytes != nullptr && is_filled(bytes->bytes()) && files_in(notes) == kProcesses;
      }));
    int failed = 0;
    for (const auto child : children) failed += exit_of(child) == 0 ? 0 : 1;
    REQUIRE(failed == 0);
  }
}

TEST_CASE("What a killed process was making is made anew, and what killed ones left goes", "[storage]") {
  const testing::TemporaryFolder folder;
  CHECK(exit_of(in_process([&] {
          const auto bytes = SharedBytes::get(
              1, kSize, [](auto) { _exit(9); }, folder.path());
          return false;
        })) == 9);
  CHECK(exit_of(in_process([&] {
          const auto* lost = new auto(SharedBytes::get(2, kSize, fill, folder.path()));
          return is_filled((*lost)->bytes());
        })) == 0);
  CHECK(files_in(folder) == 1);
  const auto bytes = SharedBytes::get(1, kSize, fill, folder.path());
  REQUIRE(bytes != nullptr);
  CHECK(is_filled(bytes->bytes()));
  CHECK(files_in(folder) == 1);
}

TEST_CASE("What killed processes left goes when somebody looks, what living ones hold stays", "[storage]") {
  const testing::TemporaryFolder folder;
  CHECK(exit_of(in_process([&] {
          const auto* lost = new auto(SharedBytes::get(2, kSize, fill, folder.path()));
          return is_filled((*lost)->bytes());
        })) == 0);
  const auto held = SharedBytes::get(3, kSize, fill, folder.path());
  CHECK(exit_of(in_process([&] {
          const auto* lost = new auto(SharedBytes::get(4, kSize, fill, folder.path()));
          return is_filled((*lost)->bytes());
        })) == 0);
  std::ofstream(folder / "own.txt") << "the user's";
  CHECK(files_in(folder) == 3);
  SharedBytes::remove_left(folder.path());
  CHECK(files_in(folder) == 2);
  CHECK(is_filled(held->bytes()));
  SharedBytes::remove_left(folder / "absent");
}

TEST_CASE("Bytes that cannot be made leave nothing", "[storage]") {
  const testing::TemporaryFolder folder;
  CHECK_THROWS_AS(SharedBytes::get(
                      1, kSize, [](auto) { throw std::runtime_error("no"); }, folder.path()),
                  std::runtime_error);
  CHECK(SharedBytes::get(1, std::size_t{1} << 60U, fill, folder.path()) == nullptr);
  CHECK(SharedBytes::get(1, kSize, fill, folder / "absent") == nullptr);
  CHECK(files_in(folder) == 0);
}
