#include "core/storage/hdf5_file.hpp"

#include <fstream>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <hdf5.h>

#include "core/base/error.hpp"
#include "core/base/rng.hpp"
#include "core/storage/atomic_file.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

using Catch::Matchers::Contains;
using testing::TemporaryFolder;

template <class T>
void write_example(const std::filesystem::path& path, const std::vector<T>& values) {
  Hdf5File file(path, Hdf5File::Mode::create);
  file.write<T>("/a/b/numbers", values, {2, values.size() / 2});
  file.write_texts("/a/names", {"alpha", "", "gamma δ"});
  file.write_text("/a/note", "one text");
  file.make_group("/empty");
  file.set_attribute("/", "count", std::int64_t{-7});
  file.set_attribute("/a", "scale", 0.125);
  file.set_attribute("/a", "title", std::string_view("a title"));
  file.set_attribute("/a", "nothing", std::string_view(""));
  const std::vector<float> floats = {0.5F, 1.5F};
  file.set_attribute("/a", "mean", std::span<const float>(floats));
  file.set_attribute("/a", "words", std::vector<std::string>{"x", "yy"});
  file.flush();
}

}  // namespace

TEMPLATE_TEST_CASE("What is written to an HDF5 file is read back", "[storage]", std::uint8_t, std::int64_t, float,
                   double) {
  const TemporaryFolder folder;
  const std::vector<TestType> values = {1, 2, 3, 4, 5, 6};
  write_example<TestType>(folder / "f.h5", values);
  const Hdf5File file(folder / "f.h5", Hdf5File::Mode::read);
  CHECK(file.read<TestType>("/a/b/numbers") == values);
  CHECK(file.shape("/a/b/numbers") == std::vector<std::size_t>{2, 3});
  CHECK(file.read_rows<TestType>("/a/b/numbers", 1, 1) == std::vector<TestType>{4, 5, 6});
  CHECK(file.read<double>("/a/b/numbers") == std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK(file.read_texts("/a/names") == std::vector<std::string>{"alpha", "", "gamma δ"});
  CHECK(file.read_text("/a/note") == "one text");
  CHECK(file.members("/a") == std::vector<std::string>{"b", "names", "note"});
  CHECK(file.members("/empty").empty());
  CHECK(file.attribute_int("/", "count") == -7);
  CHECK(file.attribute_real("/a", "scale") == 0.125);
  CHECK(file.attribute_text("/a", "title") == "a title");
  CHECK(file.attribute_text("/a", "nothing").empty());
  CHECK(file.attribute_floats("/a", "mean") == std::vector<float>{0.5F, 1.5F});
  CHECK(file.attribute_texts("/a", "words") == std::vector<std::string>{"x", "yy"});
  CHECK(file.has_attribute("/a", "mean"));
  CHECK_FALSE(file.has_attribute("/a", "std"));
}

TEST_CASE("An element type survives the file", "[storage]") {
  const TemporaryFolder folder;
  {
    Hdf5File file(folder / "f.h5", Hdf5File::Mode::create);
    file.write<std::uint8_t>("/u8", std::vector<std::uint8_t>{255}, {1});
    file.write<std::int64_t>("/i64", std::vector<std::int64_t>{-1}, {});
    file.write<float>("/f32", std::vector<float>{}, {0, 4});
    file.write<double>("/f64", std::vector<double>{0.1}, {1});
  }
  const Hdf5File file(folder / "f.h5", Hdf5File::Mode::read);
  CHECK(file.type("/u8") == ElementType::uint8);
  CHECK(file.type("/i64") == ElementType::int64);
  CHECK(file.type("/f32") == ElementType::float32);
  CHECK(file.type("/f64") == ElementType::float64);
  CHECK(file.shape("/i64").empty());
  CHECK(file.read<std::int64_t>("/i64") == std::vector<std::int64_t>{-1});
  CHECK(file.read<float>("/f32").empty());
  CHECK(file.shape("/f32") == std::vector<std::size_t>{0, 4});
}

TEST_CASE("The same content gives the same bytes", "[storage]") {
  const TemporaryFolder folder;
  write_example<float>(folder / "first.h5", {1, 2, 3, 4});
  write_example<float>(folder / "second.h5", {1, 2, 3, 4});
  CHECK(read_file(folder / "first.h5") == read_file(folder / "second.h5"));
}

TEST_CASE("Objects that are not in a file are named, and asking for them is safe", "[storage]") {
  const TemporaryFolder folder;
  write_example<float>(folder / "f.h5", {1, 2});
  const Hdf5File file(folder / "f.h5", Hdf5File::Mode::read);
  CHECK(file.exists("/"));
  CHECK(file.exists("/a/b/numbers"));
  CHECK_FALSE(file.exists("/a/nowhere/numbers"));
  CHECK_THROWS_WITH(file.read<float>("/a/nowhere"), Contains("f.h5") && Contains("/a/nowhere"));
  CHECK_THROWS_WITH(file.shape("/a"), Contains("not a readable data set"));
  CHECK_THROWS_WITH(file.read<float>("/a/names"), Contains("/a/names"));
  CHECK_THROWS_WITH(file.read_text("/a/b/numbers"), Contains("not a text"));
  CHECK_THROWS_WITH(file.members("/a/note"), Contains("not a group"));
  CHECK_THROWS_WITH(file.read_rows<float>("/a/b/numbers", 1, 2), Contains("no rows 1 to 3"));
  CHECK_THROWS_WITH(file.attribute_floats("/a", "std"), Contains("'std'") && Contains("/a"));
  CHECK_THROWS_WITH(file.attribute_int("/a", "title"), Contains("a text, not a number"));
  CHECK_THROWS_WITH(file.attribute_text("/a", "mean"), Contains("not a text"));
  CHECK_THROWS_AS(file.attribute_int("/a", "mean"), InputError);
}

TEST_CASE("Rows of different lengths, links to nothing and empty files are called what they are", "[storage]") {
  const TemporaryFolder folder;
  write_example<float>(folder / "f.h5", {1, 2});
  const hid_t id = H5Fopen((folder / "f.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hsize_t rows = 2;
  const hid_t type = H5Tvlen_create(H5T_NATIVE_FLOAT), space = H5Screate_simple(1, &rows, nullptr);
  H5Dclose(H5Dcreate2(id, "ragged", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  H5Lcreate_external("gone.h5", "/maps", id, "far", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("/a/gone", id, "near", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_soft("/a/b", id, "good", H5P_DEFAULT, H5P_DEFAULT);
  H5Sclose(space);
  H5Tclose(type);
  H5Fclose(id);
  const Hdf5File file(folder / "f.h5", Hdf5File::Mode::read);
  CHECK_THROWS_WITH(file.type("/ragged"), Contains("/ragged: holds rows of different lengths; pad or cut"));
  CHECK_THROWS_WITH(file.members("/far"), Contains("/far: is a link to /maps of gone.h5, which is not there"));
  CHECK_THROWS_WITH(file.exists("/far/train"), Contains("/maps of gone.h5"));
  CHECK_THROWS_WITH(file.read<float>("/near"), Contains("/near: is a link to /a/gone, which is not there"));
  CHECK(file.exists("/good/numbers"));
  std::ofstream(folder / "empty.h5").close();
  CHECK_THROWS_WITH(Hdf5File(folder / "empty.h5", Hdf5File::Mode::read), Contains("empty.h5 is empty"));
}

TEST_CASE("A file that is missing, of another kind or cut short is refused in one line", "[storage]") {
  const TemporaryFolder folder;
  const auto open = [&](const std::string& name) { return Hdf5File(folder / name, Hdf5File::Mode::read); };
  CHECK_THROWS_WITH(open("absent.h5"), Contains("absent.h5") && Contains("no such file"));
  std::ofstream(folder / "text.h5") << "not HDF5\n";
  CHECK_THROWS_WITH(open("text.h5"), Contains("text.h5") && Contains("not an HDF5 file"));
  write_example<float>(folder / "cut.h5", std::vector<float>(5000, 1.0F));
  std::filesystem::resize_file(folder / "cut.h5", std::filesystem::file_size(folder / "cut.h5") / 2);
  CHECK_THROWS_WITH(open("cut.h5"), Contains("cut.h5") && Contains("cut short"));
  CHECK_THROWS_AS(open("cut.h5"), InputError);
  CHECK_THROWS_AS(Hdf5File(folder / "no" / "folder.h5", Hdf5File::Mode::create), RunError);
}

/// All that write_example wrote, as one text. @throws InputError
std::string content_of(const std::filesystem::path& path) {
  const Hdf5File file(path, Hdf5File::Mode::read);
  std::string text = fmt::format(
      "{} {} {} {} {} {}", fmt::join(file.read<float>("/a/b/numbers"), ","), fmt::join(file.shape("/a/b/numbers"), "x"),
      static_cast<int>(file.type("/a/b/numbers")), fmt::join(file.read_texts("/a/names"), ","),
      file.read_text("/a/note"), fmt::join(file.members("/"), ","));
  text += fmt::format(" {} {} {} {} {} {}", file.attribute_int("/", "count"), file.attribute_real("/a", "scale"),
                      file.attribute_text("/a", "title"), file.attribute_text("/a", "nothing"),
                      fmt::join(file.attribute_floats("/a", "mean"), ","),
                      fmt::join(file.attribute_texts("/a", "words"), ","));
  return text + (file.has_attribute("/", "absent") ? "?" : "");
}

TEST_CASE("A byte that changed on disk is found wherever it lies: nothing else is ever read", "[storage]") {
  const TemporaryFolder folder;
  const auto path = folder / "f.h5";
  write_example<float>(path, std::vector<float>(3000, 1.5F));
  const auto bytes = read_file(path);
  const auto whole = content_of(path);
  RandomStream random(Seed{1}, "flips");
  int refused = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 1 + random.below(4)) {
    auto damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ static_cast<char>(1 + random.below(255)));
    std::ofstream(path, std::ios::binary) << damaged;
    try {
      const auto content = content_of(path);
      if (content != whole) FAIL("byte " << at << " of " << bytes.size() << " gives other content");
    } catch (const InputError& e) {
      ++refused;
      REQUIRE_THAT(e.what(), Contains("f.h5"));
    }
  }
  CHECK(refused > 1000);  // every value, name and shape; the rest of the file is padding
}

TEST_CASE("A data set whose checksum does not match is named, with the file", "[storage]") {
  const TemporaryFolder folder;
  write_example<float>(folder / "f.h5", std::vector<float>(300'000, 1.5F));
  auto bytes = read_file(folder / "f.h5");
  const float needle[] = {1.5F, 1.5F, 1.5F, 1.5F};
  const auto at = bytes.find(std::string(reinterpret_cast<const char*>(needle), sizeof(needle)));
  REQUIRE(at != std::string::npos);
  bytes[at + 900'000] = 'x';  // in a later chunk
  std::ofstream(folder / "f.h5", std::ios::binary) << bytes;
  const Hdf5File file(folder / "f.h5", Hdf5File::Mode::read);
  CHECK(file.read_rows<float>("/a/b/numbers", 0, 1).front() == 1.5F);  // what lies elsewhere is still whole
  CHECK_THROWS_WITH(file.read<float>("/a/b/numbers"),
                    Contains("f.h5, /a/b/numbers") && Contains("checksum does not match"));
  CHECK_THROWS_AS(file.read<float>("/a/b/numbers"), InputError);
}

TEST_CASE("A file without checksums is read like any other", "[storage]") {
  const TemporaryFolder folder;
  const auto path = folder / "old.h5";
  {
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hsize_t size = 3;
    const float values[] = {1, 2, 3};
    const hid_t space = H5Screate_simple(1, &size, nullptr);
    const hid_t set = H5Dcreate2(file, "/x", H5T_NATIVE_FLOAT, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(set);
    H5Sclose(space);
    H5Fclose(file);
  }
  CHECK(Hdf5File(path, Hdf5File::Mode::read).read<float>("/x") == std::vector<float>{1, 2, 3});
}

TEST_CASE("A large data set is read by rows as by the whole", "[storage]") {
  const TemporaryFolder folder;
  std::vector<std::int64_t> values(7 * 11 * 5000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int64_t>(i);
  for (const auto& dims :
       {std::vector<std::size_t>{7 * 11 * 5000}, {7, 11, 5000}, {1, 7 * 11 * 5000}, {11 * 5000, 7}, {1, 1, 77, 5000}}) {
    {
      Hdf5File file(folder / "f.h5", Hdf5File::Mode::create);
      file.write<std::int64_t>("/x", values, dims);
    }
    const Hdf5File file(folder / "f.h5", Hdf5File::Mode::read);
    CHECK(file.read<std::int64_t>("/x") == values);
    const std::size_t row = values.size() / dims.front();
    const auto last = file.read_rows<std::int64_t>("/x", dims.front() - 1, 1);
    CHECK(std::ranges::equal(last, std::span(values).last(row)));
  }
}

TEST_CASE("A file is hardly larger than what it holds", "[storage]") {
  const TemporaryFolder folder;
  const auto dims = GENERATE(values<std::vector<std::size_t>>({{4, 3, 224, 224}, {1000, 1, 28, 28}, {3, 1024, 1024}}));
  const std::vector<std::uint8_t> values(element_count(dims), 7);
  {
    Hdf5File file(folder / "f.h5", Hdf5File::Mode::create);
    file.write<std::uint8_t>("/values", values, dims);
  }
  CHECK(static_cast<double>(std::filesystem::file_size(folder / "f.h5")) < 1.05 * static_cast<double>(values.size()));
}

TEST_CASE("A file that another program holds locked is read", "[storage]") {
  const TemporaryFolder folder;
  write_example<float>(folder / "f.h5", {1, 2});
  const int other = open((folder / "f.h5").c_str(), O_RDWR);
  REQUIRE(flock(other, LOCK_EX | LOCK_NB) == 0);
  CHECK(Hdf5File(folder / "f.h5", Hdf5File::Mode::read).read<float>("/a/b/numbers") == std::vector<float>{1, 2});
  close(other);
}

TEST_CASE("A moved file stays open and closes once", "[storage]") {
  const TemporaryFolder folder;
  write_example<float>(folder / "f.h5", {1, 2});
  Hdf5File first(folder / "f.h5", Hdf5File::Mode::read);
  Hdf5File second(std::move(first));
  CHECK(second.read<float>("/a/b/numbers") == std::vector<float>{1, 2});
  write_example<float>(folder / "g.h5", {3, 4});
  second = Hdf5File(folder / "g.h5", Hdf5File::Mode::read);
  CHECK(second.read<float>("/a/b/numbers") == std::vector<float>{3, 4});
}

TEST_CASE("Files of other programs are read: texts of any length, small integers", "[storage][shared]") {
  const auto path = testing::shared_data("golden/mfcc.h5");
  if (!path) return;
  const Hdf5File file(*path, Hdf5File::Mode::read);
  CHECK(file.attribute_text("/", "librosa") == "0.11.0");
  CHECK(file.attribute_int("/0", "sr") == 8000);
  CHECK(file.type("/0/pcm_int16") == ElementType::int64);
  const auto pcm = file.read<std::int64_t>("/0/pcm_int16");
  const auto wave = file.read<double>("/0/wave_f32");
  REQUIRE(pcm.size() == wave.size());
  CHECK(wave.at(1000) == Approx(static_cast<double>(pcm.at(1000)) / 32768));
  const auto net = testing::shared_data("golden/fusion_net.h5");
  if (!net) return;
  const Hdf5File texts(*net, Hdf5File::Mode::read);
  CHECK_THAT(texts.read_text("/genotype_json"), Catch::Matchers::StartsWith("{"));
}

}  // namespace harmonic
