// What the stateful operators share: where a row lies in time, whether it is late, the entry of its key.
#include <limits>

#include "codegen/keys.h"
#include "codegen/row_walk.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/MDBuilder.h"

namespace flow::codegen {

namespace {

/// The greatest k * step + offset that is at most `time`, saturating at the ends of time.
llvm::Value* floor_to(FunctionEmitter& f, llvm::Value* time, int64_t step, int64_t offset, const llvm::Twine& name) {
  auto& b = f.builder;
  // Remainders first, so that no difference can overflow.
  llvm::Value* rest = b.CreateSRem(time, f.i64(step));
  rest = b.CreateSub(rest, f.i64(offset % step));
  rest = b.CreateSelect(b.CreateICmpSLT(rest, f.i64(0)), b.CreateAdd(rest, f.i64(step)), rest);
  rest = b.CreateSelect(b.CreateICmpSLT(rest, f.i64(0)), b.CreateAdd(rest, f.i64(step)), rest);
  rest = b.CreateSelect(b.CreateICmpSGE(rest, f.i64(step)), b.CreateSub(rest, f.i64(step)), rest);
  return b.CreateBinaryIntrinsic(llvm::Intrinsic::ssub_sat, time, rest, nullptr, name);
}

llvm::Value* plus(FunctionEmitter& f, llvm::Value* time, int64_t span, const llvm::Twine& name) {
  return f.builder.CreateBinaryIntrinsic(llvm::Intrinsic::sadd_sat, time, f.i64(span), nullptr, name);
}

/// The start of the window that the row came out of.
llvm::Value* window_start_of(RowWalk& walk, const Row& row) {
  const plan::Layout& port = walk.layout(walk.chain.port_layout);
  for (size_t i = 0; i < row.columns.size(); i++) {
    if (port.fields[i].name == "window_start") return row.columns[i].value;
  }
  // The column was not needed: the row's time is the window's last instant.
  return walk.f.builder.CreateSub(plus(walk.f, row.time, 1, "window.end"), walk.f.i64(walk.state().window.size_us));
}

/// Rows that follow one another mostly lie in one pane: the last one's place is kept, so that most rows only compare.
/// `offset` is the start of a pane, and of the last window that holds it.
Placement place_near_last(RowWalk& walk, llvm::Value* time, const std::function<Placement()>& place) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  const plan::State& state = walk.state();
  llvm::Value* start_at = f.slot_with(f.i64(state.window.offset_us), "last.pane.start");
  llvm::Value* end_at = f.slot_with(f.i64(state.window.offset_us + state.window.size_us), "last.pane.end");
  llvm::Value* start = b.CreateLoad(b.getInt64Ty(), start_at, "last.start");
  llvm::Value* end = b.CreateLoad(b.getInt64Ty(), end_at, "last.end");
  llvm::BasicBlock *other = f.block("other.pane"), *keep = f.block("keep.pane"), *placed = f.block("placed");
  llvm::BasicBlock* before = b.GetInsertBlock();
  llvm::Value* is_near = b.CreateICmpULT(b.CreateSub(time, start), f.i64(state.pane_us), "is.near");
  llvm::Value* is_behind = b.CreateICmpSGE(time, start, "is.behind"); // the difference may have wrapped
  b.CreateCondBr(b.CreateAnd(is_near, is_behind, "is.same.pane"), placed, other,
                 llvm::MDBuilder(f.module.context()).createLikelyBranchWeights());
  f.begin(other);
  Placement made = place();
  llvm::BasicBlock* made_in = b.GetInsertBlock();
  // At the beginning of time a start is cut: it is no pane's start then and may not be kept.
  b.CreateCondBr(b.CreateICmpEQ(made.pane_start, f.i64(std::numeric_limits<int64_t>::min())), placed, keep);
  f.begin(keep);
  b.CreateStore(made.pane_start, start_at);
  b.CreateStore(made.last_end, end_at);
  f.go_to(placed);
  f.begin(placed);
  auto merge = [&](llvm::Value* last, llvm::Value* now, const char* name) {
    llvm::PHINode* phi = b.CreatePHI(b.getInt64Ty(), 3, name);
    phi->addIncoming(last, before);
    phi->addIncoming(now, made_in);
    phi->addIncoming(now, keep);
    return phi;
  };
  return {merge(start, made.pane_start, "pane.start"), merge(end, made.last_end, "last.window.end")};
}

} // namespace

