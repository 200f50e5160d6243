#include "master/search/error_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace harmonic {
namespace {

constexpr double kLeastVariance = 1e-10;         // added to the diagonal, so that equal models can be told apart
constexpr double kScaleDeviation = 1.0;          // of the prior on a scale's logarithm: a factor e up or down
constexpr std::array kSteps = {1.0, 0.5, 0.25};  // of the scales' logarithms, on the way to the largest density
constexpr int kRounds = 3;                       // over all scales, with each step
constexpr Eigen::Index kBlock = 512;             // models predicted in one go, which bounds memory

}  // namespace

ErrorModel::Rows ErrorModel::rows_of(const std::vector<ModelFeatures>& models) {
  const auto count = static_cast<Eigen::Index>(models.size());
  const auto modalities = models.empty() ? 0 : static_cast<Eigen::Index>(models[0].errors.size());
  const auto others = models.empty() ? 0 : static_cast<Eigen::Index>(models[0].others.size());
  Rows rows{Eigen::MatrixXd(count, modalities + others), Eigen::MatrixXi(count, modalities), Eigen::VectorXd(count)};
  for (Eigen::Index i = 0; i < count; ++i) {
    const auto& model = models[static_cast<std::size_t>(i)];
    rows.features.row(i) << Eigen::Map<const Eigen::RowVectorXd>(model.errors.data(), modalities),
        Eigen::Map<const Eigen::RowVectorXd>(model.others.data(), others);
    rows.backbones.row(i) = Eigen::Map<const Eigen::RowVectorXi>(model.backbones.data(), modalities);
    rows.prior_mean(i) = rows.features.row(i).head(modalities).mean();
  }
  return rows;
}

ErrorModel::Likeness ErrorModel::likeness(const Rows& a, const Rows& b) {
  Likeness alike;
  alike.products = a.features * b.features.transpose();
  alike.distances = (-2 * alike.products).colwise() + a.features.rowwise().squaredNorm();
  alike.distances.rowwise() += b.features.rowwise().squaredNorm().transpose();
  alike.shared = Eigen::MatrixXd::Zero(a.backbones.rows(), b.backbones.rows());
  for (Eigen::Index m = 0; m < a.backbones.cols(); ++m)
    for (Eigen::Index j = 0; j < b.backbones.rows(); ++j)
      alike.shared.col(j).array() += (a.backbones.col(m).array() == b.backbones(j, m)).cast<double>();
  return alike;
}

Eigen::MatrixXd ErrorModel::covariance(const Likeness& of, const Scales& s) {
  const auto squared = [](double x) { return x * x; };
  return squared(s.weight) * of.products.array() +
         squared(s.smooth) * (of.distances.array().max(0) * (-0.5 / squared(s.reach))).exp() +
         squared(s.backbone) * of.shared.array();
}

Eigen::LLT<Eigen::MatrixXd> ErrorModel::factored(const Likeness& of, const Scales& scales) {
  Eigen::MatrixXd noisy = covariance(of, scales);
  noisy.diagonal().array() += scales.noise * scales.noise + kLeastVariance;
  return Eigen::LLT<Eigen::MatrixXd>(noisy);
}

void ErrorModel::fit_scales(const Likeness& of, const Eigen::VectorXd& residuals) {
  constexpr std::array kFitted = {&Scales::weight, &Scales::smooth, &Scales::backbone, &Scales::noise, &Scales::reach};
  const Scales prior;
  const auto log_density = [&](const Scales& scales) {
    const auto factor = factored(of, scales);
    if (factor.info() != Eigen::Success) return -std::numeric_limits<double>::infinity();
    double density =
        -0.5 * factor.matrixL().solve(residuals).squaredNorm() - factor.matrixLLT().diagonal().array().log().sum();
    for (const auto scale : kFitted) {
      const double away = std::log(scales.*scale / prior.*scale) / kScaleDeviation;
      density -= 0.5 * away * away;
    }
    return density;
  };
  double best = log_density(scales_);
  for (const double step : kSteps) {
    bool better = true;
    for (int round = 0; better && round < kRounds; ++round) {
      better = false;
      for (const auto scale : kFitted)
        for (const double factor : {std::exp(step), std::exp(-step)}) {
          Scales tried = scales_;
          tried.*scale *= factor;
          const double density = log_density(tried);
          if (!(density > best)) continue;
          best = density;
          scales_ = tried;
          better = true;
          break;
        }
    }
  }
}

ErrorModel::ErrorModel(const std::vector<ModelFeatures>& known, const std::vector<double>& log_errors)
    : known_(rows_of(known)) {
  if (known.empty()) return;
  const Eigen::VectorXd answers =
      Eigen::Map<const Eigen::VectorXd>(log_errors.data(), static_cast<Eigen::Index>(log_errors.size()));
  pivot_ = known_.features.colwise().mean();
  known_.features.rowwise() -= pivot_;
  constant_ = (answers - known_.prior_mean).mean();
  const Eigen::VectorXd residuals = (answers - known_.prior_mean).array() - constant_;
  const auto alike = likeness(known_, known_);
  fit_scales(alike, residuals);
  covariance_ = factored(alike, scales_);
  dual_ = covariance_.solve(residuals);
}

std::vector<ErrorModel::Prediction> ErrorModel::predict(const std::vector<ModelFeatures>& models) const {
  std::vector<Prediction> predictions;
  if (models.empty()) return predictions;
  Rows rows = rows_of(models);
  // Without answers weights pivot around what is asked for.
  rows.features.rowwise() -= pivot_.size() > 0 ? pivot_ : Eigen::RowVectorXd(rows.features.colwise().mean());
  for (Eigen::Index from = 0; from < rows.features.rows(); from += kBlock) {
    const auto count = std::min(kBlock, rows.features.rows() - from);
    const Rows block{rows.features.middleRows(from, count), rows.backbones.middleRows(from, count),
                     rows.prior_mean.segment(from, count)};
    Eigen::ArrayXd mean = block.prior_mean.array() + constant_;
    Eigen::ArrayXd variance = scales_.weight * scales_.weight * block.features.rowwise().squaredNorm().array() +
                              scales_.smooth * scales_.smooth +
                              scales_.backbone * scales_.backbone * static_cast<double>(block.backbones.cols());
    if (dual_.size() > 0) {
      const Eigen::MatrixXd with_known = covariance(likeness(known_, block), scales_);
      mean += (with_known.transpose() * dual_).array();
      variance -= covariance_.matrixL().solve(with_known).colwise().squaredNorm().transpose().array();
    }
    for (Eigen::Index i = 0; i < count; ++i) predictions.push_back({mean(i), std::sqrt(std::max(0.0, variance(i)))});
  }
  return predictions;
}

}  // namespace harmonic
