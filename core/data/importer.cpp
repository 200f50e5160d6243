#include "core/data/importer.hpp"

#include "core/data/avmnist_import.hpp"
#include "core/data/harmp_import.hpp"
#include "core/data/mmimdb_import.hpp"

namespace harmonic {

const std::vector<ImporterEntry>& importers() {
  static const std::vector<ImporterEntry> all = {
      {"avmnist",
       "Reads AV-MNIST from FOLDER/mnist/{train,test}/<digit>/*.png and "
       "FOLDER/sound_450/{train,test}/<digit>/<digit>_<speaker>_<take>.wav.",
       make_avmnist_importer},
      {"harmp", "Reads Harm-P or Harm-C from FOLDER/annotations/{train,val,test}.jsonl and FOLDER/images/*.png.",
       make_harmp_importer},
      {"mmimdb",
       "Reads MM-IMDB from multimodal_imdb.hdf5, or from FOLDER/{train,dev,test}/{image,text,label}_NNNNNN.npy.",
       make_mmimdb_importer},
  };
  return all;
}

}  // namespace harmonic
