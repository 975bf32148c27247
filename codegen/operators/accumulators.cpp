#include "codegen/operators/accumulators.h"

#include "runtime/vocabulary/vocabulary.h"
#include "llvm/IR/Intrinsics.h"

namespace flow::codegen {

using sema::AggregateKind;
using sema::Kind;

namespace {

bool is_float_sum(const plan::Accumulator& acc, const plan::Layout& entry) {
  return acc.kind == AggregateKind::avg || (acc.kind == AggregateKind::sum && entry.fields[acc.value].type.is_float());
}

Value evaluate_if(FunctionEmitter& f, ExprEmitter& expressions, llvm::Value* condition, const sema::Expr& expr,
                  llvm::Value*& takes_part) {
  auto& b = f.builder;
  llvm::BasicBlock *before = b.GetInsertBlock(), *then = f.block("argument"), *done = f.block("argument.done");
  Value zero = f.zero(expr.type);
  bool is_conditional = condition != nullptr;
  if (is_conditional)
    b.CreateCondBr(condition, then, done);
  else
    f.go_to(then);
  f.begin(then);
  Value value = expressions.emit(expr);
  llvm::BasicBlock* from = b.GetInsertBlock();
  f.go_to(done);
  f.begin(done);
  auto merge = [&](llvm::Value* when_not, llvm::Value* otherwise) -> llvm::Value* {
    if (!is_conditional || otherwise == nullptr) return otherwise;
    llvm::PHINode* phi = b.CreatePHI(otherwise->getType(), 2);
    phi->addIncoming(when_not, before);
    phi->addIncoming(otherwise, from);
    return phi;
  };
  Value merged{.type = expr.type, .value = merge(zero.value, value.value), .length = merge(zero.length, value.length)};
  merged.is_null = merge(f.i1(true), value.is_null);
  takes_part = is_conditional ? condition : f.i1(true);
  return merged;
}

llvm::Value* as_sum_argument(FunctionEmitter& f, const Value& argument, sema::Type sum) {
  auto& b = f.builder;
  if (sum.is_float()) {
    if (argument.type.is_float()) return b.CreateFPCast(argument.value, b.getDoubleTy());
    bool s = !(argument.type.is_integer() && !argument.type.is_signed());
    return s ? b.CreateSIToFP(argument.value, b.getDoubleTy()) : b.CreateUIToFP(argument.value, b.getDoubleTy());
  }
  bool s = !(argument.type.is_integer() && !argument.type.is_signed());
  return s ? b.CreateSExt(argument.value, f.type_of(sum.kind)) : b.CreateZExt(argument.value, f.type_of(sum.kind));
}

/// a < b (or a > b) in the order that min and max use: NaN is beyond every number.
llvm::Value* precedes(FunctionEmitter& f, const Value& a, const Value& b_value, bool is_max) {
  auto& b = f.builder;
  if (a.type.is_text()) {
    llvm::Value* order = f.call("flow_compare", {a.value, a.length, b_value.value, b_value.length}, "order");
    return is_max ? b.CreateICmpSGT(order, f.i32(0)) : b.CreateICmpSLT(order, f.i32(0));
  }
  if (a.type.is_float()) {
    llvm::Value* ordered = is_max ? b.CreateFCmpOGT(a.value, b_value.value) : b.CreateFCmpOLT(a.value, b_value.value);
    llvm::Value* old_is_nan = b.CreateFCmpUNO(b_value.value, b_value.value);
    llvm::Value* new_is_number = b.CreateFCmpORD(a.value, a.value);
    return b.CreateOr(ordered, b.CreateAnd(old_is_nan, new_is_number));
  }
  bool is_plain = a.type.kind == Kind::BOOL || (a.type.is_integer() && !a.type.is_signed());
  if (is_plain) return is_max ? b.CreateICmpUGT(a.value, b_value.value) : b.CreateICmpULT(a.value, b_value.value);
  return is_max ? b.CreateICmpSGT(a.value, b_value.value) : b.CreateICmpSLT(a.value, b_value.value);
}

/// Does the candidate take the place of what is kept? `order` is its `by` value (min_by, max_by), `time` its event
/// time.
llvm::Value* replaces(FunctionEmitter& f, EntryCode& entry, const plan::Accumulator& acc, const Value& value,
                      const Value& order, llvm::Value* time) {
  auto& b = f.builder;
  llvm::Value* is_first = b.CreateNot(entry.load(acc.is_set).value, "nothing.yet");
  llvm::Value* wins = nullptr;
  switch (acc.kind) {
  case AggregateKind::min: wins = precedes(f, value, entry.load(acc.value), false); break;
  case AggregateKind::max: wins = precedes(f, value, entry.load(acc.value), true); break;
  // Without event time the order of arrival decides.
  case AggregateKind::first:
    wins = acc.order == plan::none ? f.i1(false) : b.CreateICmpSLT(time, entry.load(acc.order).value);
    break;
  case AggregateKind::last:
    wins = acc.order == plan::none ? f.i1(true) : b.CreateICmpSGE(time, entry.load(acc.order).value);
    break;
  default: {
    Value kept = entry.load(acc.order);
    bool is_max = acc.kind == AggregateKind::max_by;
    wins = precedes(f, order, kept, is_max);
    llvm::Value* is_tie = b.CreateNot(b.CreateOr(wins, precedes(f, kept, order, is_max)));
    llvm::Value* is_earlier = acc.order_time == plan::none ? static_cast<llvm::Value*>(f.i1(false))
                                                           : b.CreateICmpSLT(time, entry.load(acc.order_time).value);
    wins = b.CreateOr(wins, b.CreateAnd(is_tie, is_earlier));
  }
  }
  return b.CreateOr(is_first, wins, "replaces");
}

void keep(RowWalk& walk, EntryCode& entry, const plan::Accumulator& acc, const Value& value, const Value& order,
          llvm::Value* time, llvm::Value* takes_part) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  llvm::BasicBlock *test = f.block("compare"), *store = f.block("replace"), *done = f.block("kept");
  b.CreateCondBr(takes_part, test, done);
  f.begin(test);
  b.CreateCondBr(replaces(f, entry, acc, value, order, time), store, done);
  f.begin(store);
  entry.store(acc.is_set, f.i1(true));
  entry.store(acc.value, value);
  bool is_by = acc.kind == AggregateKind::min_by || acc.kind == AggregateKind::max_by;
  if (acc.order != plan::none)
    entry.store(acc.order, is_by ? order : Value{.type = entry.field(acc.order).type, .value = time});
  if (acc.order_time != plan::none) entry.store(acc.order_time, time);
  f.go_to(done);
  f.begin(done);
}

} // namespace

