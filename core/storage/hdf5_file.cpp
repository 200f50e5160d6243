#include "core/storage/hdf5_file.hpp"
