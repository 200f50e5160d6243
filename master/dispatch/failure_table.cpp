#include "master/dispatch/failure_table.hpp"

#include <chrono>
#include <fstream>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/log.hpp"
#include "core/base/overloaded.hpp"
#include "core/base/text.hpp"
#include "core/storage/append_file.hpp"
#include "core/storage/atomic_file.hpp"
#include "core/storage/csv.hpp"

namespace harmonic {
namespace {

std::string now_text() {
  return fmt::format("{:%FT%TZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

std::string model_text(const MultimodalGenome& genome) {
  std::vector<std::string> backbones;
  for (const auto& backbone : genome.backbones) backbones.push_back(to_text(backbone));
  const auto late = late_fusion_of(genome.macro);
  if (late != LateFusion::none)
    return fmt::format("{}, late fusion {}", join(backbones, " + "), word_of(kLateFusions, late));
  return fmt::format("{}, {} cells of {} nodes", join(backbones, " + "), genome.macro.cells, genome.macro.nodes);
}

}  // namespace

std::string genomes_text(const Work& work) {
  std::vector<std::string> texts;
  std::visit(Overloaded{[&](const EvaluateBackbones& w) {
                          for (const auto& genome : w.genomes) texts.push_back(to_text(genome));
                        },
                        [&](const SearchFusion& w) {
                          for (const auto& candidate : w.candidates) texts.push_back(model_text(candidate.genome));
                        },
                        [&](const RetrainModel& w) { texts.push_back(model_text(w.genome)); },
                        [&](const TestModel& w) { texts.push_back(model_text(w.genome)); }},
             work);
  return join(texts, " | ");
}

std::string to_text(Setback::Kind kind) {
  switch (kind) {
    case Setback::Kind::lost:
      return "lost";
    case Setback::Kind::set_aside:
      return "set_aside";
    case Setback::Kind::retry:
      break;
  }
  return "retry";
}

void FailureTable::append(const FailureRow& row) try {
  if (torn_ && std::filesystem::exists(path_))
    std::filesystem::resize_file(path_, whole_lines(read_file(path_)).size());
  torn_ = true;  // until the row is written
  const bool empty = !std::filesystem::exists(path_) || std::filesystem::file_size(path_) == 0;
  std::ofstream out(path_, std::ios::binary | std::ios::app);
  if (empty) out << csv_row({"time", "task", "work", "genome", "rank", "host", "kind", "reason"});
  const auto of_task = [&](auto text) { return row.task == nullptr ? std::string() : text(*row.task); };
  out << csv_row({now_text(), of_task([](const Task& t) { return std::to_string(t.id.value); }),
                  of_task([](const Task& t) { return describe(t.work); }),
                  of_task([](const Task& t) { return genomes_text(t.work); }), std::to_string(row.rank.value), row.host,
                  row.kind, first_line(row.reason)});
  if (!out.flush()) throw RunError("it cannot be written");
  torn_ = false;
} catch (const std::exception& e) {
  log::warning("{} lacks a failure: {}", path_.string(), e.what());
}

}  // namespace harmonic
