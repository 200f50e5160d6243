#include "worker/train/gradient_exchange.hpp"

#include <chrono>
#include <unordered_set>

#include <torch/csrc/autograd/functions/accumulate_grad.h>
#include <torch/csrc/autograd/variable.h>

#include "core/base/seconds_since.hpp"

namespace harmonic {

namespace autograd = torch::autograd;

/// Called by autograd after it has added to a parameter's gradient.
class GradientExchange::Hook : public autograd::PostAccumulateGradHook {
 public:
  Hook(GradientExchange& exchange, std::size_t bucket) : exchange_(exchange), bucket_(bucket) {}
  void operator()(const torch::Tensor&) override { exchange_.gradient_ready(bucket_); }

 private:
  GradientExchange& exchange_;
  std::size_t bucket_;
};

GradientExchange::GradientExchange(FlatParameters& flat, Collectives& group, std::int64_t bucket_elements)
    : flat_(flat), group_(group) {
  if (group.size() == 1) return;
  if (bucket_elements == 0) bucket_elements = flat.values().is_cpu() ? kBucketElements : kBucketElementsOnGpu;
  std::int64_t end = flat.reduced().numel();
  for (auto part = flat.parts().rbegin(); part != flat.parts().rend(); ++part) {
    bucket_of_[part->parameter.unsafeGetTensorImpl()] = buckets_.size();
    autograd::impl::set_post_acc_grad_hooks(part->parameter, std::make_unique<Hook>(*this, buckets_.size()));
    if (end - part->offset < bucket_elements && part->offset > 0) continue;
    buckets_.push_back({flat.reduced().narrow(0, part->offset, end - part->offset), 0, nullptr});
    end = part->offset;
  }
}

GradientExchange::~GradientExchange() {
  if (buckets_.empty()) return;
  for (const auto& part : flat_.parts()) autograd::impl::set_post_acc_grad_hooks(part.parameter, nullptr);
}

void GradientExchange::backward_and_sum(const torch::Tensor& loss) {
  if (buckets_.empty()) return loss.backward();
  expect(loss);
  armed_ = true;
  loss.backward();
  armed_ = false;
  sent_early_ = next_;
  for (auto& bucket : buckets_) bucket.pending = 0;
  send_complete();
  const auto start = std::chrono::steady_clock::now();
  for (auto& bucket : buckets_) {
    bucket.sum->wait();
    bucket.sum.reset();
  }
  waited_s_ += seconds_since(start);
}

/// Which gradients this backward will touch: a sub-network leaves out the parameters of blocks and kernels that it does
/// not have.
void GradientExchange::expect(const torch::Tensor& loss) {
  next_ = 0;
  for (auto& bucket : buckets_) bucket.pending = 0;
  std::vector<autograd::Node*> open = {loss.grad_fn().get()};
  std::unordered_set<autograd::Node*> seen(open.begin(), open.end());
  while (!open.empty()) {
    auto* node = open.back();
    open.pop_back();
    if (const auto* leaf = dynamic_cast<const autograd::AccumulateGrad*>(node))
      if (const auto found = bucket_of_.find(leaf->variable.unsafeGetTensorImpl()); found != bucket_of_.end())
        ++buckets_[found->second].pending;
    for (const auto& edge : node->next_edges())
      if (edge.function && seen.insert(edge.function.get()).second) open.push_back(edge.function.get());
  }
}

void GradientExchange::gradient_ready(std::size_t bucket) {
  if (!armed_) return;
  --buckets_[bucket].pending;
  for (std::size_t i = 0; i < next_; ++i) buckets_[i].sum->advance();
  send_complete();
}

void GradientExchange::send_complete() {
  for (; next_ < buckets_.size() && buckets_[next_].pending == 0; ++next_)
    buckets_[next_].sum = group_.start_all_reduce_sum(buckets_[next_].values);
}

}  // namespace harmonic
