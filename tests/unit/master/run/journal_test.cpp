#include "master/run/journal.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/fakes.hpp"
#include "tests/support/journal_bytes.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using testing::TemporaryFolder;
constexpr std::uint64_t kSettings = 0x1234;

FinishedWork finished(int i) {
  const auto& space = find_space("avmnist-image");
  RandomStream random(Seed{9}, "journal", static_cast<std::uint64_t>(i));
  const Work work = SearchFusion{{{CandidateId{static_cast<std::uint64_t>(i)},
                                   {{random_genome(space, random), random_genome(space, random)}, {2, 1}}}}};
  return {work, testing::fake_outcome(work), 0.25 * i};
}

void overwrite(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// Three pieces of work in a file; its bytes and the size after each.
struct Written {
  TemporaryFolder folder;
  std::filesystem::path path = folder / "journal";
  std::vector<std::size_t> sizes;
  std::string bytes;

  Written() {
    log::set_level(log::Level::error);
    Journal journal(path, kSettings);
    sizes.push_back(std::filesystem::file_size(path));
    for (int i = 0; i < 3; ++i) {
      journal.append(finished(i));
      sizes.push_back(std::filesystem::file_size(path));
    }
    bytes = read_file(path);
  }
  ~Written() { log::set_level(log::Level::info); }
};

TEST_CASE("Finished work is found again after the journal is opened anew", "[master][journal]") {
  Written file;
  const Journal journal(file.path, kSettings);
  CHECK(journal.size() == 3);
  for (int i = 0; i < 3; ++i) {
    const auto found = journal.find(finished(i).work);
    REQUIRE(found);
    CHECK(*found == finished(i));
  }
  CHECK_FALSE(journal.find(finished(3).work));
}

TEST_CASE("A tail cut at any byte costs only the record it is in", "[master][journal]") {
  Written file;
  for (std::size_t length = 0; length <= file.bytes.size(); ++length) {
    overwrite(file.path, file.bytes.substr(0, length));
    std::size_t whole = 0;
    while (whole + 1 < file.sizes.size() && file.sizes[whole + 1] <= length) ++whole;
    {
      Journal journal(file.path, kSettings);
      REQUIRE(journal.size() == whole);
      // What was cut is done again, and the file is as if nothing had happened.
      for (int i = static_cast<int>(whole); i < 3; ++i) journal.append(finished(i));
    }
    REQUIRE(read_file(file.path) == file.bytes);
  }
}

std::vector<std::filesystem::path> kept_aside(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().filename().string().starts_with("journal.")) found.push_back(entry.path());
  return found;
}

TEST_CASE("A flipped byte costs the record it is in, wherever it lies, and the damaged file is kept",
          "[master][journal]") {
  Written file;
  RandomStream random(Seed{4}, "flips");
  for (std::size_t at = 0; at < file.bytes.size(); ++at) {
    auto bytes = file.bytes;
    bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(1 + random.below(255)));
    overwrite(file.path, bytes);
    std::size_t record = 0;
    while (file.sizes[record] <= at) ++record;  // 0: the headers, of which one is whole
    {
      Journal journal(file.path, kSettings);
      REQUIRE(journal.size() == (record == 0 ? 3 : 2));
      for (int i = 0; i < 3; ++i) {
        const auto found = journal.find(finished(i).work);
        REQUIRE(!found == (static_cast<std::size_t>(i) + 1 == record));
        if (found) REQUIRE(*found == finished(i));
      }
      REQUIRE(read_file(file.path) == bytes);  // before there is something to write
      journal.append(finished(record == 0 ? 3 : static_cast<int>(record) - 1));
    }
    const auto aside = kept_aside(file.folder.path());
    REQUIRE(aside == std::vector<std::filesystem::path>{file.folder / "journal.damaged-1"});
    REQUIRE(read_file(aside.front()) == bytes);
    std::filesystem::remove(aside.front());
    const Journal mended(file.path, kSettings);
    REQUIRE(mended.size() == (record == 0 ? 4 : 3));
    REQUIRE(kept_aside(file.folder.path()).empty());
  }
}

TEST_CASE("What lies between records, or behind the last, costs none of them", "[master][journal]") {
  Written file;
  const std::string noise = std::string(1000, '\0') + "HJ4\n" + std::string(30, 'x');
  for (const auto at : file.sizes) {
    overwrite(file.path, file.bytes.substr(0, at) + noise + file.bytes.substr(at));
    Journal journal(file.path, kSettings);
    REQUIRE(journal.size() == 3);
    journal.append(finished(3));
    REQUIRE(Journal(file.path, kSettings).size() == 4);
  }
  CHECK(kept_aside(file.folder.path()).size() == file.sizes.size());
}

TEST_CASE("What was added counts once it is committed, and lies in the file in the order added", "[master][journal]") {
  Written file;
  std::filesystem::remove(file.path);
  Journal journal(file.path, kSettings);
  for (int i = 0; i < 3; ++i) journal.add(finished(i));
  journal.add(finished(1));
  CHECK(journal.size() == 0);
  CHECK_FALSE(journal.find(finished(1).work));
  CHECK(std::filesystem::file_size(file.path) == file.sizes[0]);
  journal.commit();
  CHECK(read_file(file.path) == file.bytes);
  std::vector<FinishedWork> all, latest;
  journal.for_each([&](const FinishedWork& record) { all.push_back(record); });
  journal.for_each([&](const FinishedWork& record) { latest.push_back(record); }, 2);
  CHECK(all == std::vector{finished(0), finished(1), finished(2)});
  CHECK(latest == std::vector{finished(1), finished(2)});
}

