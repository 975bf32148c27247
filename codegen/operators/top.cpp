// top: the first n rows of a window by the given order, kept sorted in the entry of their key.
//
// The list of an entry stands as FlowRepeat says: a count, then rows. A candidate is compared from the last row
// backwards only as far as it must go; most rows are turned away by one comparison.
#include "codegen/row_walk.h"

namespace flow::codegen {

namespace {

/// a before b: -1, b before a: 1, else 0, in the language's order of one type; null after all values.
llvm::Value* order_of(FunctionEmitter& f, const Value& a, const Value& b_value, bool descending) {
  auto& b = f.builder;
  llvm::Value *less = nullptr, *greater = nullptr;
  if (a.type.is_text()) {
    llvm::Value* order = f.call("flow_compare", {a.value, a.length, b_value.value, b_value.length}, "order");
    less = b.CreateICmpSLT(order, f.i32(0));
    greater = b.CreateICmpSGT(order, f.i32(0));
  } else if (a.type.is_float()) {
    // A total order: NaN after every number.
    llvm::Value *a_nan = b.CreateFCmpUNO(a.value, a.value), *b_nan = b.CreateFCmpUNO(b_value.value, b_value.value);
    less = b.CreateOr(b.CreateFCmpOLT(a.value, b_value.value), b.CreateAnd(b.CreateNot(a_nan), b_nan));
    greater = b.CreateOr(b.CreateFCmpOGT(a.value, b_value.value), b.CreateAnd(a_nan, b.CreateNot(b_nan)));
  } else {
    bool is_plain = a.type.kind == sema::Kind::BOOL || (a.type.is_integer() && !a.type.is_signed());
    less = is_plain ? b.CreateICmpULT(a.value, b_value.value) : b.CreateICmpSLT(a.value, b_value.value);
    greater = is_plain ? b.CreateICmpUGT(a.value, b_value.value) : b.CreateICmpSGT(a.value, b_value.value);
  }
  if (descending) std::swap(less, greater);
  if (a.is_null != nullptr && b_value.is_null != nullptr) {
    llvm::Value *a_some = b.CreateNot(a.is_null), *b_some = b.CreateNot(b_value.is_null);
    llvm::Value* both = b.CreateAnd(a_some, b_some);
    less = b.CreateOr(b.CreateAnd(both, less), b.CreateAnd(a_some, b_value.is_null));
    greater = b.CreateOr(b.CreateAnd(both, greater), b.CreateAnd(a.is_null, b_some));
  }
  return b.CreateSelect(less, f.i32(static_cast<uint32_t>(-1)), b.CreateSelect(greater, f.i32(1), f.i32(0)), "order");
}

/// Does candidate `a` come before the kept row `b`? By the declared orders, then event time, then all columns.
llvm::Value* comes_before(RowWalk& walk, const plan::Top& top, const Row& a, const Row& b_row) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  llvm::BasicBlock* done = f.block("compared");
  std::vector<std::pair<llvm::Value*, llvm::BasicBlock*>> answers;
  auto decide = [&](llvm::Value* order) {
    answers.emplace_back(order, b.GetInsertBlock());
    llvm::BasicBlock* tie = f.block("tie");
    b.CreateCondBr(b.CreateICmpNE(order, f.i32(0)), done, tie);
    f.begin(tie);
  };
  for (const sema::Order& order : top.orders) {
    Value left = ExprEmitter(f, a.columns).emit(*order.value);
    Value right = ExprEmitter(f, b_row.columns).emit(*order.value);
    decide(order_of(f, left, right, order.descending));
  }
  if (a.time != nullptr && b_row.time != nullptr) {
    sema::Type time = sema::scalar(sema::Kind::TIMESTAMP);
    decide(order_of(f, {.type = time, .value = a.time}, {.type = time, .value = b_row.time}, false));
  }
  for (size_t i = 0; i < a.columns.size(); i++) decide(order_of(f, a.columns[i], b_row.columns[i], false));
  answers.emplace_back(f.i32(0), b.GetInsertBlock());
  f.go_to(done);
  f.begin(done);
  llvm::PHINode* order = b.CreatePHI(b.getInt32Ty(), static_cast<unsigned>(answers.size()), "order");
  for (auto& [value, from] : answers) order->addIncoming(value, from);
  return b.CreateICmpSLT(order, f.i32(0), "comes.before");
}

struct List {
  const plan::Repeat& repeat;
  const plan::Layout& row;
  llvm::Value* count_at;
  llvm::Value* rows;
};

List list_of(RowWalk& walk, const plan::Top& top, llvm::Value* entry) {
  const plan::Repeat& repeat = *walk.entry_layout(top.state).repeat;
  return {repeat, walk.layout(repeat.row_layout), walk.f.at_offset(entry, repeat.count_offset, "count.at"),
          walk.f.at_offset(entry, repeat.offset, "rows")};
}

Row load_kept(RowWalk& walk, const List& list, llvm::Value* table, llvm::Value* index) {
  FunctionEmitter& f = walk.f;
  llvm::Value* offset =
      f.builder.CreateMul(f.builder.CreateZExt(index, f.builder.getInt64Ty()), f.i64(list.repeat.stride));
  llvm::Value* place = f.builder.CreateGEP(f.builder.getInt8Ty(), list.rows, offset, "row");
  return load_row(f, list.row, place, f.call("flow_table_heap", {table}, "heap"));
}

/// Puts the candidate into the list of `entry`, if it belongs there.
void insert(RowWalk& walk, const plan::Top& top, llvm::Value* table, llvm::Value* entry, const Row& row) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  List list = list_of(walk, top, entry);
  llvm::Value* count = b.CreateLoad(b.getInt32Ty(), list.count_at, "count");
  llvm::BasicBlock* before = b.GetInsertBlock();
  llvm::BasicBlock *test = f.block("top.test"), *compare = f.block("top.compare"), *found = f.block("top.found"),
                   *put = f.block("top.insert"), *done = f.block("top.done");
  f.go_to(test);
  f.begin(test);
  llvm::PHINode* position = b.CreatePHI(b.getInt32Ty(), 2, "position");
  position->addIncoming(count, before);
  b.CreateCondBr(b.CreateICmpEQ(position, f.i32(0)), found, compare);
  f.begin(compare);
  llvm::Value* previous = b.CreateSub(position, f.i32(1), "previous");
  llvm::Value* is_before = comes_before(walk, top, row, load_kept(walk, list, table, previous));
  position->addIncoming(previous, b.GetInsertBlock());
  b.CreateCondBr(is_before, test, found);
  f.begin(found);
  b.CreateCondBr(b.CreateICmpULT(position, f.i32(top.count)), put, done);
  f.begin(put);
  llvm::Value* place =
      f.call("flow_list_insert",
             {list.count_at, list.rows, position, f.i32(list.repeat.stride), f.i32(list.repeat.max)}, "kept");
  auto store_text = [&](llvm::Value* slot, const Value& text) {
    f.call("flow_entry_string", {table, slot, text.value, text.length});
  };
  size_t column = 0;
  for (const plan::Field& field : list.row.fields) {
    bool is_time = field.name == "@time";
    Value value = is_time ? Value{.type = field.type, .value = row.time} : row.columns[column++];
    store_field(f, field, place, value, store_text);
  }
  f.go_to(done);
  f.begin(done);
}

