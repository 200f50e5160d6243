#include "worker/export/model_export.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>

#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "core/base/error.hpp"
#include "core/storage/atomic_file.hpp"
#include "kept_models.hpp"
#include "tests/support/shared_data.hpp"

namespace harmonic {
namespace {

/// A disk with room for so many bytes of a file.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    (void)std::signal(SIGXFSZ, handler_);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST_CASE("A model is exported without data, and stays as it is when the disk fills", "[export]") {
  const testing::TemporaryFolder folder;
  const auto& kind = *std::ranges::find(testing::model_kinds(), "sum", &testing::ModelKind::name);
  (void)testing::keep_model(folder / "1", kind);
  const ExportSource source{folder / "1", testing::settings_of(kind), "", {}};
  for (const auto format : {ExportFormat::onnx, ExportFormat::libtorch}) {
    ExportSettings settings{.out = folder / "model", .format = format, .verify = 30};
    std::filesystem::remove(settings.out);
    const auto report = export_model(source, settings);
    CHECK(report.verified == 30);
    CHECK(report.largest_difference.value() < 1e-3);
    CHECK(report.metric == 50);
    CHECK(report.bytes == std::filesystem::file_size(settings.out));
    CHECK(is_exported_model(settings.out, format));
    const auto before = read_file(settings.out);
    settings.verify = 0;
    {
      const SmallDisk disk(4096);
      CHECK_THROWS_AS(export_model(source, settings), RunError);
    }
    CHECK(read_file(settings.out) == before);
    const std::filesystem::directory_iterator files(folder.path());
    CHECK(std::distance(begin(files), end(files)) == 2);  // the kept model and the exported one
  }
}

TEST_CASE("What an export needs of the data is asked for by name", "[export]") {
  const testing::TemporaryFolder folder;
  const ExportSource source{folder / "1", {}, "", {}};
  CHECK_THROWS_WITH(export_model(source, {.out = folder / "model", .preprocessing = true}),
                    Catch::Contains("--with-preprocessing") && Catch::Contains("--data"));
  CHECK_THROWS_WITH(export_model(source, {.out = folder / "model", .precision = Precision::int8}),
                    Catch::Contains("--precision int8") && Catch::Contains("--data"));
}

}  // namespace
}  // namespace harmonic
