// Keys of stateful operators: their canonical bytes and their hash, made in one place, so that the edge that
// partitions, the table that looks up and the function for foreign hosts can never differ (plan::KeySpec says what the
// bytes are).
#pragma once

#include <span>

#include "codegen/function_emitter.h"

namespace flow::codegen {

struct Key {
  llvm::Value* hash = nullptr;
  llvm::Value* bytes = nullptr;  // of KeySpec::size, or of `length` when the key is bytes
  llvm::Value* length = nullptr; // of a bytes key
};

/// `entry` is the layout of the state's entries: it says where the fields of a fixed key lie. `columns` are those of
/// the port's layout. The bytes live until the next row.
Key make_key(FunctionEmitter& f, const plan::KeySpec& spec, const plan::Layout& entry, std::span<const Value> columns);

/// The key's columns out of an entry.
std::vector<Value> load_key(FunctionEmitter& f, const plan::KeySpec& spec, const plan::Layout& entry,
                            llvm::Value* entry_at, llvm::Value* heap);

} // namespace flow::codegen
