#include "worker/fusion/kept_heap.hpp"

#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace harmonic {

void keep_freed_memory() {
#if defined(__GLIBC__)
  constexpr int kMiB = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, 32 * kMiB);  // the highest that glibc takes
  mallopt(M_TRIM_THRESHOLD, 512 * kMiB);
#endif
}

}  // namespace harmonic
