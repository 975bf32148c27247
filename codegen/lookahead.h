// Asking ahead: before a row of a batch is added to its entry, the entry of a row further on is asked for, so that the
// loop does not wait for memory. Only for tables that are found, once per batch, to lie beyond the nearest caches.
#pragma once

#include "codegen/row_walk.h"

namespace flow::codegen {

/// Of a chain whose ports' rows go to keyed state first.
class Lookahead {
public:
  /// Before the loop. Does nothing, and emit() neither, if entries of this state are not found by one number.
  explicit Lookahead(RowWalk& walk);
  /// At the beginning of row `position` of `rows`.
  void emit(llvm::Value* batch, llvm::Value* position, llvm::Value* rows);

private:
  RowWalk& walk_;
  llvm::Value* table_ = nullptr; // null at run time: not worth it
};

} // namespace flow::codegen
