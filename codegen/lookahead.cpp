#include "codegen/lookahead.h"

#include "codegen/keys.h"
#include "codegen/rows.h"

namespace flow::codegen {

namespace {

/// Rows ahead: longer than memory takes to answer, and few enough for what a core has on its way at a time. 8 to 32
/// make no difference that can be seen.
constexpr int64_t distance = 16;

/// Only such entries may lie in their slots, where the hash alone says what to ask for.
bool is_one_number(const plan::KeySpec& key) {
  return !key.is_bytes && key.size == 8 && key.columns.size() == 1 && !key.columns[0].type.nullable;
}

} // namespace

Lookahead::Lookahead(RowWalk& walk) : walk_(walk) {
  uint32_t state = walk.chain.state;
  bool has_several = walk.chain.inputs.size() > 1; // what they keep is too large to lie in its slots
  if (state == plan::none || has_several || walk.state(state).keyed || !is_one_number(walk.state(state).key)) return;
  table_ = walk.f.call("flow_large_pane", {walk.f.task, walk.position_of(state)}, "large.pane");
}

void Lookahead::emit(llvm::Value* batch, llvm::Value* position, llvm::Value* rows) {
  if (table_ == nullptr) return;
  FunctionEmitter& f = walk_.f;
  auto& b = f.builder;
  llvm::BasicBlock *ask = f.block("ask.ahead"), *done = f.block("asked.ahead");
  b.CreateCondBr(b.CreateIsNull(table_, "is.near"), done, ask);
  f.begin(ask);
  llvm::Value* later = b.CreateAdd(position, f.i64(distance), "later");
  llvm::Value* last = b.CreateSub(rows, f.i64(1), "last");
  later = b.CreateSelect(b.CreateICmpSLT(later, last), later, last, "ahead");
  const plan::Layout& layout = walk_.layout(walk_.chain.inputs[0].layout);
  // A key of one number needs nothing of the batch's heap.
  llvm::Value* row_at = f.call("flow_batch_row", {batch, later, f.i32(layout.stride)}, "ahead.at");
  llvm::Value* heap = llvm::ConstantPointerNull::get(b.getPtrTy());
  const plan::Layout& entry = walk_.entry_layout(walk_.chain.state);
  Key key = make_key(f, walk_.state(walk_.chain.state).key, entry, load_row(f, layout, row_at, heap).columns);
  f.call("flow_table_ahead", {table_, key.hash, f.i32(entry.stride)});
  f.go_to(done);
  f.begin(done);
}

} // namespace flow::codegen
