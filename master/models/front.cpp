#include "master/models/front.hpp"

namespace harmonic {

Objectives with_metric(double metric, const Objectives& costs) {
  Objectives point = {100 - metric};
  point.insert(point.end(), costs.begin(), costs.end());
  return point;
}

}  // namespace harmonic
