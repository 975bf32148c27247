// What both kinds of joins share: the rows that an entry keeps of each side, and the row that comes of two of them.
#pragma once

#include "codegen/row_walk.h"

namespace flow::codegen {

enum JoinSide : uint32_t { left = 0, right = 1 };

const plan::Layout& kept_layout(RowWalk& walk, uint32_t state, uint32_t side);
/// The list of a side in an entry.
llvm::Value* list_at(RowWalk& walk, uint32_t state, uint32_t side, llvm::Value* entry);
/// Puts a row at the end of the list of its side. `row`: the columns that are kept.
void keep_row(RowWalk& walk, uint32_t state, uint32_t side, const EntryPlace& place, const Row& row);

/// Null if no part of the key can be.
llvm::Value* any_null(FunctionEmitter& f, const std::vector<Value>& key);
/// Does a row of this side come out alone if it has no partner?
bool keeps_alone(sema::JoinKind kind, uint32_t side);

/// Whether the condition holds for two rows as they are kept; null if there is none.
llvm::Value* holds(FunctionEmitter& f, const plan::Join& join, const Row& left_row, const Row& right_row);
/// The result of two rows, or of one alone (the other is null), to the consumers. `bounds`: the event time of the
/// result, and the columns window_start and window_end where the join has a window.
void put_joined(RowWalk& walk, const plan::Join& join, const Row* left_row, const Row* right_row, const Row& bounds);

} // namespace flow::codegen
