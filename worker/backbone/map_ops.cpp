#include "worker/backbone/map_ops.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <ATen/Parallel.h>

#include "worker/backbone/map_kernels.hpp"
#include "worker/tensor/map_type.hpp"

namespace harmonic {
namespace {

constexpr std::int64_t kBlockRows = 256;  ///< of a 1x1 convolution: fixed, so that sums do not depend on threads
/// Rows of it that are entered, multiplied and summed up before the next: few enough to stay in the first cache.
constexpr std::int64_t kStepRows = 32;

bool has_kernels(const torch::Tensor& x) {
  return x.is_cpu() && x.scalar_type() == torch::kFloat32;
}

float* data(const torch::Tensor& x) {
  return x.data_ptr<float>();
}

kernels::Entry entry_of(const FoldedNorm& norm) {
  if (!norm.scale.defined()) return {};
  return {data(norm.scale), data(norm.shift), norm.activation, nullptr};
}

/// Sums over the parts of a map, where they are wanted.
class PartSums {
 public:
  PartSums(bool wanted, std::int64_t parts, std::int64_t channels) : channels_(channels) {
    if (wanted) sums_.emplace(parts, channels);
  }
  void add(std::int64_t part, const float* rows, std::int64_t count) const {
    if (sums_)
      kernels::add_moments(rows, count, static_cast<int>(channels_), sums_->values(part), sums_->squares(part));
  }
  [[nodiscard]] Moments moments(std::int64_t count) const { return sums_ ? sums_->moments(count) : Moments{}; }

