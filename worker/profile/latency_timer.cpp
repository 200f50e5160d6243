#include "worker/profile/latency_timer.hpp"

#include <algorithm>
#include <chrono>

#include <c10/core/Event.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <sys/resource.h>

namespace harmonic {
namespace {

constexpr double kPatience_s = 0.05;  // for a quiet core, before every run

/// How often the system took the processor away from this thread.
long interruptions() {
  ::rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nivcsw;
}

/// Reads a tensor, so that it is in the caches as what the part before has just written.
void warm(const torch::Tensor& tensor) {
  constexpr std::size_t kLine = 64;
  const auto* bytes = static_cast<const volatile char*>(tensor.const_data_ptr());
  for (std::size_t at = 0; at < tensor.nbytes(); at += kLine) (void)bytes[at];
}

std::vector<torch::Tensor> noise_for(const GraphRunner& runner, const RunConditions& conditions) {
  torch::manual_seed(0);
  std::vector<torch::Tensor> inputs;
  for (const auto& input : runner.inputs()) {
    std::vector<std::int64_t> shape = {conditions.batch};
    shape.insert(shape.end(), input.sample_shape.begin(), input.sample_shape.end());
    inputs.push_back(torch::randn(shape).to(conditions.device, conditions.precision));
  }
  return inputs;
}

}  // namespace

TimedNetwork::TimedNetwork(const NetworkGraph& graph, const RunConditions& conditions)
    : runner_(GraphRunner(graph).to(conditions.device, conditions.precision)),
      device_(conditions.device),
      inputs_(noise_for(runner_, conditions)) {}

void TimedNetwork::run() const {
  (void)runner_.run(inputs_);
}

std::optional<double> TimedNetwork::time_ms(QuietCore& core) const {
  if (device_.is_cpu()) {
    core.wait(kPatience_s);
    for (const auto& input : inputs_) warm(input);
    const long before = interruptions();
    const auto start = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double, std::milli> passed = std::chrono::steady_clock::now() - start;
    return core.is_quiet() && interruptions() == before ? std::optional(passed.count()) : std::nullopt;
  }
  const c10::impl::VirtualGuardImpl device(device_.type());
  const auto stream = device.getStream(device_);
  c10::Event start(device_.type(), c10::EventFlag::BACKEND_DEFAULT),
      end(device_.type(), c10::EventFlag::BACKEND_DEFAULT);
  start.record(stream);
  run();
  end.record(stream);
  end.synchronize();
  return start.elapsedTime(end);
}

std::vector<std::optional<double>> visit(const std::vector<const TimedNetwork*>& networks, QuietCore& core,
                                         VisitLength length) {
  const c10::InferenceMode inference;
  std::vector<std::optional<double>> fastest(networks.size());
  std::vector<int> counted(networks.size());
  const auto is_done = [&](int count) { return count >= length.runs; };
  for (int pass = -length.warm_up; pass < length.most && !std::ranges::all_of(counted, is_done); ++pass)
    for (std::size_t n = 0; n < networks.size(); ++n) {
      const auto ms = networks[n]->time_ms(core);
      if (!ms || pass < 0) continue;
      fastest[n] = std::min(*ms, fastest[n].value_or(*ms));
      ++counted[n];
    }
  return fastest;
}

}  // namespace harmonic