TEST_CASE("Of several answers to one piece of work the first counts", "[master][journal]") {
  Written file;
  auto late = finished(1);
  late.seconds = 99;
  {
    Journal journal(file.path, kSettings);
    journal.append(late);
    CHECK(*journal.find(late.work) == finished(1));
  }
  CHECK(read_file(file.path) == file.bytes);
  overwrite(file.path, file.bytes + testing::framed(late));
  CHECK(*Journal(file.path, kSettings).find(late.work) == finished(1));
}

TEST_CASE("A record that says what cannot be is neither written nor read", "[master][journal]") {
  Written file;
  auto wrong = finished(3);
  auto& step = std::get<FusionScores>(wrong.outcome).scores.front().genotype.cells.front().steps.front();
  SECTION("an operator that does not exist") {
    step.op = "Su}";
  }
  SECTION("a state that is not there") {
    step.second = 9;
  }
  CHECK_THROWS_AS(Journal(file.path, kSettings).append(wrong), RunError);
  CHECK(read_file(file.path) == file.bytes);
  overwrite(file.path, file.bytes.substr(0, file.sizes[1]) + testing::framed(wrong) + file.bytes.substr(file.sizes[1]));
  const Journal journal(file.path, kSettings);
  CHECK(journal.size() == 3);
  CHECK_FALSE(journal.find(wrong.work));
}

TEST_CASE("A journal both of whose headers are damaged is refused by name and left alone", "[master][journal]") {
  Written file;
  auto bytes = file.bytes;
  bytes[1] = bytes[file.sizes[0] - 1] = 'x';
  overwrite(file.path, bytes);
  CHECK_THROWS_WITH(Journal(file.path, kSettings),
                    Catch::Contains("journal") && Catch::Contains("headers are damaged"));
  CHECK_THROWS_AS(Journal(file.path, kSettings), InputError);
  CHECK(read_file(file.path) == bytes);
}

TEST_CASE("An empty file is a new journal", "[master][journal]") {
  Written file;
  overwrite(file.path, "");
  CHECK(Journal(file.path, kSettings).size() == 0);
  CHECK(std::filesystem::file_size(file.path) == file.sizes[0]);
}

TEST_CASE("A journal of other settings is refused and left alone", "[master][journal]") {
  Written file;
  CHECK_THROWS_AS(Journal(file.path, kSettings + 1), InputError);
  CHECK(read_file(file.path) == file.bytes);
}

TEST_CASE("A file that is no journal is refused and left alone", "[master][journal]") {
  const TemporaryFolder folder;
  const auto path = folder / "journal";
  for (const std::string text : {"Dear diary", "Dear diary, today I wrote something much longer than a header"}) {
    overwrite(path, text);
    CHECK(Journal::kind(path) == Journal::Kind::foreign);
    CHECK_THROWS_AS(Journal(path, kSettings), InputError);
    CHECK(read_file(path) == text);
  }
}

TEST_CASE("A journal's kind is told without touching it", "[master][journal]") {
  Written file;
  CHECK(Journal::kind(file.path) == Journal::Kind::with_work);
  overwrite(file.path, file.bytes.substr(0, file.sizes[0]));
  CHECK(Journal::kind(file.path) == Journal::Kind::without_work);
  overwrite(file.path, "");
  CHECK(Journal::kind(file.path) == Journal::Kind::empty);
  CHECK(read_file(file.path).empty());
  CHECK(Journal::kind(file.folder / "none") == Journal::Kind::none);
}

TEST_CASE("A run begun by another version of the program goes on with a warning; another form is refused",
          "[master][journal]") {
  Written file;
  const auto begin_with = [&](const std::string& header) {
    overwrite(file.path, header + file.bytes.substr(file.sizes[0]));
  };
  begin_with(testing::framed(JournalHeader{JournalHeader::kVersion, kSettings, "0.0.9"}));
  log::open_file(file.folder / "log.txt");
  CHECK(Journal(file.path, kSettings).size() == 3);
  log::close_file();
  CHECK_THAT(read_file(file.folder / "log.txt"), Catch::Contains("0.0.9"));
  const auto refused = [&](std::uint32_t version) {
    CHECK_THROWS_WITH(Journal(file.path, kSettings), Catch::Contains("version " + std::to_string(version)));
    CHECK_THROWS_AS(Journal::check_version(file.path), InputError);
    CHECK(Journal::kind(file.path) == Journal::Kind::with_work);
  };
  begin_with(testing::framed(JournalHeader{JournalHeader::kVersion + 1, kSettings, "9"}));
  refused(JournalHeader::kVersion + 1);
  begin_with(testing::framed_before_4(JournalHeader{3, kSettings, "0.0.9"}));
  refused(3);
}

TEST_CASE("A journal tells the settings that its run began with", "[master][journal]") {
  const TemporaryFolder folder;
  const auto path = folder / "journal";
  CHECK(Journal::settings(path).empty());
  { const Journal journal(path, kSettings, AnswerCheck{}, "[run]\nseed = 7\n"); }
  { const Journal resumed(path, kSettings, AnswerCheck{}, "[run]\nseed = 7\nlease = 5\n"); }
  CHECK(Journal::settings(path) == "[run]\nseed = 7\n");
}

TEST_CASE("A journal that cannot be opened is an error", "[master][journal]") {
  TemporaryFolder folder;
  CHECK_THROWS_AS(Journal(folder.path(), kSettings), RunError);
}

}  // namespace
}  // namespace harmonic
