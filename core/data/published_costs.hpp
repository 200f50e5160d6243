#pragma once

#include <string>
#include <vector>

#include "core/data/published_tables.hpp"
#include "core/hardware/lut.hpp"
#include "core/hardware/quantity.hpp"

namespace harmonic {

/// A sum of a table's rows that a published cost may be: the backbones', and one of every fusion operator.
struct PublishedSum {
  std::vector<std::string> operators;  ///< whatever their order in the network; in that of fusion_operator_table()
  Cost cost;
  PerQuantity<double> deviation{};        ///< as printed, over the published one, less 1: 0 when they are equal
  [[nodiscard]] double distance() const;  ///< the largest of them, without its sign
};

/// Where a row's published latency and energy come from.
struct PublishedCosts {
  Cost backbones;  ///< Maxout costs nothing there
  /// Those that give both as printed; where there is none, the nearest one alone. First what is searched by default.
  std::vector<PublishedSum> sums;
  std::string why;  ///< there is none: in a sentence; else empty

  [[nodiscard]] bool exact() const { return why.empty(); }
};

/// Finds, among all multisets of cells x nodes operators, those whose sum with the row's backbones is the published
/// cost, cut to two decimals. Nothing else is left open: the classifier's row is PublishedTable::head_classes.
/// Source: hardware.md, "published look-up tables".
/// @param lut of the device that the costs are of
/// @throws InputError when it lacks a row of the backbones, every operator, or a quantity
[[nodiscard]] PublishedCosts explain_costs(const PublishedTable& table, const PublishedRow& row,
                                           const LookUpTable& lut);

/// "ConcatFC, Sum x3"; "no operator" of none.
[[nodiscard]] std::string multiset_text(const std::vector<std::string>& operators);

}  // namespace harmonic
