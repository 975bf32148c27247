// Stable hashes: of layouts, and of what a checkpoint depends on.
#pragma once

#include <cstdint>
#include <string_view>

#include "compiler/plan/plan.h"

namespace flow::plan {

/// FNV-1a, 64 bits. Every text is followed by its length, so that neighbours cannot run into each other.
class Fingerprint {
public:
  Fingerprint& add(std::string_view text);
  Fingerprint& add(uint64_t value);
  /// Kind, nullability, and of an enum its values in order: their numbers are what is stored.
  Fingerprint& add(sema::Type type);
  uint64_t value() const { return hash_; }

private:
  uint64_t hash_ = 0xcbf29ce484222325u;
};

/// Of the states with their keys, windows and entries, and of the sources: what must be equal for a checkpoint to fit.
/// The order of declarations, lines, sinks and everything that keeps nothing may change.
uint64_t checkpoint_fingerprint(const PhysicalPlan& plan);

} // namespace flow::plan