Placement place_row(RowWalk& walk, const Row& row) {
  FunctionEmitter& f = walk.f;
  const plan::State& state = walk.state();
  const sema::Window& window = state.window;
  switch (window.kind) {
  case sema::WindowKind::global: return {f.i64(std::numeric_limits<int64_t>::min()), nullptr};
  case sema::WindowKind::same: {
    llvm::Value* start = window_start_of(walk, row);
    return {start, plus(f, start, window.size_us, "window.end")};
  }
  case sema::WindowKind::tumbling:
    return place_near_last(walk, row.time, [&]() -> Placement {
      llvm::Value* start = floor_to(f, row.time, window.size_us, window.offset_us, "window.start");
      return {start, plus(f, start, window.size_us, "window.end")};
    });
  case sema::WindowKind::hopping: break;
  }
  return place_near_last(walk, row.time, [&]() -> Placement {
    llvm::Value* last_start = floor_to(f, row.time, window.slide_us, window.offset_us, "last.window.start");
    return {floor_to(f, row.time, state.pane_us, window.offset_us, "pane.start"),
            plus(f, last_start, window.size_us, "last.window.end")};
  });
}

void emit_late_test(RowWalk& walk, const Placement& placement, const Row& row, llvm::BasicBlock* done) {
  if (placement.last_end == nullptr) return;
  FunctionEmitter& f = walk.f;
  llvm::Value* watermark = f.call("flow_watermark", {f.task}, "watermark");
  llvm::Value* last_instant = f.builder.CreateSub(placement.last_end, f.i64(1), "last.instant");
  llvm::BasicBlock* late = f.block("late");
  f.branch_unlikely(f.builder.CreateICmpSLE(last_instant, watermark, "is.late"), late, "in.time");
  llvm::BasicBlock* in_time = f.builder.GetInsertBlock();
  f.begin(late);
  f.call("flow_rt_count_late", {f.task, f.i32(0)});
  uint32_t origin = walk.origin(plan::OriginKind::late);
  if (origin != plan::none) walk.consumers(origin, row);
  f.go_to(done);
  f.begin(in_time);
}

llvm::Value* upsert_entry(RowWalk& walk, llvm::Value* table, const Row& row) {
  FunctionEmitter& f = walk.f;
  const plan::KeySpec& spec = walk.state().key;
  llvm::Value* stride = f.i32(walk.entry_layout().stride);
  if (spec.size == 0) return f.call("flow_table_single", {table, stride}, "entry");
  Key key = make_key(f, spec, walk.entry_layout(), row.columns);
  if (spec.is_bytes)
    return f.call("flow_table_upsert_bytes", {table, key.hash, key.bytes, key.length, stride}, "entry");
  return f.call("flow_table_upsert", {table, key.hash, key.bytes, f.i32(spec.size), stride}, "entry");
}

llvm::Value* upsert_same_key(RowWalk& walk, llvm::Value* from, llvm::Value* entry, llvm::Value* hash,
                             llvm::Value* into) {
  FunctionEmitter& f = walk.f;
  const plan::KeySpec& spec = walk.state().key;
  llvm::Value* stride = f.i32(walk.entry_layout().stride);
  if (spec.size == 0) return f.call("flow_table_single", {into, stride}, "target");
  if (!spec.is_bytes) return f.call("flow_table_upsert", {into, hash, entry, f.i32(spec.size), stride}, "target");
  llvm::Value* view = f.call("flow_view", {entry, f.call("flow_table_heap", {from})}, "key");
  return f.call("flow_table_upsert_bytes",
                {into, hash, f.builder.CreateExtractValue(view, 0), f.builder.CreateExtractValue(view, 1), stride},
                "target");
}

} // namespace flow::codegen
