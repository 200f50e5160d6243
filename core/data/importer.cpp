#include "core/data/importer.hpp"

#include "core/data/avmnist_import.hpp"
#include "core/data/folder_import.hpp"

namespace harmonic {

const std::vector<ImporterEntry>& importers() {
  static const std::vector<ImporterEntry> all = {
      {"avmnist",
       "Reads AV-MNIST from FOLDER/mnist/{train,test}/<digit>/*.png and "
       "FOLDER/sound_450/{train,test}/<digit>/<digit>_<speaker>_<take>.wav, or from arrays: "
       "FOLDER/{image,audio}/{train,test}_data.npy and FOLDER/{train,test}_labels.npy.",
       make_avmnist_importer},
      {"folder",
       "Reads your own data: IN/<split>/<class>/<sample>.<modality>.<ext>, or a CSV of split, label and a column a "
       "modality.",
       make_folder_importer},
  };
  return all;
}

}  // namespace harmonic
