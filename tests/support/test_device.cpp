#include "tests/support/test_device.hpp"

#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>

#include <torch/cuda.h>

#include "tests/support/stand_in_accelerator.hpp"

namespace harmonic::testing {

torch::Device test_device() {
  static const torch::Device device = []() -> torch::Device {
    const char* said = std::getenv("HARMONIC_TEST_DEVICE");
    const std::string word = said == nullptr ? "cpu" : said;
    if (word == "cpu") return torch::kCPU;
    if (word == "stand-in") return stand_in_accelerator();
    if (word != "cuda") throw std::runtime_error("HARMONIC_TEST_DEVICE is " + word + ": cpu, stand-in or cuda");
    if (torch::cuda::is_available()) return torch::kCUDA;
    std::cout << "SKIPPED: no GPU here" << std::endl;
    std::exit(0);
  }();
  return device;
}

}  // namespace harmonic::testing
