#include "master/models/graphviz.hpp"

#include <cstdio>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#ifdef HARMONIC_GRAPHVIZ
#include <graphviz/gvc.h>
#include <graphviz/gvplugin.h>
#endif

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

#ifdef HARMONIC_GRAPHVIZ
extern "C" {
// NOLINTBEGIN(readability-identifier-naming): Graphviz's own
extern gvplugin_library_t gvplugin_core_LTX_library, gvplugin_dot_layout_LTX_library;
// NOLINTEND(readability-identifier-naming)
}
#endif

namespace harmonic {

#ifdef HARMONIC_GRAPHVIZ
namespace {

/// Graphviz's own state. One for the program: it keeps fonts and colours.
GVC_t* graphviz_context() {
  static lt_symlist_t plugins[] = {{"gvplugin_dot_layout_LTX_library", &gvplugin_dot_layout_LTX_library},
                                   {"gvplugin_core_LTX_library", &gvplugin_core_LTX_library},
                                   {nullptr, nullptr}};
  static const std::unique_ptr<GVC_t, decltype(&gvFreeContext)> context(gvContextPlugins(plugins, /*demand_loading=*/0),
                                                                        gvFreeContext);
  return context.get();
}

/// Ids of names, in the order in which the names come. Graphviz's own are addresses, by which it orders the clusters:
/// the same graph would look otherwise the next time.
class NumberedNames {
 public:
  /// The library's discipline for ids with these in their place.
  static Agiddisc_t discipline() {
    Agiddisc_t numbered = AgIdDisc;
    numbered.open = [](Agraph_t*, Agdisc_t*) -> void* { return new NumberedNames; };
    numbered.map = [](void* self, int, char* name, IDTYPE* id, int create) -> long {
      return static_cast<NumberedNames*>(self)->find(name, *id, create != 0) ? 1 : 0;
    };
    numbered.free = [](void*, int, IDTYPE) {};
    numbered.print = [](void* self, int, IDTYPE id) { return static_cast<NumberedNames*>(self)->name(id); };
    numbered.close = [](void* self) { delete static_cast<NumberedNames*>(self); };
    return numbered;
  }

 private:
  /// @param name null: another one without a name
  bool find(const char* name, IDTYPE& id, bool create) {
    if (name == nullptr) {
      id = 2 * nameless_++ + 1;
      return true;
    }
    const auto known = ids_.find(name);
    if (known == ids_.end() && !create) return false;
    if (known == ids_.end()) names_.emplace_back(name);
    id = known == ids_.end() ? ids_[name] = 2 * names_.size() : known->second;
    return true;
  }
  char* name(IDTYPE id) { return id % 2 == 0 ? names_.at(id / 2 - 1).data() : nullptr; }

  std::map<std::string, IDTYPE, std::less<>> ids_;  ///< 2, 4, …; odd ones have no name
  std::deque<std::string> names_;
  IDTYPE nameless_ = 0;
};

/// @throws RunError
std::unique_ptr<Agraph_t, decltype(&agclose)> read_graph(std::string dot) {
  agseterr(AGMAX);  // it prints otherwise
  static Agiddisc_t ids = NumberedNames::discipline();
  Agdisc_t disciplines = {&AgMemDisc, &ids, &AgIoDisc};
  const std::unique_ptr<FILE, decltype(&std::fclose)> file(fmemopen(dot.data(), dot.size(), "r"), std::fclose);
  std::unique_ptr<Agraph_t, decltype(&agclose)> graph(file ? agread(file.get(), &disciplines) : nullptr, agclose);
  if (!graph) throw RunError("Graphviz cannot read a graph");
  return graph;
}

/// Takes what is between the tags of the <svg>, without comments, and without ids, which are of this graph alone.
LaidOutGraph inner_part(const std::string& svg) {
  LaidOutGraph graph;
  const auto begin = svg.find("<svg"), end = svg.rfind("</svg>");
  const auto box = begin == std::string::npos ? begin : svg.find("viewBox=\"", begin);
  if (box == std::string::npos || end == std::string::npos) throw RunError("Graphviz wrote no SVG");
  const auto numbers = box + std::string_view("viewBox=\"").size();
  const auto sides = split(svg.substr(numbers, svg.find('"', numbers) - numbers), ' ');
  graph.width = parse_real(sides.at(2), "width of a graph");
  graph.height = parse_real(sides.at(3), "height of a graph");
  const auto body = svg.find('>', box) + 1;
  for (const auto& line : split(svg.substr(body, end - body), '\n')) {
    if (line.empty() || line.starts_with("<!--")) continue;
    const auto id = line.find(" id=\"");
    graph.elements += id == std::string::npos || !line.starts_with("<g ")
                          ? line
                          : line.substr(0, id) + line.substr(line.find('"', id + 5) + 1);
    graph.elements += '\n';
  }
  return graph;
}

}  // namespace

std::optional<LaidOutGraph> lay_out(const std::string& dot) {
  const auto graph = read_graph(dot);
  GVC_t* const context = graphviz_context();
  if (context == nullptr || gvLayout(context, graph.get(), "dot") != 0)
    throw RunError("Graphviz cannot lay a graph out");
  char* data = nullptr;
  unsigned int bytes = 0;
  const int failed = gvRenderData(context, graph.get(), "svg", &data, &bytes);
  const std::string svg = failed == 0 && data != nullptr ? std::string(data, bytes) : std::string();
  if (data != nullptr) gvFreeRenderData(data);
  gvFreeLayout(context, graph.get());
  return inner_part(svg);
}
#else
std::optional<LaidOutGraph> lay_out(const std::string& /*dot*/) {
  return std::nullopt;
}
#endif

bool has_graphviz() {
#ifdef HARMONIC_GRAPHVIZ
  return true;
#else
  return false;
#endif
}

}  // namespace harmonic
