#pragma once

namespace harmonic {

/// From here on SIGINT, SIGTERM, SIGUSR1 (Slurm's warning before the time limit) and SIGUSR2 (which a launcher passes
/// on for SIGINT) end nothing: they set a flag. Workers take them too, so that they stay until the master sends them
/// home.
void catch_stop_signals();
/// True once one of them came.
[[nodiscard]] bool stop_signal_seen();
/// True once a person asked for it (SIGINT, SIGUSR2): nothing is to be waited for then. Another signal that comes twice
/// is no urgent wish: launchers pass on what all processes got anyway.
[[nodiscard]] bool stop_is_urgent();

}  // namespace harmonic
