#pragma once

#include <Eigen/Dense>
#include <vector>

namespace harmonic {

/// What is known of a multimodal model before its fusion is searched for.
struct ModelFeatures {
  std::vector<double> errors;  ///< [modality] logarithm of each backbone's own validation error, percent
  std::vector<double> others;  ///< logarithms of widths, costs, cells, nodes; as many of every model
  std::vector<int> backbones;  ///< [modality] a number each: where it is the same, the backbone is
};

/// Predicts the logarithm of a multimodal model's validation error, percent, from the models that are known: a Gaussian
/// process with noise. A priori it is the mean of the backbones' logarithms, so their errors' geometric mean. Added to
/// that are
///   a constant: how much better fusion was on average,
///   a weight a feature, which is an elasticity: Bayesian ridge regression on logarithms,
///   a smooth function of all features: squared exponential,
///   a constant a backbone: what earlier models with the same backbone gave.
/// How large each of these and the noise are, and how smooth the function is, are those of the largest posterior
/// density: marginal likelihood times a prior, so that few answers, or none, do no harm.
/// A function of its arguments alone. Source: Gaussian Processes for Machine Learning, MIT Press, 2006.
class ErrorModel {
 public:
  /// O(N^3) for N models, 0 or more.
  /// @param log_errors [N] what the fusion of each gave, finite
  ErrorModel(const std::vector<ModelFeatures>& known, const std::vector<double>& log_errors);

  /// Of the logarithm of the error that a model has on average over seeds: without noise.
  struct Prediction {
    double mean = 0;
    double deviation = 0;  ///< standard deviation, 0 or more
  };
  /// O(N^2) a model.
  [[nodiscard]] std::vector<Prediction> predict(const std::vector<ModelFeatures>& models) const;

  /// Estimated standard deviation of a single answer around that average, of the logarithm.
  [[nodiscard]] double noise() const { return scales_.noise; }

 private:
  /// Models as matrices, a row each.
  struct Rows {
    Eigen::MatrixXd features;
    Eigen::MatrixXi backbones;
    Eigen::VectorXd prior_mean;
  };
  /// What covariances of one set of models with another are made of.
  struct Likeness {
    Eigen::MatrixXd products, distances;  ///< of the features; distances squared
    Eigen::MatrixXd shared;               ///< number of backbones in common
  };
  /// Standard deviations of the logarithm of the error; before any answer, as below.
  struct Scales {
    double weight = 0.1;  ///< of an elasticity
    double smooth = 0.05;
    double backbone = 0.03;
    double noise = 0.1;
    double reach = 0.5;  ///< no deviation: how far apart features may be where the smooth function is still alike
  };

  static Rows rows_of(const std::vector<ModelFeatures>& models);
  static Likeness likeness(const Rows& a, const Rows& b);
  static Eigen::MatrixXd covariance(const Likeness& of, const Scales& scales);
  static Eigen::LLT<Eigen::MatrixXd> factored(const Likeness& of, const Scales& scales);
  void fit_scales(const Likeness& of, const Eigen::VectorXd& residuals);

  Rows known_;
  Eigen::RowVectorXd pivot_;  ///< of the weights: the features' means
  double constant_ = 0;
  Scales scales_;
  Eigen::LLT<Eigen::MatrixXd> covariance_;
  Eigen::VectorXd dual_;  ///< covariance^-1 residuals
};

}  // namespace harmonic
