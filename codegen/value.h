// Values in registers while code is emitted.
//
// A scalar is one LLVM value: bool i1, integers and enum and date in their width, timestamp and duration i64, floats as
// they are. A string or bytes is a pointer and a length. A nullable value has its null flag (i1) besides; the value of
// a null is zero.
#pragma once

#include <vector>

#include "compiler/sema/types.h"
#include "llvm/IR/Value.h"

namespace flow::codegen {

struct Value {
  sema::Type type;
  llvm::Value* value = nullptr;
  llvm::Value* length = nullptr;  // of strings and bytes
  llvm::Value* is_null = nullptr; // of nullable types
};

/// The row that flows: its columns, and its event time if it has one.
struct Row {
  std::vector<Value> columns;
  llvm::Value* time = nullptr;
  llvm::Value* change = nullptr; // of a table: i8, a FLOW_CHANGE_…
};

} // namespace flow::codegen