 private:
  std::int64_t channels_;
  std::optional<MomentSums> sums_;
};

/// Weights of a 1x1 convolution as its kernel reads them. @param weight (out, in)
std::vector<float> packed_pointwise(const torch::Tensor& weight, int in_channels) {
  const auto out_channels = static_cast<int>(weight.size(0));
  std::vector<float> packed(static_cast<std::size_t>(in_channels) * static_cast<std::size_t>(out_channels));
  kernels::pack_pointwise(data(weight), weight.stride(0), in_channels, out_channels, packed.data());
  return packed;
}

/// A depthwise convolution, sample by sample.
/// @param make_input called once a thread: makes a function from a sample to the beginning of its map
template <class MakeInput>
MeasuredMap depthwise_by_sample(std::int64_t samples, const kernels::DepthwiseShape& shape, const FoldedNorm& norm,
                                const torch::Tensor& weight, bool measure, MakeInput make_input) {
  const std::int64_t channels = shape.channels;
  const std::int64_t rows = static_cast<std::int64_t>(shape.out_height()) * shape.out_width();
  auto out = torch::empty({samples, shape.out_height(), shape.out_width(), channels});
  const auto taps = weight.view({channels, -1}).t().contiguous();
  const PartSums sums(measure, samples, channels);
  const auto entry = entry_of(norm);
  at::parallel_for(0, samples, 1, [&](std::int64_t begin, std::int64_t end) {
    const auto scratch = torch::zeros({shape.scratch()});
    auto input = make_input();
    for (std::int64_t n = begin; n < end; ++n) {
      float* map = data(out) + n * rows * channels;
      kernels::depthwise(input(n), shape, entry, data(taps), data(scratch), map);
      sums.add(n, map, rows);
    }
  });
  return {out, sums.moments(samples * rows)};
}

// ---- the same in LibTorch's own operations

torch::Tensor entered(const torch::Tensor& x, const FoldedNorm& norm) {
  if (!norm.scale.defined()) return x;
  auto y = (x * norm.scale).add_(norm.shift);
  return norm.activation == Activation::relu ? y.relu_() : torch::hardswish_(y);
}

MeasuredMap measured(const torch::Tensor& map, bool measure) {
  return {map, measure ? moments_of(map.permute({0, 3, 1, 2})) : Moments{}};
}

/// Calls `body` with the first of every `at_once` samples, and how many they are; of no samples once.
template <class Body>
void for_parts(std::int64_t samples, std::int64_t at_once, Body body) {
  std::int64_t first = 0;
  do {
    const std::int64_t count = std::min(at_once, samples - first);
    body(first, count);
    first += count;
  } while (first < samples);
}

/// The maps that `make` makes of some samples, for all of them.
template <class Make>
std::vector<MeasuredMap> by_parts(std::int64_t samples, std::int64_t at_once, Make make) {
  if (samples <= at_once) return make(std::int64_t{0}, samples);
  std::vector<MeasuredMap> whole;
  std::vector<std::vector<Moments>> moments;
  for_parts(samples, at_once, [&](std::int64_t first, std::int64_t count) {
    const std::vector<MeasuredMap> part = make(first, count);
    if (whole.empty()) {
      moments.resize(part.size());
      for (const auto& [map, of_part] : part) {
        auto sizes = map.sizes().vec();
        sizes.front() = samples;
        whole.push_back({torch::empty(sizes, map.options()), {}});
      }
    }
    for (std::size_t i = 0; i < part.size(); ++i) {
      whole[i].map.narrow(0, first, count).copy_(part[i].map);
      if (part[i].moments.count > 0) moments[i].push_back(part[i].moments);
    }
  });
  for (std::size_t i = 0; i < whole.size(); ++i)
    if (!moments[i].empty()) whole[i].moments = joined_moments(moments[i]);
  return whole;
}

}  // namespace

FoldedNorm FoldedNorm::first(int channels) const {
  if (!scale.defined()) return *this;
  return {scale.narrow(0, 0, channels), shift.narrow(0, 0, channels), activation};
}

std::vector<MeasuredMap> pointwise(const torch::Tensor& x, const FoldedNorm& norm, const torch::Tensor& gate,
                                   const torch::Tensor& weight, const std::vector<int>& widths, bool measure,
                                   std::int64_t at_once) {
  std::vector<MeasuredMap> results;
  const std::int64_t samples = x.size(0), height = x.size(1), width = x.size(2);
  const auto out_channels = static_cast<int>(weight.size(0));
  if (!has_kernels(x)) {
    const auto typed = typed_as(weight, x);
    return by_parts(samples, at_once, [&](std::int64_t first, std::int64_t count) {
      auto values = entered(x.narrow(0, first, count), norm);
      if (gate.defined()) values = values * gate.narrow(0, first, count).view({count, 1, 1, -1});
      values = typed_as(values, x);
      std::vector<MeasuredMap> made;
      for (const int channels : widths)
        made.push_back(
            measured(torch::matmul(values.narrow(3, 0, channels), typed.narrow(1, 0, channels).t()), measure));
      return made;
    });
  }

  const int in_channels = widths.back();
  const auto packed = packed_pointwise(weight, in_channels);
  // Without a gate all positions are alike; with one a block of rows must not reach over its sample.
  const std::int64_t group_rows = gate.defined() ? height * width : samples * height * width;
  const std::int64_t blocks_a_group = (group_rows + kBlockRows - 1) / kBlockRows;
  const std::int64_t blocks = samples * height * width / group_rows * blocks_a_group;
  std::vector<PartSums> sums;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    results.push_back({torch::empty({samples, height, width, out_channels}), {}});
    sums.emplace_back(measure, blocks, out_channels);
  }
  const std::int64_t row_stride = x.stride(2);
  at::parallel_for(0, blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    const bool enters = norm.scale.defined();
    std::vector<float> values(enters ? static_cast<std::size_t>(kStepRows * in_channels) : 0);
    std::vector<float*> out(widths.size());
    auto entry = entry_of(norm);
    for (std::int64_t block = begin; block < end; ++block) {
      const std::int64_t group = block / blocks_a_group;
      const std::int64_t in_group = block % blocks_a_group * kBlockRows;
      const std::int64_t first = group * group_rows + in_group;
      const std::int64_t rows = std::min(kBlockRows, group_rows - in_group);
      if (gate.defined()) entry.gate = data(gate) + group * gate.stride(0);
      for (std::int64_t step = 0; step < rows; step += kStepRows) {
        const std::int64_t step_rows = std::min(kStepRows, rows - step);
        const float* source = data(x) + (first + step) * row_stride;
        if (enters) kernels::enter(source, step_rows, row_stride, in_channels, entry, values.data());
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = data(results[i].map) + (first + step) * out_channels;
        kernels::pointwise(enters ? values.data() : source, step_rows, enters ? in_channels : row_stride, packed.data(),
                           in_channels, out_channels, {widths, out});
      }
      for (std::size_t i = 0; i < out.size(); ++i)
        sums[i].add(block, data(results[i].map) + first * out_channels, rows);
    }
  });
  for (std::size_t i = 0; i < results.size(); ++i) results[i].moments = sums[i].moments(samples * height * width);
  return results;
}

MeasuredMap depthwise(const torch::Tensor& x, const FoldedNorm& norm, const torch::Tensor& weight, int stride,
                      bool measure, std::int64_t at_once) {
  const auto kernel = static_cast<int>(weight.size(2));
  const std::int64_t channels = x.size(3);
  if (!has_kernels(x)) {
    const auto made = by_parts(x.size(0), at_once, [&](std::int64_t first, std::int64_t count) {
      const auto values = typed_as(entered(x.narrow(0, first, count), norm), x).permute({0, 3, 1, 2});
      const auto y = torch::conv2d(values, typed_as(weight, x), {}, stride, kernel / 2, 1, channels);
      return std::vector{measured(y.permute({0, 2, 3, 1}).contiguous(), measure)};
    });
    return made.front();
  }
  const kernels::DepthwiseShape shape{static_cast<int>(x.size(1)),
                                      static_cast<int>(x.size(2)),
                                      static_cast<int>(channels),
                                      x.stride(2),
                                      kernel,
                                      stride};
  return depthwise_by_sample(x.size(0), shape, norm, weight, measure,
                             [&] { return [&](std::int64_t n) { return data(x) + n * x.stride(0); }; });
}

