#include "master/run/front_pictures.hpp"

#include <exception>

#include <fmt/format.h>

#include "core/base/log.hpp"
#include "core/work/fitted_settings.hpp"
#include "master/models/architecture_picture.hpp"
#include "master/models/graphviz.hpp"

namespace harmonic {

FrontPictures::FrontPictures(const SearchSettings& settings, const RunInputs& inputs)
    : settings_(fitted_settings(settings, inputs.data_shape.samples)), inputs_(inputs) {}

void FrontPictures::draw(const Archive& archive, const std::filesystem::path& models) noexcept {
  std::error_code none;
  for (const auto id : archive.front()) {
    const auto folder = models / std::to_string(id.value);
    if (!std::filesystem::is_directory(folder, none)) continue;
    if (drawn_.contains(id) && std::filesystem::exists(folder / kDotPicture, none)) continue;
    try {
      draw(archive.models().at(id), folder);
      if (!has_graphviz() && drawn_.empty())
        log::info("this build has no Graphviz: models are drawn as {} alone, of which dot -Tsvg makes pictures",
                  kDotPicture);
      drawn_.insert(id);
    } catch (const std::exception& e) {
      if (!told_) log::warning("model {} is not drawn: {}", id.value, e.what());
      told_ = true;
    }
  }
}

void FrontPictures::draw(const ScoredModel& model, const std::filesystem::path& folder) const {
  save_pictures(
      folder,
      describe(settings_, model.genome, model.genotype, inputs_.data_shape.classes, &inputs_.pricing->devices()),
      model_title(std::to_string(model.id.value)));
}

}  // namespace harmonic
