#include "master/models/architecture_picture.hpp"

#include <regex>
#include <set>

#include <catch2/catch.hpp>

#include "core/space/layers.hpp"
#include "core/work/run_devices.hpp"
#include "master/models/architecture_dot.hpp"
#include "master/models/backbone_strip.hpp"
#include "master/models/graphviz.hpp"
#include "master/models/picture_text.hpp"
#include "tests/support/shared_data.hpp"
#include "tests/support/tiny_run.hpp"

namespace harmonic {
namespace {

using namespace testing;
using Catch::Matchers::Contains;

std::size_t count(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  return static_cast<std::size_t>(std::distance(std::sregex_iterator(text.begin(), text.end(), regex), {}));
}

/// Models of a run on the AV-MNIST spaces, whose smallest networks offer four features each: states 0 to 3 are the
/// first modality's, 4 to 7 the second's.
struct Models {
  [[nodiscard]] ModelArchitecture of(const std::string& genotype, bool with_tables = true) const {
    MultimodalGenome genome;
    for (const auto& modality : settings.modalities) genome.backbones.push_back(smallest_genome(modality.space));
    const DeviceSet devices = run_devices(settings, 10);
    return describe(settings, genome, parse_genotype(genotype), 10, with_tables ? &devices : nullptr);
  }
  TemporaryFolder folder;
  SearchSettings settings = tiny_run(folder.path());
};

/// The line of a node of the DOT, by the first line of its label.
std::string line_of(const std::string& dot, const std::string& label) {
  std::smatch found;
  REQUIRE(std::regex_search(dot, found, std::regex("\n[^\n]*label=\"" + label + "(\\\\n|\")[^\n]*")));
  return found.str();
}

/// Opening and closing tags match, and no text holds a bare & or <: enough of XML to find what escaping misses.
void check_well_formed(const std::string& svg) {
  std::vector<std::string> open;
  for (std::size_t at = svg.find('<'); at != std::string::npos; at = svg.find('<', at + 1)) {
    const auto end = svg.find('>', at);
    REQUIRE(end != std::string::npos);
    const auto tag = svg.substr(at + 1, end - at - 1);
    REQUIRE(tag.find('<') == std::string::npos);
    const auto name = tag.substr(0, tag.find_first_of(" /", 1));
    if (tag.front() == '/') {
      REQUIRE_FALSE(open.empty());
      CHECK(open.back() == tag.substr(1));
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(name);
    }
  }
  CHECK(open.empty());
  CHECK(count(svg, "&(?!(amp|lt|gt|quot|#[0-9]+|#x[0-9a-fA-F]+);)") == 0);
}

}  // namespace

TEST_CASE("A network is written as columns of features, cells of X, Y, operators and Z, and the reduction",
          "[master][picture]") {
  const Models models;
  const auto dot = to_dot(models.of("1+5:Sum(0,1),SE1(2,0) | 3+8:ConcatFC(0,1) -> 8,9"));
  CHECK(count(dot, "subgraph \"cluster_modality_") == 2);
  CHECK(count(dot, "subgraph \"cluster_cell_") == 2);
  for (const auto* label :
       {"image_1", "image_4", "audio_1", "audio_4", "X_C1", "Y_C1", "C1_S1\\\\nSum", "C1_S2\\\\nSE1", "Z_C1", "X_C2",
        "C2_S1\\\\nConcatFC", "Z_C2", "image\\\\nlogits", "Reduction"})
    CHECK(count(dot, std::string("label=\"") + label + "[\"\\\\]") == 1);
  const auto arrows = [&](const std::string& from, const std::string& to) {
    return count(dot, "\"" + from + "[^\"]*\" -> \"" + to);
  };
  CHECK(arrows("state 1: ", "cell 1: X") == 1);
  CHECK(arrows("state 5: ", "cell 1: Y") == 1);
  CHECK(arrows("cell 1: X", "cell 1: operator 1") == 1);
  CHECK(arrows("cell 1: X", "cell 1: operator 2") == 1);
  CHECK(arrows("cell 1: operator 1", "cell 1: operator 2") == 1);
  CHECK(arrows("cell 1: operator 2", "state 8: cell 1") == 1);
  CHECK(arrows("cell 1: operator 1", "state 8: cell 1") == 0);
  CHECK(arrows("state 8: ", "cell 2: Y") == 1);
  CHECK(arrows("state [89]: ", "output") == 2);
  CHECK(arrows("logits of ", "output") == 2);
  const std::size_t first_cell = 2 + 2 * 2 + 1, second_cell = 2 + 2 + 1, columns = 2 * 4, output = 2 + 2;
  CHECK(count(dot, " -> ") == first_cell + second_cell + columns + output);
}

TEST_CASE("What nothing reads is faded, and nothing else is", "[master][picture]") {
  const Models models;
  auto dot = to_dot(models.of("1+5:Sum(0,1),SE1(0,1) | 3+5:ConcatFC(0,1) -> 9"));
  std::set<std::string> faded;
  for (const auto* label : {"image_1", "image_2", "image_3", "image_4", "audio_1", "audio_2", "audio_3", "audio_4",
                            "C1_S1", "C1_S2", "Z_C1", "C2_S1", "Z_C2", "Reduction"})
    if (line_of(dot, label).find("dashed") != std::string::npos) faded.insert(label);
  CHECK(faded == std::set<std::string>{"image_1", "image_3", "audio_1", "audio_3", "audio_4", "C1_S1", "Z_C1"});

  dot = to_dot(models.of("late:maps"));
  CHECK(count(dot, "dashed") == 6);
  CHECK(count(dot, "\"state [37]: [^\"]*\" -> \"output\"") == 2);
  CHECK_THAT(dot, Contains("late:maps") && !Contains("logits of"));
  dot = to_dot(models.of("late:sum"));
  CHECK(count(dot, "dashed") == 8);
  CHECK(count(dot, "\"logits of [^\"]*\" -> \"output\"") == 2);
}

TEST_CASE("Without the backbones' logits in the network none are drawn", "[master][picture]") {
  Models models;
  models.settings.fusion.backbone_logits = false;
  CHECK_THAT(to_dot(models.of("1+5:Sum(0,1) -> 8")), !Contains("logits"));
}

TEST_CASE("Names are shown as they are, whatever they hold", "[master][picture]") {
  Models models;
  models.settings.modalities[0].name = "a<b&\"c\"\\";
  models.settings.modalities[1].name = "line\nend\x01 \xFF";
  models.settings.devices[0].name = "<dev&ice>";
  const auto model = models.of("1+5:Sum(0,1) -> 8");
  CHECK_THAT(line_of(to_dot(model), "a&lt;b&amp;&quot;c&quot;\\\\\\\\_1"), Contains("fillcolor"));
  CHECK(picture_text("line\nend\x01 \xFF") == "line end  \uFFFD");
  if (!has_graphviz()) return;
  const auto svg = to_svg(model, "model <1>").value();
  check_well_formed(svg);
  CHECK_THAT(svg, Contains("<title>model &lt;1&gt;</title>") && Contains(">a&lt;b&amp;&quot;c&quot;\\_1</text>") &&
                      Contains("&lt;dev&amp;ice&gt;") && Contains("line end"));
}

TEST_CASE("A modality's long name is cut where it would widen the network", "[master][picture]") {
  Models models;
  models.settings.modalities[0].name = std::string(60, 'n');
  const auto name = feature_name(models.of("1+5:Sum(0,1) -> 8").backbones[0], 3);
  CHECK_THAT(name, Catch::StartsWith("nnnn") && Catch::EndsWith("n…_3"));
  CHECK(text_width(name, 1) < 20);
  CHECK(cut_text("nnn", 1, 3) == "nnn");
  CHECK(cut_text("äöüäöü", 10, 30) == "äöü…");
}

TEST_CASE("A picture is one SVG with a title and a description, the same bytes every time", "[master][picture]") {
  const Models models;
  const auto genotype = GENERATE("1+5:Sum(0,1) -> 8", "late:logits", "late:maps",
                                 "0+4:Sum(0,1),ScaleDotAttn(2,1),CatConvMish(3,0),LinearGLU(4,3) | "
                                 "8+5:Sum(0,1),ScaleDotAttn(2,1),CatConvMish(3,0),LinearGLU(4,3) | "
                                 "9+1:Sum(0,1),ScaleDotAttn(2,1),CatConvMish(3,0),LinearGLU(4,3) -> 9,10");
  const auto model = models.of(genotype);
  CHECK(to_dot(model) == to_dot(models.of(genotype)));
  const auto svg = to_svg(model, "model 7");
  REQUIRE(svg.has_value() == has_graphviz());
  if (!svg) return;
  CHECK(to_svg(models.of(genotype), "model 7") == svg);
  check_well_formed(*svg);
  CHECK_THAT(*svg, Contains("role=\"img\"") && Contains("<title>model 7</title>\n<desc>2 modalities;") &&
                       !Contains("href") && !Contains("<?xml") && !Contains(" id="));
  // No letter is smaller than 10 pixels at 1,000.
  std::smatch box, scale;
  REQUIRE(std::regex_search(*svg, box, std::regex("viewBox=\"0 0 ([0-9]+) ")));
  CHECK(box[1] == "1000");
  REQUIRE(std::regex_search(*svg, scale, std::regex("scale\\(([0-9.]+)\\)")));
  CHECK(std::stod(scale[1]) * 14 >= 10);
  const std::regex size("font-size=\"([0-9.]+)\"");
  for (std::sregex_iterator it(svg->begin(), svg->end(), size), end; it != end; ++it) CHECK(std::stod((*it)[1]) >= 10);
}

TEST_CASE("A strip shows the active blocks of a backbone, and their shares add up to its own", "[master][picture]") {
  Models models;
  const auto model = models.of("1+5:Sum(0,1) -> 8");
  const LatencyShares shares(model);
  const auto& backbone = model.backbones[0];
  const auto whole = shares.of(model.parts[0].costs);
  REQUIRE(whole.size() == 2);
  for (std::size_t d = 0; d < whole.size(); ++d) {
    double sum = 0;
    for (const auto& layer : backbone.layers) sum += shares.of(layer.costs).at(d);
    CHECK(sum == Approx(whole[d]));
  }
  const auto strip = backbone_strip(backbone, model.parts[0].costs, shares, states_read(model), "#87cefa", 20, 960);
  CHECK(count(strip.elements, "<g><title>") == backbone.layers.size());
  CHECK_THAT(strip.elements, Contains(">1.1<") && Contains(">1.2<") && !Contains(">1.3<") && Contains(">e3<") &&
                                 Contains("slow %") && Contains("fast %") &&
                                 Contains(fmt::format("Σ {:.1f}", whole[0])));
  CHECK(count(strip.elements, "stroke-dasharray") == 3);  // image_2 is read

  const auto narrow = backbone_strip(backbone, model.parts[0].costs, shares, states_read(model), "#87cefa", 20, 300);
  CHECK(narrow.height > strip.height);
  CHECK(count(narrow.elements, "<g><title>") == backbone.layers.size());

  const auto unpriced = models.of("1+5:Sum(0,1) -> 8", /*with_tables=*/false);
  CHECK(LatencyShares(unpriced).largest() == 0);
  if (const auto svg = to_svg(unpriced, "model 7")) CHECK_THAT(*svg, Contains("not known") && !Contains("slow %"));
}

TEST_CASE("A Maxout backbone is drawn with the share of all its layers together", "[master][picture]") {
  Models models;
  models.settings.modalities[1] = {"text", find_space("maxout"), ""};
  const auto maxout = find_space("maxout");
  for (const auto& device : models.settings.devices) {
    auto table = LookUpTable::load({device.tables.front()});
    table.set(maxout_key(maxout), {1.0, 2.0});
    table.save(device.tables.front());
  }
  models.settings.fusion.features = {4, 2};
  const auto model = models.of("1+5:Sum(0,1) -> 6");
  const LatencyShares shares(model);
  const auto share = shares.of(model.parts[1].costs);
  CHECK(share.at(0) > 0);
  const auto strip =
      backbone_strip(model.backbones[1], model.parts[1].costs, shares, states_read(model), "#c5d86d", 20, 960);
  CHECK(count(strip.elements, fmt::format(">{:.1f}<", share[0])) == 1);
  CHECK_THAT(strip.elements, Contains(">128<") && Contains(">256<") && Contains("input 300"));
}

}  // namespace harmonic
