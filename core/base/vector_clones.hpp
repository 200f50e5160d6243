#pragma once

/// HARMONIC_CLONES("arch", …, "default") before a function: it is compiled once for each of these x86 targets, and the
/// right one is chosen when the program starts. What such a function calls must be HARMONIC_INLINE, or it would be
/// compiled for the default alone. Nothing elsewhere, and nothing under the address sanitizer, which cannot choose.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define HARMONIC_CLONES(...) __attribute__((target_clones(__VA_ARGS__)))
#else
#define HARMONIC_CLONES(...)
#endif
/// For plain loops over contiguous floats, which the compiler turns into vector code.
#define HARMONIC_VECTOR_CLONES HARMONIC_CLONES("arch=x86-64-v4", "arch=x86-64-v3", "default")

#define HARMONIC_INLINE inline __attribute__((always_inline))

/// HARMONIC_WIDE before a function of its own for vectors of 16 floats, to be called only where has_wide_vectors().
/// What it calls must be HARMONIC_INLINE.
#if defined(__x86_64__) && defined(__GNUC__)
#define HARMONIC_WIDE __attribute__((target("arch=x86-64-v4")))
#else
#define HARMONIC_WIDE
#endif

namespace harmonic {

/// Whether the processor has vectors of 16 floats, 32 registers of them.
[[nodiscard]] inline bool has_wide_vectors() {
#if defined(__x86_64__) && defined(__GNUC__)
  static const bool has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                          __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                          __builtin_cpu_supports("avx512cd");
  return has;
#else
  return false;
#endif
}

}  // namespace harmonic