Contribution evaluate(RowWalk& walk, const sema::AggregateCall& call, const Row& row) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  ExprEmitter expressions(f, row.columns);
  Contribution made;
  llvm::Value* condition = nullptr;
  if (call.filter != nullptr) {
    Value keep = expressions.emit(*call.filter);
    condition = keep.is_null == nullptr ? keep.value : b.CreateAnd(keep.value, b.CreateNot(keep.is_null));
  }
  made.takes_part = condition != nullptr ? condition : f.i1(true);
  if (call.argument != nullptr) made.argument = evaluate_if(f, expressions, condition, *call.argument, made.takes_part);
  bool is_extreme = call.kind == AggregateKind::min || call.kind == AggregateKind::max;
  if (is_extreme && made.argument.type.is_float()) {
    // -0.0 becomes 0.0: they are equal, and which of them came first must not show.
    llvm::Value* zero = llvm::ConstantFP::get(made.argument.value->getType(), 0.0);
    made.argument.value = b.CreateFAdd(made.argument.value, zero, "no.minus.zero");
  }
  llvm::Value* skips = made.argument.is_null;
  if (call.by != nullptr) {
    llvm::Value* same = nullptr;
    made.by = evaluate_if(f, expressions, condition, *call.by, same);
    skips = made.by.is_null; // a null value may be the one that belongs to the least or greatest
  }
  if (skips != nullptr) made.takes_part = b.CreateAnd(made.takes_part, b.CreateNot(skips), call.name);
  return made;
}

