#include "master/report/model_cards.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "master/report/inline_picture.hpp"
#include "tests/support/hand_run.hpp"
#include "tests/support/shared_data.hpp"

using namespace harmonic;
using namespace harmonic::testing;
using Catch::Matchers::Contains;

namespace {

/// A front of two, the first of which the folder holds with a picture and curves.
void write_models(const std::filesystem::path& folder) {
  HandRun run;
  run.front = {{1, 95, 94, {4}, {4}}, {2, 90, 91, {2}, {2}}};
  run.write(folder);
  std::filesystem::create_directories(folder / "models" / "1");
  std::ofstream(folder / "models" / "1" / "architecture.svg") << "<svg><script>alert(1)</script></svg>";
  std::ofstream(folder / "models" / "1" / "curves.csv")
      << "epoch,retraining/learning_rate,retraining/loss_train,retraining/loss_val\n1,0.1,2.5,\n2,0.1,1.5,1.75\n";
}

}  // namespace

TEST_CASE("Bytes become base64", "[report]") {
  CHECK(base64("").empty());
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xFF\xFE") == "//4=");
}

TEST_CASE("A front's model is shown with its picture and the losses of its training", "[report]") {
  const TemporaryFolder folder;
  write_models(folder.path());
  const auto html = model_cards_html({folder.path()}, load_run_results(folder.path()));
  CHECK_THAT(html, Contains("id=\"model-1\"") && Contains("id=\"model-2\""));
  CHECK_THAT(html, Contains("src=\"data:image/svg+xml;base64,") && !Contains("alert"));  // an image runs nothing
  CHECK_THAT(html, Contains("Losses of its training") && Contains(">train</text>") && Contains(">val</text>") &&
                       !Contains("learning_rate"));
  CHECK_THAT(html, Contains("There is no picture of it") && Contains("it was not trained by epochs"));
}

TEST_CASE("Models for which the report has no room keep their numbers", "[report]") {
  const TemporaryFolder folder;
  write_models(folder.path());
  const auto html = model_cards_html({folder.path()}, load_run_results(folder.path()), 100);
  CHECK_THAT(html, Contains("id=\"model-1\"") && Contains("no room for its picture") && !Contains("base64"));
  CHECK_THAT(html, Contains("validation 95.00 %"));
}
