#include "codegen/operators/join_rows.h"

namespace flow::codegen {

namespace {

/// The same value where null may be.
Value as(FunctionEmitter& f, sema::Type type, Value value) {
  value.type = type;
  if (type.nullable && value.is_null == nullptr) value.is_null = f.i1(false);
  return value;
}

uint32_t columns_of(const plan::Layout& layout) {
  return static_cast<uint32_t>(layout.fields.size()) - (has_time(layout) ? 1 : 0);
}

} // namespace

const plan::Layout& kept_layout(RowWalk& walk, uint32_t state, uint32_t side) {
  return walk.layout(walk.entry_layout(state).lists[side].row_layout);
}

llvm::Value* list_at(RowWalk& walk, uint32_t state, uint32_t side, llvm::Value* entry) {
  return walk.f.at_offset(entry, walk.entry_layout(state).lists[side].offset, side == left ? "left" : "right");
}

void keep_row(RowWalk& walk, uint32_t state, uint32_t side, const EntryPlace& place, const Row& row) {
  FunctionEmitter& f = walk.f;
  const plan::Layout& layout = kept_layout(walk, state, side);
  llvm::Value* kept =
      f.call("flow_list_append", {place.table, list_at(walk, state, side, place.entry), f.i32(layout.stride)}, "kept");
  auto store_text = [&](llvm::Value* slot, const Value& text) {
    f.call("flow_entry_string", {place.table, slot, text.value, text.length});
  };
  for (size_t i = 0; i < layout.fields.size(); i++) {
    bool is_time = i >= row.columns.size();
    Value value = is_time ? Value{.type = layout.fields[i].type, .value = row.time} : row.columns[i];
    store_field(f, layout.fields[i], kept, value, store_text);
  }
}

llvm::Value* any_null(FunctionEmitter& f, const std::vector<Value>& key) {
  llvm::Value* found = nullptr;
  for (const Value& part : key) {
    if (part.is_null == nullptr) continue;
    found = found == nullptr ? part.is_null : f.builder.CreateOr(found, part.is_null, "key.is.null");
  }
  return found;
}

bool keeps_alone(sema::JoinKind kind, uint32_t side) {
  return side == left ? sema::keeps_left(kind) : sema::keeps_right(kind);
}

llvm::Value* holds(FunctionEmitter& f, const plan::Join& join, const Row& left_row, const Row& right_row) {
  if (join.condition == nullptr) return nullptr;
  std::vector<Value> pair = left_row.columns;
  pair.insert(pair.end(), right_row.columns.begin(), right_row.columns.end());
  return ExprEmitter(f, pair).emit(*join.condition).value;
}

void put_joined(RowWalk& walk, const plan::Join& join, const Row* left_row, const Row* right_row, const Row& bounds) {
  using From = sema::JoinColumn::From;
  FunctionEmitter& f = walk.f;
  uint32_t fired = walk.origin(plan::OriginKind::fired, join.state);
  const std::vector<sema::Column>& columns = walk.chain.ops[fired].columns;
  uint32_t left_width = columns_of(kept_layout(walk, join.state, left));
  auto column = [&](sema::Type type, uint32_t number) {
    const Row* row = number < left_width ? left_row : right_row;
    return row == nullptr ? f.zero(type)
                          : as(f, type, row->columns[number < left_width ? number : number - left_width]);
  };
  Row result{.time = bounds.time};
  for (size_t i = 0; i < columns.size(); i++) {
    const sema::JoinColumn& place = join.columns[i];
    sema::Type type = columns[i].type;
    switch (place.from) {
    case From::pair: result.columns.push_back(column(type, place.column)); break;
    case From::window_start: result.columns.push_back(bounds.columns[0]); break;
    case From::window_end: result.columns.push_back(bounds.columns[1]); break;
    case From::has_left: result.columns.push_back({.type = type, .value = f.i1(left_row != nullptr)}); break;
    case From::has_right: result.columns.push_back({.type = type, .value = f.i1(right_row != nullptr)}); break;
    }
  }
  walk.consumers(fired, result);
}

} // namespace flow::codegen