std::vector<Contribution> evaluate(RowWalk& walk, const plan::Aggregate& aggregate, const Row& row) {
  std::vector<Contribution> contributions;
  for (const plan::Accumulator& acc : aggregate.accumulators)
    contributions.push_back(evaluate(walk, aggregate.calls[acc.call], row));
  return contributions;
}

void add_to_entry(RowWalk& walk, const plan::Aggregate& aggregate, EntryCode& entry,
                  std::vector<Contribution>& contributions, llvm::Value* time) {
  for (size_t i = 0; i < aggregate.accumulators.size(); i++) {
    const plan::Accumulator& acc = aggregate.accumulators[i];
    compute(walk, entry, acc, aggregate.calls[acc.call], contributions[i]);
  }
  for (size_t i = 0; i < aggregate.accumulators.size(); i++)
    store(walk, entry, aggregate.accumulators[i], contributions[i], time);
}

void compute(RowWalk& walk, EntryCode& entry, const plan::Accumulator& acc, const sema::AggregateCall& call,
             Contribution& c) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  if (acc.count != plan::none) {
    llvm::Value* one = b.CreateZExt(c.takes_part, b.getInt64Ty());
    c.new_count = b.CreateAdd(entry.load(acc.count).value, one, std::string(call.name) + ".count");
  }
  if (acc.kind != AggregateKind::sum || is_float_sum(acc, entry.layout())) return;
  sema::Type sum = entry.field(acc.value).type;
  llvm::Value* added = as_sum_argument(f, c.argument, sum);
  added = b.CreateSelect(c.takes_part, added, llvm::Constant::getNullValue(added->getType()));
  bool is_plain = sum.is_integer() && !sum.is_signed();
  auto* pair =
      b.CreateBinaryIntrinsic(is_plain ? llvm::Intrinsic::uadd_with_overflow : llvm::Intrinsic::sadd_with_overflow,
                              entry.load(acc.value).value, added);
  f.fail_if(b.CreateExtractValue(pair, 1), call.range, FLOW_FAIL_OVERFLOW);
  c.new_sum = b.CreateExtractValue(pair, 0, std::string(call.name) + ".sum");
}

void store(RowWalk& walk, EntryCode& entry, const plan::Accumulator& acc, const Contribution& c, llvm::Value* time) {
  FunctionEmitter& f = walk.f;
  if (c.new_count != nullptr) entry.store(acc.count, c.new_count);
  if (acc.kind == AggregateKind::count) return;
  if (c.new_sum != nullptr) return entry.store(acc.value, c.new_sum);
  if (!is_float_sum(acc, entry.layout())) return keep(walk, entry, acc, c.argument, c.by, time, c.takes_part);
  llvm::BasicBlock *add = f.block("add"), *done = f.block("added");
  f.builder.CreateCondBr(c.takes_part, add, done);
  f.begin(add);
  f.call("flow_sum_add", {entry.place(acc.value), as_sum_argument(f, c.argument, sema::scalar(Kind::F64))});
  f.go_to(done);
  f.begin(done);
}

