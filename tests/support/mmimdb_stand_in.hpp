#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <hdf5.h>

#include "core/base/rng.hpp"

namespace harmonic::testing {

/// A file in the layout of multimodal_imdb.hdf5, with posters of random levels.
struct MmimdbStandIn {
  std::vector<std::string> ids;  ///< of 7 digits
  std::size_t height = 256, width = 160;
  std::vector<std::size_t> missing_texts = {};  ///< rows whose features are not finite
};

/// The 8-bit levels of a poster, RGB, channel by channel: what its row stands for. Without the one level a channel that
/// its row does not tell from the next.
inline std::vector<std::uint8_t> poster_levels(const MmimdbStandIn& films, std::size_t row) {
  RandomStream random(Seed{3}, "poster", row);
  std::vector<std::uint8_t> levels(3 * films.height * films.width);
  for (std::size_t i = 0; i < levels.size(); i += 4) {
    const std::uint32_t draw = random();
    for (std::size_t k = i; k < std::min(i + 4, levels.size()); ++k)
      levels[k] = static_cast<std::uint8_t>(draw >> (8 * (k - i)));
  }
  const std::size_t plane = films.height * films.width;
  for (std::size_t channel = 0; channel < 3; ++channel)
    for (std::size_t i = channel * plane; i < (channel + 1) * plane; ++i)
      if (levels[i] == std::array{123, 116, 103}.at(channel)) ++levels[i];
  return levels;
}

inline void write_mmimdb(const std::filesystem::path& path, const MmimdbStandIn& films) {
  constexpr hsize_t kFeatures = 300, kGenres = 23;
  const hsize_t count = films.ids.size();
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const auto write_all = [&](const char* name, hid_t type, std::vector<hsize_t> dims, const void* values) {
    const hid_t space = H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr);
    const hid_t dataset = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (values != nullptr) H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Sclose(space);
    return dataset;
  };
  std::vector<float> features(count * kFeatures);
  for (std::size_t i = 0; i < features.size(); ++i) features[i] = static_cast<float>(i % 17) / 17 - 0.4F;
  for (const std::size_t row : films.missing_texts) features[row * kFeatures + 5] = std::nanf("");
  H5Dclose(write_all("features", H5T_IEEE_F32LE, {count, kFeatures}, features.data()));
  std::vector<std::int32_t> genres(count * kGenres);
  for (std::size_t row = 0; row < count; ++row) genres[row * kGenres + row % kGenres] = 1;
  H5Dclose(write_all("genres", H5T_STD_I32LE, {count, kGenres}, genres.data()));
  const hid_t id_type = H5Tcopy(H5T_C_S1);
  H5Tset_size(id_type, 7);
  H5Tset_strpad(id_type, H5T_STR_NULLPAD);
  std::string ids;
  for (const auto& id : films.ids) ids += id;
  H5Dclose(write_all("imdb_ids", id_type, {count}, ids.data()));
  H5Tclose(id_type);

  const hid_t images = write_all("images", H5T_STD_I32LE, {count, 3, films.height, films.width}, nullptr);
  const hid_t space = H5Dget_space(images);
  const std::array<double, 3> means = {103.939, 116.779, 123.68};
  const std::size_t plane = films.height * films.width;
  std::vector<std::int32_t> poster(3 * plane);
  for (std::size_t row = 0; row < count; ++row) {
    const auto levels = poster_levels(films, row);
    for (std::size_t channel = 0; channel < 3; ++channel)
      for (std::size_t i = 0; i < plane; ++i)
        poster[channel * plane + i] = static_cast<std::int32_t>(levels[(2 - channel) * plane + i] - means[channel]);
    const std::array<hsize_t, 4> start = {row, 0, 0, 0}, size = {1, 3, films.height, films.width};
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr, size.data(), nullptr);
    const hid_t memory = H5Screate_simple(4, size.data(), nullptr);
    H5Dwrite(images, H5T_NATIVE_INT32, memory, space, H5P_DEFAULT, poster.data());
    H5Sclose(memory);
  }
  H5Sclose(space);
  H5Dclose(images);
  H5Fclose(file);
}

}  // namespace harmonic::testing
