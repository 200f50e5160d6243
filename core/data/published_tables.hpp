#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/data/dataset_file.hpp"
#include "core/space/genome.hpp"

namespace harmonic {

/// The device that published costs are of.
inline constexpr std::string_view kPublishedDevice = "Jetson TX2";

/// Whether the name of a device, or what its table says it is of, is one of kPublishedDevice.
[[nodiscard]] bool names_published_device(std::string_view text);

/// A cost as the tables print theirs: two decimals, the rest cut off. What lies below a number by rounding errors alone
/// counts as that number.
[[nodiscard]] double as_published(double cost);

/// One row of a published table of results: a model whose backbones and macro-architecture are given, and what was
/// measured of it. The genotype is not published.
struct PublishedRow {
  int row = 0;                            ///< as the table counts, from 1
  std::vector<BackboneGenome> backbones;  ///< [modality], canonical
  std::vector<double> unimodal_metric;    ///< [modality] of each backbone alone, percent
  MacroArchitecture macro;
  double metric = 0;      ///< of the multimodal model, percent
  double latency_ms = 0;  ///< Jetson TX2, batch 1; cut (not rounded) to two decimals, like the energy
  double energy_mj = 0;
};

struct PublishedTable {
  struct Modality {
    std::string name;   ///< in the publication
    std::string space;  ///< of its backbones
  };

  std::string name;    ///< avmnist | mmimdb | harmp
  std::string metric;  ///< what its percentages are
  LabelKind labels = LabelKind::classification;
  int classes = 0;
  std::size_t test_samples = 0;  ///< of its data set
  int head_classes = 0;          ///< classifier row of the device's table that its costs are sums with
  std::string cost_oddity;       ///< what is known to be odd about that row, in words; empty: nothing is
  std::vector<Modality> modalities;
  std::vector<PublishedRow> rows;

  /// @throws InputError listing the rows that there are
  [[nodiscard]] const PublishedRow& row(int number) const;
};

/// The tables of results of Harmonic-NAS (arXiv 2309.06612, ACML 2023): AV-MNIST, MM-IMDB, Harm-P.
/// @throws InputError naming the nearest
[[nodiscard]] const PublishedTable& find_published_table(std::string_view name);
[[nodiscard]] std::vector<std::string> published_table_names();

/// The largest sub-network of a published supernet, alone.
struct PublishedSupernet {
  int row = 0;           ///< as their table counts, from 1
  std::string table;     ///< of the same data set
  std::string modality;  ///< in the publication
  std::string space;
  double metric = 0;  ///< as the table's, percent
};

/// The name of their table among those above.
inline constexpr std::string_view kSupernetsTable = "supernets";
/// Of the same publication.
[[nodiscard]] const std::vector<PublishedSupernet>& published_supernets();

}  // namespace harmonic