Value result(RowWalk& walk, EntryCode& entry, const plan::Accumulator& acc, const sema::AggregateCall& call) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  auto finish = [&](Value value, llvm::Value* is_empty) {
    value.type = call.result;
    if (!call.result.nullable)
      value.is_null = nullptr;
    else if (value.is_null == nullptr)
      value.is_null = is_empty;
    else
      value.is_null = b.CreateOr(value.is_null, is_empty);
    return value;
  };
  if (acc.kind == AggregateKind::count) return {.type = call.result, .value = entry.load(acc.count).value};
  if (acc.kind == AggregateKind::avg) {
    llvm::Value* count = entry.load(acc.count).value;
    llvm::Value* sum = f.call("flow_sum_value", {entry.place(acc.value)}, "sum");
    llvm::Value* is_empty = b.CreateICmpEQ(count, f.i64(0), "is.empty");
    llvm::Value* safe = b.CreateSelect(is_empty, f.i64(1), count);
    return finish({.value = b.CreateFDiv(sum, b.CreateSIToFP(safe, b.getDoubleTy()), "avg")}, is_empty);
  }
  if (acc.high != plan::none) {
    llvm::Value *low = entry.load(acc.value).value, *high = entry.load(acc.high).value;
    bool is_signed = !call.result.is_integer() || call.result.is_signed();
    llvm::Value* fitting = is_signed ? b.CreateAShr(low, f.i64(63)) : static_cast<llvm::Value*>(f.i64(0));
    f.fail_if(b.CreateICmpNE(high, fitting, "overflows"), call.range, FLOW_FAIL_OVERFLOW);
    return {.type = call.result, .value = low};
  }
  if (acc.kind == AggregateKind::sum) {
    if (!is_float_sum(acc, entry.layout())) return {.type = call.result, .value = entry.load(acc.value).value};
    return {.type = call.result, .value = f.call("flow_sum_value", {entry.place(acc.value)}, "sum")};
  }
  return finish(entry.load(acc.value), b.CreateNot(entry.load(acc.is_set).value, "is.empty"));
}

std::vector<Value> partial_of_row(RowWalk& walk, const plan::Aggregate& aggregate,
                                  const std::vector<Contribution>& contributions, llvm::Value* time) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  const plan::Layout& entry = walk.entry_layout(aggregate.state);
  std::vector<Value> fields(entry.fields.size());
  auto set = [&](uint32_t number, llvm::Value* value) {
    if (number != plan::none) fields[number] = {.type = entry.fields[number].type, .value = value};
  };
  auto set_if = [&](uint32_t number, llvm::Value* takes_part, Value value) {
    value.type = entry.fields[number].type;
    if (value.type.nullable && value.is_null == nullptr) value.is_null = f.i1(false);
    if (!value.type.nullable) value.is_null = nullptr;
    fields[number] = f.select(takes_part, value, f.zero(value.type));
  };
  for (size_t i = 0; i < aggregate.accumulators.size(); i++) {
    const plan::Accumulator& acc = aggregate.accumulators[i];
    const Contribution& c = contributions[i];
    set(acc.count, b.CreateZExt(c.takes_part, b.getInt64Ty()));
    if (acc.kind == AggregateKind::count) continue;
    if (acc.kind == AggregateKind::sum || acc.kind == AggregateKind::avg) {
      bool is_float = is_float_sum(acc, entry);
      sema::Type sum = is_float ? sema::scalar(Kind::F64) : entry.fields[acc.value].type;
      set_if(acc.value, c.takes_part, {.value = as_sum_argument(f, c.argument, sum)});
      if (is_float) set(acc.value + 1, llvm::ConstantFP::get(b.getDoubleTy(), 0.0));
      continue;
    }
    set_if(acc.value, c.takes_part, c.argument);
    set(acc.is_set, c.takes_part);
    bool is_by = acc.kind == AggregateKind::min_by || acc.kind == AggregateKind::max_by;
    if (acc.order != plan::none) set_if(acc.order, c.takes_part, is_by ? c.by : Value{.value = time});
    if (acc.order_time != plan::none) set_if(acc.order_time, c.takes_part, Value{.value = time});
  }
  return fields;
}

