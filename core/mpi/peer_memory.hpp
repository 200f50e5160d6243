#pragma once

namespace harmonic {

/// Ranks of one machine hand each other large messages by reading one another's memory (Linux's process_vm_readv),
/// where the kernel allows it: in many containers it does not, and Open MPI 4.1 then complains of every single message
/// before it takes another way. This tries it, on a child, and where it is refused tells Open MPI to leave it
/// (OMPI_MCA_btl_vader_single_copy_mechanism=none), unless the user has chosen a way. To be called before MPI starts
/// and before threads are begun. Takes about a millisecond.
void avoid_forbidden_peer_memory();

}  // namespace harmonic
