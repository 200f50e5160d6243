#pragma once

namespace harmonic {

/// From here on SIGINT, SIGTERM and SIGUSR1 (Slurm's warning before the time limit) end nothing: they set a flag.
/// Workers take them too, so that they stay until the master sends them home.
void catch_stop_signals();
/// True once one of them came.
[[nodiscard]] bool stop_signal_seen();

}  // namespace harmonic