void shift_running(RowWalk& walk, const plan::Aggregate& aggregate, EntryCode& pane, EntryCode& running, bool adds) {
  auto& b = walk.f.builder;
  auto shift = [&](llvm::Value* a, llvm::Value* c) { return adds ? b.CreateAdd(a, c) : b.CreateSub(a, c); };
  for (size_t i = 0; i < aggregate.running.size(); i++) {
    const plan::Accumulator &to = aggregate.running[i], &from = aggregate.accumulators[i];
    if (to.count != plan::none) {
      running.store(to.count, shift(running.load(to.count).value, pane.load(from.count).value));
      continue;
    }
    llvm::Type *wide = b.getInt128Ty(), *word = b.getInt64Ty();
    sema::Type type = pane.field(from.value).type;
    bool is_signed = !type.is_integer() || type.is_signed();
    llvm::Value* change = pane.load(from.value).value;
    change = is_signed ? b.CreateSExt(change, wide) : b.CreateZExt(change, wide);
    llvm::Value* high = b.CreateShl(b.CreateZExt(running.load(to.high).value, wide), 64);
    llvm::Value* sum = shift(b.CreateOr(high, b.CreateZExt(running.load(to.value).value, wide)), change);
    running.store(to.value, b.CreateTrunc(sum, word));
    running.store(to.high, b.CreateTrunc(b.CreateLShr(sum, 64), word));
  }
  running.store(aggregate.panes, shift(running.load(aggregate.panes).value, walk.f.i64(1)));
}

void merge(RowWalk& walk, const plan::Aggregate& aggregate, const PartialField& from, EntryCode& target,
           uint32_t failed) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  std::vector<Contribution> sums(aggregate.accumulators.size());
  for (size_t i = 0; i < aggregate.accumulators.size(); i++) {
    const plan::Accumulator& acc = aggregate.accumulators[i];
    if (acc.count != plan::none) sums[i].new_count = b.CreateAdd(target.load(acc.count).value, from(acc.count).value);
    if (acc.kind != AggregateKind::sum || is_float_sum(acc, target.layout())) continue;
    sema::Type type = target.field(acc.value).type;
    bool is_plain = type.is_integer() && !type.is_signed();
    auto* pair =
        b.CreateBinaryIntrinsic(is_plain ? llvm::Intrinsic::uadd_with_overflow : llvm::Intrinsic::sadd_with_overflow,
                                target.load(acc.value).value, from(acc.value).value);
    llvm::Value* overflows = b.CreateExtractValue(pair, 1, "overflows");
    if (failed != plan::none) target.store(failed, overflows);
    f.fail_if(overflows, aggregate.calls[acc.call].range, FLOW_FAIL_OVERFLOW);
    sums[i].new_sum = b.CreateExtractValue(pair, 0, "sum");
  }
  for (size_t i = 0; i < aggregate.accumulators.size(); i++) {
    const plan::Accumulator& acc = aggregate.accumulators[i];
    if (sums[i].new_count != nullptr) target.store(acc.count, sums[i].new_count);
    if (acc.kind == AggregateKind::count) continue;
    if (sums[i].new_sum != nullptr) {
      target.store(acc.value, sums[i].new_sum);
    } else if (is_float_sum(acc, target.layout())) {
      llvm::Value* other = f.slot_bytes(2 * sizeof(double), alignof(double), "partial.sum");
      b.CreateStore(from(acc.value).value, other);
      b.CreateStore(from(acc.value + 1).value, f.at_offset(other, sizeof(double), "partial.rest"));
      f.call("flow_sum_merge", {target.place(acc.value), other});
    } else {
      bool is_by = acc.kind == AggregateKind::min_by || acc.kind == AggregateKind::max_by;
      Value order = is_by ? from(acc.order) : Value{};
      llvm::Value* time = f.i64(0);
      if (is_by && acc.order_time != plan::none) time = from(acc.order_time).value;
      if (!is_by && acc.order != plan::none) time = from(acc.order).value;
      keep(walk, target, acc, from(acc.value), order, time, from(acc.is_set).value);
    }
  }
}

} // namespace flow::codegen
