#pragma once

#include <string>

#include "core/data/published_tables.hpp"

namespace harmonic {

/// Which samples a data set holds, as far as its file tells.
enum class DataOrigin {
  published,  ///< those of a published table
  stand_in,   ///< the program's own (`harmonic data synth`)
  other,
};
inline const Choices<DataOrigin> kDataOrigins = {
    {"published", DataOrigin::published}, {"stand-in", DataOrigin::stand_in}, {"other", DataOrigin::other}};

/// By the file's provenance and the size of its test split: published is what the table's importer wrote (of AV-MNIST
/// with the published audio features), with as many test samples as the table is of.
[[nodiscard]] DataOrigin data_origin(const DatasetInfo& data, const PublishedTable& table);

}  // namespace harmonic
