// Rank 1 kills itself in the middle of a training; the others end with an error that names it.
#include <csignal>
#include <iostream>

#include <torch/types.h>

#include "core/base/error.hpp"
#include "core/mpi/session.hpp"
#include "worker/train/supernet_training.hpp"

int main(int argc, char** argv) {
  using namespace harmonic;
  MpiSession session(argc, argv);
  at::set_num_threads(1);
  const auto peers = std::make_shared<Peers>(6.0);
  const auto group = world_collectives(torch::kCPU, peers);
  const TrainingData data{torch::rand({24, 1, 20, 20}), torch::arange(24).remainder(4), torch::rand({8, 1, 20, 20}),
                          torch::arange(8).remainder(4), LabelKind::classification};
  SupernetTrainingSettings settings;
  settings.epochs = 2;
  settings.batch = 8;
  TrainingControl control;
  int steps = 0;
  control.inspect = [&](const torch::Tensor&) {
    if (++steps == 2 && peers->rank() == Rank{1}) std::raise(SIGKILL);
  };
  try {
    static_cast<void>(train_supernet(Supernet(find_space("avmnist-audio"), 4, Seed{1}), data, settings, *group,
                                     torch::kCPU, control));
  } catch (const RunError& e) {
    const bool named = std::string_view(e.what()).find(peers->name(Rank{1}) + " lost or stuck") != std::string::npos;
    std::cout << "rank " << peers->rank().value << (named ? " names the lost one" : e.what()) << std::endl;
    if (peers->broken()) session.abandon();
    session.leave(ExitCode::failed);
  }
  session.leave(ExitCode::done);
}
