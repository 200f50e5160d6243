#pragma once

#include <memory>

#include "worker/group/backends.hpp"

/// What the module harmonic-nccl.so offers: nccl_collectives(), which the caller owns. Throws as that does.
extern "C" harmonic::Collectives* harmonic_make_nccl_collectives(const torch::Device& device,
                                                                 const std::shared_ptr<harmonic::Peers>& peers);
