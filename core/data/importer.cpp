#include "core/data/importer.hpp"

#include "core/data/avmnist_import.hpp"
#include "core/data/folder_import.hpp"
#include "core/data/harmp_import.hpp"
#include "core/data/mmimdb_import.hpp"

namespace harmonic {

const std::vector<ImporterEntry>& importers() {
  static const std::vector<ImporterEntry> all = {
      {"avmnist",
       "Reads AV-MNIST from FOLDER/mnist/{train,test}/<digit>/*.png and "
       "FOLDER/sound_450/{train,test}/<digit>/<digit>_<speaker>_<take>.wav, or from arrays: "
       "FOLDER/{image,audio}/{train,test}_data.npy and FOLDER/{train,test}_labels.npy.",
       make_avmnist_importer},
      {"harmp", "Reads Harm-P or Harm-C from FOLDER/annotations/{train,val,test}.jsonl and FOLDER/images/*.png.",
       make_harmp_importer},
      {"mmimdb",
       "Reads MM-IMDB from multimodal_imdb.hdf5, or from FOLDER/{train,dev,test}/{image,text,label}_NNNNNN.npy.",
       make_mmimdb_importer},
      {"folder",
       "Reads your own data: IN/<split>/<class>/<sample>.<modality>.<ext>, or a CSV of split, label and a column a "
       "modality.",
       make_folder_importer},
  };
  return all;
}

}  // namespace harmonic