ExpandedMap::ExpandedMap(torch::Tensor x, torch::Tensor weight, bool measure, std::int64_t at_once)
    : x_(std::move(x)), weight_(std::move(weight)), at_once_(at_once) {
  const auto in_channels = static_cast<int>(x_.size(3)), out_channels = static_cast<int>(weight_.size(0));
  if (!has_kernels(x_)) {
    const bool made_once = x_.size(0) <= at_once;
    if (!made_once && !measure) return;
    std::vector<Moments> moments;
    for_parts(x_.size(0), at_once, [&](std::int64_t first, std::int64_t count) {
      auto made = pointwise(x_.narrow(0, first, count), {}, {}, weight_, {in_channels}, measure).front();
      if (made_once) map_ = std::move(made.map);
      moments.push_back(std::move(made.moments));
    });
    if (measure) moments_ = joined_moments(moments);
    return;
  }
  if (!measure) return;
  const auto packed = packed_pointwise(weight_, in_channels);
  const std::int64_t rows = x_.size(0) * x_.size(1) * x_.size(2), blocks = (rows + kBlockRows - 1) / kBlockRows;
  const PartSums sums(true, blocks, out_channels);
  const std::vector<int> widths = {in_channels};
  at::parallel_for(0, blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> made(static_cast<std::size_t>(kBlockRows * out_channels));
    const std::vector<float*> out = {made.data()};
    for (std::int64_t block = begin; block < end; ++block) {
      const std::int64_t first = block * kBlockRows, count = std::min(kBlockRows, rows - first);
      kernels::pointwise(data(x_) + first * x_.stride(2), count, x_.stride(2), packed.data(), in_channels, out_channels,
                         {widths, out});
      sums.add(block, made.data(), count);
    }
  });
  moments_ = sums.moments(rows);
}

MeasuredMap ExpandedMap::depthwise(const FoldedNorm& norm, const torch::Tensor& weight, int stride,
                                   bool measure) const {
  const std::int64_t channels = weight.size(0);
  if (map_.defined()) return harmonic::depthwise(map_.narrow(3, 0, channels), norm, weight, stride, measure);
  if (!has_kernels(x_)) {
    const auto own = weight_.narrow(0, 0, channels);
    const auto made = by_parts(x_.size(0), at_once_, [&](std::int64_t first, std::int64_t count) {
      const auto map =
          pointwise(x_.narrow(0, first, count), {}, {}, own, {static_cast<int>(x_.size(3))}, false).front();
      return std::vector{harmonic::depthwise(map.map, norm, weight, stride, measure)};
    });
    return made.front();
  }
  const kernels::DepthwiseShape shape{static_cast<int>(x_.size(1)),     static_cast<int>(x_.size(2)),
                                      static_cast<int>(channels),       channels,
                                      static_cast<int>(weight.size(2)), stride};
  const auto in_channels = static_cast<int>(x_.size(3));
  const auto packed = packed_pointwise(weight_.narrow(0, 0, channels), in_channels);
  const std::vector<int> widths = {in_channels};
  const std::int64_t rows = x_.size(1) * x_.size(2);
  return depthwise_by_sample(x_.size(0), shape, norm, weight, measure, [&] {
    return [&, made = std::vector<float>(static_cast<std::size_t>(rows * channels))](std::int64_t n) mutable {
      const std::vector<float*> out = {made.data()};
      kernels::pointwise(data(x_) + n * x_.stride(0), rows, x_.stride(2), packed.data(), in_channels, shape.channels,
                         {widths, out});
      return made.data();
    };
  });
}

torch::Tensor normalise(const torch::Tensor& x, const FoldedNorm& norm, const torch::Tensor& shortcut) {
  if (!has_kernels(x)) {
    auto y = (x * norm.scale).add_(norm.shift);
    if (shortcut.defined()) y.add_(shortcut);
    return typed_as(y, x);
  }
  auto out = torch::empty_like(x);
  const std::int64_t channels = x.size(3), rows = x.numel() / channels;
  at::parallel_for(0, rows, 4 * kBlockRows, [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t from = begin * channels;
    kernels::normalise(data(x) + from, end - begin, static_cast<int>(channels), data(norm.scale), data(norm.shift),
                       shortcut.defined() ? data(shortcut) + from : nullptr, data(out) + from);
  });
  return out;
}

torch::Tensor average(const torch::Tensor& x, const FoldedNorm& norm, std::int64_t at_once) {
  if (!has_kernels(x)) {
    std::vector<torch::Tensor> parts;
    for_parts(x.size(0), at_once, [&](std::int64_t first, std::int64_t count) {
      parts.push_back(entered(x.narrow(0, first, count), norm).mean({1, 2}));
    });
    return parts.size() == 1 ? parts.front() : torch::cat(parts);
  }
  const std::int64_t samples = x.size(0), rows = x.size(1) * x.size(2), channels = x.size(3);
  auto out = torch::empty({samples, channels});
  const auto entry = entry_of(norm);
  at::parallel_for(0, samples, 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n)
      kernels::average(data(x) + n * x.stride(0), rows, x.stride(2), static_cast<int>(channels), entry,
                       data(out) + n * channels);
  });
  return out;
}

}  // namespace harmonic
