#include "codegen/row_walk.h"

#include <algorithm>

#include "lang/base/overloaded.h"
#include "llvm/IR/CFG.h"

namespace flow::codegen {

void RowWalk::consumers(uint32_t op, const Row& row) {
  for (uint32_t i = 0; i < chain.ops.size(); i++) {
    if (chain.ops[i].input == op) emit(i, row);
  }
}

void RowWalk::emit(uint32_t index, const Row& row) {
  const plan::PlanOp& op = chain.ops[index];
  guarded(op, [&] {
    f.at(op.range);
    std::visit(lang::Overloaded{
                   [](const plan::Origin&) { llvm_unreachable("an origin has no input"); },
                   [&](const plan::Filter& filter) { emit_filter(*this, index, filter, row); },
                   [&](const plan::Project& project) { emit_project(*this, index, project, row); },
                   [&](const plan::Unnest& unnest) { emit_unnest(*this, index, unnest, row); },
                   [&](const plan::Changes& changes) { emit_changes(*this, index, changes, row); },
                   [&](const plan::Aggregate& aggregate) { emit_aggregate(*this, index, aggregate, row); },
                   [&](const plan::Top& top) { emit_top(*this, index, top, row); },
                   [&](const plan::Join& join) { emit_join(*this, index, join, row); },
                   [&](const plan::Handle& handle) { emit_handle(*this, handle, row); },
                   [&](const plan::Emit& out) { emit_emit(*this, out, row); },
                   [&](const plan::SinkWrite& sink) { emit_sink(*this, sink, row); },
               },
               op.op);
  });
}

void RowWalk::guarded(const plan::PlanOp& op, const std::function<void()>& body) {
  llvm::BasicBlock* outer = f.failed;
  sema::OnError outer_policy = f.on_error;
  llvm::BasicBlock *failed = f.block(op.name + ".failed"), *done = f.block(op.name + ".done");
  f.failed = failed;
  f.on_error = op.on_error;
  body();
  f.go_to(done);
  f.failed = outer;
  f.on_error = outer_policy;
  if (llvm::pred_empty(failed)) {
    failed->eraseFromParent();
  } else {
    f.begin(failed);
    f.builder.CreateCondBr(f.asks("flow_rt_row_failed", {f.task}, "must.stop"), stop_block(), done);
  }
  f.begin(done);
}

llvm::Value* RowWalk::position_of(uint32_t state) const {
  std::vector<uint32_t> states = chain.states();
  return f.i32(static_cast<uint32_t>(std::find(states.begin(), states.end(), state) - states.begin()));
}

uint32_t RowWalk::origin(plan::OriginKind kind, uint32_t state, uint32_t number) const {
  for (uint32_t i = 0; i < chain.ops.size(); i++) {
    const auto* found = std::get_if<plan::Origin>(&chain.ops[i].op);
    if (found != nullptr && found->kind == kind && found->state == state && found->number == number) return i;
  }
  return plan::none;
}

llvm::BasicBlock* RowWalk::stop_block() {
  if (stop_ == nullptr) {
    stop_ = f.block("stop");
    f.leave(stop_, f.i64(-1));
  }
  return stop_;
}

} // namespace flow::codegen
