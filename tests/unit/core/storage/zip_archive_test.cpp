#include "core/storage/zip_archive.hpp"

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/stored_zip.hpp"

namespace harmonic {
namespace {

using namespace std::string_literals;
using Catch::Matchers::Contains;
using testing::TemporaryFolder;

ZipArchive archive_of(const TemporaryFolder& folder, const std::string& bytes) {
  replace_file(folder / "a.zip", bytes);
  return ZipArchive(folder / "a.zip");
}

}  // namespace

TEST_CASE("Members of a zip archive are read and viewed, whatever is in them", "[storage]") {
  const TemporaryFolder folder;
  auto archive = archive_of(folder, testing::stored_zip({{"a/b", "PK\x01\x02 PK\x05\x06"}, {"empty", ""}}));
  CHECK(archive.names() == std::vector<std::string>{"a/b", "empty"});
  CHECK(archive.read("a/b") == "PK\x01\x02 PK\x05\x06");
  CHECK(archive.view("a/b") == archive.read("a/b"));
  CHECK(archive.view("empty").empty());
  CHECK_THROWS_WITH(archive.view("c"), Contains("a.zip, c is not in the archive"));
  // Python: zipfile.ZipFile(f, "w", ZIP_DEFLATED).writestr("t", "a" * 99)
  auto deflated = archive_of(folder,
                             "PK\x03\x04\x14\x00\x00\x00\x08\x00\x00\x00!\x00\xeeX\x0bu\x06\x00\x00\x00"
                             "c\x00\x00\x00"
                             "\x01\x00\x00\x00tKL\xa4"
                             "9\x00\x00PK\x01\x02\x14\x03\x14\x00\x00\x00\x08\x00\x00\x00!\x00"
                             "\xeeX\x0bu\x06\x00\x00\x00"
                             "c\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
                             "\x80\x01\x00\x00\x00\x00tPK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00/\x00\x00\x00%\x00\x00"
                             "\x00\x00\x00"s);
  CHECK(deflated.view("t") == std::string(99, 'a'));
  CHECK(deflated.view("t") == deflated.read("t"));
}

TEST_CASE("An archive whose numbers stand in zip64 fields is read", "[storage]") {
  const TemporaryFolder folder;
  // One member, "a", which holds "values"; its sizes and its place, and the archive's, as in one beyond 4 GiB.
  auto archive =
      archive_of(folder,
                 "PK\x03\x04-\x00\x00\x00\x00\x00\x00\x00!\x00\xe6L\xa7:\xff\xff\xff\xff\xff\xff\xff\xff\x01"
                 "\x00\x14\x00"
                 "a\x01\x00\x10\x00\x06\x00\x00\x00\x00\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00"
                 "\x00valuesPK\x01\x02-\x00-\x00\x00\x00\x00\x00\x00\x00!\x00\xe6L\xa7:\xff\xff\xff\xff\xff"
                 "\xff\xff\xff\x01\x00\x1c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff"
                 "a\x01"
                 "\x00\x18\x00\x06\x00\x00\x00\x00\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
                 "\x00\x00\x00\x00PK\x06\x06,\x00\x00\x00\x00\x00\x00\x00-\x00-\x00\x00\x00\x00\x00\x00\x00"
                 "\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00K\x00\x00\x00\x00"
                 "\x00\x00\x00"
                 "9\x00\x00\x00\x00\x00\x00\x00PK\x06\x07\x00\x00\x00\x00\x84\x00\x00\x00\x00"
                 "\x00\x00\x00\x01\x00\x00\x00PK\x05\x06\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                 "\xff\xff\xff\x00\x00"s);
  CHECK(archive.names() == std::vector<std::string>{"a"});
  CHECK(archive.view("a") == "values");
}

TEST_CASE("A damaged archive, or one that is cut short, is refused with its name", "[storage]") {
  const TemporaryFolder folder;
  const auto whole = testing::stored_zip({{"a", "values"}});
  auto changed = whole;
  changed[whole.find("values")] = 'V';
  auto archive = archive_of(folder, changed);
  CHECK_THROWS_WITH(archive.view("a"), Contains("a.zip, a is damaged: its checksum"));
  CHECK_THROWS_WITH(archive_of(folder, whole.substr(0, whole.size() - 4)), Contains("a.zip is cut short"));
  CHECK_THROWS_WITH(archive_of(folder, whole.substr(4)), Contains("a.zip is not a zip archive"));
  CHECK_THROWS_WITH(archive_of(folder, "<!DOCTYPE html><html>"), Contains("is a web page"));
}

}  // namespace harmonic
