#pragma once

#include <string>

#include "core/work/work.hpp"

namespace harmonic {

/// What answers are held against: those that workers send, and those that a journal or a checkpoint holds.
class AnswerCheck {
 public:
  /// @param fusion_inputs features that all modalities offer to fusion: the states that a genotype begins with. 0: not
  ///   known, or of a run without fusion; a genotype then says itself how many it has, two at least
  explicit AnswerCheck(int fusion_inputs = 0) : fusion_inputs_(fusion_inputs) {}

  /// Why this cannot be the answer to the work: another kind, a wrong number of scores, a metric outside
  /// 0 … 100 percent, a genotype of other cells than the macro-architecture or of more steps in one, of another number
  /// of inputs, with an operator that does not exist or a state that is not there. Empty when it can. A Failure answers
  /// everything.
  [[nodiscard]] std::string why_nonsense(const Work& work, const Outcome& outcome) const;

 private:
  int fusion_inputs_;
};

}  // namespace harmonic
