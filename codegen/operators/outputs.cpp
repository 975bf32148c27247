// The leaves of a chain: rows to an edge, records to a sink.
#include "codegen/functions.h"
#include "codegen/keys.h"
#include "codegen/record_writer.h"
#include "codegen/row_walk.h"
#include "llvm/IR/InlineAsm.h"

namespace flow::codegen {

namespace {

llvm::Value* hash_for(RowWalk& walk, const plan::Edge& edge, const Row& row) {
  const plan::State& state = walk.plan().states[walk.plan().chains[edge.to_chain].state];
  return make_key(walk.f, edge.key, walk.layout(state.layout), row.columns).hash;
}

/// The value has been made: the optimiser may not leave it out.
void touch(FunctionEmitter& f, llvm::Value* value) {
  if (value == nullptr || llvm::isa<llvm::Constant>(value)) return;
  llvm::Type* type = value->getType();
  if (type->isIntegerTy(1)) return touch(f, f.builder.CreateZExt(value, f.builder.getInt8Ty()));
  auto* shape = llvm::FunctionType::get(f.builder.getVoidTy(), {type}, false);
  f.builder.CreateCall(llvm::InlineAsm::get(shape, "", type->isFloatingPointTy() ? "x" : "r", true), {value});
}

/// discard() takes whole rows and only counts them: what it costs is what the rows cost, as a benchmark wants it.
void emit_discard(RowWalk& walk, uint32_t output, const Row& row) {
  FunctionEmitter& f = walk.f;
  auto& b = f.builder;
  for (const Value& column : row.columns) {
    touch(f, column.value);
    touch(f, column.length);
    touch(f, column.is_null);
  }
  llvm::Value* count = f.slot_with(f.i64(0), "discarded");
  b.CreateStore(b.CreateAdd(b.CreateLoad(b.getInt64Ty(), count), f.i64(1)), count);
  f.at_end.push_back([&f, output, count] {
    f.call("flow_count_discarded", {f.task, f.i32(output), f.builder.CreateLoad(f.builder.getInt64Ty(), count)});
  });
}

} // namespace

void emit_emit(RowWalk& walk, const plan::Emit& emit, const Row& row) {
  FunctionEmitter& f = walk.f;
  f.note_output();
  const plan::Edge& edge = walk.plan().edges[emit.edge];
  const plan::Layout& layout = walk.layout(edge.layout);
  std::vector<Value> values = row.columns;
  if (has_time(layout)) values.push_back({.type = sema::scalar(sema::Kind::TIMESTAMP), .value = row.time});
  llvm::Value* heap = heap_bytes_of(f, values);
  llvm::Value *output = f.i32(emit.output), *stride = f.i32(layout.stride);
  llvm::Value* place =
      edge.kind == plan::EdgeKind::hash
          ? f.call("flow_out_row_keyed", {f.task, output, hash_for(walk, edge, row), stride, heap}, "out")
          : f.call("flow_out_row", {f.task, output, stride, heap}, "out");
  auto store_text = [&](llvm::Value* slot, const Value& text) {
    f.call("flow_out_string", {f.task, output, slot, text.value, text.length});
  };
  for (size_t i = 0; i < layout.fields.size(); i++) store_field(f, layout.fields[i], place, values[i], store_text);
}

void emit_sink(RowWalk& walk, const plan::SinkWrite& sink, const Row& row) {
  const plan::Output& output = walk.chain.outputs[sink.output];
  if (walk.plan().connectors[output.target].type == "discard") return emit_discard(walk, sink.output, row);
  FunctionEmitter& f = walk.f;
  f.note_output();
  const plan::Connector& connector = walk.plan().connectors[output.target];
  if (connector.encodes_inline) return emit_record(f, connector, sink.output, row);
  llvm::Value* cells = f.call("flow_sink_cells", {f.task, f.i32(sink.output)}, "cells");
  for (size_t i = 0; i < row.columns.size(); i++) store_cell(f, cell_at(f, cells, i), row.columns[i]);
  f.call("flow_rt_sink_record", {f.task, f.i32(sink.output)});
}

} // namespace flow::codegen
