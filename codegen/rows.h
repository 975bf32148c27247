// Rows and entries in memory: reading columns out of them and writing columns into them, as the layout says.
#pragma once

#include <functional>

#include "codegen/function_emitter.h"

namespace flow::codegen {

/// Reads one field. Strings are views into `heap` or the row itself.
Value load_field(FunctionEmitter& f, const plan::Field& field, llvm::Value* row, llvm::Value* heap);
/// All fields of a batch's row; "@time", if the layout has it, becomes the row's time.
Row load_row(FunctionEmitter& f, const plan::Layout& layout, llvm::Value* row, llvm::Value* heap);

/// The value, a text of it copied to scratch memory: good until the next row, whatever happens to where it came from.
Value copied_text(FunctionEmitter& f, Value value);

/// Writes a string into its 16 bytes.
using StoreText = std::function<void(llvm::Value* slot, const Value& text)>;
/// Writes one field into a row or entry whose bytes are zero (a null leaves them so and sets its bit).
void store_field(FunctionEmitter& f, const plan::Field& field, llvm::Value* row, const Value& value,
                 const StoreText& store_text);
/// As store_field, over a field that may hold an older value.
void replace_field(FunctionEmitter& f, const plan::Field& field, llvm::Value* row, const Value& value,
                   const StoreText& store_text);
/// Address of the field's value.
llvm::Value* field_at(FunctionEmitter& f, const plan::Field& field, llvm::Value* row);

/// Heap bytes that the strings of these values need in a batch.
llvm::Value* heap_bytes_of(FunctionEmitter& f, const std::vector<Value>& values);

bool has_time(const plan::Layout& layout);

} // namespace flow::codegen
