// where, select and its kin, unnest: a row in, rows out, nothing kept.
#include "codegen/row_walk.h"

namespace flow::codegen {

void emit_filter(RowWalk& walk, uint32_t op, const plan::Filter& filter, const Row& row) {
  FunctionEmitter& f = walk.f;
  Value keep = ExprEmitter(f, row.columns).emit(*filter.condition);
  llvm::Value* condition = keep.value;
  if (keep.is_null != nullptr) condition = f.builder.CreateAnd(condition, f.builder.CreateNot(keep.is_null));
  const std::string& name = walk.chain.ops[op].name;
  llvm::BasicBlock *kept = f.block(name + ".keep"), *dropped = f.block(name + ".drop");
  f.builder.CreateCondBr(condition, kept, dropped);
  f.begin(kept);
  walk.consumers(op, row);
  f.go_to(dropped);
  f.begin(dropped);
}

void emit_project(RowWalk& walk, uint32_t op, const plan::Project& project, const Row& row) {
  Row result{.time = row.time, .change = row.change};
  ExprEmitter expressions(walk.f, row.columns);
  for (const sema::Expr* value : project.values) {
    walk.f.at(value->range);
    result.columns.push_back(expressions.emit(*value));
  }
  walk.consumers(op, result);
}

/// A loop over the parts of the text.
void emit_unnest(RowWalk& walk, uint32_t op, const plan::Unnest& unnest, const Row& row) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  ExprEmitter expressions(f, row.columns);
  Value text = expressions.emit(*unnest.text), pattern = expressions.emit(*unnest.pattern);
  llvm::Value* parts =
      f.call("flow_rt_split_begin", {f.task, text.value, text.length, pattern.value, pattern.length}, "parts");
  f.fail_if_called_failed(unnest.pattern->range);
  llvm::Value* part = f.slot(llvm::StructType::get(b.getPtrTy(), b.getInt64Ty()), "part");
  const std::string& name = walk.chain.ops[op].name;
  llvm::BasicBlock *next = f.block(name + ".next"), *body = f.block(name + ".part"), *end = f.block(name + ".end");
  f.go_to(next);
  f.begin(next);
  b.CreateCondBr(f.asks("flow_rt_split_next", {parts, part}, "has.part"), body, end);
  f.begin(body);
  Value word{.type = sema::scalar(sema::Kind::STRING),
             .value = b.CreateLoad(b.getPtrTy(), part, "part.text"),
             .length = b.CreateLoad(b.getInt64Ty(), f.at_offset(part, 8, "length.at"), "part.length")};
  Row result = row;
  if (unnest.column < result.columns.size())
    result.columns[unnest.column] = word;
  else
    result.columns.push_back(word);
  walk.consumers(op, result);
  f.go_to(next);
  f.begin(end);
}

} // namespace flow::codegen