/// Runs `body` for each kept row.
void for_each(RowWalk& walk, const plan::Top& top, llvm::Value* table, llvm::Value* entry,
              const std::function<void(const Row&, llvm::Value* index)>& body) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  List list = list_of(walk, top, entry);
  llvm::Value* count = b.CreateLoad(b.getInt32Ty(), list.count_at, "count");
  llvm::BasicBlock *before = b.GetInsertBlock(), *test = f.block("kept.test"), *row = f.block("kept.row"),
                   *done = f.block("kept.done");
  f.go_to(test);
  f.begin(test);
  llvm::PHINode* index = b.CreatePHI(b.getInt32Ty(), 2, "index");
  index->addIncoming(f.i32(0), before);
  b.CreateCondBr(b.CreateICmpULT(index, count), row, done);
  f.begin(row);
  body(load_kept(walk, list, table, index), index);
  index->addIncoming(b.CreateAdd(index, f.i32(1)), b.GetInsertBlock());
  f.go_to(test);
  f.begin(done);
}

/// The row with its window's bounds set, or appended when it has none.
Row with_window(RowWalk& walk, const plan::Top& top, const Row& row, const Row& window) {
  Row result = row;
  result.time = window.time;
  if (walk.state(top.state).window.kind == sema::WindowKind::global) return result;
  const plan::Layout& port = walk.layout(top.row_layout);
  for (size_t bound = 0; bound < 2; bound++) {
    const char* name = bound == 0 ? "window_start" : "window_end";
    bool is_there = false;
    for (size_t i = 0; i < row.columns.size(); i++) {
      if (port.fields[i].name != name) continue;
      result.columns[i] = window.columns[bound];
      is_there = true;
    }
    if (!is_there) result.columns.push_back(window.columns[bound]);
  }
  return result;
}

} // namespace

void emit_top(RowWalk& walk, uint32_t op, const plan::Top& top, const Row& row) {
  FunctionEmitter& f = walk.f;
  llvm::BasicBlock* done = f.block("top.row.done");
  Placement placement = place_row(walk, top.state, row, walk.input_columns(op));
  bool is_partial = walk.state(top.state).is_partial;
  if (!is_partial) emit_late_test(walk, top.state, placement, row, done);
  // A row that fails must leave no trace: what it is ordered by is worked out before its key gets an entry.
  for (const sema::Order& order : top.orders) ExprEmitter(f, row.columns).emit(*order.value);
  if (is_partial) {
    uint32_t fired = walk.origin(plan::OriginKind::fired, top.state);
    emit_combining_test(walk, top.state, placement, done, [&] { walk.consumers(fired, row); });
  }
  EntryPlace place = upsert_entry(walk, top.state, placement, row);
  insert(walk, top, place.table, place.entry, row);
  f.go_to(done);
  f.begin(done);
}

void emit_top_result(RowWalk& walk, const plan::Top& top, llvm::Value* table, llvm::Value* entry, const Row& window) {
  FunctionEmitter& f = walk.f;
  bool is_partial = walk.state(top.state).is_partial;
  for_each(walk, top, table, entry, [&](const Row& kept, llvm::Value* index) {
    Row row = is_partial ? kept : with_window(walk, top, kept, window);
    if (top.has_rank && !is_partial) {
      llvm::Value* rank = f.builder.CreateAdd(f.builder.CreateZExt(index, f.builder.getInt64Ty()), f.i64(1), "rank");
      row.columns.push_back({.type = sema::scalar(sema::Kind::I64), .value = rank});
    }
    walk.consumers(walk.origin(plan::OriginKind::fired, top.state), row);
  });
}

void emit_top_merge(RowWalk& walk, const plan::Top& top, llvm::Value* from, llvm::Value* entry, llvm::Value* table,
                    llvm::Value* into) {
  for_each(walk, top, from, entry, [&](const Row& kept, llvm::Value*) { insert(walk, top, table, into, kept); });
}

} // namespace flow::codegen
