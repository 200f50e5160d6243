// Loads a model that `harmonic export --format libtorch` wrote, runs it, and says the class of every sample. The inputs
// are files of raw numbers, sample after sample, one a modality in the model's order: float32, or bytes where the model
// was exported --with-preprocessing from pictures.
//   run_model MODEL.pt INPUT…
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include <torch/types.h>

#include "worker/export/graph_runner.hpp"
#include "worker/export/graph_tensors.hpp"
#include "worker/export/torch_archive.hpp"

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

int main(int argc, char** argv) try {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty()) throw std::runtime_error("say which model, and a file of numbers for each of its inputs");
  const harmonic::GraphRunner model(harmonic::from_torch_archive(bytes_of(words[0]), words[0]));
  if (words.size() != model.inputs().size() + 1) throw std::runtime_error("give one file for each input of the model");

  std::vector<torch::Tensor> inputs;
  for (const auto& input : model.inputs()) {
    std::string bytes = bytes_of(words[inputs.size() + 1]);
    std::vector<std::int64_t> shape = {-1};  // as many samples as there are
    shape.insert(shape.end(), input.sample_shape.begin(), input.sample_shape.end());
    const auto count = static_cast<std::int64_t>(bytes.size() / harmonic::bytes_of(input.type));
    inputs.push_back(torch::from_blob(bytes.data(), {count}, harmonic::scalar_type(input.type)).view(shape).clone());
  }
  const auto [logits, classes] = model.run(inputs).front().max(1);
  for (std::int64_t i = 0; i < classes.size(0); ++i)
    std::cout << "sample " << i << ": class " << classes[i].item<std::int64_t>() << ", logit "
              << logits[i].item<float>() << '\n';
  return 0;
} catch (const std::exception& e) {
  std::cerr << "run_model: " << e.what() << '\n';
  return 1;
}
